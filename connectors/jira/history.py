"""The history of issues: steps of status, estimate and sprint out of Jira's changelogs. Pure: no clock, no network.

Who made a change is not read at all.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors import text
from connectors.errors import Cancelled, SourceError
from connectors.jira.fields import FieldMap
from connectors.jira.parse import Status, category_of
from connectors.jira.values import Id
from connectors.records import Category, Change, ChangeKind, Item

_LIST = ", "


class KnownStatus(Status, gc=False):
    """A row of `/rest/api/2/status`."""

    id: Id | None = None


class Entry(msgspec.Struct, gc=False):
    """A changed field. Data Center names it only by `field`, in the site's language."""

    field: Any = None
    field_id: Any = msgspec.field(default=None, name="fieldId")
    before_id: Any = msgspec.field(default=None, name="from")
    before: Any = msgspec.field(default=None, name="fromString")
    after_id: Any = msgspec.field(default=None, name="to")
    after: Any = msgspec.field(default=None, name="toString")


class History(msgspec.Struct, gc=False):
    """What was changed at one time. Cloud gives the time as text or in milliseconds."""

    id: Any = None
    created: Any = None
    items: list[Entry] = []


class Changelog(msgspec.Struct, gc=False):
    """`changelog` inside an issue: `total` may be more than is shown."""

    histories: list[History]
    total: int | None = None


class IssueLog(msgspec.Struct, gc=False):
    """What `changelog/bulkfetch` tells of one issue. The same issue may come again on the next page."""

    issue: Id = msgspec.field(name="issueId")
    histories: list[History] = msgspec.field(default_factory=list, name="changeHistories")


@dataclass(frozen=True)
class Past:
    """An item's history: its steps by time, and what its first known status counted as (None: not known)."""

    steps: tuple[Change, ...] = ()
    first: Category | None = None


class Statuses:
    """What the site counts its statuses as; asked for once, when a history is read, from any thread."""

    def __init__(self, ask: Callable[[], Sequence[KnownStatus]]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._by_id: dict[str, Category] | None = None
        self._by_name: dict[str, Category | None] = {}

    def ask_ahead(self) -> None:
        """Have them asked for meanwhile. What goes wrong shows when they are needed."""

        def ask() -> None:
            with suppress(SourceError, Cancelled):
                self.category(None, None)

        threading.Thread(target=ask, name="statuses", daemon=True).start()

    def category(self, number: Any, name: Any) -> Category | None:
        """The category of a status by id, else by name where all of that name have one. None: not known (any more)."""
        with self._lock:
            if self._by_id is None:
                self._by_id = self._read()
        found = self._by_id.get(str(number))
        return found or (self._by_name.get(name.casefold()) if isinstance(name, str) else None)

    def _read(self) -> dict[str, Category]:
        by_id: dict[str, Category] = {}
        for one in self._ask():
            category = category_of(one)
            by_id[str(one.id)] = category
            if one.name is not None:
                name = one.name.casefold()
                self._by_name[name] = category if self._by_name.get(name, category) == category else None
        return by_id


class HistoryReader:
    """Reads changelogs of one site."""

    def __init__(self, fields: FieldMap, statuses: Statuses) -> None:
        self._statuses = statuses
        kinds: dict[str, ChangeKind] = {"status": "status"}
        kinds.update((one, "estimate") for one in fields.estimate)
        kinds.update((one, "sprint") for one in fields.sprint)
        self.field_ids = list(kinds)
        """The fields whose history is read."""
        self._by_id = kinds
        self._by_name: dict[str, ChangeKind] = {"status": "status", "sprint": "sprint"}
        self._by_name |= {fields.names[one].casefold(): kind for one, kind in kinds.items() if one in fields.names}

    def past(self, histories: Iterable[History]) -> Past:
        """What these histories tell. Those without a time that can be read have no place in it, and are left out."""
        timed = [(at, one) for one in histories if (at := _instant(one.created)) is not None]
        timed.sort(key=lambda pair: pair[0])
        steps: list[Change] = []
        first: Category | None = None
        moved, sprints = False, _SprintNames()
        for at, history in timed:
            for entry in history.items:
                match self._kind(entry):
                    case "status":
                        if not moved:
                            moved, first = True, self._statuses.category(entry.before_id, entry.before)
                        steps.append(self._status(at, entry))
                    case "estimate":
                        steps.append(
                            Change(at=at, kind="estimate", before=_word(entry.before), after=_word(entry.after))
                        )
                    case "sprint":
                        steps += sprints.steps(at, entry)
        return Past(tuple(steps), first)

    def _kind(self, entry: Entry) -> ChangeKind | None:
        if isinstance(entry.field_id, str):
            return self._by_id.get(entry.field_id)
        return self._by_name.get(entry.field.casefold()) if isinstance(entry.field, str) else None

    def _status(self, at: datetime, entry: Entry) -> Change:
        category = self._statuses.category(entry.after_id, entry.after)
        return Change(at=at, kind="status", before=_word(entry.before), after=_word(entry.after), category=category)


def with_past(item: Item, past: Past) -> Item:
    """The item with its whole history, and when work on it began.

    That is the first step into a status in progress: taking it up again later does not count. What was in progress
    before its first step was so from the beginning.
    """
    moves = [step for step in past.steps if step.kind == "status"]
    before = past.first if moves else item.category
    if before == "in_progress":
        began = item.created_at
    else:
        began = next((step.at for step in moves if step.category == "in_progress"), None)
    return msgspec.structs.replace(item, changes=past.steps, started_at=began)


class _SprintNames:
    """Reads the steps of one issue's sprints: one for each sprint that it joined or left.

    A field holds several sprints, told as a list of ids and a list of names, and names may have commas in them.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def steps(self, at: datetime, entry: Entry) -> list[Change]:
        was, now = _ids(entry.before_id), _ids(entry.after_id)
        texts = _word(entry.before), _word(entry.after)
        if not was and not now:
            return [Change(at=at, kind="sprint", before=texts[0], after=texts[1])] if texts[0] != texts[1] else []
        self._learn(was, texts[0])
        self._learn(now, texts[1])
        self._compare(was, texts[0], now, texts[1])
        self._compare(now, texts[1], was, texts[0])
        left = [Change(at=at, kind="sprint", before=self._names.get(one, one)) for one in was if one not in now]
        return left + [Change(at=at, kind="sprint", after=self._names.get(one, one)) for one in now if one not in was]

    def _learn(self, ids: list[str], told: str | None) -> None:
        names = [] if told is None else [told] if len(ids) == 1 else told.split(_LIST)
        if len(names) == len(ids):
            self._names |= zip(ids, names, strict=True)

    def _compare(self, fewer: list[str], short: str | None, more: list[str], long: str | None) -> None:
        """Where one sprint was put behind the others, its name is what was put behind theirs."""
        if fewer and more[:-1] == fewer and short and long and long.startswith(short + _LIST):
            self._names[more[-1]] = long[len(short + _LIST) :]


def _ids(value: Any) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else []


def _word(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _instant(value: Any) -> datetime | None:
    if isinstance(value, str):
        return text.instant(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        # The documents show seconds, and sites give milliseconds: of seconds, this many are in the year 5138.
        return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
