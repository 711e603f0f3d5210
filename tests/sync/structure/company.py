"""A company whose product team was given a number that three teams and nobody would have to move."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from config import Config
from connectors.records import Item
from store import okrs
from sync.findings import evaluate
from sync.link import link
from sync.measure import measure
from tests.mapping.tracker import NOW, Tracker, item

TEAMS: list[dict[str, Any]] = [
    {"key": "company", "name": "Company"},
    {"key": "product", "name": "Product", "parent": "company", "owns": [{"project": "SHOP"}]},
    {"key": "checkout", "name": "Checkout", "parent": "product", "owns": [{"project": "SHOP", "label": "pay"}]},
    {"key": "sales", "name": "Sales", "parent": "company"},
    {"key": "tooling", "name": "Sales Tooling", "parent": "sales", "owns": [{"project": "CRM"}]},
]
LEVERS = [{"project": "SHOP"}, {"project": "CRM"}, {"label": "partner contract"}]


def company(*key_results: dict[str, Any], objectives: list[dict[str, Any]] | None = None, **sections: Any) -> Config:
    """By default leadership's number: SALES.1, of Product, with levers and no work yet. Other sections as written."""
    usual = {"key": "SALES.1", "title": "$10M of product X", "levers": LEVERS}
    sales = {
        "key": "SALES",
        "title": "Sell product X",
        "cycle": "Q4",
        "team": "product",
        "key_results": list(key_results) or [usual],
    }
    return Config.model_validate(
        {
            "cycles": [{"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"}],
            "teams": TEAMS,
            "objectives": [sales] if objectives is None else objectives,
            **sections,
        }
    )


def numbered(scope: str, count: int, first: int = 1, **more: Any) -> list[Item]:
    """So many alike items of one project."""
    return [item(f"{scope}-{number}", **more) for number in range(first, first + count)]


def store(tracker: Tracker, *items: Item) -> None:
    """Stores items as a sync does that has read everything without an error."""
    tracker.save(*items)
    for table in ("connection", "scope"):
        tracker.conn.execute(
            sa.text(f"UPDATE {table} SET last_ok_at = :now").bindparams(sa.bindparam("now", NOW, sa.DateTime(True)))
        )


def applied(conn: sa.Connection, config: Config) -> Config:
    """The configuration, applied and linked."""
    okrs.apply(conn, config, NOW)
    link(conn, config)
    return config


def lever_shares(conn: sa.Connection, config: Config, now: datetime = NOW) -> dict[str, float | None]:
    """The lever share of each key result, as the public view gives it."""
    applied(conn, config)
    measure(conn, config, now)
    rows = conn.execute(sa.text("SELECT key_result, lever_share FROM northing_key_results"))
    return {row.key_result: row.lever_share for row in rows}


def found(conn: sa.Connection, config: Config, *codes: str, now: datetime = NOW) -> list[tuple[str, str, str]]:
    """Code, subject and summary of the open findings of these codes (or beginnings of codes), of all STR by default."""
    applied(conn, config)
    evaluate(conn, config, measure(conn, config, now), now)
    rows = conn.execute(
        sa.text("SELECT code, subject, summary FROM finding WHERE resolved_at IS NULL ORDER BY code, subject")
    )
    return [(row.code, row.subject, row.summary) for row in rows if row.code.startswith(codes or ("STR",))]


def evidence(conn: sa.Connection, code: str) -> dict[str, Any]:
    """What the one open finding of a code is based on."""
    from store.tables import Finding

    table = Finding.__table__
    return conn.execute(
        sa.select(table.c.evidence).where(table.c.code == code, table.c.resolved_at.is_(None))
    ).scalar_one()
