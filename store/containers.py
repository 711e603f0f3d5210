"""Milestones, versions and sprints, as a scope lists them."""

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from connectors.records import Container as ContainerRecord
from connectors.records import Containers
from store.bulk import Bulk
from store.counts import Saved
from store.database import fold
from store.quarantine import put_aside
from store.tables import Container, Quarantine, WorkContainer
from store.vocabulary import mark_members_dirty

_TABLE = Container.__table__
_QUARANTINE = Quarantine.__table__
_IDENTITY = ("connection_id", "kind", "external_id")
_PREFIX = "container "
"""In quarantine, a container's id stands beside those of items and must not be mistaken for one."""


def save_containers(
    conn: sa.Connection, connection_id: int, scope_id: int, containers: Containers, now: datetime
) -> Saved:
    """Keep the full list of a scope's containers.

    The list's titles win over those in items' references. A container that gets another title makes its items dirty.
    One of this scope that the list no longer holds is gone from the tool, and is taken off its items.
    """
    wanted = {(one.kind, one.external_id): one for one in containers.containers}
    set_aside = containers.set_aside
    # A sprint may be listed by several scopes, so what is known is looked up by name, too.
    named = sa.and_(
        _TABLE.c.connection_id == connection_id, _TABLE.c.external_id.in_([external_id for _, external_id in wanted])
    )
    rows = conn.execute(sa.select(_TABLE).where(sa.or_(_TABLE.c.scope_id == scope_id, named))).all()
    known = {(row.kind, row.external_id): row for row in rows}
    changed, renamed = [], []
    for name, record in sorted(wanted.items()):
        values = _values(record, scope_id)
        row = known.get(name)
        if row is None:
            changed.append({**values, "connection_id": connection_id, "kind": name[0], "external_id": name[1]})
        elif any(getattr(row, column) != value for column, value in values.items()):
            conn.execute(sa.update(_TABLE).where(_TABLE.c.id == row.id).values(**values))
            changed.append(values)
            if row.title != record.title:
                renamed.append(row.id)
    new = [values for values in changed if "kind" in values]
    if new:
        _insert(conn, new)
    bulk = Bulk(conn)
    if renamed:
        mark_members_dirty(bulk, renamed)
    unread = {one.external_id for one in set_aside}
    if None not in unread:
        gone = [
            row.id
            for name, row in known.items()
            if row.scope_id == scope_id and row.listed and name not in wanted and row.external_id not in unread
        ]
        _remove(conn, bulk, gone)
    _note_unread(conn, scope_id, containers, now)
    return Saved(len(wanted), len(changed), len(set_aside))


def _values(record: ContainerRecord, scope_id: int) -> dict[str, Any]:
    return {
        "scope_id": None if record.scope is None else scope_id,
        "title": record.title,
        "title_folded": fold(record.title),
        "state": record.state,
        "url": record.url,
        "starts_on": record.starts_on,
        "due_on": record.due_on,
        "closed_at": record.closed_at,
        "listed": True,
    }


def _insert(conn: sa.Connection, rows: list[dict[str, Any]]) -> None:
    # Another scope may add the same sprint at the same time, by its list or from an item that refers to it.
    if conn.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert
    new = insert(_TABLE)
    told = {name: new.excluded[name] for name in rows[0] if name not in _IDENTITY}
    conn.execute(new.on_conflict_do_update(index_elements=_IDENTITY, set_=told), rows)


def _remove(conn: sa.Connection, bulk: Bulk, ids: list[int]) -> None:
    if ids:
        mark_members_dirty(bulk, ids)
        members = WorkContainer.__table__
        conn.execute(sa.delete(members).where(members.c.container_id.in_(ids)))
        conn.execute(sa.delete(_TABLE).where(_TABLE.c.id.in_(ids)))


def _note_unread(conn: sa.Connection, scope_id: int, containers: Containers, now: datetime) -> None:
    listed = {f"{_PREFIX}{one.external_id}" for one in containers.containers}
    before = sa.select(_QUARANTINE.c.external_id).where(
        _QUARANTINE.c.scope_id == scope_id, _QUARANTINE.c.external_id.startswith(_PREFIX)
    )
    listed.update(conn.execute(before).scalars())
    notes = [
        msgspec.structs.replace(one, external_id=f"{_PREFIX}{one.external_id or ''}") for one in containers.set_aside
    ]
    put_aside(conn, scope_id, listed, notes, now)
