"""The queue of hints: what tools said that changed, until it was read anew."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connectors.hooks import About, Hint
from connectors.text import clean
from store.tables import Hint as Row

_TABLE = Row.__table__
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (0, 1, 5, 15, 60, 240))
"""How long after it came a hint is worked off for the first time, the second time, and so on. Then it is given up:
ordinary syncs and sweeps read what it was about."""
KEPT = timedelta(days=30)
"""How long a hint that is done is known. No tool sends anything again after that."""
_ERROR_LENGTH = 1000


@dataclass(frozen=True)
class Waiting:
    """A hint that is due."""

    delivery: str
    about: About


def put(conn: sa.Connection, connection: str, hint: Hint, now: datetime) -> bool:
    """Keeps a hint for a connection (its name). False where this delivery is known already."""
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    row = {
        "connection": connection,
        "delivery": hint.delivery,
        "event": hint.event,
        "about": msgspec.to_builtins(hint.about),
        "received_at": now,
        "attempts": 0,
    }
    new = insert(_TABLE).values(**row).on_conflict_do_nothing().returning(_TABLE.c.delivery)
    return conn.execute(new).first() is not None


def take(conn: sa.Connection, connection: str, now: datetime, *, limit: int = 5000) -> list[Waiting]:
    """The hints of a connection that are due, by when they came, at most `limit`. They stay until they are settled."""
    rows = conn.execute(
        sa.select(_TABLE.c.delivery, _TABLE.c.about)
        .where(_TABLE.c.connection == connection, _due(now))
        .order_by(_TABLE.c.received_at, _TABLE.c.delivery)
        .limit(limit)
    )
    return [Waiting(row.delivery, msgspec.convert(row.about, About)) for row in rows]


def told(conn: sa.Connection, now: datetime) -> list[str]:
    """The connections of which hints are due."""
    name = _TABLE.c.connection
    return list(conn.execute(sa.select(name).where(_due(now)).distinct().order_by(name)).scalars())


def done(conn: sa.Connection, connection: str, deliveries: Collection[str], now: datetime) -> None:
    """What these were about was read anew."""
    _settle(conn, connection, deliveries, done_at=now, error=None)


def failed(conn: sa.Connection, connection: str, deliveries: Collection[str], error: str, now: datetime) -> int:
    """What these were about could not be read. They are due again later; how many were given up instead."""
    _settle(conn, connection, deliveries, attempts=_TABLE.c.attempts + 1, error=clean(error)[:_ERROR_LENGTH])
    given_up = (
        sa.update(_TABLE)
        .where(_TABLE.c.connection == connection, _TABLE.c.done_at.is_(None), _TABLE.c.attempts >= len(DELAYS))
        .values(done_at=now)
    )
    return conn.execute(given_up).rowcount


def purge(conn: sa.Connection, now: datetime) -> int:
    """Forgets what was done long ago; how many."""
    return conn.execute(sa.delete(_TABLE).where(_TABLE.c.done_at < now - KEPT)).rowcount


def _due(now: datetime) -> sa.ColumnElement[bool]:
    due = [
        sa.and_(_TABLE.c.attempts == attempts, _TABLE.c.received_at <= now - delay)
        for attempts, delay in enumerate(DELAYS)
    ]
    return sa.and_(_TABLE.c.done_at.is_(None), sa.or_(*due))


def _settle(conn: sa.Connection, connection: str, deliveries: Collection[str], **values: object) -> None:
    names = sorted(deliveries)
    for start in range(0, len(names), 500):
        among = _TABLE.c.delivery.in_(names[start : start + 500])
        conn.execute(sa.update(_TABLE).where(_TABLE.c.connection == connection, among).values(**values))
