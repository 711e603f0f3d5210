"""Reading what the last sync left: the public views and a few tables, as plain dictionaries.

SQLite is read by the standard library's own module: SQLAlchemy takes half a second to import, and `northing status` is
typed often. The statements are the same for both databases.
"""

import json
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from cli.session import FAILED, Failure, Session

Row = dict[str, Any]
ADVICE = "Run `northing sync` first."


class Reader(Protocol):
    """Runs statements that only read. Parameters are written `:name`."""

    def rows(self, sql: str, **params: Any) -> list[Row]:
        """All rows, by column. Values are what JSON knows: instants are ISO 8601 texts in UTC."""
        ...


def plain(value: Any) -> Any:
    """A value of a database as JSON knows it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return str(value)


@contextmanager
def reading(session: Session, as_of: str | None = None) -> Generator[Reader]:
    """Reads the configured database as of one moment. Raises Failure where no sync has filled it yet.

    `as_of`: a day as typed. What is read then is how things stood at its end, as known now.
    """
    if as_of is not None:
        from cli.as_of import rewound

        with rewound(session, as_of) as reader:
            yield reader
        return
    from cli.quick import database_url

    url = database_url(session)
    with _sqlite(url) if url.startswith("sqlite") else _postgres(url) as reader:
        yield reader


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, **params: Any) -> list[Row]:
        cursor = self._connection.execute(sql, params)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor]


@contextmanager
def _sqlite(url: str) -> Generator[Reader]:
    must_exist(url)
    file = Path(url.partition("///")[2])
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=60, isolation_level=None)
    except sqlite3.Error as error:
        raise Failure(
            f"The database {file} cannot be opened: {error}.", "Check its permissions.", code=FAILED
        ) from None
    try:
        connection.execute("BEGIN")
        reader = _Sqlite(connection)
        must_be_filled(reader, str(file))
        yield reader
    except sqlite3.OperationalError as error:
        if "no such table" in str(error) or "no such column" in str(error):
            raise Failure(f"The database {file} is empty, or of another version: {error}.", ADVICE) from None
        raise Failure(f"The database {file} cannot be read: {error}.", "Try again.", code=FAILED) from None
    except sqlite3.DatabaseError as error:
        raise Failure(f"{file} cannot be read as a database: {error}.", "Check `database:`.", code=FAILED) from None
    finally:
        connection.close()


class Alchemy:
    """Reads a connection of SQLAlchemy's, of either database."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def rows(self, sql: str, **params: Any) -> list[Row]:
        """All rows, as `Reader` says."""
        from sqlalchemy import text

        found = self._connection.execute(text(sql), params)
        return [{name: _from_postgres(value) for name, value in row.items()} for row in found.mappings()]


def _from_postgres(value: Any) -> Any:
    return plain(value) if isinstance(value, date | Decimal) else value


@contextmanager
def _postgres(url: str) -> Generator[Reader]:
    import sqlalchemy as sa
    from sqlalchemy.exc import DBAPIError, ProgrammingError

    import store

    engine = store.connect(url)
    where = place(engine.url)
    try:
        with store.reading(engine) as conn:
            if not sa.inspect(conn).has_table("alembic_version"):
                raise Failure(f"There is no data yet in {where}.", ADVICE)
            reader = Alchemy(conn)
            must_be_filled(reader, where)
            yield reader
    except ProgrammingError as error:
        raise Failure(f"The database {where} is of another version: {error.orig}.", ADVICE) from None
    except DBAPIError as error:
        words = str(error.orig).strip()
        raise Failure(f"The database {where} cannot be read: {words}.", "Check that it runs.", code=FAILED) from None
    finally:
        engine.dispose()


def must_exist(url: str) -> None:
    """Raises Failure where the file of an SQLite database is not there: looking must not make it."""
    file = Path(url.partition("///")[2].partition("?")[0])
    if url.startswith("sqlite:///") and not file.is_file():
        raise Failure(f"There is no data yet: {file} does not exist.", ADVICE)


def place(url: Any) -> str:
    """Where a database of SQLAlchemy's lies, to be shown: its file, or its URL without the password."""
    return url.database if url.drivername.startswith("sqlite") else url.render_as_string(hide_password=True)


def must_be_filled(reader: Reader, where: str) -> None:
    """Raises Failure where nothing was counted yet."""
    if not reader.rows("SELECT 1 AS one FROM meta WHERE key = 'active_day'"):
        raise Failure(f"There is no data yet in {where}: nothing was counted so far.", ADVICE)


def no_key_result(reader: Reader, key: str) -> Failure:
    """There is no such key result: says which one was probably meant."""
    from config.problems import did_you_mean

    known = [row["key_result"] for row in reader.rows("SELECT key_result FROM northing_key_results ORDER BY 1")]
    return Failure(f"There is no key result {key!r}.{did_you_mean(key, known)}", "`northing status` lists them.")


def from_json(value: Any) -> Any:
    """A JSON column: SQLite keeps it as text."""
    return json.loads(value) if isinstance(value, str) else value
