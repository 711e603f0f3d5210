"""The limits of tools, as all processes on one PostgreSQL know them together."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from connectors.budget import Limits
from connectors.errors import TryAgain
from store.database import connect, reading
from store.tables import RateBudget

_TABLE = RateBudget.__table__
_READ = (
    sa.select(_TABLE.c.limits, sa.func.clock_timestamp().label("now"))
    .where(_TABLE.c.account == sa.bindparam("of"))
    .with_for_update()
)
_WRITE = (
    sa.update(_TABLE)
    .where(_TABLE.c.account == sa.bindparam("of"))
    .values(limits=sa.bindparam("limits"), at=sa.bindparam("at"))
)


class SharedBudget:
    """See `connectors.budget.Budget`: a row for each account, which one at a time holds.

    The time is that of the database, as clocks of machines differ, unless `now` is given. What is written last is lost
    where the server crashes: then the tool's next answers tell it again.
    """

    def __init__(self, url: str, now: Callable[[], datetime] | None = None) -> None:
        self._fixed = now
        self._engine = connect(url)
        event.listen(self._engine, "connect", _commit_at_once)
        self._lock = threading.Lock()
        self._known: dict[str, Limits] = {}
        self._ahead = timedelta()

    def close(self) -> None:
        """Close the database's connections."""
        self._engine.dispose()

    @contextmanager
    def open(self, account: str) -> Generator[tuple[Limits, datetime]]:
        """See `connectors.budget.Budget`."""
        try:
            with self._engine.begin() as conn:
                row = conn.execute(_READ, {"of": account}).first() or self._new(conn, account)
                now = self._fixed() if self._fixed else row.now
                known = msgspec.json.decode(row.limits, type=Limits)
                yield known, now
                conn.execute(_WRITE, {"of": account, "limits": msgspec.json.encode(known).decode(), "at": now})
        except SQLAlchemyError as error:
            raise TryAgain(
                f"The database that keeps the limits of {account.partition(' ')[0]} is out of reach"
                f" ({type(error).__name__}).",
                advice="See that PostgreSQL runs.",
            ) from error
        with self._lock:
            self._known[account], self._ahead = known, now - _now()

    def glance(self, account: str) -> tuple[Limits, datetime]:
        """See `connectors.budget.Budget`."""
        with self._lock:
            return self._known.get(account) or Limits(), self._fixed() if self._fixed else _now() + self._ahead

    def known(self) -> dict[str, Limits]:
        """See `connectors.budget.Budget`. Raises errors of the database."""
        with reading(self._engine) as conn:
            rows = conn.execute(sa.select(_TABLE.c.account, _TABLE.c.limits)).all()
        return {row.account: msgspec.json.decode(row.limits, type=Limits) for row in rows}

    def _new(self, conn: sa.Connection, account: str) -> sa.Row[Any, Any]:
        # Of two that begin in one moment, the second waits here for the first.
        values = {"account": account, "limits": "{}", "at": _now()}
        conn.execute(postgresql.insert(_TABLE).values(**values).on_conflict_do_nothing())
        return conn.execute(_READ, {"of": account}).one()


def _commit_at_once(connection: psycopg.Connection, _record: Any) -> None:
    """No request waits for the disk."""
    connection.execute("SET synchronous_commit = off")
    connection.commit()


def _now() -> datetime:
    return datetime.now(UTC)
