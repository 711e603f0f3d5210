"""`{sql: URL, query: "select …"}`: one row with one number, of a database that itself refuses to write.

Nothing is read of the query's text: SQLite opens the file for reading only and allows nothing but reading, PostgreSQL
runs the query in a read-only transaction, as the query of a cursor, which takes a single statement that reads.
"""

import math
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from config import SqlValue
from connectors.errors import Refused, SourceError, TryAgain
from connectors.values.numbers import one_number

LONGEST_VALUE = 1_000_000
"""Bytes that one value of SQLite may have."""

_CONNECT_S = 10
_STEPS = 10_000
"""Steps of SQLite between two looks at the clock."""

_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_NUMERIC = {"int2", "int4", "int8", "oid", "float4", "float8", "numeric"}
_ADVICE = "Write one statement that reads: `select …`, with one row and one column."
_PASSING = {"08", "40", "53", "55", "57"}
"""Classes of PostgreSQL's errors that pass: connection, deadlock, resources, locks, shutdown."""


def number(source: SqlValue) -> float:
    """The only value of the query's only row. Raises SourceError, without the URL: it may hold a password."""
    url = _url(source)
    read = _sqlite if url.get_backend_name() == "sqlite" else _postgresql
    where = f"The query to {database(source)}"
    rows = read(url, source, where)
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


def _sqlite(url: URL, source: SqlValue, where: str) -> Sequence[Sequence[Any]]:
    if not url.database or url.database == ":memory:" or not Path(url.database).is_file():
        raise Refused(
            f"There is no database file {url.database or ''}.",
            advice="Check the path: a relative one begins at the main configuration file.",
        )
    deadline = time.monotonic() + source.timeout
    try:
        address = f"file:{quote(str(Path(url.database).absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=min(source.timeout, 5.0))) as conn:
            conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
            conn.execute("PRAGMA query_only = ON")
            conn.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY)
            conn.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
            cursor = conn.execute(source.query)
            _one_column(cursor.description, where)
            return cursor.fetchmany(2)
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as error:
        raise _sqlite_error(error, source, where, late=time.monotonic() > deadline) from error


def _sqlite_error(error: Exception, source: SqlValue, where: str, *, late: bool) -> SourceError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT and late:
        return _too_late(source, where)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return TryAgain(f"{where}: {error}", advice="Another program holds it.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH):
        return Refused(f"{where} would do more than read ({error}).", advice=_ADVICE)
    return Refused(f"{where} failed: {error}.", advice=_ADVICE)


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _postgresql(url: URL, source: SqlValue, where: str) -> Sequence[Sequence[Any]]:
    arguments: dict[str, Any] = {**url.query, **url.translate_connect_args(username="user", database="dbname")}
    arguments.setdefault("connect_timeout", str(min(_CONNECT_S, math.ceil(source.timeout))))
    # Where the network goes silent, no time-out of the server helps.
    arguments.setdefault("tcp_user_timeout", str(_milliseconds(source)))
    arguments.setdefault("application_name", "northing")
    try:
        with psycopg.connect(**arguments) as conn:
            conn.read_only = True
            with conn.transaction(force_rollback=True):
                # Here and not with the connection: some poolers take no options there.
                limit = f"{_milliseconds(source)}ms"
                for setting in ("statement_timeout", "lock_timeout"):
                    conn.execute("SELECT set_config(%s, %s, true)", (setting, limit))
                with conn.cursor(name="northing_value") as cursor:
                    cursor.execute(source.query.encode())
                    _one_column(cursor.description, where)
                    _numeric(cursor.description, where)
                    return cursor.fetchmany(2)
    except psycopg.Error as error:
        raise _postgresql_error(error, source, where) from error
    except (ValueError, TypeError, UnicodeError) as error:
        raise Refused(f"{where} cannot be asked: {error}.", advice="Check the source's url and query.") from error


def _postgresql_error(error: psycopg.Error, source: SqlValue, where: str) -> SourceError:
    state = error.sqlstate or ""
    words = (error.diag.message_primary or str(error)).strip().replace("\n", " ")[:300]
    if isinstance(error, psycopg.errors.QueryCanceled):
        return _too_late(source, where)
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


def _too_late(source: SqlValue, where: str) -> TryAgain:
    return TryAgain(
        f"{where} took longer than {source.timeout:g} s.", advice="Make it quicker, or give the source a `timeout:`."
    )


def _milliseconds(source: SqlValue) -> int:
    return math.ceil(source.timeout * 1000)
