"""Reading issues of Jira Data Center: pages by offset, in the order of keys, and by key once rows have moved.

By offset, pages are read side by side, and each shows whether rows have moved. By key nothing moves, whatever is
deleted meanwhile, but each page can only be asked for once the one before it is here: what lies behind the first one is
listed by ids, 1,000 at a time, and fetched by id. That takes a tenth more requests, so it is kept for when it is
needed: after a deletion, and to go on after an interruption. A server that compares no keys is read by offset.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors.ahead import in_order, one_ahead
from connectors.answers import ABSENT, Answer
from connectors.base import Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.jira.history import HistoryReader
from connectors.jira.inside import InsideIssues
from connectors.jira.keyset import ORDER, Leaf, NoKeyset, Part, leaf_behind, parts_of
from connectors.jira.offsets import Rows, Shifted, walk
from connectors.jira.parse import CategoryReader, IssueReader, Read
from connectors.jira.singly import issues_one_by_one
from connectors.jira.values import Id
from connectors.jira.window import Resume, restriction, resume_of, window
from connectors.records import Category, Looked, Page, Scope
from connectors.transport import Transport

SEARCH = "/rest/api/2/search"
ISSUES_A_PAGE = 100
IDS_A_PAGE = 1000
KEPT_TAIL = 20


class _Handle(msgspec.Struct):
    id: Id | None = None
    key: str | None = None


class _Found(msgspec.Struct):
    issues: list[msgspec.Raw]
    total: int
    most: int | None = msgspec.field(default=None, name="maxResults")


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
        place = resume_of(reading.resume)
        if not place.keys:
            try:
                yield from self._by_offset(scope, reading, place, usage, strict=True)
            except Shifted:
                pass
            else:
                return
        try:
            yield from self._by_key(scope, reading, place, usage)
        except NoKeyset:
            yield from self._by_offset(scope, reading, place, usage, strict=False)

    def _by_offset(
        self, scope: Scope, reading: Reading, place: Resume, usage: Usage, *, strict: bool
    ) -> Iterator[Page]:
        """From `place` on, which is kept up to date. Raises Shifted where it is `strict` and rows have moved."""
        jql = f"{restriction(scope, reading.since)} {ORDER}"

        def read(at: int) -> Rows[Read]:
            answer, found = self._asked(jql, at, ISSUES_A_PAGE, self._reader.names, usage)
            # Here, by the thread that asked: many pages wait in memory, and their text is ten times what is kept of it.
            rows = [self._with_history(self._reader.read([row], scope.external_id), usage) for row in found.issues]
            return Rows(at, found.total, rows, [row.ids[0] for row in rows], answer.clock)

        for step in walk(read, self._transport.in_flight, place.at, place.tail, strict=strict):
            items = [item for row in step.rows for item in row.items]
            place.clock = place.clock or step.clock
            place.at, place.tail = step.at, step.tail[-KEPT_TAIL:]
            place.keys = [item.key for item in items][-KEPT_TAIL:] or place.keys
            yield Page(
                items=items,
                set_aside=[note for row in step.rows for note in row.set_aside],
                clock=place.clock,
                resume=None if step.last else place.write(),
            )

    def _by_key(self, scope: Scope, reading: Reading, place: Resume, usage: Usage) -> Iterator[Page]:
        """From `place` on. Raises NoKeyset before the first page where the server does not compare keys."""
        where = restriction(scope, reading.since)

        def further(keys: tuple[str, ...]) -> Leaf:
            return leaf_behind(self._ask(["id"], usage), where, keys, IDS_A_PAGE)

        def fetch(part: Part) -> tuple[Part, Read]:
            rows, _ = self._fetched(part.ids, usage)
            read = self._reader.read(rows, scope.external_id)
            return part, self._with_history(read, usage)

        # The first page has the issues themselves, and so has a second one that is the last.
        clock, keys = place.clock, tuple(place.keys)
        while True:
            leaf = leaf_behind(self._ask(self._reader.names, usage), where, keys, ISSUES_A_PAGE)
            clock, keys = clock or leaf.clock, leaf.keys
            leaves = one_ahead(leaf, lambda leaf: None if leaf.last else leaf.keys, further)
            if leaf.left >= ISSUES_A_PAGE:
                next(leaves)  # what comes behind it is under way from now on
            read = self._with_history(self._reader.read(leaf.rows, scope.external_id), usage)
            yield _page(read, clock, None if leaf.last else keys)
            if leaf.last:
                return
            if leaf.left >= ISSUES_A_PAGE:
                break
        for part, one in in_order(fetch, parts_of(leaves, ISSUES_A_PAGE), self._transport.in_flight):
            yield _page(one, clock, part.keys)

    def _ask(self, fields: list[str], usage: Usage) -> Callable[[str, int], Leaf]:
        def ask(jql: str, size: int) -> Leaf:
            answer, found = self._asked(jql, 0, size, fields, usage)
            handles = [self._handled(row) for row in found.issues]
            return Leaf(found.issues, handles, found.total, found.most, answer.clock)

        return ask

    def listing(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]]:
        """The ids of all of the project's issues with their categories, page by page. Some may come twice."""
        reader, where = CategoryReader(), restriction(scope, None)

        def read(at: int) -> Rows[tuple[str, Category]]:
            answer, found = self._asked(window(scope, None), at, IDS_A_PAGE, ["status"], usage)
            rows = [reader.read(row) for row in found.issues]
            return Rows(at, found.total, rows, [one for one, _ in rows], answer.clock)

        leaf = leaf_behind(self._ask(["status"], usage), where, (), IDS_A_PAGE)
        yield dict(map(reader.read, leaf.rows))
        try:
            while not leaf.last:
                leaf = leaf_behind(self._ask(["status"], usage), where, leaf.keys, IDS_A_PAGE)
                yield dict(map(reader.read, leaf.rows))
        except NoKeyset:
            for step in walk(read, 1):
                yield dict(step.rows)

    def _with_history(self, read: Read, usage: Usage) -> Read:
        return read if self._inside is None else self._inside.apply(read, usage)

    def look(self, scope: Scope, ids: Sequence[str], usage: Usage) -> Looked:
        """What became of these issues, wherever they are now."""
        found = Looked()
        for at in range(0, len(ids), ISSUES_A_PAGE):
            chunk = list(ids[at : at + ISSUES_A_PAGE])
            # Most of them are gone for sure, so that halving would take more requests than asking one by one.
            rows, gone = self._fetched(chunk, usage, least=len(chunk))
            read = self._with_history(self._reader.read(rows, scope.external_id, anywhere=True), usage)
            found.gone |= dict.fromkeys(gone, "not_visible")
            found.items += read.items
            found.set_aside += read.set_aside
        return found

    def _fetched(self, ids: list[str], usage: Usage, *, least: int = 1) -> tuple[list[msgspec.Raw], list[str]]:
        """The issues with these ids, and the ids of those that are deleted or hidden.

        A query that Jira refuses may name one that is gone, and may be refused for another reason: so what queries do
        not give is asked for one by one. What is refused is halved first, as long as it is more than `least`.
        """
        rows = self._among(ids, usage, least)
        there = {self._id(row) for row in rows}
        left = [one for one in ids if one not in there]
        expand, gone = "" if self._inside is None else "changelog", []
        for one, row in issues_one_by_one(
            self._transport, "/rest/api/2", left, self._reader.names, usage, expand=expand
        ):
            if row is None:
                gone.append(one)
            else:
                rows.append(row)
        return rows, gone

    def _among(self, ids: list[str], usage: Usage, least: int) -> list[msgspec.Raw]:
        """The issues with these ids, as far as queries give them."""
        pending: list[list[str]] = [ids] if ids else []
        rows: list[msgspec.Raw] = []
        while pending:
            some = pending.pop()
            halves = [some[len(some) // 2 :], some[: len(some) // 2]]
            try:
                _, found = self._asked(f"id in ({', '.join(some)}) {ORDER}", 0, len(some), self._reader.names, usage)
            except Refused as error:
                if error.status != 400:
                    raise
                pending += halves if len(some) > least else []
            else:
                cut = found.total > len(found.issues) and len(some) > 1
                pending += halves if cut else []
                rows += [] if cut else found.issues
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
        return self._handled(row)[0]

    def _handled(self, row: msgspec.Raw) -> tuple[str | None, str | None]:
        try:
            handle = self._handle.decode(row)
        except msgspec.DecodeError:
            return None, None
        return None if handle.id is None else str(handle.id), handle.key


def _page(read: Read, clock: datetime | None, keys: tuple[str, ...] | None) -> Page:
    """`keys` are those of the last rows; None on the last page."""
    resume = None if keys is None else Resume(clock=clock, keys=list(keys[-KEPT_TAIL:])).write()
    return Page(items=read.items, set_aside=read.set_aside, clock=clock, resume=resume)
