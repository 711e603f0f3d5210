"""Values of key results from elsewhere: fetched at each sync, kept one a day, and what a failing source leaves."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import sync.values
from config import Config
from connectors.base import Context, Usage
from connectors.errors import Refused, TryAgain
from store.tables import CheckIn, Finding, FindingChange, KeyResult, Measure, Row, ValueSource
from sync.engine import SyncResult
from sync.only import Only
from sync.values import ValueResult, ask, sources
from tests.connectors.values.small_server import SmallServer, small_server
from tests.sync.fake import START, Fake, Tool, World, world

DAY = START.date()
LATER = timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[SmallServer]:
    """A web server that answers as a test says."""
    with small_server() as found:
        yield found


def refuse(word: str) -> None:
    if not word.isdigit():
        raise Refused(f"There is no {word}.", advice="Write a number.")


@dataclass
class Numbers(Fake):
    """A connector whose queries are numbers: so many items match. `first` runs before each answer, with the query."""

    tool: Tool = field(default_factory=Tool)
    first: Any = refuse

    def matching(self, query: str, usage: Usage) -> set[str]:
        self.first(query)
        return {str(number) for number in range(int(query))}


def query(number: int | str, **more: Any) -> dict[str, Any]:
    """The source whose value is this number, of the connection `fake`."""
    return {"jira": "fake", "jql": str(number), **more}


def in_file(folder: Path, *values: object) -> dict[str, Any]:
    """The source whose value is the last of these, in a file."""
    file = folder / "kpi.csv"
    file.write_text("day,value\n" + "".join(f"{number},{value}\n" for number, value in enumerate(values)))
    return {"csv": str(file), "column": "value"}


def made(url: str, *values: Any, fake: Fake | None = None, **more: Any) -> World:
    """A program with the key results A.1, A.2 … in a running cycle, whose values come from there."""
    found = world(url, fake or Numbers())
    configure(found, *values, **more)
    return found


def configure(one: World, *values: Any, cycle: str = "Q4", **more: Any) -> None:
    key_results = [
        {"key": f"A.{number}", "title": "A", "metric": {"start": 0, "target": 10}, "value": value}
        for number, value in enumerate(values, start=1)
    ]
    sections = {
        "cycles": [
            {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"},
            {"key": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
            {"key": "Q1", "start": "2027-01-01", "end": "2027-03-31"},
        ],
        "objectives": [{"key": "A", "title": "A", "cycle": cycle, "key_results": key_results}],
    }
    one.config = Config.model_validate({"connections": one.config.connections, **sections, **more})


def of_key_results(one: World, table: type[Row], *names: str) -> list[tuple[Any, ...]]:
    """These columns of all rows of a table, behind the key result's key; by key and day."""
    keys = {row["id"]: row["key"] for row in one.rows(KeyResult)}
    return sorted((keys[row["key_result_id"]], *(row[name] for name in names)) for row in one.rows(table))


def check_ins(one: World) -> list[tuple[str, date, Any]]:
    """Key, day and value of all that was fetched."""
    assert {row["origin"] for row in one.rows(CheckIn)} <= {"source"}
    return of_key_results(one, CheckIn, "day", "value")


def measured(one: World) -> dict[str, tuple[Any, ...]]:
    """Value, outcome and health of each key result."""
    return {key: rest for key, *rest in of_key_results(one, Measure, "outcome_value", "outcome", "health")}  # ty: ignore[invalid-explicit-return]


def findings(one: World) -> list[tuple[Any, ...]]:
    """Open findings about sources: kind, subject, severity, reason."""
    return [
        (row["subject_kind"], row["subject"], row["severity"], row["reason"])
        for row in one.rows(Finding)
        if row["code"] == "SYN501" and row["resolved_at"] is None
    ]


def told(result: SyncResult) -> list[tuple[str, float | None]]:
    return [(one.key_result, one.value) for one in result.values]


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_fetched_value_is_the_days_check_in_and_counts(migrated_url: str, tmp_path: Path) -> None:
    one = made(migrated_url, in_file(tmp_path, 1, 4))
    result = one.sync()
    assert (result.outcome, told(result)) == ("ok", [("A.1", 4.0)])
    assert one.rows(CheckIn, "id", "key_result_id") == [
        {
            "day": DAY,
            "value": 4.0,
            "confidence": None,
            "note": None,
            "origin": "source",
            "position": 0,
            "recorded_at": START,
        }
    ]
    assert one.rows(ValueSource, "key_result_id") == [
        {
            "place": f"column value of {tmp_path / 'kpi.csv'}",
            "error": None,
            "failed_at": None,
            "last_ok_at": START,
        }
    ]
    assert measured(one)["A.1"][:2] == [4.0, 0.4]
    assert findings(one) == []


def test_a_value_of_each_kind_of_source_is_fetched(migrated_url: str, tmp_path: Path, server: SmallServer) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as conn:
        conn.execute("CREATE TABLE a AS SELECT 3 AS x")
    server.says("/api/v1/query", {"status": "success", "data": {"resultType": "scalar", "result": [1, "2.5"]}})
    one = made(
        migrated_url,
        {"http": server.says("/v", {"data": [{"value": 1}]}), "path": "data.0.value", "allow_private": True},
        {"prometheus": server.url, "query": "up", "allow_private": True},
        {"sql": f"sqlite:///{tmp_path}/shop.db", "query": "select x from a"},
        in_file(tmp_path, 4),
        query(5),
        "manual",
        {"from": "delivery"},
    )
    assert told(one.sync()) == [("A.1", 1), ("A.2", 2.5), ("A.3", 3), ("A.4", 4), ("A.5", 5)]


def test_a_day_has_one_row_which_changes_only_where_the_value_does(migrated_url: str, tmp_path: Path) -> None:
    one = made(migrated_url, in_file(tmp_path, 4))
    one.sync()
    one.now += LATER
    one.sync()
    assert of_key_results(one, CheckIn, "day", "value", "recorded_at") == [("A.1", DAY, 4.0, START)]
    assert of_key_results(one, ValueSource, "last_ok_at") == [("A.1", START + LATER)]
    in_file(tmp_path, 5)
    one.now += LATER
    one.sync()
    assert of_key_results(one, CheckIn, "day", "value", "recorded_at") == [("A.1", DAY, 5.0, START + 2 * LATER)]
    one.now += timedelta(days=1)
    one.sync()
    assert check_ins(one) == [("A.1", DAY, 5.0), ("A.1", DAY + timedelta(days=1), 5.0)]


def test_the_day_is_that_of_the_configured_zone(migrated_url: str) -> None:
    one = made(migrated_url, query(1), timezone="Pacific/Auckland")
    one.now = datetime(2026, 11, 24, 20, tzinfo=UTC)
    one.sync()
    assert check_ins(one) == [("A.1", date(2026, 11, 25), 1.0)]


@pytest.mark.parametrize("cycle", ["Q3", "Q1"])
def test_a_cycle_that_is_over_or_not_begun_keeps_what_it_has(migrated_url: str, cycle: str) -> None:
    one = made(migrated_url, query(1), cycle=cycle)
    assert told(one.sync()) == []
    assert check_ins(one) == []


def test_a_sync_of_a_part_fetches_nothing(migrated_url: str) -> None:
    tool = Tool()
    tool.fill("SHOP", 1)
    one = made(migrated_url, query(1), fake=Numbers(tool))
    assert told(one.sync(only=Only("fake"))) == []
    assert told(one.sync()) == [("A.1", 1)]


# --- people and sources -----------------------------------------------------------------------------------------------


def test_people_give_a_sourced_key_result_confidence_and_its_value_only_until_one_was_fetched(
    migrated_url: str,
) -> None:
    people = [{"key_result": "A.1", "date": f"{DAY}", "value": 9, "confidence": 0.7}]
    one = made(migrated_url, query("not yet"), checkins=people)
    one.sync()
    assert of_key_results(one, Measure, "outcome_value", "confidence") == [("A.1", 9.0, 0.7)]
    configure(one, query(2), checkins=people)
    one.sync()
    assert of_key_results(one, Measure, "outcome_value", "confidence") == [("A.1", 2.0, 0.7)]
    configure(one, query("not now"), checkins=[{**people[0], "date": f"{DAY + timedelta(days=1)}", "confidence": 0.1}])
    one.now += timedelta(days=1)
    one.sync()
    assert of_key_results(one, Measure, "outcome_value", "confidence") == [("A.1", 2.0, 0.1)]


def test_a_key_result_that_people_check_in_again_has_what_they_say(migrated_url: str) -> None:
    one = made(migrated_url, query("broken"))
    one.sync()
    assert findings(one) == [("key_result", "A.1", "warning", "value_refused")]
    configure(one, "manual", checkins=[{"key_result": "A.1", "date": f"{DAY}", "value": 9}])
    one.sync()
    assert (one.rows(ValueSource), findings(one)) == ([], [])
    assert of_key_results(one, Measure, "outcome_value") == [("A.1", 9.0)]


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_source_that_fails_leaves_the_last_value_with_its_day_and_opens_a_finding(migrated_url: str) -> None:
    one = made(migrated_url, query(4), query(5))
    assert one.sync().outcome == "ok"
    configure(one, query("answer"), query(6))
    one.now += timedelta(days=1)
    result = one.sync()
    assert result.outcome == "partial"
    assert result.values == (
        ValueResult("A.1", error="There is no answer.", advice="Write a number."),
        ValueResult("A.2", value=6.0),
    )
    assert check_ins(one) == [("A.1", DAY, 4.0), ("A.2", DAY, 5.0), ("A.2", DAY + timedelta(days=1), 6.0)]
    assert of_key_results(one, ValueSource, "error", "failed_at", "last_ok_at") == [
        ("A.1", "There is no answer. Write a number.", one.now, START),
        ("A.2", None, None, one.now),
    ]
    assert measured(one)["A.1"] == [4.0, 0.4, "unknown"]
    assert of_key_results(one, Measure, "health_reason")[0][1] == (
        "its value cannot be fetched (last: 2026-11-24 08:00Z): There is no answer. Write a number."
    )
    assert measured(one)["A.2"][2] != "unknown"
    assert findings(one) == [("key_result", "A.1", "warning", "value_refused")]
    [finding] = [row for row in one.rows(Finding) if row["code"] == "SYN501"]
    assert (finding["summary"], finding["evidence"], finding["days_left_when_opened"]) == (
        "The value of A.1 cannot be fetched: There is no answer. Write a number. (last success: 2026-11-24 08:00 UTC)",
        {
            "error": "There is no answer. Write a number.",
            "failed_at": one.now.isoformat(),
            "last_ok_at": START.isoformat(),
        },
        36,
    )


def test_a_source_that_answers_again_ends_its_finding(migrated_url: str) -> None:
    one = made(migrated_url, query("answer"))
    assert one.sync().outcome == "failed"
    assert (findings(one), check_ins(one)) == ([("key_result", "A.1", "warning", "value_refused")], [])
    configure(one, query(4))
    one.now += LATER
    one.sync()
    assert (findings(one), measured(one)["A.1"][0]) == ([], 4.0)
    assert of_key_results(one, ValueSource, "error", "failed_at") == [("A.1", None, None)]
    ids = {row["id"] for row in one.rows(Finding) if row["code"] == "SYN501"}
    assert [row["change"] for row in one.rows(FindingChange) if row["finding_id"] in ids] == ["opened", "resolved"]


def test_a_connection_and_a_key_result_of_one_name_have_a_finding_each(migrated_url: str) -> None:
    fake = Numbers(name="A.1", list_error=Refused("no"))
    one = made(migrated_url, {"jira": "A.1", "jql": "x"}, fake=fake)
    result = one.sync()
    assert result.outcome == "failed"
    assert sorted(findings(one)) == [
        ("connection", "A.1", "critical", "refused"),
        ("key_result", "A.1", "warning", "value_refused"),
    ]


def test_a_connection_that_cannot_be_read_is_not_asked_for_values(migrated_url: str) -> None:
    fake = Numbers(list_error=TryAgain("out of reach"), first=lambda _query: pytest.fail("it was asked"))
    one = made(migrated_url, query(4), fake=fake)
    [value] = one.sync().values
    assert value.error == "The connection fake cannot be read now."


def test_a_value_that_no_sync_fetched_for_three_intervals_is_old(migrated_url: str) -> None:
    one = made(migrated_url, query(9))
    one.sync()
    one.now += timedelta(minutes=44)
    one.remeasure()
    assert (findings(one), measured(one)["A.1"][2]) == ([], "on_track")
    one.now += timedelta(minutes=2)
    one.remeasure()
    assert ("key_result", "A.1", "warning", "value_old") in findings(one)
    assert measured(one)["A.1"] == [9.0, 0.9, "unknown"]
    assert of_key_results(one, Measure, "health_reason")[0][1] == "its value was last fetched at 2026-11-24 08:00Z"


def test_no_secret_is_kept_in_the_database(migrated_url: str, server: SmallServer) -> None:
    url = server.says("/v", {"message": "we do not know head-secret"}, 401)
    one = made(
        migrated_url,
        {
            "http": f"{url}?token=query-secret",
            "path": "a",
            "headers": {"Authorization": "Bearer head-secret"},
            "allow_private": True,
        },
        {"sql": "postgresql://me:sql-secret@127.0.0.1:1/shop", "query": "select 1", "timeout": 0.2},
        {"prometheus": server.url.replace("//", "//u:prom-secret@"), "query": "up"},
    )
    one.sync()
    tables = (ValueSource, Finding, Measure, KeyResult, CheckIn)
    text = repr([one.rows(table) for table in tables])
    assert "we do not know ***" in text
    assert "127.0.0.1:1/shop" in text
    assert "secret" not in text


def test_an_error_of_this_program_fails_one_value_and_is_raised_at_the_end(migrated_url: str) -> None:
    one = made(migrated_url, query("bug"), query(3), fake=Numbers(first=lambda _query: None))
    with pytest.raises(ValueError, match="bug"):
        one.sync()
    assert check_ins(one) == [("A.2", DAY, 3.0)]
    assert of_key_results(one, ValueSource, "error") == [
        ("A.1", "An error of this program: ValueError."),
        ("A.2", None),
    ]


# --- side by side -----------------------------------------------------------------------------------------------------


def asked(fake: Fake, *queries: dict[str, Any], stop: threading.Event | None = None) -> dict[str, Any]:
    """What `ask` gives for each of these sources, A.1, A.2 …"""
    found = made("sqlite://", *queries, fake=fake)
    stop = stop or threading.Event()
    context = Context(now=lambda: START, stop=stop, sleep=lambda _seconds: None)
    return dict(ask(sources(found.config, DAY), {"fake": fake}, context))


def test_sources_are_asked_side_by_side() -> None:
    together = threading.Barrier(sync.values.AT_ONCE)
    fake = Numbers(first=lambda _query: together.wait(10))
    found = asked(fake, *(query(number) for number in range(2 * sync.values.AT_ONCE)))
    assert found == {f"A.{number + 1}": float(number) for number in range(2 * sync.values.AT_ONCE)}


def test_sources_that_never_answer_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync.values, "GRACE_S", 0.1)
    over = threading.Event()

    def first(word: str) -> None:
        if word == "0":
            over.wait(30)

    slow = [query(0, timeout=0.1) for _ in range(sync.values.AT_ONCE)]
    began = time.monotonic()
    found = asked(Numbers(first=first), *slow, query(7))
    took = time.monotonic() - began
    over.set()
    assert found.pop(f"A.{sync.values.AT_ONCE + 1}") == 7
    assert len(found) == sync.values.AT_ONCE
    assert {(type(error), error.message) for error in found.values()} == {(TryAgain, "No answer within 0.1 s.")}
    assert took < 5


def test_a_stop_ends_the_asking_and_says_nothing_of_those_that_were_asked(migrated_url: str) -> None:
    one = made(migrated_url, query(1))
    over = threading.Event()

    def first(_word: str) -> None:
        one.stop.set()
        over.wait(30)

    one.fakes["fake"].first = first  # ty: ignore[missing-attribute]
    began = time.monotonic()
    result = one.sync()
    took = time.monotonic() - began
    over.set()
    assert (result.outcome, result.values, took < 5) == ("interrupted", (), True)
    assert (one.rows(ValueSource), check_ins(one)) == ([], [])
