"""`northing plan check`, on the sample company as it is on one day."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from simulator import serve
from simulator.company import sites, write_config
from tests.cli.conftest import NOW, Northing

PLAN = "plans/next-quarter.yaml"
FORECAST = ("done_before", "backlog", "fits_p85", "over", "chance", "p50", "p85")
"""What is drawn by chance, and may change with the model."""


@pytest.fixture
def northing(merlo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Northing:
    """A copy of it to change, in whose folder commands are called, on that day."""
    folder = tmp_path / "merlo"
    shutil.copytree(merlo, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("cli.wiring.now", lambda: NOW)
    return Northing(folder)


def dump(northing: Northing) -> list[str]:
    with sqlite3.connect(northing.folder / "northing.db") as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


def findings(northing: Northing, *options: str) -> dict[tuple[str, str], Any]:
    data = northing("plan", "check", PLAN, "--json", *options).data
    return {(one["code"], one["subject"]): one for cycle in data["cycles"] for one in cycle["findings"]}


def test_the_plan_of_the_sample_company_has_one_of_each(northing: Northing) -> None:
    result = northing("plan", "check", PLAN, "--json")
    data = result.data
    drawn = [{name: load.pop(name) for name in FORECAST} for load in data["cycles"][0]["teams"]]
    [overpromised] = [one for one in data["cycles"][0]["findings"] if one["code"] == "STR304"]
    summary, evidence = overpromised.pop("summary"), overpromised.pop("evidence")

    assert result.code == 1
    assert data == json.loads((Path(__file__).parent / "plan_check.json").read_text())
    platform, sales, growth = drawn
    assert all(0 <= one["chance"] < 1 for one in (platform, growth))
    assert platform["chance"] < 0.5 < growth["chance"]
    assert platform["backlog"] == 42 + 45 - platform["done_before"]
    assert platform["over"] == platform["backlog"] - platform["fits_p85"]
    assert sales == {**dict.fromkeys(FORECAST), "backlog": 6}
    assert summary.startswith("Platform is promised for 42 items: REGIONS.1 (18), PARTNERS.1 (24). 45 items of other")
    assert evidence["over"] == platform["over"]


def test_it_reads_well(northing: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    lines = northing("plan", "check", PLAN).out.splitlines()
    assert lines[0] == "2027-Q1  2027-01-01 to 2027-03-31, begins in 38 days: 4 objectives, 7 key results"
    assert max(map(len, lines)) <= 100
    assert [line for line in lines if line.strip() and not line.startswith(" ")][1:7] == [
        "Levers owned elsewhere",
        "Levers owned by nobody",
        "Key results that need many teams",
        "Teams promised more than they carry",
        "Where the cascade ends",
        "Nothing says what moves them: no mapping, no levers",
    ]
    here = lines.index("Levers owned by nobody")
    assert lines[here + 1 : here + 4] == [
        "  ✖ PLUS.1  Storefront Plus at $14M of annual revenue, from $10M",
        "    Lever 5 of PLUS.1 is owned by no team: project SHOP and component Tax engine in jira",
        "    STR308 critical, plans/next-quarter.yaml:16",
    ]
    assert (
        "  Sales Operations: team sales finished linked work on 2 days of the last 84, and a forecast needs 5" in lines
    )
    assert lines[-1] == ("3 critical, 4 warning, 0 info. `northing explain CODE` says what ends one. Nothing was kept.")


def test_a_narrow_terminal_gets_lines_in_place_of_a_table(northing: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = northing("plan", "check", PLAN).out.splitlines()
    assert max(map(len, lines[:-1])) <= 60
    here = lines.index("What the teams are promised, and what they carry")
    assert lines[here + 1].startswith("  Platform: promised 42, open before 45, done by the start")


def test_square_brackets_in_keys_titles_and_names_are_letters(northing: Northing) -> None:
    key, name = "CHECKOUT[/b]2 [ops]", "Plat [/b] form [ops]"
    northing.edit("okrs/2-checkout.yaml", "key: CHECKOUT.2", f"key: '{key}'\n        was: CHECKOUT.2")
    northing.edit(
        "okrs/2-checkout.yaml", "title: One-click payment", "title: '[/b] One-click [ops] payment'\n        #"
    )
    northing.edit("teams/teams.yaml", "name: Platform", f"name: '{name}'")
    for file in (northing.folder / "okrs").glob("*.yaml"):
        file.write_text(file.read_text().replace("CHECKOUT.2,", f"'{key}',"))
    assert northing("checkin", "CHECKOUT.1", "2.5").code == 0

    for command in ("status", "forecast", "check", "finding list", "map suggest"):
        result = northing(*command.split())
        assert result.code in (0, 1), result.err
        if command in ("status", "forecast"):
            assert key in result.out
    plan = northing("plan", "check", PLAN)
    assert plan.code == 1
    row = plan.out[plan.out.index("What the teams are promised") :]
    assert name in row


def test_nothing_is_kept(northing: Northing) -> None:
    before = dump(northing)
    assert northing("plan", "check", PLAN).code == 1
    assert dump(northing) == before


def test_what_is_written_in_the_file_is_all_that_matters(northing: Northing) -> None:
    """Included by the configuration as well, a file counts once."""
    alone = northing("plan", "check", PLAN, "--json").data
    northing.edit("northing.yaml", "teams/*.yaml]", "teams/*.yaml, plans/*.yaml]")
    assert northing("plan", "check", PLAN, PLAN, "--json").data == {**alone, "files": [PLAN, PLAN]}


@pytest.mark.parametrize(
    "options, code",
    [((), 1), (("--fail-on", "critical"), 1), (("--cycle", "2026-Q4", "--fail-on", "critical"), 1)],
)
def test_the_exit_code_is_a_gate(northing: Northing, options: tuple[str, ...], code: int) -> None:
    assert northing("plan", "check", PLAN, *options).code == code


def test_a_plan_that_fits_passes(northing: Northing) -> None:
    northing.edit("northing.yaml", "version: 1", "version: 1\nfindings: {ignore: [STR30, COV101]}")
    ignored = northing("plan", "check", PLAN)
    assert ignored.code == 0
    assert "Nothing is wrong with it." in ignored.out
    assert "  PLUS.1: STR308 critical, its code is ignored" in ignored.out
    assert northing("plan", "check", PLAN, "--json").data["failed"] is False


def test_what_is_suppressed_is_shown_with_its_reason_and_does_not_count(northing: Northing) -> None:
    northing.append(
        PLAN,
        "\nfindings:\n  suppress:\n"
        "    - {code: STR308, subject: PLUS.1, until: 2027-01-31, reason: A team is being hired}\n",
    )
    found = findings(northing)
    assert found["STR308", "PLUS.1"]["hidden"] == {
        "by": "suppress",
        "reason": "A team is being hired",
        "until": "2027-01-31",
    }
    assert "STR308 critical, suppressed until 2027-01-31: A team is being hired" in northing("plan", "check", PLAN).out


def test_a_lever_that_finds_its_owner_is_owned_by_nobody_no_more(northing: Northing) -> None:
    assert ("STR308", "PLUS.1") in findings(northing)
    northing.append(PLAN, "\nteams:\n  - {key: tax, parent: product, owns: [{project: SHOP, component: Tax engine}]}\n")
    assert ("STR308", "PLUS.1") not in findings(northing)


def test_mistakes_of_the_plan_come_with_their_places(northing: Northing) -> None:
    northing.edit(PLAN, "team: plus", "team: pluss")
    northing.edit(PLAN, "key_result: FAIRS.1", "key_result: FAIRS.2")
    result = northing("plan", "check", PLAN)
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines() == [
        "plans/next-quarter.yaml:18:15: objectives[0].key_results[0].team: unknown team `pluss`. Did you mean `plus`?",
        "plans/next-quarter.yaml:86:17: mappings[3].key_result: unknown key result `FAIRS.2`. Did you mean `FAIRS.1`?",
    ]


def test_a_file_that_is_not_there_is_wrong_input(northing: Northing) -> None:
    result = northing("plan", "check", "plans/none.yaml")
    assert (result.code, result.err) == (2, "plans/none.yaml: no such file\n")


def test_before_the_first_sync_it_says_what_to_do(northing: Northing) -> None:
    (northing.folder / "northing.db").unlink()
    result = northing("plan", "check", PLAN)
    assert (result.code, result.out) == (2, "")
    assert "There is no data yet" in result.err
    assert "`northing sync`" in result.err
    assert not (northing.folder / "northing.db").exists()


def test_without_a_coming_cycle_there_is_nothing_to_judge(northing: Northing) -> None:
    file = northing.folder / "empty.yaml"
    file.write_text("version: 1\n")
    result = northing("plan", "check", "empty.yaml")
    assert (result.code, "There is no coming cycle" in result.err) == (2, True)


@pytest.mark.parametrize(
    "cycle, words", [("2027-Q9", "There is no cycle '2027-Q9'"), ("2026-Q3", "Cycle 2026-Q3 ended on 2026-09-30")]
)
def test_a_cycle_that_is_not_there_or_over_is_wrong_input(northing: Northing, cycle: str, words: str) -> None:
    result = northing("plan", "check", PLAN, "--cycle", cycle)
    assert (result.code, words in result.err) == (2, True)


def test_a_plan_for_the_running_cycle_is_judged_by_the_days_that_are_left(northing: Northing) -> None:
    (northing.folder / "more.yaml").write_text(
        "objectives:\n  - {key: LATE, title: An afterthought, cycle: 2026-Q4, team: growth, key_results: [\n"
        "      {key: LATE.1, title: One more thing}]}\n"
    )
    data = northing("plan", "check", "more.yaml", "--json").data
    [cycle] = data["cycles"]
    assert cycle["cycle"] == "2026-Q4"
    assert "LATE.1" in {one["key_result"] for one in cycle["key_results"]}
    assert "has begun" in northing("plan", "check", "more.yaml").out


def structure(northing: Northing) -> dict[tuple[str, str], tuple[str, str]]:
    """Severity and summary of what stands in the way of the running cycle, by code and subject."""
    rows = northing("check", "--select", "STR301,STR302,STR308", "--json").data
    return {(row["code"], row["subject"]): (row["severity"], row["summary"]) for row in rows}


def test_leaderships_number_of_the_running_cycle_shows_whose_levers_it_has(northing: Northing) -> None:
    found = structure(northing)
    held = {
        "COMPANY.4": "Storefront Plus (KR team) holds 31 % of the remaining work of COMPANY.4",
        "REACH.1": "Growth (KR team) holds 0 % of the levers of REACH.1 (no work counts yet)",
    }
    assert found["STR302", "COMPANY.4"] == (
        "warning",
        f"{held['COMPANY.4']}; Sales Operations holds 46 %, Platform holds 23 %",
    )
    assert found["STR308", "COMPANY.4"] == (
        "critical",
        "Lever 4 of COMPANY.4 is owned by no team: project SHOP and component Tax engine in jira",
    )
    assert found["STR301", "REACH.1"] == (
        "critical",
        f"{held['REACH.1']}; Storefront Plus holds 57 %, Platform holds 43 %",
    )


def test_the_same_is_found_on_postgresql(
    northing: Northing, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, barriers = northing("plan", "check", PLAN, "--json").data, structure(northing)
    jira, github = sites(NOW.date())
    monkeypatch.setenv("DATABASE", postgres_url.replace("+psycopg", ""))
    with serve(jira, github) as running:
        write_config(northing.folder, running.url_of(jira), running.url_of(github), NOW.date())
        northing.append("northing.yaml", '\ndatabase: "${DATABASE}"\n')
        assert northing("plan", "check", PLAN).code == 2
        assert northing("sync").code == 0
    before = northing("check", "--json").data
    assert northing("plan", "check", PLAN, "--json").data == here
    assert structure(northing) == barriers
    assert northing("check", "--json").data == before


def test_the_tutorial_shows_what_the_program_says(northing: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    tutorial = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
    shown = tutorial.split("```text\n")[1].split("```")[0].split()
    assert " ".join(shown) in " ".join(northing("plan", "check", PLAN).out.split())
