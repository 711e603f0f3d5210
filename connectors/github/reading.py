"""Reading a repository's issues and milestones, page by page."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit

import msgspec

from connectors.ahead import in_order, one_ahead
from connectors.answers import ABSENT, Answer
from connectors.base import Reading, Usage
from connectors.errors import Refused
from connectors.github import parse
from connectors.github.boards import Card
from connectors.github.paging import one_page
from connectors.github.projects import Projects
from connectors.records import Container, Containers, Item, Page, Scope, SetAside
from connectors.text import Trailer
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
    trailer: Trailer | None
    projects: Projects

    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        """All milestones of the repository, and the iterations of all projects; None where they are unchanged."""
        boards = self.projects.read(usage)
        sprints = boards.sprints()
        proof = ((self._validator("iterations"), _mark(sprints)),) if sprints else ()
        same = all(validators.get(name) == mark for name, mark in proof)
        first = f"{self.address(scope)}/milestones?state=all&per_page={PER_PAGE}"
        etag = validators.get(self._validator(first)) if same else None
        try:
            answer = self._list(first, usage, etag)
        except Refused as error:
            if error.status not in GONE:
                raise
            # Nothing is known of any, which is not the same as that there are none: what was read before stays.
            note = SetAside(external_id=None, reason=f"Milestones cannot be read. {error}", excerpt="", whole=False)
            return Containers(containers=sprints, set_aside=[note, *boards.notes()], validators=proof)
        if answer.not_modified:
            return None
        page = parse.milestone_page(answer.body, scope)
        read = Containers(
            containers=[*page.rows, *sprints],
            set_aside=[*page.set_aside, *boards.notes()],
            validators=(*self._proof(first, answer, page.count), *proof),
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
        boards = self.projects.read(usage)
        answer = self._list(first, usage, reading.validators.get(self._validator(first)))
        clock = min((one for one in (boards.clock, answer.clock) if one is not None), default=None)
        cards = boards.changed(scope, reading.since) if reading.since is not None else []
        page = self._carded(scope, cards, usage)
        if page is not None:
            # What a project says of an issue changes without the issue.
            page.clock, clock = clock, None
            page.resume = None if answer.not_modified else first
            yield page
        if not answer.not_modified:
            yield from self._pages(scope, Position(first), usage, answer, clock)

    def _pages(
        self,
        scope: Scope,
        position: Position,
        usage: Usage,
        first: Answer | None = None,
        clock: datetime | None = None,
    ) -> Iterator[Page]:
        """The pages from a position on. `first`: its answer, where a whole reading begins with it, at `clock`."""
        if position.url:
            url, fresh = position.url, first is not None
            first = first or self._list(url, usage)
            for answer in one_ahead(first, lambda here: here.next_url, lambda url: self._list(url, usage)):
                page = parse.issue_page(answer.body, scope, self.trailer)
                position = position.behind(answer, page)
                yield Page(
                    items=self.completed(scope, page, usage),
                    set_aside=page.set_aside,
                    resume=position.resume,
                    validators=self._proof(url, answer, page.count) if fresh else (),
                    clock=clock,
                )
                fresh, clock = False, None
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
        """The items of the page with what lists leave out: who blocks them, and what the projects say of them."""
        boards = self.projects.read(usage)
        items = [boards.on(item) for item in page.items]
        if not page.blocked:
            return items
        return [
            msgspec.structs.replace(item, blocked_by=self._blockers(scope, page.blocked[item.external_id], usage))
            if item.external_id in page.blocked
            else item
            for item in items
        ]

    def _carded(self, scope: Scope, cards: list[Card], usage: Usage) -> Page | None:
        """The issues of these cards, as far as they are to be seen. None where there are none."""
        found = Page(items=[])
        for card, body in zip(
            cards, in_order(lambda card: self._body(scope, card, usage), cards, self.transport.in_flight), strict=True
        ):
            if body is None:
                continue
            page = parse.issue_page(b"[" + body + b"]", scope, self.trailer)
            if any(item.key.casefold() != card.key.casefold() or not parse.is_of(scope, item) for item in page.items):
                continue  # transferred: it is followed where it is missed
            found.items += self.completed(scope, page, usage)
            found.set_aside += page.set_aside
        return found if found.items or found.set_aside else None

    def _body(self, scope: Scope, card: Card, usage: Usage) -> bytes | None:
        if card.content is not None:
            return card.content
        url = f"{self.address(scope)}/issues/{card.key.rpartition('#')[2]}"
        try:
            return bytes(self.transport.get_json(url, into=msgspec.Raw, usage=usage)[1])
        except Refused as error:
            if error.status in GONE:
                return None
            raise

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
        return one_page(self.transport, url, usage, etag)

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


def _mark(sprints: list[Container]) -> str:
    """A short text that changes with the iterations."""
    return hashlib.sha256(msgspec.json.encode(sprints)).hexdigest()[:16]
