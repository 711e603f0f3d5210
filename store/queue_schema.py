"""Tables and functions of the queue, which are Procrastinate's, in the schema of PostgreSQL that holds ours.

They are always there on PostgreSQL, so that a queue is one line of configuration. What they are, files of the library
say; it is not imported for that. The comment of its table of jobs keeps which of its migrations were applied.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa

from store.database import StoreError

_TABLE = "to_regclass(quote_ident(current_schema()) || '.procrastinate_jobs')"
_NOTE = "The queue of Northing, by migrations up to "


def is_current(conn: sa.Connection) -> bool:
    """Whether the queue is at least as the installed library has it, or the database is none to hold one."""
    if conn.dialect.name != "postgresql":
        return True
    note = conn.exec_driver_sql(f"SELECT obj_description({_TABLE}, 'pg_class')").scalar() or ""
    return note.startswith(_NOTE) and note >= _NOTE + _migrations()[-1].name


def bring_up_to_date(conn: sa.Connection) -> None:
    """Makes or upgrades the queue in the transaction of `conn`.

    Raises StoreError where the schema holds a Procrastinate of others.
    """
    if is_current(conn):
        return
    there, note = conn.exec_driver_sql(f"SELECT {_TABLE} IS NOT NULL, obj_description({_TABLE}, 'pg_class')").one()
    if there and not (note or "").startswith(_NOTE):
        raise StoreError(
            f"The database {conn.engine.url.render_as_string(hide_password=True)} has a table procrastinate_jobs of"
            " another program where Northing's queue is to be.",
            "Give Northing a database of its own, or a schema: `?options=-csearch_path%3Dnorthing`.",
        )
    if not there:
        _run(conn, (_folder() / "schema.sql").read_text(encoding="utf-8"))
    else:
        for file in _migrations():
            if _NOTE + file.name > note:
                _run(conn, file.read_text(encoding="utf-8"))
    _run(conn, f"COMMENT ON TABLE procrastinate_jobs IS '{_NOTE}{_migrations()[-1].name}'")


def _run(conn: sa.Connection, script: str) -> None:
    # Without parameters the driver takes several statements at once, and percent signs as they are.
    driver = conn.connection.driver_connection
    assert driver is not None
    driver.execute(script)


@cache
def _folder() -> Path:
    found = find_spec("procrastinate")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "sql"


@cache
def _migrations() -> list[Path]:
    """By name, which begins with the library's version."""
    return sorted((_folder() / "migrations").glob("*.sql"))
