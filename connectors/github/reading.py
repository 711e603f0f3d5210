"""Reading a repository's issues and milestones, page by page."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit

import msgspec

from connectors.ahead import one_ahead
from connectors.answers import ABSENT, Answer
from connectors.base import Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.github import parse
from connectors.records import Containers, Item, Page, Scope, SetAside
from connectors.transport import Transport

PER_PAGE = 100
OLDEST_SINCE = datetime(2008, 1, 1, tzinfo=UTC)
"""GitHub began in 2008. A `since` in 1970 answers with nothing at all, which is not meant."""

GONE = ABSENT | {410}
STALE = {400, 404, 422}
"""How a page's address is refused that held when an earlier reading stopped, and holds no more."""


@dataclass(frozen=True)
class Position:
    """Where a reading stands. `url`: the next page of issues, None when all were read.

    `parents` are the numbers of those whose sub-issues are still to be asked for. They are collected as long as no row
    named a parent (`told` false): then this server's lists do not tell parents, and their children must.
    """

    url: str | None
    told: bool = False
    parents: tuple[int, ...] = ()

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The position that `resume` wrote; None where the text is none."""
        found = re.fullmatch(r"(https?://\S+|-(?= ))(?: (\d+(?:,\d+)*))?", text)
        if found is None:
            return None
        parents = tuple(int(number) for number in found[2].split(",")) if found[2] else ()
        return cls(None if found[1] == "-" else found[1], parents=parents)

    @property
    def resume(self) -> str | None:
        """What a page hands out to go on behind it: the address of the next page as it was given; None at the end."""
        if not self.parents:
            return self.url
        return f"{self.url or '-'} {','.join(map(str, self.parents))}"

    def behind(self, answer: Answer, page: parse.IssuePage) -> Self:
        """Where the reading stands after this page."""
        told = self.told or page.parents_told
        parents = () if told else (*self.parents, *page.with_children)
        return replace(self, url=answer.next_url, told=told, parents=parents)


@dataclass(frozen=True)
class Reader:
    """Reads through `transport`. `owner()` is a fingerprint of the token: GitHub's ETags hold for one token only."""

    transport: Transport
    owner: Callable[[], str]
    trailer: parse.Trailer | None

    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        """All milestones of the repository; None where they are unchanged."""
        first = f"{self.address(scope)}/milestones?state=all&per_page={PER_PAGE}"
        etag = validators.get(self._validator(first))
        try:
            answer = self._list(first, usage, etag)
        except Refused as error:
            if error.status not in GONE:
                raise
            # Nothing is known of any, which is not the same as that there are none: what was read before stays.
            note = SetAside(external_id=None, reason=f"Milestones cannot be read. {error}", excerpt="", whole=False)
            return Containers(containers=[], set_aside=[note])
        if answer.not_modified:
            return None
        page = parse.milestone_page(answer.body, scope)
        read = Containers(
            containers=page.rows, set_aside=page.set_aside, validators=self._proof(first, answer, page.count)
        )
        while answer.next_url:
            answer = self._list(answer.next_url, usage)
            page = parse.milestone_page(answer.body, scope)
            read.containers += page.rows
            read.set_aside += page.set_aside
        return read

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        """The repository's issues, without pull requests. A position that no longer holds is read from the start."""
        position = self._resumed(reading.resume)
        if position is not None:
            pages = self._pages(scope, position, usage)
            try:
                page = next(pages, None)
            except Refused as error:
                if error.status not in STALE:
                    raise
            else:
                if page is not None:
                    yield page
                    yield from pages
                return
        first = f"{self.address(scope)}/issues?state=all&sort=created&direction=asc&per_page={PER_PAGE}"
        if reading.since is not None and reading.since >= OLDEST_SINCE:
            first += f"&since={reading.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        validator = reading.validators.get(self._validator(first))
        yield from self._pages(scope, Position(first), usage, validator, fresh=True)

    def _pages(
        self, scope: Scope, position: Position, usage: Usage, etag: str | None = None, *, fresh: bool = False
    ) -> Iterator[Page]:
        if position.url:
            url = position.url
            first = self._list(url, usage, etag)
            if first.not_modified:
                return
            for answer in one_ahead(first, lambda here: here.next_url, lambda url: self._list(url, usage)):
                page = parse.issue_page(answer.body, scope, self.trailer)
                position = position.behind(answer, page)
                yield Page(
                    items=self.completed(scope, page, usage),
                    set_aside=page.set_aside,
                    resume=position.resume,
                    validators=self._proof(url, answer, page.count) if fresh else (),
                    clock=answer.clock if fresh else None,
                )
                fresh = False
        while position.parents:
            number, *rest = position.parents
            position = replace(position, parents=tuple(rest))
            page = self._children(scope, number, usage)
            page.resume = position.resume
            yield page

    def _children(self, scope: Scope, number: int, usage: Usage) -> Page:
        """The sub-issues of one issue, read anew with their parent. Those of other repositories are noted only."""
        parent = f"{scope.key}#{number}"
        found = Page(items=[])
        for answer in self._every(f"{self.address(scope)}/issues/{number}/sub_issues?per_page={PER_PAGE}", usage):
            page = parse.issue_page(answer.body, scope, self.trailer, parent)
            found.set_aside += page.set_aside
            home, abroad = [], []
            for item in page.items:
                (home if parse.is_of(scope, item) else abroad).append(item)
            found.items += self.completed(scope, replace(page, items=home), usage)
            found.set_aside += [_abroad(item, parent) for item in abroad]
        return found

    def completed(self, scope: Scope, page: parse.IssuePage, usage: Usage) -> list[Item]:
        """The items of the page, each with the keys of those that block it: the list tells only how many there are."""
        if not page.blocked:
            return page.items
        return [
            msgspec.structs.replace(item, blocked_by=self._blockers(scope, page.blocked[item.external_id], usage))
            if item.external_id in page.blocked
            else item
            for item in page.items
        ]

    def parent(self, scope: Scope, number: int, usage: Usage) -> str | None:
        """The key of an issue's parent, for servers that do not name it in the issue."""
        url = f"{self.address(scope)}/issues/{number}/parent"
        try:
            answer, _ = self.transport.get_json(url, into=msgspec.Raw, usage=usage)
        except Refused as error:
            if error.status not in GONE:
                raise
            return None
        return next(iter(parse.issue_keys(b"[" + answer.body + b"]")), None)

    def _blockers(self, scope: Scope, number: int, usage: Usage) -> tuple[str, ...]:
        first = f"{self.address(scope)}/issues/{number}/dependencies/blocked_by?per_page={PER_PAGE}"
        return tuple(key for answer in self._every(first, usage) for key in parse.issue_keys(answer.body))

    def _every(self, url: str | None, usage: Usage) -> Iterator[Answer]:
        """All pages of a small list. None where this server has no such list, or the issue went meanwhile."""
        while url:
            try:
                answer = self._list(url, usage)
            except Refused as error:
                if error.status in GONE:
                    return
                raise
            yield answer
            url = answer.next_url

    def _list(self, url: str, usage: Usage, etag: str | None = None) -> Answer:
        # Decoded here only as far as a cut answer shows, so that the transport asks again.
        answer, _ = self.transport.get_json(url, into=list[msgspec.Raw], etag=etag, usage=usage)
        if answer.next_url == url:
            raise TryAgain(f"{answer.place} names the page itself as the next one.")
        return answer

    def _resumed(self, resume: str | None) -> Position | None:
        position = Position.read(resume) if resume else None
        if position is None or position.url is None:
            return position
        return position if urlsplit(position.url)[:2] == urlsplit(self.transport.base_url)[:2] else None

    def _proof(self, url: str, answer: Answer, count: int) -> tuple[tuple[str, str], ...]:
        # A later item would stand on a second page, under an unchanged ETag of the first: only one with room proves.
        if answer.next_url or count >= PER_PAGE or not answer.etag:
            return ()
        return ((self._validator(url), answer.etag),)

    def _validator(self, url: str) -> str:
        return f"{self.owner()} {url}"

    def address(self, scope: Scope) -> str:
        """Where the repository's API begins."""
        return f"{self.transport.base_url}/repos/{scope.key}"


def _abroad(item: Item, parent: str) -> SetAside:
    reason = f"This sub-issue of {parent} is in another repository; this server's lists do not tell its parent."
    return SetAside(external_id=item.external_id, reason=reason, excerpt=item.url, whole=False)
