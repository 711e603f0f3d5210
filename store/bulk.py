"""Many rows in one statement, in the driver's own words.

A page of items is hundreds of small rows; compiling statements, converting each value by its column's type and
describing each result would cost more than the database does. So these few statements are written out, values are
converted here, and the driver's own cursor runs them.
"""

import json
from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError


@contextmanager
def driver_errors(conn: sa.Connection) -> Generator[None]:
    """Raises errors of the driver, which is used without SQLAlchemy within, as SQLAlchemy's: DBAPIError."""
    error: type[Exception] = conn.dialect.loaded_dbapi.Error
    try:
        yield
    except error as caught:
        raise DBAPIError.instance("", None, caught, error) from caught


@cache
def _for_psycopg(statement: str) -> str:
    return statement.replace("?", "%s")


class Bulk:
    """Runs statements whose parameters are written as `?`, on the transaction of `conn`, which has begun.

    All methods raise DBAPIError, as SQLAlchemy does.
    """

    def __init__(self, conn: sa.Connection) -> None:
        self._cursor = conn.connection.cursor()
        self._error = conn.dialect.loaded_dbapi.Error
        self._sqlite = conn.dialect.name == "sqlite"
        self.among = "IN (SELECT value FROM json_each(?))" if self._sqlite else "= ANY(?)"
        """Stands behind a column; its parameter is made by `values`."""
        self.locking = "" if self._sqlite else "ORDER BY external_id FOR NO KEY UPDATE"
        """Ends a query of items that are to be written; SQLite has one writer at a time anyway."""

    def values(self, values: Collection[str] | Collection[int]) -> Any:
        """The parameter of `among`."""
        return json.dumps(list(values)) if self._sqlite else list(values)

    def instant(self, at: datetime | None) -> Any:
        """`at` as the column keeps it. Raises ValueError for a naive one."""
        if at is None:
            return None
        if at.tzinfo is not UTC:
            if at.utcoffset() is None:
                raise ValueError(f"{at} has no time zone")
            at = at.astimezone(UTC)
        return at.isoformat(" ", "microseconds")[:26] if self._sqlite else at

    def day(self, day: date | None) -> Any:
        """`day` as the column keeps it."""
        return day.isoformat() if day is not None and self._sqlite else day

    def rows(self, statement: str, *parameters: Any) -> Sequence[Any]:
        """All rows of a query, each a tuple."""
        self._execute(statement, parameters)
        return self._cursor.fetchall()

    def run(self, statement: str, *parameters: Any) -> int:
        """Run a statement once; how many rows it touched."""
        self._execute(statement, parameters)
        return self._cursor.rowcount

    def run_many(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Run a statement for each of `rows`, which may be none."""
        if rows:
            try:
                self._cursor.executemany(self._words(statement), rows)
            except self._error as error:
                raise self._named(error, statement) from error

    def insert(self, table: str, columns: dict[str, str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert small rows; those that are there stay. `columns`: name and SQL type."""
        rows = sorted(rows)
        if not rows:
            return
        head = f"INSERT INTO {table} ({', '.join(columns)})"
        if self._sqlite:
            marks = ", ".join("?" * len(columns))
            self.run_many(f"{head} VALUES ({marks}) ON CONFLICT DO NOTHING", rows)
        else:
            arrays = ", ".join(f"?::{type_}[]" for type_ in columns.values())
            lists = tuple(map(list, zip(*rows, strict=True)))
            self._execute(f"{head} SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING", lists)

    def mark_dirty(self, item_ids: Iterable[int]) -> None:
        """Note that the links of these items may be out of date."""
        self.insert("dirty", {"item_id": "integer"}, {(item_id,) for item_id in item_ids})

    def _execute(self, statement: str, parameters: tuple[Any, ...]) -> None:
        try:
            self._cursor.execute(self._words(statement), parameters)
        except self._error as error:
            raise self._named(error, statement) from error

    def _named(self, error: Exception, statement: str) -> BaseException:
        """The driver's error as SQLAlchemy's: without the values, which are people's."""
        return DBAPIError.instance(statement, None, error, self._error)

    def _words(self, statement: str) -> str:
        return statement if self._sqlite else _for_psycopg(statement)
