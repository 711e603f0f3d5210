"""Reading issues of Jira Cloud: ids one page after the other, then the issues themselves side by side.

The search gives pages only in sequence, but 5,000 ids at a time; fetching by id has no order to keep.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from connectors.ahead import in_order
from connectors.answers import ABSENT
from connectors.base import Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.jira.changelogs import Changelogs, Pasts
from connectors.jira.completeness import check_complete, counted
from connectors.jira.history import HistoryReader
from connectors.jira.parse import IssueReader
from connectors.jira.singly import issues_one_by_one
from connectors.jira.values import Id
from connectors.jira.window import CATEGORIES, ORDER, Resume, project, resume_of, window
from connectors.records import Category, Looked, Page, Scope, SetAside
from connectors.transport import Answer, Transport

SEARCH = "/rest/api/3/search/jql"
BULK = "/rest/api/3/issue/bulkfetch"
IDS_A_PAGE = 5000
ISSUES_A_PAGE = 100
PAGES_OF_HISTORIES = 10


class _IdRow(msgspec.Struct):
    id: Id


class _IdPage(msgspec.Struct):
    issues: list[_IdRow]
    next_page_token: str | None = msgspec.field(default=None, name="nextPageToken")


class _RowPage(msgspec.Struct):
    issues: list[msgspec.Raw]
    next_page_token: str | None = msgspec.field(default=None, name="nextPageToken")


class _IssueError(msgspec.Struct):
    id: Id | None = None
    message: str | None = msgspec.field(default=None, name="errorMessage")


class _Fetched(msgspec.Struct):
    issues: list[msgspec.Raw]
    errors: list[_IssueError] = msgspec.field(default_factory=list, name="issueErrors")


P = TypeVar("P", _IdPage, _RowPage)


@dataclass(frozen=True, eq=False)
class _Part:
    """What is fetched at once: the issues with these ids, or the histories of several pages of them."""

    ids: list[str]
    histories: bool


def _parts(pages: list[list[str]], *, histories: bool) -> Iterator[_Part]:
    """The histories of several pages come before these: requests are few, and memory is bounded."""
    for at in range(0, len(pages), PAGES_OF_HISTORIES):
        some = pages[at : at + PAGES_OF_HISTORIES]
        if histories:
            yield _Part([one for page in some for one in page], histories=True)
        yield from (_Part(page, histories=False) for page in some)


class CloudIssues:
    """Reads the issues of one Cloud site."""

    def __init__(self, transport: Transport, reader: IssueReader, history: HistoryReader | None = None) -> None:
        """`history`: histories are read, too."""
        self._transport = transport
        self._reader = reader
        self._fetches = True
        self._changelogs = None if history is None else Changelogs(transport, history)

    def pages(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        """The project's issues in pages of at most 100, one page with no items where there is nothing to read."""
        begun = resume_of(reading.resume)
        if reading.since is None:
            with counted(self._transport, project(scope), usage) as count:
                ids, clock = self.ids(window(scope, None), usage)
                check_complete(len(ids), count(), scope.key)
        else:
            ids, clock = self.ids(window(scope, reading.since), usage)
        clock = begun.clock or clock
        # An id that is gone (deleted meanwhile) names no place: everything is read again, which changes nothing.
        start = ids.index(begun.after) + 1 if begun.after in ids else 0
        chunks = [ids[at : at + ISSUES_A_PAGE] for at in range(start, len(ids), ISSUES_A_PAGE)]
        if not chunks:
            yield Page(items=[], clock=clock)
            return
        pasts: Pasts | None = None
        parts = list(_parts(chunks, histories=self._changelogs is not None))
        fetched = in_order(lambda part: self._part(part, scope, usage), parts, self._transport.in_flight)
        for part, one in zip(parts, fetched, strict=True):
            if isinstance(one, Page):
                if pasts is not None:
                    one.items, notes = pasts.apply(one.items)
                    one.set_aside += notes
                one.clock = clock
                one.resume = Resume(clock=clock, after=part.ids[-1]).write() if part is not parts[-1] else None
                yield one
            else:
                pasts = one

    def listing(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]]:
        """The ids of all of the project's issues with their categories, page by page."""
        found = 0
        with counted(self._transport, project(scope), usage) as count:
            for category, condition in CATEGORIES:
                jql = f"{project(scope)} AND statusCategory {condition} {ORDER}"
                for _, page in self._search(jql, ["id"], IDS_A_PAGE, _IdPage, usage):
                    found += len(page.issues)
                    yield {str(row.id): category for row in page.issues}
            check_complete(found, count(), scope.key)

    def look(self, scope: Scope, ids: Sequence[str], usage: Usage) -> Looked:
        """What became of these issues, wherever they are now. What is deleted and what is hidden is left out alike."""
        found = Looked()
        for at in range(0, len(ids), ISSUES_A_PAGE):
            chunk = list(ids[at : at + ISSUES_A_PAGE])
            fetched = self._fetch(chunk, usage) if self._fetches else None
            if fetched is None:
                singly = issues_one_by_one(self._transport, "/rest/api/3", chunk, self._reader.names, usage)
                fetched = _Fetched([row for _, row in singly if row is not None])
            page = self._read(fetched, scope, anywhere=True)
            if self._changelogs and page.items:
                pasts = self._changelogs.fetch([item.external_id for item in page.items], usage)
                if pasts is not None:
                    page.items, notes = pasts.apply(page.items)
                    page.set_aside += notes
            told = {item.external_id for item in page.items} | {note.external_id for note in page.set_aside}
            found.items += page.items
            found.set_aside += page.set_aside
            found.gone |= {one: "not_visible" for one in chunk if one not in told}
        return found

    def matching(self, jql: str, usage: Usage) -> set[str]:
        """Ids of all issues that `jql` matches."""
        return set(self.ids(jql, usage)[0])

    def rows(self, jql: str, fields: Sequence[str], usage: Usage) -> Iterator[msgspec.Raw]:
        """All issues that `jql` matches, with these fields, as they come."""
        for _, page in self._search(jql, list(fields), ISSUES_A_PAGE, _RowPage, usage):
            yield from page.issues

    def ids(self, jql: str, usage: Usage) -> tuple[list[str], datetime | None]:
        """Ids of all issues that `jql` matches, in its order, and the site's time when the first page was answered."""
        found: dict[str, None] = {}
        clock = None
        for answer, page in self._search(jql, ["id"], IDS_A_PAGE, _IdPage, usage):
            clock = clock or answer.clock
            found.update((str(row.id), None) for row in page.issues)
        return list(found), clock

    def _search(
        self, jql: str, fields: list[str], size: int, into: type[P], usage: Usage
    ) -> Iterator[tuple[Answer, P]]:
        """All pages. A short or empty page is not the last one: only a page without a token is.

        Where a token has expired (after seven days) the search begins anew, once: its rows come again. A page
        that names one that was named before is asked for again.
        """
        asked: dict[str, Any] = {"jql": jql, "fields": fields, "maxResults": size}
        seen: set[str] = set()
        anew = False

        def goes_on(page: P) -> None:
            if page.next_page_token in seen:
                raise TryAgain(f"{SEARCH} named the same next page twice, and would never end")

        while True:
            try:
                answer, page = self._transport.post_json(SEARCH, asked, into=into, usage=usage, check=goes_on)
            except Refused as error:
                if error.status == 400 and not anew and asked.pop("nextPageToken", None):
                    anew = True
                    seen.clear()
                    continue
                if error.status not in ABSENT:
                    raise
                raise Refused(
                    f"{self._transport.base_url} is Jira Cloud, and has no search at {SEARCH}.",
                    advice="Check that the connection's url is the address of the site itself.",
                    status=error.status,
                ) from error
            yield answer, page
            token = page.next_page_token
            if not token:
                return
            seen.add(token)
            asked["nextPageToken"] = token

    def _part(self, part: "_Part", scope: Scope, usage: Usage) -> Page | Pasts | None:
        if not part.histories:
            return self._page(part.ids, scope, usage)
        return self._changelogs.fetch(part.ids, usage) if self._changelogs else None

    def _page(self, ids: list[str], scope: Scope, usage: Usage) -> Page:
        fetched = self._fetch(ids, usage) if self._fetches else None
        if fetched is None:
            self._fetches = False
            fetched = _Fetched(self._found(ids, usage))
        return self._read(fetched, scope)

    def _read(self, fetched: _Fetched, scope: Scope, *, anywhere: bool = False) -> Page:
        read = self._reader.read(fetched.issues, scope.external_id, anywhere=anywhere)
        failed = [
            SetAside(
                external_id=None if one.id is None else str(one.id),
                reason=one.message or "Jira could not give this issue",
                excerpt="",
            )
            for one in fetched.errors
        ]
        return Page(items=read.items, set_aside=read.set_aside + failed)

    def _fetch(self, ids: list[str], usage: Usage) -> _Fetched | None:
        """The issues by id; None where the site cannot fetch so.

        Those deleted or hidden meanwhile are simply absent; what failed was asked for twice.
        """
        asked = {"issueIdsOrKeys": ids, "fields": self._reader.names, "fieldsByKeys": False}
        try:
            _, fetched = self._transport.post_json(BULK, asked, into=_Fetched, usage=usage)
        except Refused as error:
            if error.status not in ABSENT:
                raise
            return None
        failed = [str(one.id) for one in fetched.errors if one.id is not None]
        if failed:
            _, again = self._transport.post_json(BULK, asked | {"issueIdsOrKeys": failed}, into=_Fetched, usage=usage)
            fetched = _Fetched(fetched.issues + again.issues, again.errors)
        return fetched

    def _found(self, ids: list[str], usage: Usage) -> list[msgspec.Raw]:
        """The issues by search, where fetching by id is not there. One id that is gone makes Jira refuse the query."""
        pending, rows, gone = [ids], [], 0
        while pending:
            some = pending.pop()
            try:
                jql = f"id in ({', '.join(some)}) ORDER BY id ASC"
                for _, page in self._search(jql, self._reader.names, ISSUES_A_PAGE, _RowPage, usage):
                    rows += page.issues
            except Refused as error:
                if error.status != 400:
                    raise
                if len(some) == 1:
                    gone += 1
                    if gone == len(ids):  # all of them: then the query itself is what Jira refuses
                        raise
                else:
                    pending += [some[: len(some) // 2], some[len(some) // 2 :]]
        return rows
