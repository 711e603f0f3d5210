"""A backup of everything that is stored, made in one moment while others go on reading and writing."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from store.backup_file import Content, Row, opened, written
from store.bulk import driver_errors
from store.database import reading
from store.migrate import SCHEMA, must_be_current
from store.tables import SQLModel

_PORTION = 2000
_AS_KEPT_BY_SQLITE = {
    "timestamp with time zone": "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    "date": "to_char({0}, 'YYYY-MM-DD')",
    "boolean": "{0}::integer",
    "jsonb": "{0}::text",
}


def backup(engine: sa.Engine, file: Path, now: datetime) -> Content:
    """Writes all tables to `file`, as of one moment; what is in it. Neither waits for others nor holds them up.

    The same file may be restored to either database. Raises StoreError where the schema is not this program's, OSError
    where the file cannot be written, and errors of the database.
    """
    made_at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    with reading(engine) as conn:
        must_be_current(conn)
        with written(file, SCHEMA, made_at) as (add, tables):
            for table in SQLModel.metadata.sorted_tables:
                columns = _columns(conn, table.name)
                add(str(table.name), list(columns), _rows(conn, table.name, columns))
    with opened(file) as made:
        assert made.content.tables == tables
        return made.content


def _columns(conn: sa.Connection, table: str) -> dict[str, str]:
    """The columns of a table in order, each with the expression for its value."""
    if conn.dialect.name == "sqlite":
        return {row[1]: f'"{row[1]}"' for row in conn.exec_driver_sql(f'PRAGMA table_info("{table}")')}
    query = sa.text(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = :table ORDER BY ordinal_position"
    )
    found = conn.execute(query, {"table": table})
    return {name: _AS_KEPT_BY_SQLITE.get(type_, "{0}").format(f'"{name}"') for name, type_ in found}


def _rows(conn: sa.Connection, table: str, columns: dict[str, str]) -> Iterator[Sequence[Row]]:
    query = f'SELECT {", ".join(columns.values())} FROM "{table}"'
    driver: Any = conn.connection.driver_connection
    # The driver's own cursor, and on PostgreSQL one of the server's: there may be millions of rows.
    cursor = driver.cursor() if conn.dialect.name == "sqlite" else driver.cursor(name="northing_backup")
    with driver_errors(conn), closing(cursor):
        cursor.execute(query)
        while rows := cursor.fetchmany(_PORTION):
            yield rows
