"""What one reading of a project asks for, and where it goes on after an interruption."""

from datetime import datetime

import msgspec

from connectors.records import Category, Scope

CATEGORIES: tuple[tuple[Category, str], ...] = (
    ("todo", "not in (3, 4)"),
    ("in_progress", "= 4"),
    ("done", "= 3"),
)
"""Conditions on `statusCategory` that share all issues out among our categories.

The numbers are the same on every site, while names are translated. What is neither in progress (4) nor done (3) is to
do, as Jira has a category "none", too. In the order in which work goes on: what moves on meanwhile is listed twice, and
not left out.
"""
ORDER = "ORDER BY created ASC, key ASC"
"""Neither changes: nothing moves between pages but by deletion."""


def window(scope: Scope, since: datetime | None) -> str:
    """JQL for the project's issues, all or changed since.

    The instant is written in epoch milliseconds, as a date would be read in the zone of the account's profile, and
    floored to the minute, which is as fine as JQL compares.
    """
    return f"{restriction(scope, since)} {ORDER}"


def restriction(scope: Scope, since: datetime | None) -> str:
    """The same without its order."""
    changed = "" if since is None else f" AND updated >= {int(since.timestamp()) // 60 * 60_000}"
    return project(scope) + changed


def project(scope: Scope) -> str:
    """The JQL clause that holds for the project's issues."""
    key = scope.key.replace("\\", "\\\\").replace('"', '\\"')
    return f'project = "{key}"'


class Resume(msgspec.Struct, omit_defaults=True):
    """Where an interrupted reading goes on. `clock` is the tool's time when the reading began: its watermark."""

    clock: datetime | None = None
    after: str | None = None
    """Cloud: the id of the last issue read."""
    keys: list[str] = msgspec.field(default_factory=list)
    """Data Center: keys of the last issues read, the last one last."""
    at: int = 0
    """Data Center without comparing keys: the offset of the last row read."""
    tail: list[str] = msgspec.field(default_factory=list)
    """With it: ids of the last rows read, the last one last."""

    def write(self) -> str:
        return msgspec.json.encode(self).decode()


def resume_of(text: str | None) -> Resume:
    """The place that `text` names; the beginning where it names none."""
    if text is None:
        return Resume()
    try:
        return msgspec.json.decode(text, type=Resume)
    except msgspec.DecodeError:
        return Resume()
