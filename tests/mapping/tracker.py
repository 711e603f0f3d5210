"""Work in a tool, said in few words, and ways to see what selectors make of it."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from config import Counting, Selector
from connectors.records import ContainerKind, ContainerRef, Item, Page, Scope
from mapping.resolve import compile_all, resolve
from store import work

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def item(key: str, **more: Any) -> Item:
    """An item to do, last changed now, in the scope that its key begins with. `parent` is the key of its parent."""
    words: dict[str, Any] = {
        "external_id": f"id of {key}",
        "key": key,
        "scope": scope_of(key),
        "url": "",
        "title": f"Item {key}",
        "category": "todo",
        "parent_key": more.pop("parent", None),
        "updated_at": NOW,
    }
    return Item(**(words | more))


def scope_of(key: str) -> str:
    """`SHOP` of SHOP-12, `acme/shop` of acme/shop#12."""
    return key.rpartition("#" if "#" in key else "-")[0]


def container(kind: ContainerKind, title: str) -> ContainerRef:
    return ContainerRef(external_id=title, kind=kind, title=title)


class Tracker:
    """One connection, in a transaction that is open."""

    def __init__(self, conn: sa.Connection, name: str = "tool") -> None:
        self.conn, self.name = conn, name
        self.id = work.connection_id(conn, name, "sample")
        self._scopes: dict[str, Scope] = {}

    def save(self, *items: Item, counting: Counting | None = None) -> None:
        """Stores items as a sync does, with the scopes that they name, and looks up their parents."""
        pages: dict[str, list[Item]] = defaultdict(list)
        for one in items:
            pages[one.scope].append(one)
            kind = "repository" if "/" in one.scope else "project"
            self._scopes[one.scope] = Scope(external_id=one.scope, key=one.scope, name=one.scope, kind=kind, url="")
        ids = work.save_scopes(self.conn, self.name, "sample", list(self._scopes.values()))
        for scope, page in pages.items():
            work.save_page(self.conn, self.id, ids[scope], Page(items=page), counting or Counting(), NOW)
        work.resolve_parents(self.conn, self.id)

    def answers(self, query: str, *keys: str) -> None:
        """Stores that the tool finds these items for a query."""
        work.save_membership(self.conn, self.id, query, {f"id of {key}" for key in keys})


def matched(conn: sa.Connection, selector: dict[str, Any]) -> dict[str, bool]:
    """The keys of what a selector, as written, matches, and whether each is matched itself (or by descent)."""
    return matched_by_all(conn, [selector])[0]


def matched_by_all(conn: sa.Connection, selectors: list[dict[str, Any]]) -> list[dict[str, bool]]:
    """The same for several selectors that are resolved together."""
    units = {unit: Selector.model_validate(written) for unit, written in enumerate(selectors, 1)}
    resolve(conn, compile_all(conn, units))
    rows = conn.execute(sa.text("SELECT r.unit, i.key, r.direct FROM reach r JOIN work_item i ON i.id = r.item_id"))
    found: list[dict[str, bool]] = [{} for _ in selectors]
    for unit, key, direct in rows:
        assert key not in found[unit - 1], f"{key} comes twice"
        found[unit - 1][key] = bool(direct)
    return found
