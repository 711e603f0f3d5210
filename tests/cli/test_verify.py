"""`northing verify` and `northing set-aside`: what is stored, held against the tools, and what could not be stored."""

import sqlite3
from contextlib import closing

import pytest

from tests.cli.conftest import Northing


def change(northing: Northing, statement: str) -> None:
    """Writes into the database behind the program's back."""
    [file] = northing.folder.glob("*.db")
    with closing(sqlite3.connect(file)) as database, database:
        assert database.execute(statement).rowcount == 1


def test_a_true_mirror_is_told_so(northing: Northing) -> None:
    result = northing("verify")
    assert (result.code, result.err) == (0, "")
    assert "The stored work is what the tools say." in result.out
    [line] = [line.split() for line in result.out.splitlines() if line.strip().startswith("jira:SHOP")]
    assert line[-1] == "0"
    assert int(line[-2]) > 0


def test_a_difference_is_named_and_ends_with_1(northing: Northing) -> None:
    change(northing, "UPDATE work_item SET title = 'Not this' WHERE key = 'SHOP-3'")
    result = northing("verify", "--only", "jira:SHOP", "--sample", "100000")
    assert result.code == 1
    assert "jira:SHOP: SHOP-3 title: stored 'Not this', the tool says " in result.out
    assert "`northing sync --full` reads everything again." in result.out


def test_json_tells_each_scope(northing: Northing) -> None:
    change(northing, "DELETE FROM work_item WHERE key = 'SHOP-3'")
    told = northing("verify", "--json")
    assert told.code == 1
    by_scope = {one["scope"]: one for one in told.data}
    assert [one["key"] for one in by_scope["SHOP"]["differences"]] == ["SHOP-3"]
    assert {scope for scope, one in by_scope.items() if not one["same"]} == {"SHOP"}


def test_a_tool_that_cannot_be_reached_ends_with_3(northing: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORTHING_DEMO_JIRA_TOKEN", "wrong")
    result = northing("verify", "--json")
    assert result.code == 3
    assert [one["connection"] for one in result.data if one["error"]] == ["jira"]


def test_nothing_set_aside_is_told(northing: Northing) -> None:
    assert northing("set-aside").out == "Nothing is set aside.\n"


def test_what_is_set_aside_is_listed_with_its_reason(northing: Northing) -> None:
    change(
        northing,
        "INSERT INTO quarantine (scope_id, external_id, reason, excerpt, whole, first_seen_at, last_seen_at)"
        " SELECT id, '77', 'It has no key', '{}', TRUE, '2026-11-20 10:00:00.000000', '2026-11-21 10:00:00.000000'"
        " FROM scope WHERE key = 'SHOP'",
    )
    result = northing("set-aside")
    assert result.out.splitlines() == ["jira:SHOP 77: set aside since 2026-11-20", "  It has no key", "  {}"]
    assert "northing sync --retry-set-aside" in result.err
    [row] = northing("set-aside", "--json").data
    assert (row["connection"], row["scope"], row["record"], row["whole"]) == ("jira", "SHOP", "77", True)
    assert northing("sync", "--retry-set-aside").code == 0
    assert northing("set-aside", "--json").data == []
    again = northing("sync", "--retry-set-aside")
    assert (again.code, again.err) == (0, "Nothing had to be read.\n")
