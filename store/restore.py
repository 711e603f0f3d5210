"""Putting a backup in the place of what is stored, on either database: all of it, or nothing."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from store import configuration
from store.backup_file import Backup, Content, Table, opened
from store.bulk import driver_errors
from store.database import StoreError
from store.migrate import SCHEMA, has_schema, rebuild
from store.sync_lock import sync_lock
from store.tables import Credential

_HOLD = {"connection": "connections", "work_item": "items", "key_result": "key results", "check_in": "check-ins"}


@dataclass(frozen=True)
class Stored:
    """What a database holds: counts by what they count, without those that are 0."""

    counts: dict[str, int]

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {what}" for what, count in self.counts.items())


def stored(engine: sa.Engine) -> Stored:
    """What a restore would replace. Raises StoreError where a newer program has upgraded the database."""
    with engine.connect() as conn, conn.begin():
        if not has_schema(conn):
            return Stored({})
        counts = {what: conn.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0 for table, what in _HOLD.items()}
        return Stored({what: count for what, count in counts.items() if count})


def check(file: Path) -> Content:
    """What is in a backup, all of which was read. Raises OSError, and StoreError where it cannot be restored."""
    with opened(file) as backup:
        if backup.content.schema > SCHEMA:
            raise StoreError(
                f"The backup {file} has schema {backup.content.schema}, and this program knows {SCHEMA} at most.",
                "Restore it with the version of Northing that made it, or a newer one.",
            )
        backup.check()
        return backup.content


def restore(engine: sa.Engine, file: Path) -> Content:
    """Replaces everything that is stored with what is in a backup, which `check` has passed; what is in it.

    One transaction: whatever ends it leaves what was there before. A credential that a tool has replaced since the
    backup was made is kept, as the tool takes no older one. Raises SyncRunning while another process works on the
    database, StoreError where backup and tables do not fit, OSError, and errors of the database.
    """
    with opened(file) as backup, sync_lock(engine):
        renewed = _credentials(engine)

        def fill(conn: sa.Connection) -> None:
            for table in backup.content.tables:
                _load(conn, backup, table)
            _count_on(conn, backup.content)
            _keep_newer(conn, renewed)
            # A service that runs goes on with the configuration that it has, and not with that of the backup's day.
            configuration.forget_applied(conn)

        rebuild(engine, backup.content.schema, fill)
        return backup.content


def _load(conn: sa.Connection, backup: Backup, table: Table) -> None:
    inspector = sa.inspect(conn)
    there = inspector.get_columns(table.name) if inspector.has_table(table.name) else []
    if {column["name"] for column in there} != set(table.columns):
        raise StoreError(
            f"The table {table.name} of the backup does not fit schema {backup.content.schema}.",
            "Restore it with the version of Northing that made it.",
        )
    names = ", ".join(f'"{name}"' for name in table.columns)
    driver: Any = conn.connection.driver_connection
    with _indexed_at_the_end(conn, table.name), driver_errors(conn):
        if conn.dialect.name == "sqlite":
            marks = ", ".join("?" * len(table.columns))
            for rows in backup.rows(table):
                driver.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)
        else:
            with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
                for rows in backup.rows(table):
                    for row in rows:
                        copy.write_row(row)


@contextmanager
def _indexed_at_the_end(conn: sa.Connection, table: str) -> Generator[None]:
    """An index of a full table is made by sorting, several times as fast as entry by entry."""
    query = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL"
        if conn.dialect.name == "sqlite"
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = :table"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint"
        " WHERE connamespace = to_regnamespace(quote_ident(current_schema())))"
    )
    indexes = conn.execute(sa.text(query), {"table": table}).all()
    for name, _ in indexes:
        conn.exec_driver_sql(f'DROP INDEX "{name}"')
    yield
    for _, ddl in indexes:
        conn.exec_driver_sql(ddl)


def _count_on(conn: sa.Connection, content: Content) -> None:
    """New rows are numbered from behind those restored, and no row refers to one that is not there."""
    if conn.dialect.name == "sqlite":
        if lost := conn.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise StoreError(
                f"The backup does not fit together: {lost[0]} refers to {lost[2]}.", "Take an earlier backup."
            )
        return
    for table in content.tables:
        if "id" in table.columns:
            numbers = conn.scalar(sa.text("SELECT pg_get_serial_sequence(:table, 'id')"), {"table": f'"{table.name}"'})
            highest = f'SELECT max(id) FROM "{table.name}"'
            conn.execute(
                sa.text(f"SELECT setval(:numbers, coalesce(({highest}), 1), ({highest}) IS NOT NULL)"),
                {"numbers": numbers},
            )
        conn.exec_driver_sql(f'ANALYZE "{table.name}"')


def _credentials(engine: sa.Engine) -> list[dict[str, Any]]:
    with engine.connect() as conn, conn.begin():
        if not has_schema(conn):
            return []
        return [dict(row) for row in conn.execute(sa.select(Credential.__table__)).mappings()]


def _keep_newer(conn: sa.Connection, credentials: list[dict[str, Any]]) -> None:
    table = Credential.__table__
    for row in credentials:
        of = table.c.connection == row["connection"]
        if conn.execute(
            sa.delete(table).where(of, table.c.updated_at <= row["updated_at"])
        ).rowcount or not conn.scalar(sa.select(sa.func.count()).where(of)):
            conn.execute(sa.insert(table).values(row))
