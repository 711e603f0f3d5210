"""What the reading threads do: the jobs, and the messages that they send to the thread that stores."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.base import Connector, Listing, Usage
from connectors.errors import Cancelled, SourceError
from connectors.records import Containers, Page, Scope
from store.streams import StreamState
from sync.pull_course import Course
from sync.pull_workers import Send

UNTOLD = timedelta(days=1)
"""How far our own clock may be ahead of the clock of a tool that does not tell its time: a wrong zone, but no more."""

NEARLY = timedelta(minutes=15)
"""So far apart at most both clocks may be right: a `Date` header may come from a proxy, ahead of what stamps items."""


@dataclass(frozen=True)
class Listed:
    """The scopes that a connection sees, and those that it does not."""

    job: "ListScopes"
    listing: Listing


@dataclass(frozen=True)
class Began:
    """A thread turned to a scope. `full`: it reads everything, and not only what changed.

    `lists`: the items that it meets are the list of all that the scope holds, which is to be kept.
    """

    job: "ReadScope"
    full: bool
    lists: bool


@dataclass(frozen=True)
class ContainersRead:
    """The containers of a scope, which may have changed."""

    job: "ReadScope"
    containers: Containers


@dataclass(frozen=True)
class PageRead:
    """A page of items. Behind the last page (`page.resume` is None) the course has ended."""

    job: "ReadScope"
    course: Course
    page: Page


@dataclass(frozen=True)
class Unchanged:
    """A reading of items ended without a page: nothing changed, or nothing stood behind the resume point."""

    job: "ReadScope"
    course: Course


@dataclass(frozen=True)
class Matched:
    """The items that a query matches, by external id."""

    job: "AskQuery"
    ids: set[str]


@dataclass(frozen=True)
class ListScopes:
    """Asks a connection for its scopes."""

    connection: str
    connector: Connector

    def run(self, send: Send) -> None:
        send(Listed(self, self.connector.scopes()))


@dataclass(frozen=True, eq=False)
class AskQuery:
    """Asks a connection which items a query matches. `named`: the selector names this connection."""

    connection: str
    connector: Connector
    query: str
    named: bool
    usage: Usage = field(default_factory=Usage)

    def run(self, send: Send) -> None:
        send(Matched(self, self.connector.matching(self.query, self.usage)))


@dataclass(frozen=True, eq=False)
class ReadScope:
    """Reads one scope: its containers, then its items, then, after a full reading, what changed meanwhile.

    `items` and `containers` are the states of these streams; `full` reads everything whatever they say. `known`: it was
    read to the end before. A known scope whose tool has no cheaper list of it is read in full where it is to be swept.
    """

    connection: str
    connector: Connector
    scope: Scope
    scope_id: int
    items: StreamState
    containers: StreamState
    full: bool
    known: bool
    sweep: bool
    now: Callable[[], datetime]
    stop: threading.Event
    usage: Usage = field(default_factory=Usage)
    overtaken: threading.Event = field(default_factory=threading.Event)
    """Set once what it reads is kept no more, as what was known of the scope changed meanwhile."""

    def run(self, send: Send) -> None:
        course = self._course()
        send(Began(self, full=course.full, lists=course.full and self.known and self._lists_by_reading()))
        validators = {} if self.full else dict(self.containers.validators)
        containers = self.connector.containers(self.scope, validators, self.usage)
        if containers is not None:
            send(ContainersRead(self, containers))
        self._read(course, send)
        closing = course.closing(self.connector.overlap) if self.connector.conditional else None
        if closing is not None:
            self._read(closing, send)

    def _course(self) -> Course:
        course = Course.of(self.items, full=self.full)
        if self.sweep and self.known and not course.full and self._lists_by_reading():
            return Course.of(self.items, full=True)
        return course

    def _lists_by_reading(self) -> bool:
        """Whether a full reading is the only list of a scope's items that the tool gives. Asks the tool nothing."""
        try:
            return self.connector.ids(self.scope, Usage()) is None
        except SourceError:  # it has a list, and will say once more why that cannot be had
            return False

    def _read(self, course: Course, send: Send) -> None:
        page, first = None, not course.resumed
        asked = self.now()
        for page in self.connector.items(self.scope, course.reading, self.usage):
            # What changes behind a reading's first page may be missed by it, so no later page sets the clock.
            if first:
                course.clock, first = _began(page.clock, asked), False
            send(PageRead(self, course, page))
            if self.stop.is_set() or self.overtaken.is_set():
                raise Cancelled
        if page is None:
            send(Unchanged(self, course))
        elif page.resume is not None:
            raise RuntimeError(f"{self.connection} ended {self.scope.key} with a page that is not its last")


def _began(told: datetime | None, ours: datetime) -> datetime:
    """When a reading began by the clock of the tool, or by ours where that is a little behind it."""
    if told is None:
        return ours - UNTOLD
    return ours if ours < told <= ours + NEARLY else told
