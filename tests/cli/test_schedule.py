"""`northing schedule`."""

from datetime import UTC, datetime

from tests.cli.conftest import Northing


def test_it_shows_what_comes_next_by_the_scopes_that_are_known(synced: Northing) -> None:
    rows = synced("schedule", "--json").data
    known = {row["what"] for row in rows if row["kind"] == "read"}
    assert len(known) > 2, known
    assert [row["next"] for row in rows] == sorted(row["next"] for row in rows)
    assert {row["every"] for row in rows if row["kind"] in ("list", "read")} == {"every 15 minutes"}
    soon = datetime.fromisoformat(rows[0]["next"]) - datetime.now(UTC)
    assert -5 < soon.total_seconds() < 61, "alerts are looked for each minute"

    shown = synced("schedule", "--count", "3")
    assert shown.code == 0
    assert len([line for line in shown.out.splitlines() if "20" in line and ":" in line]) >= 3
    assert f"And {len(rows) - 3} more: --count {len(rows)} shows all." in shown.out


def test_scopes_that_are_read_alike_are_one_line_and_what_comes_once_a_week_is_seen(synced: Northing) -> None:
    rows = synced("schedule", "--json").data
    lines = synced("schedule").out.splitlines()
    reads = [row["what"].removeprefix("read github:") for row in rows if row["what"].startswith("read github:")]
    assert len([line for line in lines if f"read {len(reads)} scopes of github, {reads[0]} first" in line]) == 1
    assert len([line for line in lines if "compare all of 3 scopes of jira, " in line]) == 1
    assert not [line for line in lines if "more: --count" in line]
    assert len([line for line in lines if "link, measure and look for findings  " in line]) == 2
    assert "forget what is older than it is kept" in "\n".join(lines)


def test_before_the_first_sync_it_says_that_no_scope_is_known_and_makes_no_database(fresh: Northing) -> None:
    shown = fresh("schedule")
    assert shown.code == 0
    assert "No scope is known yet" in shown.err
    assert "list the scopes of" in shown.out
    assert not (fresh.folder / "northing.db").exists()
