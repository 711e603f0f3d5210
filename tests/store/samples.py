"""Records as connectors yield them, and short ways to keep and see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from config import Counting
from connectors.records import Container, ContainerRef, Containers, Item, Page, Scope, SetAside
from store import work
from store.work import Saved

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def scope_record(external_id: str, key: str, **more: Any) -> Scope:
    words: dict[str, Any] = {"name": key, "kind": "repository", "url": f"https://code.example/{key}"} | more
    return Scope(external_id=external_id, key=key, **words)


def item(number: int, **more: Any) -> Item:
    """Issue `acme/shop#number`, open, with the external id `number` in words of its own."""
    words: dict[str, Any] = {
        "external_id": f"id-{number}",
        "key": f"acme/shop#{number}",
        "scope": "1",
        "url": f"https://code.example/acme/shop/issues/{number}",
        "title": f"Issue {number}",
        "category": "todo",
    }
    return Item(**(words | more))


def milestone(external_id: str, title: str) -> ContainerRef:
    return ContainerRef(external_id=external_id, kind="milestone", title=title)


def listed(external_id: str, title: str, **more: Any) -> Container:
    words: dict[str, Any] = {"kind": "milestone", "state": "open", "scope": "1"} | more
    return Container(external_id=external_id, title=title, **words)


@dataclass(frozen=True)
class Shop:
    """One scope of one connection in a database."""

    engine: sa.Engine
    connection_id: int
    id: int

    @classmethod
    def in_new(cls, engine: sa.Engine, connection: str, scope: Scope) -> "Shop":
        with engine.begin() as conn:
            ids = work.save_scopes(conn, connection, "sample", [scope])
            return cls(engine, work.connection_id(conn, connection, "sample"), ids[scope.external_id])

    def save(
        self, *items: Item, set_aside: Sequence[SetAside] = (), counting: Counting | None = None, now: datetime = NOW
    ) -> Saved:
        page = Page(items=list(items), set_aside=list(set_aside))
        with self.engine.begin() as conn:
            return work.save_page(conn, self.connection_id, self.id, page, counting or Counting(), now)

    def save_containers(self, *containers: Container, set_aside: Sequence[SetAside] = ()) -> Saved:
        answer = Containers(containers=list(containers), set_aside=list(set_aside))
        with self.engine.begin() as conn:
            return work.save_containers(conn, self.connection_id, self.id, answer, NOW)

    def resolve(self) -> int:
        with self.engine.begin() as conn:
            return work.resolve_parents(conn, self.connection_id)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return rows(self.engine, query)

    def dirty(self) -> list[str]:
        """Keys of the dirty items; empties the list."""
        found = self.rows("SELECT w.key FROM dirty d JOIN work_item w ON w.id = d.item_id ORDER BY w.key")
        execute(self.engine, "DELETE FROM dirty")
        return [key for (key,) in found]

    def labels(self, number: int) -> list[str]:
        found = self.rows(
            "SELECT g.value FROM work_tag t JOIN tag g ON g.id = t.tag_id JOIN work_item w ON w.id = t.item_id"
            f" WHERE w.external_id = 'id-{number}' AND g.kind = 'label' ORDER BY g.value"
        )
        return [value for (value,) in found]


def rows(engine: sa.Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as conn:
        return [tuple(row) for row in conn.execute(sa.text(query))]


def execute(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as conn:
        for statement in statements:
            conn.execute(sa.text(statement))
