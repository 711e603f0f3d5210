"""The scopes that connections listed last, as the service schedules them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.tables import Connection, Scope

_CONNECTION = Connection.__table__
_SCOPE = Scope.__table__


@dataclass(frozen=True)
class Known:
    """A scope that its connection listed last: when it was last read to the end, and compared with its tool's list."""

    external_id: str
    key: str
    archived: bool
    last_ok_at: datetime | None
    swept_at: datetime | None


def known(conn: sa.Connection) -> dict[str, list[Known]]:
    """The scopes of all connections in use (their names), by key."""
    columns = (_SCOPE.c.external_id, _SCOPE.c.key, _SCOPE.c.archived, _SCOPE.c.last_ok_at, _SCOPE.c.swept_at)
    rows = conn.execute(
        sa.select(_CONNECTION.c.name, *columns)
        .join(_SCOPE, _SCOPE.c.connection_id == _CONNECTION.c.id)
        .where(_SCOPE.c.visible, ~_CONNECTION.c.archived)
        .order_by(_SCOPE.c.key_folded, _SCOPE.c.id)
    )
    found: dict[str, list[Known]] = {}
    for name, *values in rows:
        found.setdefault(name, []).append(Known(*values))
    return found


def all_tried(conn: sa.Connection, connections: Iterable[str]) -> bool:
    """Whether each of these connections listed its scopes, and each scope was read to the end, or failed at that."""
    answered = _CONNECTION.c.last_ok_at.is_not(None) | _CONNECTION.c.error.is_not(None)
    tried = set(conn.execute(sa.select(_CONNECTION.c.name).where(answered)).scalars())
    never = sa.exists().where(
        _SCOPE.c.connection_id == _CONNECTION.c.id,
        ~_CONNECTION.c.archived,
        _SCOPE.c.visible,
        ~_SCOPE.c.archived,
        _SCOPE.c.last_ok_at.is_(None),
        _SCOPE.c.error.is_(None),
    )
    return tried.issuperset(connections) and not conn.execute(sa.select(never)).scalar_one()
