"""`{sql: URL, query: "select …"}`: one row with one number, of a database that itself refuses to write.

Nothing is read of the query's text: SQLite opens the file for reading only and allows nothing but reading, PostgreSQL
runs the query in a read-only transaction, as the query of a cursor, which takes a single statement that reads.
"""

import math
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from config import SqlValue
from connectors.base import Context
from connectors.errors import Refused, SourceError, TryAgain
from connectors.retry import Patience, retrying
from connectors.values.numbers import one_number

if TYPE_CHECKING:
    import psycopg

LONGEST_VALUE = 1_000_000
"""Bytes that one value of SQLite may have."""

ATTEMPTS = 3
_CONNECT_S = 10
_BUSY_S = 5.0
_STEPS = 10_000
"""Steps of SQLite between two looks at the clock."""

_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_NUMERIC = {"int2", "int4", "int8", "oid", "float4", "float8", "numeric"}
_ADVICE = "Write one statement that reads: `select …`, with one row and one column."
_PASSING = {"08", "40", "53", "55", "57"}
"""Classes of PostgreSQL's errors that pass: connection, deadlock, resources, locks, shutdown."""


@dataclass(frozen=True)
class _Question:
    """What is asked where, how messages call it, and until when (by `time.monotonic`) there is time to answer."""

    url: URL
    source: SqlValue
    where: str
    deadline: float

    @property
    def left(self) -> float:
        """Seconds that are left; never none, which databases take for no limit."""
        return max(0.001, self.deadline - time.monotonic())

    @property
    def too_late(self) -> TryAgain:
        # The wait that it names is longer than there is patience: it is not tried again.
        return TryAgain(
            f"{self.where} took longer than {self.source.timeout:g} s.",
            advice="Make it quicker, or give the source a `timeout:`.",
            wait=self.source.timeout,
        )


def number(source: SqlValue, context: Context) -> float:
    """The only value of the query's only row. Raises SourceError, without the URL: it may hold a password."""
    url, where = _url(source), f"The query to {database(source)}"
    read = _sqlite if url.get_backend_name() == "sqlite" else _postgresql
    question = _Question(url, source, where, time.monotonic() + source.timeout)
    patience = Patience(attempts=ATTEMPTS, deadline_s=source.timeout, longest_wait_s=source.timeout / 4)
    rows = retrying(context, patience, lambda _seconds: None)(lambda: read(question))
    if not rows:
        raise Refused(f"{where} gives no row.", advice="Make it give one always, as `select count(*) …` does.")
    if len(rows) > 1:
        raise Refused(f"{where} gives more than one row.", advice="Add up, or `limit 1` in an order that is meant.")
    return one_number(rows[0][0], where)


def database(source: SqlValue) -> str:
    """The source's database as messages have it: without user and password."""
    try:
        url = _url(source)
    except Refused:
        return "a database"
    if url.get_backend_name() == "sqlite":
        return f"{url.database}"
    place = f"{url.host or 'localhost'}:{url.port}" if url.port else url.host or "localhost"
    return f"{place}/{url.database or ''}"


def _url(source: SqlValue) -> URL:
    try:
        return make_url(source.sql.get_secret_value())
    except (ArgumentError, ValueError):
        # No cause: the original message repeats the URL.
        raise Refused(
            "The source's database URL cannot be read.",
            advice="Write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME, odd letters as %XX.",
        ) from None


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _sqlite(asked: _Question) -> Sequence[Sequence[Any]]:
    url = asked.url
    if not url.database or url.database == ":memory:" or not Path(url.database).is_file():
        raise Refused(
            f"There is no database file {url.database or ''}.",
            advice="Check the path: a relative one begins at the main configuration file.",
        )
    try:
        address = f"file:{quote(str(Path(url.database).absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=min(asked.left, _BUSY_S))) as conn:
            conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
            conn.execute("PRAGMA query_only = ON")
            conn.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY)
            conn.set_progress_handler(lambda: time.monotonic() > asked.deadline, _STEPS)
            cursor = conn.execute(asked.source.query)
            _one_column(cursor.description, asked.where)
            return cursor.fetchmany(2)
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as error:
        raise _sqlite_error(error, asked) from error


def _sqlite_error(error: Exception, asked: _Question) -> SourceError:
    code, where = getattr(error, "sqlite_errorcode", 0) & 0xFF, asked.where
    if code == sqlite3.SQLITE_INTERRUPT:
        return asked.too_late
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return TryAgain(f"{where}: {error}.", advice="Another program holds it.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH):
        return Refused(f"{where} would do more than read ({error}).", advice=_ADVICE)
    return Refused(f"{where} failed: {error}.", advice=_ADVICE)


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _postgresql(asked: _Question) -> Sequence[Sequence[Any]]:
    import psycopg

    url, milliseconds = asked.url, math.ceil(asked.left * 1000)
    arguments: dict[str, Any] = {**url.query, **url.translate_connect_args(username="user", database="dbname")}
    arguments.setdefault("connect_timeout", str(min(_CONNECT_S, math.ceil(asked.left))))
    # Where the network goes silent, no time-out of the server helps.
    arguments.setdefault("tcp_user_timeout", str(milliseconds))
    arguments.setdefault("application_name", "northing")
    try:
        with psycopg.connect(**arguments) as conn:
            conn.read_only = True
            with conn.transaction(force_rollback=True):
                # Here and not with the connection: some poolers take no options there.
                limit = f"{milliseconds}ms"
                for setting in ("statement_timeout", "lock_timeout"):
                    conn.execute("SELECT set_config(%s, %s, true)", (setting, limit))
                with conn.cursor(name="northing_value") as cursor:
                    cursor.execute(asked.source.query.encode())
                    _one_column(cursor.description, asked.where)
                    _numeric(cursor.description, asked.where)
                    return cursor.fetchmany(2)
    except psycopg.Error as error:
        raise _postgresql_error(error, asked) from error
    except (ValueError, TypeError, UnicodeError) as error:
        raise Refused(f"{asked.where} cannot be asked: {error}.", advice="Check the source's url and query.") from error


def _postgresql_error(error: "psycopg.Error", asked: _Question) -> SourceError:
    import psycopg

    state, where = error.sqlstate or "", asked.where
    words = (error.diag.message_primary or str(error)).strip().replace("\n", " ")[:300]
    if isinstance(error, psycopg.errors.QueryCanceled):
        return asked.too_late
    if state == "25006":
        return Refused(f"{where} would do more than read ({words}).", advice=_ADVICE)
    if state[:2] == "28":
        return Refused(f"{where}: {words}.", advice="The credentials are not accepted: check the source's `sql` url.")
    if state == "42501":
        return Refused(f"{where}: {words}.", advice="Grant that to the role, for reading.")
    if state[:2] in _PASSING or (not state and isinstance(error, psycopg.OperationalError)):
        return TryAgain(f"{where}: {words}.", advice="Check that the database runs and takes connections.")
    return Refused(f"{where} failed: {words}.", advice=_ADVICE)


def _numeric(columns: Sequence[Any] | None, where: str) -> None:
    """Before a row is fetched: the size of a number has an end, that of a text has none."""
    import psycopg

    for column in columns or ():
        known = psycopg.adapters.types.get(column.type_code)
        name = known.name if known else "another type"
        if name not in _NUMERIC:
            raise Refused(f"{where} gives {name}, expected a number.", advice="Cast it: `select (…)::numeric`.")


# --- both -------------------------------------------------------------------------------------------------------------


def _one_column(columns: Sequence[Any] | None, where: str) -> None:
    if columns is None:
        raise Refused(f"{where} gives no rows: it does not read.", advice=_ADVICE)
    if len(columns) != 1:
        raise Refused(f"{where} gives {len(columns)} columns, expected one.", advice=_ADVICE)
