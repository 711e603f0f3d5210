"""SYN507: channels for alerts that take none."""

from typing import Any

import pytest
import sqlalchemy as sa

from store import tables
from sync.findings import Hit, rules
from sync.findings.world import World
from tests.sync.findings.making import NOW, config

CHANNELS = {"alerts": {"channels": {"leads": "json://127.0.0.1", "ops": "json://127.0.0.1"}}}


def find(conn: sa.Connection) -> list[Any]:
    return list(rules()["SYN507"].find(World(conn, config(**CHANNELS), [], NOW), frozenset()))


def failing(conn: sa.Connection, name: str, **given: Any) -> None:
    usual = {"name": name, "seen_at": NOW, "greeted": True, "attempts": 1, "failing_since": NOW, "refused": False}
    conn.execute(sa.insert(tables.AlertChannel.__table__).values(**usual | {"error": "It said 404."} | given))


def test_a_channel_that_refuses_once_is_found_with_what_it_said(conn: sa.Connection) -> None:
    failing(conn, "leads", refused=True)
    failing(conn, "ops", failing_since=None, attempts=0, error=None)
    assert find(conn) == [
        Hit(
            subject_kind="channel",
            subject="leads",
            severity="critical",
            reason="refused",
            summary="Channel leads refuses messages since 2026-11-24 12:00 UTC: It said 404.",
            evidence={"error": "It said 404.", "failing_since": "2026-11-24T12:00:00+00:00"},
        )
    ]


@pytest.mark.parametrize("attempts, reasons", [(2, []), (3, ["no_answer"])])
def test_a_channel_without_an_answer_is_found_at_the_third_attempt(
    conn: sa.Connection, attempts: int, reasons: list[str]
) -> None:
    failing(conn, "leads", attempts=attempts)
    assert [hit.reason for hit in find(conn)] == reasons


def test_a_channel_that_left_the_configuration_is_not_found(conn: sa.Connection) -> None:
    failing(conn, "former", refused=True)
    assert find(conn) == []
