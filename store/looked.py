"""Keeping what became of items that were looked at one by one."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

import msgspec
import sqlalchemy as sa

from config import Counting
from connectors.records import Absence, Item, Looked, Page, Ref
from connectors.records import Scope as ScopeRecord
from store.counts import Saved
from store.gone import keep_elsewhere, mark_gone, rename
from store.tables import Connection, Scope, WorkItem
from store.work import save_page

_CONNECTION = Connection.__table__
_SCOPE = Scope.__table__
_ITEM = WorkItem.__table__


def apply_looked(
    conn: sa.Connection, connection_id: int, scope_id: int, looked: Looked, counting: Counting, now: datetime
) -> Saved:
    """Keep what a look at items of a scope gave. What changed becomes dirty.

    An item that is now in a scope that is not read is out of sight. A deletion that was proven stays proven until the
    item is seen again.
    """
    lost = rename(conn, connection_id, looked.moved, {one.external_id for one in looked.items}, now)
    scopes = {
        row.external_id: row.id
        for row in conn.execute(
            sa.select(_SCOPE.c.id, _SCOPE.c.external_id).where(
                _SCOPE.c.connection_id == connection_id, _SCOPE.c.visible
            )
        )
    }
    pages: dict[int, list[Item]] = defaultdict(list)
    for item in looked.items:
        if item.scope in scopes:
            pages[scopes[item.scope]].append(item)
    if looked.set_aside:
        pages.setdefault(scope_id, [])
    changed = 0
    for place, items in sorted(pages.items()):
        page = Page(items=items, set_aside=looked.set_aside if place == scope_id else [])
        changed += save_page(conn, connection_id, place, page, counting, now).changed
    lost += keep_elsewhere(conn, connection_id, [one for one in looked.items if one.scope not in scopes], now)
    lost += mark_gone(conn, connection_id, looked.gone, now)
    return Saved(len(looked.items) + len(looked.gone), changed + lost, len(looked.set_aside), lost)


def known_scopes(
    conn: sa.Connection, connection: str, external_id: str | None = None
) -> dict[str, tuple[int, ScopeRecord]]:
    """The scopes that a connection (its name) listed last, with our ids, by external id; or the one that is named."""
    names = tuple(ScopeRecord.__struct_fields__)
    query = (
        sa.select(_SCOPE.c.id, *(_SCOPE.c[name] for name in names))
        .join(_CONNECTION, _CONNECTION.c.id == _SCOPE.c.connection_id)
        .where(_CONNECTION.c.name == connection, _SCOPE.c.visible)
    )
    rows = conn.execute(query if external_id is None else query.where(_SCOPE.c.external_id == external_id))
    return {row.external_id: (row.id, ScopeRecord(**{name: getattr(row, name) for name in names})) for row in rows}


def places(conn: sa.Connection, connection: str, external_ids: Collection[str]) -> dict[str, tuple[str, Ref]]:
    """Of those of these items that are stored: the external id of the scope, and the item as it is known."""
    found: dict[str, tuple[str, Ref]] = {}
    ids = sorted(external_ids)
    for start in range(0, len(ids), 500):
        rows = conn.execute(
            sa.select(_ITEM.c.external_id, _ITEM.c.key, _SCOPE.c.external_id.label("scope"))
            .join(_SCOPE, _SCOPE.c.id == _ITEM.c.scope_id)
            .join(_CONNECTION, _CONNECTION.c.id == _ITEM.c.connection_id)
            .where(_CONNECTION.c.name == connection, _ITEM.c.external_id.in_(ids[start : start + 500]))
        )
        found.update({row.external_id: (row.scope, Ref(external_id=row.external_id, key=row.key)) for row in rows})
    return found


def with_proof(looked: Looked, deleted: Collection[str]) -> Looked:
    """`looked`, where of the items that were not found those of `deleted` are deleted: the tool itself said so."""
    gone: dict[str, Absence] = {one: "deleted" if one in deleted else how for one, how in looked.gone.items()}
    return msgspec.structs.replace(looked, gone=gone)
