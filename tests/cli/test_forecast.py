"""`northing forecast`."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

import store
from tests.cli.conftest import Northing


def test_every_running_key_result_has_a_line_with_its_days_or_why_there_are_none(synced: Northing) -> None:
    result = synced("forecast")
    assert result.code == 0
    table, _, unknown = result.out.partition("No number\n")
    lines = {words[0]: line for line in table.splitlines() if "." in (words := line.split() or [""])[0]}
    assert list(lines) == [row["key_result"] for row in synced("forecast", "--json").data]
    for row in synced("forecast", "--json").data:
        line = lines[row["key_result"]]
        if row["chance"] is None:
            [why] = [line for line in unknown.splitlines() if line.endswith(f": {row['reason']}")]
            assert row["key_result"] in why
        if row["chance"] is not None and row["remaining"]:
            assert line.split()[2:7] == [
                str(sum(1 for team in row["teams"] if team["remaining"])),
                row["p50"] or "later",
                row["p85"] or "later",
                row["cycle_end"],
                *row["chance_shown"].split()[:1],
            ]


def test_as_json_it_gives_the_numbers_and_what_they_start_from(synced: Northing) -> None:
    rows = {row["key_result"]: row for row in synced("forecast", "--json").data}
    of_view = {
        row["key_result"]: row for objective in synced("status", "--json").data for row in objective["key_results"]
    }
    running = {key for key, row in of_view.items() if row["cycle_end"] >= row["measured_at"][:10] >= row["cycle_start"]}
    assert set(rows) == running
    for key, row in rows.items():
        shown = of_view[key]
        assert (row["p50"], row["p85"], row["chance"]) == (
            shown["forecast_p50"],
            shown["forecast_p85"],
            shown["chance_by_end"],
        )
        assert row["remaining"] == shown["work_todo"] + shown["work_in_progress"]
        assert sum(team["remaining"] for team in row["teams"]) == row["remaining"]
        assert sum(team["done"] for team in row["teams"]) == shown["work_done"]
        assert all(team["backlog"] >= team["remaining"] and team["days"] == 84 for team in row["teams"])
    assert list(rows["CHECKOUT.1"]) == [
        *("key_result", "title", "team", "kind", "cycle", "cycle_end", "day", "remaining", "p50", "p85", "chance"),
        *("chance_shown", "reason", "teams"),
    ]


def test_one_key_result_shows_its_basis(synced: Northing) -> None:
    [row] = [row for row in synced("forecast", "--json").data if row["key_result"] == "CHECKOUT.1"]
    result = synced("forecast", "CHECKOUT.1")
    assert (result.code, synced("forecast", "CHECKOUT.1", "--json").data) == (0, row)
    assert f"P50     {row['p50']}" in result.out
    assert f"P85     {row['p85']}" in result.out
    assert f"chance  {row['chance_shown']} to be done by {row['cycle_end']}" in result.out
    for team in row["teams"]:
        assert f"  {team['team']}: {team['remaining']} of its {team['backlog']} remaining items; finished" in result.out


def test_one_without_a_number_says_why(synced: Northing) -> None:
    [row] = [row for row in synced("forecast", "--json").data if row["key_result"] == "REACH.1"]
    assert (row["chance"], row["p50"], row["reason"]) == (None, None, "no work counts for it")
    assert "no forecast: no work counts for it" in synced("forecast", "REACH.1").out


def test_a_narrow_terminal_shows_keys_and_days_whole_and_why_some_have_none(
    synced: Northing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = synced("forecast").out
    for row in synced("forecast", "--json").data:
        assert f" {row['key_result']} " in shown
        assert row["p50"] is None or f" {row['p50']} " in shown
    assert "  COMPANY.3, REACH.1, REACH.2, REACH.3: no work counts for it\n" in shown


def test_an_unknown_key_result_is_told_apart_from_one_that_does_not_run(northing: Northing) -> None:
    result = northing("forecast", "NOPE.1")
    assert (result.code, result.out) == (2, "")
    assert "There is no key result 'NOPE.1'." in result.err
    engine = store.connect(f"sqlite:///{northing.folder / 'northing.db'}")
    with engine.begin() as conn:
        conn.execute(
            sa.text("DELETE FROM forecast WHERE key_result_id IN (SELECT id FROM key_result WHERE key = 'RELY.1')")
        )
    engine.dispose()
    result = northing("forecast", "RELY.1")
    assert result.code == 2
    assert "There is no forecast of RELY.1" in result.err


class TestBacktest:
    def spread(self, northing: Northing, days: int) -> None:
        """Spreads what was finished evenly over so many days."""
        engine = store.connect(f"sqlite:///{northing.folder / 'northing.db'}")
        with engine.begin() as conn:
            query = "SELECT DISTINCT item_id FROM link WHERE role = 'counted' AND state = 'done' ORDER BY item_id"
            items = conn.execute(sa.text(query)).scalars().all()
            for number, item_id in enumerate(items):
                at = f"{date.today() - timedelta(days=1 + number * days // len(items))} 12:00:00.000000"  # noqa: DTZ011
                conn.execute(
                    sa.text("UPDATE link SET finished_at = :at WHERE item_id = :item"), {"at": at, "item": item_id}
                )
        engine.dispose()

    def test_too_little_history_says_so(self, northing: Northing) -> None:
        self.spread(northing, days=4)
        result = northing("forecast", "--backtest")
        assert (result.code, "too little history" in result.out) == (0, True)
        assert northing("forecast", "--backtest", "--json").data["all"]["cases"] == 0

    def test_a_key_result_with_it_is_refused(self, synced: Northing) -> None:
        result = synced("forecast", "RELY.1", "--backtest")
        assert (result.code, result.out) == (2, "")

    def test_it_tells_how_often_forecasts_held(self, northing: Northing) -> None:
        self.spread(northing, days=400)
        data = northing("forecast", "--backtest", "--json").data
        assert data["all"]["cases"] == sum(team["cases"] for team in data["teams"]) > 20
        assert data["all"]["p50_held"] <= data["all"]["p85_held"]
        out = northing("forecast", "--backtest").out
        assert "P85 held" in out
        assert [line.split()[0] for line in out.splitlines() if line.strip()][-1] == "all"


@pytest.mark.parametrize("words", [["forecast", "--help"]])
def test_the_help_has_examples(synced: Northing, words: list[str]) -> None:
    assert "northing forecast --backtest" in synced(*words).out
