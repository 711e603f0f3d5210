"""Transactions of those who write side by side."""

import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")

_TRIES = 10
_PAUSE_S = 0.1
"""For so long at most, and as long again at each further try, one steps back, so that the other one gets through."""
_MET = {
    "40P01",  # a deadlock, in which the database let the other one go on
    "40001",  # what was read has changed
    "23505",  # both add the same row
    "23503",  # a row that this one refers to is gone
}
"""States of PostgreSQL that say two transactions met: the same one may do well when it begins anew."""

_LOCK = "hashtextextended('northing pages of ' || current_schema(), 0)"


def beside(engine: sa.Engine, step: Callable[[sa.Connection], T]) -> T:
    """Runs `step` in a transaction of its own, beside those of others but not beside one that is `alone`.

    `step` runs again, in a new transaction, where it met another one that wrote the same: it must leave nothing behind
    but what it writes to the database. Raises what it raises.
    """
    for tries in range(1, _TRIES + 1):
        try:
            with engine.begin() as conn:
                _lock(conn, "_shared")
                return step(conn)
        except DBAPIError as error:
            if tries == _TRIES or getattr(error.orig, "sqlstate", None) not in _MET:
                raise
        time.sleep(random.uniform(0, _PAUSE_S * tries))
    raise AssertionError("the last try returns or raises")


@contextmanager
def alone(engine: sa.Engine) -> Generator[sa.Connection]:
    """A transaction that waits until no other one is under way by `beside` or `alone`, and keeps them waiting.

    What is counted in it is of one moment. SQLite has one writer at a time anyway.
    """
    with engine.begin() as conn:
        _lock(conn, "")
        yield conn


def _lock(conn: sa.Connection, way: str) -> None:
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock{way}({_LOCK})")
