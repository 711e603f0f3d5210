"""What the contract suite needs of a tool: a small harness that each connector's author writes once."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from connectors.base import Connector, Context, Reading, Usage
from connectors.errors import Cancelled
from connectors.records import Absence, Item, Page, Scope, SetAside

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MANY = 230
"""Items enough for three pages of the size that tools give."""

REFUSED = frozenset({"400", "401", "403", "404", "410", "418"})
"""Faults after which asking again changes nothing. 418 stands for every 4xx that nobody thought of."""

PASSING = frozenset({"500", "502", "html", "cut", "reset"})
"""Faults that may be over at the next request: errors of the server, a web page, half a body, a broken connection."""


class Source(Protocol):
    """A tool with two scopes, `home` and `away` (their keys), empty after `reset`. Items are named by external id.

    A tool that cannot do something says so: `faults` are those of `REFUSED`, `PASSING` and `429` that it can have,
    `hides` whether it has items that an account may not see, `after_delete` what it tells of a deleted item, `query` a
    query with the ids that it matches now, or None where there is no query language.
    """

    @property
    def home(self) -> str: ...
    @property
    def away(self) -> str: ...
    @property
    def faults(self) -> frozenset[str]: ...
    @property
    def hides(self) -> bool: ...
    @property
    def after_delete(self) -> Absence: ...

    def connector(self, context: Context, *scopes: str) -> Connector:
        """A new connector that is told to read these scopes; `home` and `away` where none is named."""
        ...

    def reset(self) -> None:
        """An empty tool whose clock says `NOW`, without faults."""
        ...

    def now(self) -> datetime:
        """The tool's clock. It stands still between two calls of `advance`."""
        ...

    def advance(self, by: timedelta) -> None:
        """Let the tool's clock go on."""
        ...

    def create(self, title: str, *, labels: Iterable[str] = (), scope: str | None = None) -> str:
        """A new item in `scope` (`home` for None); gives its external id."""
        ...

    def edit(self, item: str, *, title: str | None = None, labels: Iterable[str] | None = None) -> None:
        """Change an item of `home`, as a person would."""
        ...

    def finish(self, item: str) -> None:
        """Call an item of `home` done."""
        ...

    def delete(self, item: str) -> None:
        """Delete an item of `home` for good."""
        ...

    def hide(self, item: str) -> None:
        """Take the account's permission to see an item of `home`. Called only where `hides`."""
        ...

    def move(self, item: str) -> str:
        """Move an item from `home` to `away`; gives its external id there."""
        ...

    def spoil(self, item: str) -> None:
        """Make the record of an item in `home` such that it cannot be read."""
        ...

    def contain(self, title: str) -> bool:
        """Add a milestone or version to `home`. False where the tool has none."""
        ...

    def close_scope(self) -> None:
        """Take the permission to read `home`, or `home` itself, away."""
        ...

    def fail(self, fault: str, times: int | None = None) -> None:
        """Let the next requests (`times` of them, all for None) end so; until `times=0` where requests are not seen."""
        ...

    def key(self, item: str) -> str:
        """What people call an item of `home` now."""
        ...

    def truth(self, scope: str | None = None) -> dict[str, tuple[str, frozenset[str]]]:
        """Title and labels of all items that the account may see in a scope, by external id."""
        ...

    def query(self) -> tuple[str, set[str]] | None:
        """A query of the tool's own language, and the ids that it matches now."""
        ...

    def asked(self) -> int | None:
        """How many requests came so far; None where there is nothing to count."""
        ...


@dataclass
class Program:
    """Stands for the program: its clock, which has nothing to do with the tool's, its waits and its wish to stop."""

    at: datetime = NOW - timedelta(hours=3)
    stop: threading.Event = field(default_factory=threading.Event)
    waited: list[float] = field(default_factory=list)
    stops_when_waiting: bool = False

    def context(self) -> Context:
        return Context(now=lambda: self.at, stop=self.stop, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        if self.stops_when_waiting or self.stop.is_set():
            raise Cancelled
        self.waited.append(seconds)
        self.at += timedelta(seconds=seconds)


def scope_of(connector: Connector, key: str) -> Scope:
    """The scope with this key, as the connector lists it."""
    return next(scope for scope in connector.scopes().scopes if scope.key == key)


@dataclass
class Mirror:
    """Keeps what a connector reads of one scope, by the rules by which the program does."""

    connector: Connector
    scope: Scope
    items: dict[str, Item] = field(default_factory=dict)
    set_aside: list[SetAside] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    since: datetime | None = None
    resume: str | None = None
    clock: datetime | None = None
    validators: dict[str, str] = field(default_factory=dict)

    def read(self, *, pages: int | None = None, meanwhile: Callable[[int], None] = lambda number: None) -> list[Page]:
        """Read on, from the watermark or the resume point: to the end, or `pages` pages and no further.

        `meanwhile(number)` happens behind each page. Gives the pages.
        """
        resumed, found = self.resume is not None, list[Page]()
        for page in self._pages():
            if not found and not resumed:
                self.clock = page.clock
            self.items.update((item.external_id, item) for item in page.items)
            self.set_aside += page.set_aside
            self.resume = page.resume
            found.append(page)
            meanwhile(len(found))
            if pages == len(found):
                return found
        if found:
            assert self.resume is None, "a reading ended with a page that is not its last"
            assert self.clock is not None, "the first page tells the tool's time"
            proven = dict(validator for page in found for validator in page.validators)
            self.since, self.validators = self.clock - self.connector.overlap, proven
        return found

    def shown(self) -> dict[str, tuple[str, frozenset[str]]]:
        """What is kept, in the form of `Source.truth`."""
        return {one: (item.title, frozenset(item.labels)) for one, item in self.items.items()}

    def _pages(self) -> Iterator[Page]:
        reading = Reading(self.since, self.resume, {} if self.resume else self.validators)
        return self.connector.items(self.scope, reading, self.usage)


def mirror(source: Source, program: Program | None = None, key: str | None = None) -> Mirror:
    """An empty mirror of a scope (`home` for None), with a new connector."""
    connector = source.connector((program or Program()).context())
    return Mirror(connector, scope_of(connector, key or source.home))
