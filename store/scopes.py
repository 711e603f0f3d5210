"""Connections and the projects or repositories that they see."""

from typing import Any

import sqlalchemy as sa

from connectors.records import Scope as ScopeRecord
from store.database import fold
from store.tables import Connection, Scope, ScopeAlias, StreamState

_CONNECTION = Connection.__table__
_SCOPE = Scope.__table__
_ALIAS = ScopeAlias.__table__
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

    What it lists no longer stays, as not visible. A scope whose key changed answers to the former one, too, until
    another scope bears it, and forgets how far it was read: its items' keys and addresses changed too, and no tool
    counts that as a change of theirs.
    """
    owner = connection_id(conn, connection, kind)
    known = {row.external_id: row for row in conn.execute(sa.select(_SCOPE).where(_SCOPE.c.connection_id == owner))}
    ids: dict[str, int] = {}
    former: dict[str, int] = {}
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
        if row.key_folded != fold(scope.key):
            former[row.key_folded] = row.id
    _keep_former(conn, owner, former, {fold(scope.key) for scope in scopes})
    hidden = [row.id for row in known.values() if row.visible]
    if hidden:
        conn.execute(sa.update(_SCOPE).where(_SCOPE.c.id.in_(hidden)).values(visible=False))
    return ids


def _keep_former(conn: sa.Connection, owner: int, former: dict[str, int], borne: set[str]) -> None:
    """Scopes (ids) answer to these former keys, but to none that is borne now."""
    aliases = {
        row.key_folded: row.scope_id for row in conn.execute(sa.select(_ALIAS).where(_ALIAS.c.connection_id == owner))
    }
    wanted = {key: identity for key, identity in (aliases | former).items() if key not in borne}
    changed = sorted(key for key in aliases.keys() | wanted.keys() if aliases.get(key) != wanted.get(key))
    for key in changed:
        conn.execute(sa.delete(_ALIAS).where(_ALIAS.c.connection_id == owner, _ALIAS.c.key_folded == key))
        if key in wanted:
            conn.execute(sa.insert(_ALIAS).values(connection_id=owner, key_folded=key, scope_id=wanted[key]))
