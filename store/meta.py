"""Single values that the program keeps about itself, as text by key."""

from collections.abc import Mapping

import sqlalchemy as sa


def read(conn: sa.Connection, key: str) -> str | None:
    """The value kept under `key`, None where there is none."""
    return conn.execute(sa.text("SELECT value FROM meta WHERE key = :key"), {"key": key}).scalar()


def write(conn: sa.Connection, values: Mapping[str, str]) -> None:
    """Keeps each value under its key; rows that already hold it are left alone."""
    conn.execute(
        sa.text(
            "INSERT INTO meta (key, value) VALUES (:key, :value)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE meta.value <> excluded.value"
        ),
        [{"key": key, "value": value} for key, value in values.items()],
    )
