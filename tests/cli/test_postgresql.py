"""What reads SQLite by its own module reads PostgreSQL as well, and finds the same."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Northing

VOLATILE = {
    "measured_at",
    "last_check_in_at",
    "opened_at",
    "last_seen_at",
    "age_s",
    "raised_at",
    # What is suggested depends on which work was stored first.
    "suggested_key_result",
    "suggestion_score",
    "line_to_paste",
    "acknowledged_at",
    "at",
}


def without_times(value: object) -> object:
    if isinstance(value, dict):
        return {name: without_times(one) for name, one in value.items() if name not in VOLATILE}
    return [without_times(one) for one in value] if isinstance(value, list) else value


def test_all_commands_find_the_same_on_postgresql(
    northing: Northing, fresh: Northing, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE", postgres_url.replace("+psycopg", ""))
    fresh.append("northing.yaml", '\ndatabase: "${DATABASE}"\n')
    before = fresh("status")
    assert (before.code, "no data yet" in before.err) == (2, True)
    assert fresh("sync").code == 0
    for one in (northing, fresh):
        assert one("finding", "object", "REACH.1", "metric", "--team", "growth", "--by", "Eva").code == 0
        assert one("finding", "ack", "COV101", "REACH.1", "--by", "Eva").code == 0

    then = str((datetime.now(UTC) - timedelta(days=14)).date())
    for command in (
        ("status",),
        ("check",),
        ("finding", "list", "--suppressed"),
        ("finding", "show", "COV101", "REACH.1"),
        ("finding", "show", "objection", "REACH.1"),
        ("finding", "barriers"),
        ("explain", "CHECKOUT.1"),
        ("explain", "COMPANY"),
        ("explain", "SHOP-3"),
        ("map", "test", "{label: maintenance}"),
        ("map", "diff"),
        ("history", "CHECKOUT.1"),
        ("report",),
        ("report", "--for", "product", "--since", then),
        ("status", "--as-of", then),
        ("check", "--as-of", then),
        ("explain", "CHECKOUT.1", "--as-of", then),
    ):
        here, there = northing(*command, "--json"), fresh(*command, "--json")
        assert there.code == here.code, there.err
        assert without_times(there.data) == without_times(here.data)
    before = fresh("status", "--json").data
    tried = fresh("sync", "--full", "--dry-run", "--json")
    assert (tried.code, {one["change"] for one in tried.data["changes"]}) == (0, {"same"})
    assert fresh("status", "--json").data == before
    assert fresh("checkin", "CHECKOUT.1", "2.9").code == 0
    assert fresh("doctor", "--quiet").code == 0
    assert "COMPANY.1" in fresh("status").out
