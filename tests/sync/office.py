"""Configurations in few words, and what linking and measuring make of them."""

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from config import Config
from store import okrs
from store.tables import Measure
from sync.facts import KeyResultFacts
from sync.link import link
from sync.measure import measure
from tests.mapping.tracker import NOW

QUARTER = {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"}


def config(*mappings: dict[str, Any], key_results: list[dict[str, Any]] | None = None, **more: Any) -> Config:
    """A configuration with one objective, by default with the key results A.1 and A.2.

    A mapping without `key_result` serves A.1. `more` are sections as written.
    """
    objective = {
        "key": "A",
        "title": "A",
        "cycle": "Q4",
        "key_results": key_results or [{"key": "A.1", "title": "One"}, {"key": "A.2", "title": "Two"}],
    }
    sections = {
        "cycles": [QUARTER],
        "objectives": [objective],
        "mappings": [{"key_result": "A.1"} | one for one in mappings],
    }
    return Config.model_validate(sections | more)


class Linked(NamedTuple):
    """How an item serves a key result."""

    via: str
    direct: bool
    role: str


def link_anew(conn: sa.Connection, configuration: Config, now: datetime = NOW) -> None:
    """Applies a configuration and links by it."""
    okrs.apply(conn, configuration, now)
    link(conn, configuration)


def links(conn: sa.Connection) -> dict[str, dict[str, Linked]]:
    """By key result and key of the item. Key results without links are left out."""
    rows = conn.execute(
        sa.text(
            "SELECT k.key AS key_result, i.key AS item, m.via, l.direct, l.role FROM link l"
            " JOIN key_result k ON k.id = l.key_result_id JOIN work_item i ON i.id = l.item_id"
            " LEFT JOIN mapping m ON m.id = l.mapping_id"
        )
    )
    found: dict[str, dict[str, Linked]] = {}
    for row in rows:
        found.setdefault(row.key_result, {})[row.item] = Linked(row.via, bool(row.direct), row.role)
    return found


def roles(conn: sa.Connection, key_result: str = "A.1") -> dict[str, str]:
    """The role of each item that serves a key result, by key."""
    return {key: one.role for key, one in links(conn).get(key_result, {}).items()}


def sizes(conn: sa.Connection, key_result: str = "A.1") -> dict[str, tuple[float, bool]]:
    """Size of each counted item of a key result, and whether it is imputed, by key."""
    query = sa.text(
        "SELECT i.key, l.size, l.imputed FROM link l JOIN work_item i ON i.id = l.item_id"
        " JOIN key_result k ON k.id = l.key_result_id WHERE k.key = :key AND l.counted"
    )
    rows = conn.execute(query, {"key": key_result})
    return {key: (size, bool(imputed)) for key, size, imputed in rows}


def teams(conn: sa.Connection) -> dict[str, str | None]:
    """The team of each item, by key."""
    rows = conn.execute(sa.text("SELECT i.key, t.key AS team FROM work_item i LEFT JOIN team t ON t.id = i.team_id"))
    return {row.key: row.team for row in rows}


def measured(conn: sa.Connection, configuration: Config, now: datetime = NOW) -> dict[str, dict[str, Any]]:
    """Links, measures, and gives the measure rows by key result."""
    link(conn, configuration)
    measure(conn, configuration, now)
    table = Measure.__table__
    keys = {row.id: row.key for row in conn.execute(sa.text("SELECT id, key FROM key_result"))}
    return {keys[row.key_result_id]: row._asdict() for row in conn.execute(sa.select(table))}


def facts(conn: sa.Connection, configuration: Config, now: datetime = NOW) -> dict[str, KeyResultFacts]:
    """Links, measures, and gives the facts by key result."""
    link(conn, configuration)
    return {one.key: one for one in measure(conn, configuration, now)}


def remove(conn: sa.Connection, *keys: str) -> None:
    """Marks items as deleted in the tool, as a reconciliation does."""
    for key in keys:
        where = {"key": key}
        conn.execute(sa.text("UPDATE work_item SET presence = 'deleted' WHERE key = :key"), where)
        conn.execute(sa.text("DELETE FROM dirty WHERE item_id IN (SELECT id FROM work_item WHERE key = :key)"), where)
        conn.execute(sa.text("INSERT INTO dirty SELECT id FROM work_item WHERE key = :key"), where)
