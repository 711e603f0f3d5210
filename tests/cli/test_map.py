"""`northing map test` and `map diff`."""

import sqlite3

import pytest

from tests.cli.conftest import Northing


def test_a_selector_matches_itself_and_what_lies_below(synced: Northing) -> None:
    mapping = synced("explain", "RELY.2", "--json").data["mappings"][0]
    epic = mapping["text"].split()[1]
    rows = synced("map", "test", f"{{epic: {epic.lower()}}}", "--json").data
    text = synced("map", "test", f"{{connection: jira, epic: {epic}}}")

    assert [row["key"] for row in rows if row["direct"]] == [epic]
    assert len(rows) == mapping["matched"]
    assert text.out.startswith(f"{len(rows)} items: 1 by the selector itself, {len(rows) - 1} below these.")
    assert text.code == 0


def test_a_selector_that_matches_nothing_says_which_word_is_to_blame(synced: Northing) -> None:
    result = synced("map", "test", "{project: SHOP, label: nope}")
    assert result.code == 0
    assert result.out.startswith("No item.")
    assert "label nope alone matches 0 items" in result.out
    assert synced("map", "test", "{project: SHOP, label: nope}", "--json").data == []


@pytest.mark.parametrize(
    "selector, words",
    [
        ("{lable: x}", "Did you mean `label`?"),
        ("{}", "at least one of connection"),
        ("[", "not valid YAML"),
        ("label", "no keys"),
        ("{descend: maybe, label: x}", "true or false"),
    ],
)
def test_a_wrong_selector_is_wrong_input(synced: Northing, selector: str, words: str) -> None:
    result = synced("map", "test", selector)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def rows_of(northing: Northing) -> list[list[tuple[object, ...]]]:
    with sqlite3.connect(northing.folder / "northing.db") as connection:
        found = [
            connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in ("mapping", "link", "measure", "key_result", "meta")
        ]
    connection.close()
    return found


def test_a_diff_without_an_edit_is_empty(northing: Northing) -> None:
    assert northing("map", "diff").out == "Nothing would change.\n"
    assert {one["change"] for one in northing("map", "diff", "--json").data} == {"same"}


def test_a_diff_shows_items_and_delivery_and_changes_nothing(northing: Northing) -> None:
    before, applied = rows_of(northing), northing("explain", "RELY.2", "--json").data
    northing.edit("teams/platform.yaml", "key_result: RELY.2", "key_result: REACH.1")
    changes = {one["key_result"]: one for one in northing("map", "diff", "--json").data}
    text = northing("map", "diff")

    assert (text.code, rows_of(northing)) == (0, before)
    assert {key for key, one in changes.items() if one["change"] != "same"} == {"RELY.2", "REACH.1"}
    lost, gained = changes["RELY.2"], changes["REACH.1"]
    assert sorted(lost["lost"]) == sorted(gained["gained"])
    assert len(lost["lost"]) == applied["mappings"][0]["matched"]
    assert (lost["delivery_before"], lost["delivery_after"]) == (applied["delivery"]["value"], None)
    assert gained["delivery_after"] == applied["delivery"]["value"]
    assert "RELY.2: delivery 25 % → –" in text.out
    # What the diff foretold is what applying it comes to.
    northing("checkin", "COMPANY.1", "100")
    assert northing("explain", "REACH.1", "--json").data["delivery"]["value"] == gained["delivery_after"]


def test_a_diff_knows_new_and_removed_key_results(northing: Northing) -> None:
    northing.edit("okrs/4-reach.yaml", "key: REACH.3", "key: REACH.7")
    northing.edit("teams/growth.yaml", "key_result: REACH.3", "key_result: REACH.7")
    northing.edit("okrs/check-ins.yaml", "key_result: REACH.3", "key_result: REACH.7")
    changes = {one["key_result"]: one["change"] for one in northing("map", "diff", "--json").data}
    assert (changes["REACH.3"], changes["REACH.7"]) == ("removed", "added")
