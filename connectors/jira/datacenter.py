"""Reading issues of Jira Data Center: pages by offset, side by side, with a seam that shows when rows have moved.

An offset names another row once a row before it was deleted. So each page starts with the last row of the page before
it. Where it does not, rows have moved: the reading goes back to where it recognises rows, and on from there in
sequence. Rows read twice change nothing, as items are kept by id.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from connectors.answers import ABSENT, Answer
from connectors.base import Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.jira.history import HistoryReader
from connectors.jira.inside import InsideIssues
from connectors.jira.parse import CategoryReader, IssueReader, Read
from connectors.jira.singly import issues_one_by_one
from connectors.jira.values import Id
from connectors.jira.window import Resume, resume_of, window
from connectors.records import Category, Looked, Page, Scope
from connectors.transport import Transport

SEARCH = "/rest/api/2/search"
ISSUES_A_PAGE = 100
IDS_A_PAGE = 1000
KEPT_TAIL = 20
PATIENCE = 3

Row = TypeVar("Row")


class _Handle(msgspec.Struct):
    id: Id | None = None


class _Found(msgspec.Struct):
    issues: list[msgspec.Raw]
    total: int
    start: int = msgspec.field(default=0, name="startAt")


@dataclass(frozen=True)
class Rows(Generic[Row]):
    """One answer: `rows` from offset `at` of `total`, and their ids (None where a row tells none)."""

    at: int
    total: int
    rows: list[Row]
    ids: list[str | None]
    clock: datetime | None

    @property
    def last(self) -> bool:
        return self.at + len(self.rows) >= self.total


@dataclass(frozen=True)
class Step(Generic[Row]):
    """The rows of one answer that were not read before, and where to go on: offset and ids of the last rows read."""

    rows: list[Row]
    ids: list[str | None]
    clock: datetime | None
    at: int
    tail: list[str]
    last: bool


def walk(read: Callable[[int], Rows[Row]], width: int, at: int = 0, tail: Sequence[str] = ()) -> Iterator[Step[Row]]:
    """All rows from offset `at` on, of which the rows `tail` were read before; up to `width` answers under way.

    Raises TryAgain where the tool gives no new rows although it says that there are some.
    """
    under_way: dict[int, Future[Rows[Row]]] = {}
    size, stalled, side_by_side = 0, 0, width > 1
    pool = ThreadPoolExecutor(width, thread_name_prefix="ahead")
    try:
        while True:
            ahead = under_way.pop(at, None)
            if ahead is None:
                _drop(under_way)
            here = ahead.result() if ahead else read(at)
            size = size or len(here.rows)
            new = _first_new(here.ids, tail)
            if new is None and at > 0:
                _drop(under_way)
                side_by_side = False
                at = max(0, min(at, here.total) - (size or ISSUES_A_PAGE) + 1)
                continue
            new = new or 0
            stalled = stalled + 1 if new == len(here.rows) and not here.last else 0
            if stalled > PATIENCE:
                raise TryAgain(f"The search gives no rows behind row {at} of {here.total}")
            at += max(len(here.rows) - 1, 0)
            tail = [one for one in here.ids if one is not None] or tail
            yield Step(here.rows[new:], here.ids[new:], here.clock, at, list(tail), here.last)
            if here.last:
                return
            if side_by_side and size > 1:
                for offset in range(at, min(here.total - 1, at + (size - 1) * width), size - 1):
                    if offset not in under_way:
                        under_way[offset] = pool.submit(read, offset)
    finally:
        pool.shutdown(cancel_futures=True)


def _first_new(ids: list[str | None], tail: Sequence[str]) -> int | None:
    """Index of the first row behind all rows of `tail`; None where no row of it is here, so that some may lack."""
    if not tail:
        return 0
    known = set(tail)
    return next((index + 1 for index in range(len(ids) - 1, -1, -1) if ids[index] in known), None)


def _drop(under_way: dict[int, Future[Rows[Row]]]) -> None:
    for future in under_way.values():
        future.cancel()
    under_way.clear()


class DataCenterIssues:
    """Reads the issues of one Data Center site."""

    def __init__(self, transport: Transport, reader: IssueReader, history: HistoryReader | None = None) -> None:
        """`history`: histories are read, too."""
        self._transport = transport
        self._reader = reader
        self._inside = None if history is None else InsideIssues(transport, history)
        self._handle = msgspec.json.Decoder(_Handle)

    def pages(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        """The project's issues in pages of at most 100, one page with no items where there is nothing to read."""
        begun = resume_of(reading.resume)
        jql, clock = window(scope, reading.since), begun.clock

        def read(at: int) -> Rows[Read]:
            answer, found = self._asked(jql, at, ISSUES_A_PAGE, self._reader.names, usage)
            # Here, by the thread that asked: many pages wait in memory, and their text is ten times what is kept of it.
            rows = [self._with_history(self._reader.read([row], scope.external_id), usage) for row in found.issues]
            return Rows(at, found.total, rows, [row.ids[0] for row in rows], answer.clock)

        for step in walk(read, self._transport.in_flight, begun.at, begun.tail):
            clock = clock or step.clock
            behind = Resume(clock=clock, at=step.at, tail=step.tail[-KEPT_TAIL:]).write()
            yield Page(
                items=[item for row in step.rows for item in row.items],
                set_aside=[note for row in step.rows for note in row.set_aside],
                clock=clock,
                resume=None if step.last else behind,
            )

    def listing(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]]:
        """The ids of all of the project's issues with their categories, page by page."""
        reader = CategoryReader()

        def read(at: int) -> Rows[tuple[str, Category]]:
            answer, found = self._asked(window(scope, None), at, IDS_A_PAGE, ["status"], usage)
            rows = [reader.read(row) for row in found.issues]
            return Rows(at, found.total, rows, [one for one, _ in rows], answer.clock)

        for step in walk(read, 1):
            yield dict(step.rows)

    def _with_history(self, read: Read, usage: Usage) -> Read:
        return read if self._inside is None else self._inside.apply(read, usage)

    def look(self, scope: Scope, ids: Sequence[str], usage: Usage) -> Looked:
        """What became of these issues, wherever they are now."""
        found, expand = Looked(), "" if self._inside is None else "changelog"
        for at in range(0, len(ids), ISSUES_A_PAGE):
            chunk = list(ids[at : at + ISSUES_A_PAGE])
            rows = self._among(chunk, usage)
            there = {self._id(row) for row in rows}
            left = [one for one in chunk if one not in there]
            for one, row in issues_one_by_one(
                self._transport, "/rest/api/2", left, self._reader.names, usage, expand=expand
            ):
                if row is None:
                    found.gone[one] = "not_visible"
                else:
                    rows.append(row)
            read = self._with_history(self._reader.read(rows, scope.external_id, anywhere=True), usage)
            found.items += read.items
            found.set_aside += read.set_aside
        return found

    def _among(self, ids: list[str], usage: Usage) -> list[msgspec.Raw]:
        """The issues with these ids, as far as they are found. One that is gone makes Jira refuse the whole query."""
        pending, rows = [ids], []
        while pending:
            some = pending.pop()
            try:
                jql = f"id in ({', '.join(some)})"
                _, found = self._asked(jql, 0, len(some), self._reader.names, usage)
                rows += found.issues
            except Refused as error:
                if error.status != 400:
                    raise
                if len(some) > 1:
                    pending += [some[: len(some) // 2], some[len(some) // 2 :]]
        return rows

    def matching(self, jql: str, usage: Usage) -> set[str]:
        """Ids of all issues that `jql` matches."""

        def read(at: int) -> Rows[None]:
            answer, found = self._asked(jql, at, IDS_A_PAGE, ["id"], usage)
            ids = [self._id(row) for row in found.issues]
            return Rows(at, found.total, [None] * len(ids), ids, answer.clock)

        return {one for step in walk(read, 1) for one in step.ids if one is not None}

    def rows(self, jql: str, fields: Sequence[str], usage: Usage) -> Iterator[msgspec.Raw]:
        """All issues that `jql` matches, with these fields, as they come."""

        def read(at: int) -> Rows[msgspec.Raw]:
            answer, found = self._asked(jql, at, IDS_A_PAGE, list(fields), usage)
            return Rows(at, found.total, found.issues, [self._id(row) for row in found.issues], answer.clock)

        for step in walk(read, 1):
            yield from step.rows

    def _search(self, asked: dict[str, Any], check: Callable[[_Found], None], usage: Usage) -> tuple[Answer, _Found]:
        """By POST, which no list of fields makes too long; a proxy that lets only GET through is asked by that."""
        try:
            return self._transport.post_json(SEARCH, asked, into=_Found, usage=usage, check=check)
        except Refused as error:
            if error.status not in ABSENT:
                raise
        params = {name: ",".join(one) if isinstance(one, list) else one for name, one in asked.items()}
        answer, found = self._transport.get_json(SEARCH, into=_Found, params=params, usage=usage)
        check(found)
        return answer, found

    def _asked(self, jql: str, at: int, size: int, fields: list[str], usage: Usage) -> tuple[Answer, _Found]:
        asked: dict[str, Any] = {"jql": jql, "startAt": at, "maxResults": size, "fields": fields}
        if self._inside is not None and fields is self._reader.names:
            asked["expand"] = ["changelog"]

        def check(found: _Found) -> None:
            if not found.issues and at < found.total:
                raise TryAgain(f"The search gave no rows from {at} on, of {found.total}")

        return self._search(asked, check, usage)

    def _id(self, row: msgspec.Raw) -> str | None:
        try:
            handle = self._handle.decode(row).id
        except msgspec.DecodeError:
            return None
        return None if handle is None else str(handle)
