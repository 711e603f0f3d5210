"""`northing map suggest`: what it says of the sample company, and how often it finds hidden links of it again."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

import store
from config import Config, load
from connectors.registry import option_models
from mapping.suggest import suggest
from sync.apply import apply
from sync.link import link
from sync.suggestions import Group, open_groups, targets
from tests.cli.conftest import Northing
from tests.program import call


def test_unaligned_work_and_bare_key_results_are_shown_with_the_lines_to_paste(synced: Northing) -> None:
    data = synced("map", "suggest", "--json").data
    work = {one["title"]: one for one in data["work"]}
    tax = work["One tax engine for all markets"]
    best = tax["suggestions"][0]
    assert (tax["kind"], best["key_result"]) == ("epic", "CHECKOUT.2")
    assert {"kind": "component", "words": ["Tax engine"]} in best["reasons"]
    assert best["paste"] == {
        "mapping": f"- {{key_result: CHECKOUT.2, work: {{connection: jira, epic: {tax['key']}}}}}",
        "label": "kr:CHECKOUT.2",
        "trailer": "Key-Result: CHECKOUT.2",
    }
    milestone = next(one for one in data["work"] if one["kind"] == "milestone" and one["suggestions"])
    paste = milestone["suggestions"][0]["paste"]["mapping"]
    assert f"work: {{connection: github, repository: {milestone['scope']}, milestone: {milestone['key']}}}" in paste

    bare = {one["key_result"]: one for one in data["key_results"]}
    assert bare["REACH.3"]["reason"] == "matches_nothing"
    assert all(len(one["suggestions"]) <= 3 for one in [*data["work"], *data["key_results"]])
    scores = [one["score"] for part in data["work"] for one in part["suggestions"]]
    assert all(0.3 <= score <= 1 for score in scores)


def test_the_text_names_score_reason_and_lines_and_links_nothing(northing: Northing) -> None:
    before = northing("status", "--json").data
    result = northing("map", "suggest")
    lines = result.out.splitlines()
    at = next(at for at, line in enumerate(lines) if "One tax engine for all markets" in line)
    key = lines[at].split()[0]
    assert result.code == 0
    assert lines[at].endswith("items in progress for no key result")
    assert lines[at + 1].split()[1] == "CHECKOUT.2"
    assert lines[at + 2].startswith("        because: shared words: tax, engine")
    assert lines[at + 3 : at + 5] == [
        f"        label {key}: kr:CHECKOUT.2",
        f"        mapping: - {{key_result: CHECKOUT.2, work: {{connection: jira, epic: {key}}}}}",
    ]
    assert lines[-1].startswith("These are guesses by words and place.")
    assert northing("status", "--json").data == before


def test_the_pasted_line_links_the_work(northing: Northing) -> None:
    data = northing("map", "suggest", "--json").data
    tax = next(one for one in data["work"] if one["title"] == "One tax engine for all markets")
    northing.append("northing.yaml", "mappings:\n  " + tax["suggestions"][0]["paste"]["mapping"] + "\n")
    changed = {one["key_result"]: one for one in northing("map", "diff", "--json").data if one["change"] != "same"}
    assert set(changed) == {"CHECKOUT.2"}


def test_one_key_result_or_one_piece_of_work_can_be_asked_about(synced: Northing) -> None:
    everything = synced("map", "suggest", "--json").data
    tax = next(one for one in everything["work"] if one["title"] == "One tax engine for all markets")
    work = synced("map", "suggest", "--work", tax["key"].lower(), "--limit", "1", "--json").data
    assert [one["key"] for one in work["work"]] == [tax["key"]]
    assert [one["key_result"] for one in work["work"][0]["suggestions"]] == ["CHECKOUT.2"]
    assert work["key_results"] == []

    key_result = synced("map", "suggest", "--for", "RELY.2", "--min-score", "0.1", "--json").data
    [one] = key_result["key_results"]
    assert (one["key_result"], one["reason"], key_result["work"]) == ("RELY.2", None, [])
    assert all("RELY.2" not in suggestion["serves"] for suggestion in one["suggestions"])


@pytest.mark.parametrize(
    "options, words",
    [
        (("--for", "REACH.33"), "There is no running key result 'REACH.33'. Did you mean `REACH.3`?"),
        (("--work", "SHOP-9999"), "neither open work"),
        (("--for", "RELY.1", "--work", "SHOP-1"), "opposite questions"),
        (("--min-score", "7"), "--min-score"),
    ],
)
def test_wrong_questions_are_wrong_input(synced: Northing, options: tuple[str, ...], words: str) -> None:
    result = synced("map", "suggest", *options)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_before_the_first_sync_there_is_nothing_to_suggest(fresh: Northing) -> None:
    result = fresh("map", "suggest")
    assert result.code == 2
    assert "Run `northing sync` first." in result.err


def test_a_hidden_link_of_the_company_is_mostly_among_the_first_three(northing: Northing) -> None:
    whole = load(northing.config, env=os.environ, kinds=option_models()).config
    engine = store.connect(f"sqlite:///{northing.folder / 'northing.db'}")
    ranks = []
    with engine.connect() as conn, conn.begin() as transaction:
        for key_result, group, others in _hidden(conn, whole):
            found = [pair.target.key for pair in suggest([group.work], others, least=0)]
            ranks.append(found.index(key_result) if key_result in found else len(others))
        transaction.rollback()
    engine.dispose()
    assert len(ranks) >= 12
    # By lot: 7 % and 20 %.
    assert sum(rank == 0 for rank in ranks) / len(ranks) >= 0.4
    assert sum(rank < 3 for rank in ranks) / len(ranks) >= 0.7


def _hidden(conn: sa.Connection, whole: Config) -> Iterator[tuple[str, Group, list[Any]]]:
    """Each mapping of open work to a running key result: its key, the epic, milestone or version, and all key results
    as they are known without that mapping.
    """
    now = datetime.now(UTC)
    for hidden in whole.mappings:
        work = hidden.work
        names = {"item": work.epic, "milestone": work.milestone, "version": work.version}
        wanted = {(kind, names_of[0]) for kind, names_of in names.items() if len(names_of) == 1}
        others = tuple(one.model_copy(update={"share": None}) for one in whole.mappings if one is not hidden)
        without = whole.model_copy(update={"mappings": others})
        apply(conn, without, now)
        link(conn, without)
        groups = [one for one in open_groups(conn, now.date(), 1_000) if (one.kind, one.key) in wanted]
        known = targets(conn, without, now.date())
        if groups and hidden.key_result in {target.key for target in known}:
            yield hidden.key_result, groups[0], known


def test_help_has_examples() -> None:
    assert "northing map suggest --for GROW.1" in call("map", "suggest", "--help").out
