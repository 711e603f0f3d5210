"""Roles of PostgreSQL that read the public views and nothing else."""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from store.database import StoreError
from store.tables import SQLModel

STATEMENT_TIMEOUT = "60s"
"""How long a query of a reader may take: long ones hold up upgrades."""
_ANYBODY = "public"
_GRANTED = sa.text("""
    SELECT c.relname, coalesce(r.rolname, :anybody) FROM pg_class c CROSS JOIN aclexplode(c.relacl) a
    LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relkind = 'v' AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
    AND starts_with(c.relname, 'northing_') AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner""")
_MIGHTY = sa.text("""
    SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR rolname = current_user
    FROM pg_roles WHERE rolname = :name""")
_READABLE = sa.text("""
    SELECT c.relname FROM pg_class c
    WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
    AND c.relname = ANY(:tables) AND has_table_privilege(CAST(:name AS name), c.oid, 'SELECT, INSERT, UPDATE, DELETE')
    ORDER BY c.relname LIMIT 1""")


class Readers:
    """Who may read which public views, noted before these are dropped. Nobody on SQLite, which knows no users."""

    def __init__(self, conn: sa.Connection) -> None:
        self._views = _views(conn)
        self._granted: dict[str, set[str]] = defaultdict(set)
        if conn.dialect.name == "postgresql":
            for view, role in conn.execute(_GRANTED, {"anybody": _ANYBODY}):
                self._granted[role].add(view)

    def grant_again(self, conn: sa.Connection) -> None:
        """Gives back what they could read. Who could read all the views reads the new ones, too."""
        now = _views(conn)
        for role, views in self._granted.items():
            for view in sorted(now if views >= self._views else views & now):
                conn.exec_driver_sql(_plain(f"GRANT SELECT ON {view} TO {_role(role)}"))


def grant_readonly(engine: sa.Engine, name: str, password: str | None = None) -> bool:
    """Lets a role log in and read the public views, those of later versions included, and nothing else of Northing.

    The role is made where there is none; whether it was. A role that is there keeps its password where none is given.
    Its transactions only read, and its queries end after `STATEMENT_TIMEOUT`. Raises StoreError on SQLite, where the
    role may do more than read, and where this user may not make roles; and errors of the database.
    """
    if engine.dialect.name != "postgresql":
        raise StoreError(
            "SQLite has no roles: whoever may read its file reads everything in it.",
            "Give others a copy (`northing db backup`), or use PostgreSQL for dashboards with users of their own.",
        )
    if name.lower() in {_ANYBODY, "none", "current_user", "session_user", "current_role"} or not name.strip():
        raise StoreError(f"A role cannot be called {name!r}.", "Choose another name.")
    with engine.begin() as conn:
        mighty = conn.scalar(_MIGHTY, {"name": name})
        if mighty:
            raise StoreError(f"The role {name} may do more than read.", "Choose the name of a role of its own.")
        role, new = _role(name), mighty is None
        secret = "" if password is None else f" PASSWORD {_secret(conn, name, password)}"
        conn.exec_driver_sql(_plain(f"{'CREATE' if new else 'ALTER'} ROLE {role} LOGIN{secret}"))
        database, schema = conn.execute(sa.text("SELECT current_database(), current_schema()")).one()
        at, of = _quoted(database), _quoted(schema)
        for statement in (
            f"GRANT CONNECT ON DATABASE {at} TO {role}",
            f"GRANT USAGE ON SCHEMA {of} TO {role}",
            f"GRANT SELECT ON {', '.join(sorted(_views(conn)))} TO {role}",
            f"ALTER ROLE {role} IN DATABASE {at} SET default_transaction_read_only = on",
            f"ALTER ROLE {role} IN DATABASE {at} SET statement_timeout = '{STATEMENT_TIMEOUT}'",
            f"ALTER ROLE {role} IN DATABASE {at} SET search_path = {of}",
        ):
            conn.exec_driver_sql(_plain(statement))
        tables = list(SQLModel.metadata.tables)
        if table := conn.scalar(_READABLE, {"name": name, "tables": tables}):
            raise StoreError(
                f"The role {name} may also use the table {table}, by a right that it was given otherwise.",
                "Take that right from it (or from PUBLIC, or the roles that it is in), or choose another name.",
            )
        return new


def _views(conn: sa.Connection) -> set[str]:
    return {name for name in sa.inspect(conn).get_view_names() if name.startswith("northing_")}


def _role(name: str) -> str:
    return "PUBLIC" if name == _ANYBODY else _quoted(name)


def _quoted(name: str) -> str:
    return f'"{name.replace(chr(34), chr(34) * 2)}"'


def _plain(statement: str) -> str:
    """The driver takes `%` for a parameter."""
    return statement.replace("%", "%%")


def _secret(conn: sa.Connection, name: str, password: str) -> str:
    """The password as the server keeps it, so that the password itself stands in no log of the server."""
    driver: Any = conn.connection.driver_connection
    algorithm = conn.exec_driver_sql("SHOW password_encryption").scalar_one()
    hashed = driver.pgconn.encrypt_password(password.encode(), name.encode(), str(algorithm).encode())
    return "'" + hashed.decode().replace("'", "''") + "'"
