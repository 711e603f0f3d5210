"""`northing history`, and `--as-of` of the commands that show how things stand."""

from datetime import UTC, date, datetime, timedelta
from math import fsum

import pytest

from tests.cli.conftest import Northing

PARTS = ("completed", "added", "removed", "re_estimated", "reopened", "remapped")


def today() -> date:
    return datetime.now(UTC).date()


def numbers(northing: Northing, *more: str) -> dict[str, tuple[object, ...]]:
    """Of each key result what its work comes to."""
    rows = [row for o in northing("status", "--json", *more).data for row in o["key_results"]]
    return {row["key_result"]: (row["delivery"], row["work_total"], row["work_done"]) for row in rows}


class TestHistory:
    def test_the_days_run_from_the_start_of_the_cycle_to_today(self, synced: Northing) -> None:
        found = synced("history", "CHECKOUT.1", "--json").data
        start, end = date.fromisoformat(found["cycle_start"]), today()
        days = [date.fromisoformat(row["day"]) for row in found["days"]]
        assert days == [start + timedelta(days=number) for number in range((end - start).days + 1)]
        assert (found["from"], found["to"]) == (start.isoformat(), end.isoformat())
        assert [row["rebuilt"] for row in found["days"]] == [True] * (len(days) - 1) + [False]
        assert sorted(found["days"][0]) == sorted(
            (
                "day", "outcome", "outcome_value", "delivery", "expected", "confidence", "health", "work_total",
                "work_done", "work_in_progress", "work_descoped", "size_total", "size_done", "chance_by_end", "rebuilt",
            )
        )  # fmt: skip

    def test_the_parts_of_the_waterfall_sum_exactly(self, synced: Northing) -> None:
        for key in numbers(synced):
            found = synced("history", key, "--json").data
            fall = found["waterfall"]
            total = fsum(fall[part] for part in PARTS)
            assert total == sum(fall[part] for part in PARTS) == fall["change"]
            assert fall["change"] == fall["delivery_to"] - fall["delivery_from"]
            assert fall["delivery_to"] == pytest.approx(found["days"][-1]["delivery"] or 0)
            assert fall["delivery_from"] == pytest.approx(found["days"][0]["delivery"] or 0)
            for part in PARTS:
                assert fsum(one["change"] for one in fall["items"][part]) == pytest.approx(fall[part])

    def test_the_last_day_is_what_status_says(self, synced: Northing) -> None:
        last = synced("history", "CHECKOUT.1", "--json").data["days"][-1]
        assert (last["delivery"], last["work_total"], last["work_done"]) == numbers(synced)["CHECKOUT.1"]

    def test_a_span_may_be_given(self, synced: Northing) -> None:
        first, last = today() - timedelta(days=9), today() - timedelta(days=3)
        found = synced("history", "CHECKOUT.1", "--from", str(first), "--to", str(last), "--json").data
        assert [found["days"][0]["day"], found["days"][-1]["day"]] == [str(first), str(last)]
        assert len(found["days"]) == 7

    def test_the_text_draws_a_chart_and_names_the_items_behind_each_part(self, synced: Northing) -> None:
        result = synced("history", "CHECKOUT.1")
        assert result.code == 0
        assert "█ done  ─ all that counts  ╌ worked out later" in result.out
        [line] = [line for line in result.out.splitlines() if line.strip().startswith("completed")]
        assert "items: " in line
        assert "more (--all lists them)" in line
        assert "(--all lists them)" not in synced("history", "CHECKOUT.1", "--all").out

    def test_a_chart_fits_a_narrow_terminal(self, synced: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "60")
        chart = [line for line in synced("history", "CHECKOUT.1").out.splitlines() if "█" in line or "╌" in line]
        assert max(map(len, chart)) <= 60

    def test_a_key_result_without_work_says_so(self, synced: Northing) -> None:
        out = synced("history", "REACH.1").out
        assert "No work counted on any of these days." in out
        assert "nothing changed it in between" in out

    @pytest.mark.parametrize(
        "words, message",
        [
            (("NONE.1",), "There is no key result 'NONE.1'."),
            (("CHECKOUT.1", "--from", "x"), "'x' is no day."),
            (("CHECKOUT.1", "--to", "2999-01-01"), "2999-01-01 lies in the future"),
            (("CHECKOUT.1", "--from", "2026-02-30"), "'2026-02-30' is no day."),
        ],
    )
    def test_what_cannot_be_shown_is_said(self, synced: Northing, words: tuple[str, ...], message: str) -> None:
        result = synced("history", *words)
        assert result.code == 2
        assert message in result.err
        assert "→" in result.err

    def test_a_span_that_ends_before_it_begins_is_an_error(self, synced: Northing) -> None:
        day = today() - timedelta(days=5)
        result = synced("history", "CHECKOUT.1", "--from", str(day), "--to", str(day - timedelta(days=1)))
        assert (result.code, f"{day} lies behind" in result.err) == (2, True)

    def test_before_the_first_sync_there_is_none(self, fresh: Northing) -> None:
        result = fresh("history", "CHECKOUT.1")
        assert result.code == 2
        assert "There is no data yet" in result.err


class TestAsOf:
    def test_status_of_a_day_is_that_of_its_rebuilt_snapshot(self, synced: Northing) -> None:
        day = str(today() - timedelta(days=14))
        then = numbers(synced, "--as-of", day)
        assert then != numbers(synced)
        for key, found in then.items():
            [row] = synced("history", key, "--from", day, "--to", day, "--json").data["days"]
            assert (pytest.approx(row["delivery"]), row["work_total"], row["work_done"]) == found

    def test_nothing_of_it_is_kept(self, synced: Northing) -> None:
        before = synced("status", "--json").data
        assert synced("check", "--as-of", str(today() - timedelta(days=9))).code == 1
        assert synced("status", "--json").data == before

    def test_of_today_it_is_what_is_known_now(self, synced: Northing) -> None:
        assert numbers(synced, "--as-of", str(today())) == numbers(synced)

    @pytest.mark.parametrize("words", [("status",), ("check",), ("explain", "CHECKOUT.1")])
    def test_the_text_says_of_when_it_is(self, synced: Northing, words: tuple[str, ...]) -> None:
        day = str(today() - timedelta(days=14))
        first = next(line for line in synced(*words, "--as-of", day).out.splitlines() if line.strip())
        assert first == f"As of {day}, as known now."

    def test_a_key_result_is_explained_by_the_work_of_that_day(self, synced: Northing) -> None:
        day = str(today() - timedelta(days=14))
        found = synced("explain", "CHECKOUT.1", "--as-of", day, "--json").data
        assert found["day"] == day
        assert found["delivery"]["value"] == pytest.approx(fsum(one["contribution"] for one in found["mappings"]))
        assert found["delivery"]["value"] == numbers(synced, "--as-of", day)["CHECKOUT.1"][0]

    def test_an_item_that_was_not_there_yet_is_not_found(self, synced: Northing) -> None:
        assert synced("explain", "SHOP-1").code == 0
        result = synced("explain", "SHOP-1", "--as-of", "2001-01-01")
        assert (result.code, "Nothing has the key 'SHOP-1'" in result.err) == (2, True)

    @pytest.mark.parametrize("day", ["tomorrow", "2999-01-01", "1969-12-31", "20261101"])
    def test_a_day_that_cannot_be_looked_up_is_an_error(self, synced: Northing, day: str) -> None:
        result = synced("status", "--as-of", day)
        assert result.code == 2
        assert day in result.err
        assert "→" in result.err
