"""`northing status`."""

from pathlib import Path

import pytest

from tests.cli.conftest import Northing


def test_status_shows_every_key_result_below_its_objective(synced: Northing) -> None:
    result = synced("status")
    lines = result.out.splitlines()
    keys = [words[0] for line in lines if (words := line.split()) and words[0].isupper() and words[0].isascii()]

    assert result.code == 0
    assert [key for key in keys if key.isalpha()] == ["COMPANY", "CHECKOUT", "RELY", "REACH", "BASE"]
    assert keys.index("CHECKOUT.4") < keys.index("RELY") < keys.index("RELY.1")
    # CHECKOUT supports COMPANY.1, so it stands further in.
    [top] = [line for line in lines if line.strip().startswith("COMPANY ")]
    [below] = [line for line in lines if line.strip().startswith("CHECKOUT ")]
    assert below.index("CHECKOUT") > top.index("COMPANY")


def test_status_says_what_is_beside_the_key_results(synced: Northing) -> None:
    out = synced("status").out
    assert "in progress serve no key result" in out
    assert "critical" in out
    assert "Work was read" in out


def test_a_piped_status_has_no_colours_even_where_they_are_forced(
    synced: Northing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in synced("status").out


def test_a_narrow_terminal_gets_lines_instead_of_a_table(synced: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = synced("status")
    assert max(len(line) for line in result.out.splitlines() if "━" in line) <= 80
    assert "COMPANY.1  180 new merchants from other platforms" in result.out


def test_status_as_json_nests_the_columns_of_the_view(synced: Northing) -> None:
    objectives = synced("status", "--json").data
    by_key = {row["objective"]: row for row in objectives}

    assert list(by_key) == ["COMPANY", "CHECKOUT", "RELY", "REACH", "BASE"]
    assert by_key["CHECKOUT"]["supports"] == ["COMPANY.1"]
    assert [row["key_result"] for row in by_key["REACH"]["key_results"]] == ["REACH.1", "REACH.2", "REACH.3"]
    one = by_key["REACH"]["key_results"][0]
    assert (one["delivery"], one["work_total"], one["health"]) == (None, 0, "at_risk")
    assert one["open_findings"] > 0


def test_global_options_may_stand_before_or_behind_the_command(synced: Northing) -> None:
    assert synced("--json", "status").data == synced("status", "--json").data


def test_a_team_narrows_status_to_it_and_those_below(synced: Northing) -> None:
    platform = synced("status", "--team", "platform", "--json").data
    product = synced("status", "--team", "product", "--json").data

    assert [row["objective"] for row in platform] == ["RELY", "BASE"]
    assert [row["objective"] for row in product] == ["COMPANY", "CHECKOUT", "RELY", "REACH", "BASE"]


def test_what_stands_below_a_teams_status_is_of_that_team(synced: Northing) -> None:
    listed = synced("finding", "list", "--team", "plus", "--json").data["findings"]
    critical = sum(one["severity"] == "critical" for one in listed)
    warnings = sum(one["severity"] == "warning" for one in listed)
    out = synced("status", "--team", "plus").out
    assert f"\nFindings of team plus: {critical} critical, {warnings} warning" in out
    assert "serve no key result" not in out
    assert "items in progress serve no key result" in synced("status").out


@pytest.mark.parametrize("option", ["--team", "--cycle"])
def test_an_unknown_name_says_which_there_are(synced: Northing, option: str) -> None:
    result = synced("status", option, "nope")
    assert (result.code, result.out) == (2, "")
    assert "'nope'" in result.err
    assert ("platform" if option == "--team" else "-Q") in result.err


def test_a_stale_key_result_is_not_shown_as_on_track(synced: Northing) -> None:
    row = next(
        one
        for objective in synced("status", "--json").data
        for one in objective["key_results"]
        if one["key_result"] == "RELY.2"
    )
    assert row["health"] == "stale"
    [line] = [line for line in synced("status").out.splitlines() if " RELY.2 " in line]
    assert "stale" in line
    assert "on track" not in line


@pytest.mark.parametrize("command", ["status", "check", "explain GROW.1"])
def test_before_the_first_sync_there_is_nothing_to_show_and_a_way_out(fresh: Northing, command: str) -> None:
    result = fresh(*command.split())
    assert (result.code, result.out) == (2, "")
    assert "no data yet" in result.err
    assert "northing sync" in result.err
    assert not (fresh.folder / "northing.db").exists()


def test_without_a_configuration_status_says_how_to_write_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = Northing(tmp_path)("status")
    assert result.code == 2
    assert "northing init" in result.err


def test_the_database_is_found_through_variables_and_includes(
    northing: Northing, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = northing("status", "--json").data
    (northing.folder / "northing.db").rename(northing.folder / "other.db")
    northing.append("okrs/check-ins.yaml", '\ndatabase: "sqlite:///${PLACE}.db"\n')
    missing = northing("status")
    monkeypatch.setenv("PLACE", "other")

    assert northing("status", "--json").data == plain
    assert missing.code == 2
    assert "check-ins.yaml" in missing.err
    assert "`PLACE` is not set" in missing.err
