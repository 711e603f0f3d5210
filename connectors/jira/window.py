"""What one reading of a project asks for, and where it goes on after an interruption."""

from datetime import datetime

import msgspec

from connectors.records import Scope

ORDER = "ORDER BY created ASC, key ASC"
"""Neither changes: nothing moves between pages but by deletion."""


def window(scope: Scope, since: datetime | None) -> str:
    """JQL for the project's issues, all or changed since.

    The instant is written in epoch milliseconds, as a date would be read in the zone of the account's profile, and
    floored to the minute, which is as fine as JQL compares.
    """
    key = scope.key.replace("\\", "\\\\").replace('"', '\\"')
    changed = "" if since is None else f" AND updated >= {int(since.timestamp()) // 60 * 60_000}"
    return f'project = "{key}"{changed} {ORDER}'


class Resume(msgspec.Struct, omit_defaults=True):
    """Where an interrupted reading goes on. `clock` is the tool's time when the reading began: its watermark."""

    clock: datetime | None = None
    after: str | None = None
    """Cloud: the id of the last issue read."""
    at: int = 0
    """Data Center: the offset of the last row read."""
    tail: list[str] = msgspec.field(default_factory=list)
    """Data Center: ids of the last rows read, the last one last."""

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
