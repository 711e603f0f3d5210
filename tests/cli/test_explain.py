"""`northing explain`: the parts sum to the number shown."""

from pathlib import Path
from typing import Any

import pytest

from config.codes import CODES
from tests.cli.conftest import Northing

KEY_RESULTS = [
    *(f"COMPANY.{number}" for number in (1, 2, 3, 4)),
    *(f"CHECKOUT.{number}" for number in (1, 2, 3, 4)),
    *(f"RELY.{number}" for number in (1, 2, 3, 4)),
    *(f"REACH.{number}" for number in (1, 2, 3)),
    *(f"BASE.{number}" for number in (1, 2, 3, 4)),
]


def items(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for mapping in found["mappings"] for item in mapping["items"]]


def check_sums(found: dict[str, Any]) -> None:
    row = found["key_result"]
    counted = items(found)
    assert len(counted) == row["work_total"]
    assert sum(item["state"] == "done" for item in counted) == row["work_done"]
    assert sum(item["size"] for item in counted) == pytest.approx(row["size_total"])
    assert sum(one["role"] == "descoped" for one in found["left_out"]) == row["work_descoped"]
    if row["delivery"] is None:
        assert counted == []
    else:
        assert sum(item["contribution"] for item in counted) == pytest.approx(row["delivery"])
        assert sum(mapping["contribution"] for mapping in found["mappings"]) == pytest.approx(row["delivery"])
    share = found["lever_share"]
    left = [one["size"] for one in share["teams"]]
    assert sum(left) == pytest.approx(row["size_total"] - row["size_done"])
    if share["value"] is not None and left:
        held = sum(one["size"] for one in share["teams"] if one["held"])
        assert held / sum(left) == pytest.approx(share["value"])
    assert "edited since" not in found["delivery"]["formula"]


@pytest.mark.parametrize("key", KEY_RESULTS)
def test_the_parts_sum_to_the_number(synced: Northing, key: str) -> None:
    check_sums(synced("explain", key, "--json").data)


@pytest.mark.parametrize("counting", ["{measure: points}", "{in_progress_credit: 0.5}", "{subtasks: count}"])
def test_the_parts_sum_however_work_is_counted(northing: Northing, counting: str) -> None:
    northing.append("northing.yaml", f"\ncounting: {counting}\n")
    # A mapping with shares that conventions join.
    northing.append("teams/growth.yaml", "  - {key_result: COMPANY.2, work: {label: maintenance}, share: 3}\n")
    assert northing("checkin", "COMPANY.1", "100").code == 0
    for key in KEY_RESULTS:
        check_sums(northing("explain", key, "--json").data)


def test_an_edit_that_is_not_applied_yet_is_told(northing: Northing) -> None:
    northing.append("northing.yaml", "\ncounting: {in_progress_credit: 1}\n")
    assert "`northing sync` counts anew" in northing("explain", "CHECKOUT.1").out


def test_shares_weigh_the_mappings(synced: Northing) -> None:
    found = synced("explain", "CHECKOUT.1", "--json").data
    assert [mapping["share"] for mapping in found["mappings"]] == [50, 30, 20]
    assert [mapping["weight"] for mapping in found["mappings"]] == pytest.approx([0.5, 0.3, 0.2])
    for mapping in found["mappings"]:
        part = mapping["size_done"] / mapping["size_total"]
        assert mapping["contribution"] == pytest.approx(mapping["weight"] * part)


def test_the_lever_share_is_told_by_team(synced: Northing) -> None:
    share = synced("explain", "COMPANY.4", "--json").data["lever_share"]
    assert share == {
        "value": pytest.approx(4 / 13),
        "formula": "plus and the teams below it hold size 4 of 13 that is not done; sales 6, platform 3",
        "teams": [
            {"team": "sales", "name": "Sales Operations", "size": 6, "held": False},
            {"team": "plus", "name": "Storefront Plus", "size": 4, "held": True},
            {"team": "platform", "name": "Platform", "size": 3, "held": False},
        ],
    }


def test_the_forecast_is_told_where_work_is_left(synced: Northing) -> None:
    row = synced("explain", "RELY.1", "--json").data["key_result"]
    days = f"P50 {row['forecast_p50']}, P85 {row['forecast_p85']}"
    assert f"to be done by {row['cycle_end']}; {days}; `northing forecast RELY.1`" in synced("explain", "RELY.1").out
    assert "chance" not in synced("explain", "CHECKOUT.3").out


def test_items_are_listed_as_people_count(synced: Northing) -> None:
    numbers = [
        [int(item["key"].rpartition("-")[2]) for item in mapping["items"] if item["key"].startswith("PLAT-")]
        for mapping in synced("explain", "COMPANY.4", "--json").data["mappings"]
    ]
    assert numbers == [sorted(some) for some in numbers]


def test_levers_are_told_with_those_whose_work_they_are(synced: Northing) -> None:
    shown = synced("explain", "REACH.1").out
    of_growth = "share of what its levers match that is work of growth or of teams below; no work counts yet"
    assert f"levers       0 %   {of_growth}" in shown
    assert "Lever 2: project PLAT and component Identity in jira, matches 8 items, work of platform" in shown


def test_what_an_earlier_mapping_counts_is_named_at_the_later_one(synced: Northing) -> None:
    found = synced("explain", "COMPANY.1", "--json").data
    covered = found["mappings"][-1]
    assert covered["items"] == []
    assert covered["counted_at_earlier_mapping"] == covered["matched"] > 0


def test_left_out_items_say_why(synced: Northing) -> None:
    found = synced("explain", "REACH.2", "--json").data
    assert items(found) == []
    assert {one["role"] for one in found["left_out"]} == {"descoped", "dropped"}
    assert all(one["why"].startswith("cancelled (") for one in found["left_out"])
    assert found["delivery"] == {"value": None, "formula": "unknown: no work counts for it"}


def test_the_formula_of_the_outcome_holds_its_values(synced: Northing) -> None:
    row = synced("explain", "CHECKOUT.1", "--json").data
    current, value = row["outcome"]["current"], row["outcome"]["value"]
    assert value == pytest.approx((current - 2.1) / (3.0 - 2.1))
    assert f"({current:g} − 2.1) / (3 − 2.1)" in row["outcome"]["formula"]


def test_explain_as_text_lists_the_items_and_the_findings(synced: Northing) -> None:
    result = synced("explain", "RELY.2")
    assert result.code == 0
    assert "Σ size · credit / Σ size" in result.out
    assert "RELY.2: COV101 warning only_stale" in result.out
    assert "stale: the last check-in is" in result.out


def test_an_item_says_where_it_counts_and_why_not(synced: Northing) -> None:
    found = synced("explain", "RELY.2", "--json").data
    key = items(found)[0]["key"]
    one = synced("explain", key.lower(), "--json").data
    container = synced("explain", found["left_out"][0]["key"], "--json").data

    assert (one["kind"], one["key"], one["verdict"]) == ("item", key, "It counts for RELY.2.")
    assert "matched by epic" in one["links"][0]["why"]
    assert container["links"][0]["counted"] is False
    assert "container" in container["links"][0]["why"]


def test_intentional_work_says_so(synced: Northing) -> None:
    key = synced("map", "test", "{connection: jira, label: maintenance}", "--json").data[0]["key"]
    assert "Keep the lights on" in synced("explain", key).out


def test_an_objective_shows_its_weighted_mean(synced: Northing) -> None:
    found = synced("explain", "COMPANY", "--json").data
    valued = [row for row in found["key_results"] if row["delivery"] is not None]
    mean = sum(row["weight"] * row["delivery"] for row in valued) / sum(row["weight"] for row in valued)
    assert found["delivery"]["value"] == pytest.approx(mean)
    assert "left out, as unknown: COMPANY.3" in found["delivery"]["formula"]
    assert [row["key"] for row in found["supported_by"]] == ["CHECKOUT", "RELY"]


def test_a_code_is_explained_without_configuration(tmp_path: Path) -> None:
    northing = Northing(tmp_path)
    assert northing("explain", "cov101").out.startswith("# COV101: key result with no delivery work behind it")
    found = northing("explain", "COV101", "--json").data
    assert (found["kind"], found["code"], found["severity"]) == ("code", "COV101", "critical")


@pytest.mark.parametrize("code", CODES)
def test_the_page_of_every_code_is_printed(code: str, tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "findings" / f"{code}.md"
    assert Northing(tmp_path)("explain", code).out == page.read_text()


def test_what_is_no_key_is_wrong_input(synced: Northing) -> None:
    result = synced("explain", "NOPE-1")
    assert (result.code, result.out) == (2, "")
    assert "'NOPE-1'" in result.err


@pytest.mark.parametrize("command", ["explain", "forecast", "history"])
def test_the_key_that_was_probably_meant_is_named(synced: Northing, command: str) -> None:
    result = synced(command, "company.1")
    assert (result.code, "Did you mean `COMPANY.1`?" in result.err) == (2, True)
