"""SQL that several rules share: which key results run, and what is open of the work."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

RUNNING = """running AS MATERIALIZED (
    SELECT k.id, k.key, y.starts_on, y.ends_on, t.key AS team FROM key_result k
    JOIN objective o ON o.id = k.objective_id
    JOIN cycle y ON y.id = o.cycle_id
    LEFT JOIN team t ON t.id = k.team_id
    WHERE NOT k.archived AND :day BETWEEN y.starts_on AND y.ends_on
)"""
"""A common table: the key results whose cycle contains `:day`, with first and last day and team."""

SHOWN = 20
"""Keys that a finding's evidence names."""
CHUNK = 5_000
"""Rows named in one statement, below every database's limit."""


def is_open(alias: str) -> str:
    """The condition that an item, or a link's copy of it, is neither done nor cancelled.

    In the words of the partial index of open work, which serves no other wording.
    """
    return f"{alias}.state IN ('todo', 'in_progress')"


def rows_of(conn: sa.Connection, sql: str, *bound: sa.BindParameter[Any], **days: date) -> Iterator[Any]:
    """The rows of a statement in which these days stand. Its columns `due_on` and `ends_on` are read as days."""
    values = (sa.bindparam(name, day, sa.Date) for name, day in days.items())
    yield from conn.execute(sa.text(sql).bindparams(*bound, *values).columns(due_on=sa.Date, ends_on=sa.Date))


def chunked(conn: sa.Connection, sql: str, ids: Sequence[int], **days: date) -> Iterator[Any]:
    """The same of a statement that names `:ids`, some thousands at a time."""
    for start in range(0, len(ids), CHUNK):
        yield from rows_of(conn, sql, sa.bindparam("ids", ids[start : start + CHUNK], expanding=True), **days)
