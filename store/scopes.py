"""Connections and the projects or repositories that they see."""

from typing import Any

import sqlalchemy as sa

from connectors.records import Scope as ScopeRecord
from store.database import fold
from store.tables import Connection, Scope, StreamState

_CONNECTION = Connection.__table__
_SCOPE = Scope.__table__
_STREAM = StreamState.__table__


def connection_id(conn: sa.Connection, name: str, kind: str) -> int:
    """The id of a connection of the configuration; it is added if it is new, and taken up again if it was archived."""
    known = conn.execute(
        sa.select(_CONNECTION.c.id, _CONNECTION.c.kind, _CONNECTION.c.archived).where(_CONNECTION.c.name == name)
    ).first()
    if known is None:
        new = sa.insert(_CONNECTION).values(name=name, kind=kind, archived=False)
        return conn.execute(new.returning(_CONNECTION.c.id)).scalar_one()
    if known.kind != kind or known.archived:
        conn.execute(sa.update(_CONNECTION).where(_CONNECTION.c.id == known.id).values(kind=kind, archived=False))
    return known.id


def save_scopes(conn: sa.Connection, connection: str, kind: str, scopes: list[ScopeRecord]) -> dict[str, int]:
    """Keep what a connection lists now: scope id by external id.

    What it lists no longer stays, as not visible. A scope whose key changed forgets how far it was read: its items'
    keys and addresses changed too, and no tool counts that as a change of theirs.
    """
    owner = connection_id(conn, connection, kind)
    known = {row.external_id: row for row in conn.execute(sa.select(_SCOPE).where(_SCOPE.c.connection_id == owner))}
    ids: dict[str, int] = {}
    for scope in {scope.external_id: scope for scope in scopes}.values():
        values: dict[str, Any] = {
            "key": scope.key,
            "key_folded": fold(scope.key),
            "name": scope.name,
            "kind": scope.kind,
            "url": scope.url,
            "archived": scope.archived,
            "visible": True,
        }
        row = known.pop(scope.external_id, None)
        if row is None:
            new = sa.insert(_SCOPE).values(connection_id=owner, external_id=scope.external_id, **values)
            ids[scope.external_id] = conn.execute(new.returning(_SCOPE.c.id)).scalar_one()
            continue
        ids[scope.external_id] = row.id
        if any(getattr(row, name) != value for name, value in values.items()):
            conn.execute(sa.update(_SCOPE).where(_SCOPE.c.id == row.id).values(**values))
        if row.key != scope.key:
            conn.execute(sa.delete(_STREAM).where(_STREAM.c.scope_id == row.id))
    hidden = [row.id for row in known.values() if row.visible]
    if hidden:
        conn.execute(sa.update(_SCOPE).where(_SCOPE.c.id.in_(hidden)).values(visible=False))
    return ids
