"""A tool in memory, and a connector that reads it: pages, windows, validators, faults and stops, all by script."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec
import sqlalchemy as sa

import store
from config import Config, ConnectionOptions
from connectors.base import Check, Listing, Reading, Usage
from connectors.errors import Refused, SourceError
from connectors.records import Category, Container, Containers, Item, Looked, Page, Ref, Scope, SetAside
from store import tables
from sync.engine import SyncResult, count, sync

START = datetime(2026, 11, 24, 8, tzinfo=UTC)


@dataclass
class Project:
    """One scope of the tool. Changes bump `version`, which is the tool's ETag."""

    items: dict[str, Item] = field(default_factory=dict)
    containers: list[Container] = field(default_factory=list)
    containers_version: int = 0
    bad: list[SetAside] = field(default_factory=list)


@dataclass
class Tool:
    """What a tool holds, and its clock."""

    clock: datetime = START
    projects: dict[str, Project] = field(default_factory=dict)
    matches: dict[str, set[str]] = field(default_factory=dict)
    tells_time: bool = True

    def project(self, key: str) -> Project:
        return self.projects.setdefault(key, Project())

    def fill(self, key: str, count: int, *, age: timedelta = timedelta(days=30)) -> None:
        """`count` items of a project, last changed `age` ago."""
        for number in range(1, count + 1):
            self.put(key, number, age=age)

    def put(self, key: str, number: int, *, age: timedelta = timedelta(0), **changes: Any) -> None:
        """Add or change an item, `age` ago by the tool's clock."""
        items = self.project(key).items
        identity = f"{key}/{number}"
        before = items.get(identity) or Item(
            external_id=identity,
            key=f"{key}-{number}",
            scope=key,
            url=f"https://tool.example/{key}-{number}",
            title=f"Item {number}",
            category="todo",
        )
        items[identity] = msgspec.structs.replace(before, updated_at=self.clock - age, **changes)

    def release(self, key: str, title: str) -> None:
        """Add a version to a project."""
        project = self.project(key)
        project.containers.append(
            Container(external_id=f"{key}/{title}", kind="version", title=title, state="open", scope=key)
        )
        project.containers_version += 1


Trap = Callable[[str, int], None]


@dataclass
class Fake:
    """A connector to `Tool`. `trap(scope, offset)` runs before each request of items and may raise or wait.

    A window that fits one page is answered by 304 while it stays the same.
    """

    tool: Tool
    name: str = "fake"
    per_page: int = 2
    trap: Trap = lambda scope, offset: None
    list_error: Exception | None = None
    refused: list[tuple[str, SourceError]] = field(default_factory=list)
    """What `scopes` refuses; a project so named is not listed."""
    asked: list[tuple[str, datetime | None, str | None]] = field(default_factory=list)
    """(scope, since, resume) of each reading of items."""
    conditional: ClassVar[bool] = True
    overlap: ClassVar[timedelta] = timedelta(minutes=2)
    kind: ClassVar[str] = "fake"
    options_model: ClassVar[type[ConnectionOptions]] = ConnectionOptions

    def doctor(self) -> list[Check]:
        return []

    def close(self) -> None:
        """Nothing to close."""

    def scopes(self) -> Listing:
        if self.list_error is not None:
            raise self.list_error
        denied = {words for words, _ in self.refused}
        scopes = [
            Scope(external_id=key, key=key, name=key, kind="project", url=f"https://tool.example/{key}")
            for key in self.tool.projects
            if key not in denied
        ]
        return Listing(scopes, list(self.refused)).unless_empty()

    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        project = self.tool.projects[scope.key]
        usage.requests += 1
        tag = f"v{project.containers_version}"
        if self.conditional and validators.get("containers") == tag:
            usage.not_modified += 1
            return None
        return Containers(
            containers=list(project.containers), validators=(("containers", tag),) if self.conditional else ()
        )

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        self.asked.append((scope.key, reading.since, reading.resume))
        project = self.tool.projects[scope.key]
        at, clock = int(reading.resume or 0), None if reading.resume else self._clock()
        while True:
            usage.requests += 1
            self.trap(scope.key, at)
            window = [one for one in project.items.values() if _within(one, reading.since)]
            url, tag = f"items since {reading.since}", str(hash(tuple(window)))
            alone = self.conditional and at == 0 and len(window) < self.per_page
            if alone and reading.validators.get(url) == tag:
                usage.not_modified += 1
                return
            end = at + self.per_page
            yield Page(
                items=window[at:end],
                set_aside=list(project.bad) if at == 0 else [],
                resume=str(end) if end < len(window) else None,
                validators=((url, tag),) if alone else (),
                clock=clock,
            )
            if end >= len(window):
                return
            at, clock = end, None

    def ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]] | None:
        usage.requests += 1
        return iter([{one.external_id: one.category for one in self.tool.projects[scope.key].items.values()}])

    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        usage.requests += 1
        there = {one.external_id: one for project in self.tool.projects.values() for one in project.items.values()}
        wanted = [ref.external_id for ref in refs]
        return Looked(
            items=[there[one] for one in wanted if one in there],
            gone={one: "not_visible" for one in wanted if one not in there},
        )

    def matching(self, query: str, usage: Usage) -> set[str]:
        usage.requests += 1
        if query not in self.tool.matches:
            raise Refused(f"The query {query} is not understood.", advice="Correct it.", status=400)
        return self.tool.matches[query]

    def _clock(self) -> datetime | None:
        return self.tool.clock if self.tool.tells_time else None


class Plain(Fake):
    """A connector to a tool that has no validators."""

    conditional = False


def _within(item: Item, since: datetime | None) -> bool:
    return since is None or (item.updated_at is not None and item.updated_at >= since)


@dataclass
class World:
    """A program with its database, its configuration and its connectors, to sync as often as a test wants.

    Our clock stands still at `now`; the tool's clock is another one.
    """

    engine: sa.Engine
    fakes: dict[str, Fake]
    config: Config
    now: datetime = START
    stop: threading.Event = field(default_factory=threading.Event)

    def sync(self, **options: Any) -> SyncResult:
        with self._closing():
            return sync(self.engine, self.config, self.fakes, now=lambda: self.now, stop=self.stop, **options)

    def remeasure(self) -> None:
        with self._closing():
            count(self.engine, self.config, now=lambda: self.now)

    @contextmanager
    def _closing(self) -> Generator[None]:
        """Leave no connection open behind a test."""
        try:
            yield
        finally:
            self.engine.dispose()

    def rows(self, table: type[tables.Row], *leave_out: str) -> list[dict[str, Any]]:
        """All rows of a table as dictionaries."""
        columns = [column for column in table.__table__.c if column.name not in leave_out]
        with self._closing(), self.engine.connect() as conn:
            return [dict(row._mapping) for row in conn.execute(sa.select(*columns))]

    def stream(self, scope: str, stream: str = "items") -> dict[str, Any]:
        """The state of a scope's stream; empty where there is none."""
        ids = {row["id"]: row["key"] for row in self.rows(tables.Scope)}
        for row in self.rows(tables.StreamState):
            if (ids[row.pop("scope_id")], row.pop("stream")) == (scope, stream):
                return row
        return {}

    def picture(self) -> dict[str, list[Any]]:
        """All that is stored of the tools, with names in place of our numbers: equal for equal content."""
        scopes = {row["id"]: row["key"] for row in self.rows(tables.Scope)}
        items = {row["id"]: row["external_id"] for row in self.rows(tables.WorkItem)}
        containers = {row["id"]: row["external_id"] for row in self.rows(tables.Container)}
        names = {"scope_id": scopes, "item_id": items, "parent_id": items, "container_id": containers}

        def named(table: type[tables.Row]) -> list[Any]:
            rows = self.rows(table, "id", "connection_id")
            told = [
                {key: names[key].get(value) if key in names else value for key, value in row.items()} for row in rows
            ]
            return sorted(told, key=repr)

        kept = (
            tables.Scope,
            tables.StreamState,
            tables.WorkItem,
            tables.Container,
            tables.WorkContainer,
            tables.Dirty,
            tables.Membership,
            tables.Quarantine,
            tables.Link,
            tables.Measure,
        )
        return {table.__name__: named(table) for table in kept}


def world(url: str, *fakes: Fake, **config: Any) -> World:
    """A program over a migrated database that reads `fakes`. `config` is the rest of its configuration."""
    connections = {one.name: ConnectionOptions(kind=one.kind, in_flight=2) for one in fakes}
    return World(store.connect(url), {one.name: one for one in fakes}, Config(connections=connections, **config))
