"""`northing check`."""

import re

import pytest

from tests.cli.conftest import Northing


def test_findings_come_like_a_linters_the_gravest_first(synced: Northing) -> None:
    result = synced("check")
    lines = result.out.splitlines()
    severities = [re.findall(r": [A-Z]{3}\d{3} (\w+)", line)[0] for line in lines[:-1]]

    assert result.code == 1
    assert lines[0].startswith("REACH.1: COV101 critical no_mapping: REACH.1 ")
    assert severities == sorted(severities, key=["critical", "warning", "info"].index)


def test_select_and_ignore_take_beginnings(synced: Northing) -> None:
    def codes(*options: str) -> set[str]:
        return {row["code"] for row in synced("check", "--json", *options).data}

    everything = codes()
    assert codes("--select", "COV101,cov104") == {"COV101", "COV104"}
    assert codes("--select", "COV101", "--select", "SYN") == {"COV101"}
    assert codes("--select", "COV101,COV104", "--ignore", "COV") == {"COV101", "COV104"}
    assert codes("--select", "COV1", "--ignore", "COV10") == set()
    assert codes("--select", "COV101", "--ignore", "COV101") == set()
    assert codes("--ignore", "COV10") == {code for code in everything if not code.startswith("COV10")}


def test_json_holds_the_rows_of_the_view(synced: Northing) -> None:
    rows = synced("check", "--format", "json", "--select", "COV105").data
    [row] = rows
    assert (row["code"], row["severity"], row["subject_kind"], row["subject"]) == (
        "COV105",
        "critical",
        "objective",
        "REACH",
    )
    assert row["resolved_at"] is None
    assert isinstance(row["evidence"], dict)


@pytest.mark.parametrize(
    "options, code",
    [
        ("--select COV103", 1),
        ("--select COV103 --fail-on critical", 0),
        ("--select COV103 --fail-on info", 1),
        ("--select SYN", 0),
        ("--fail-on critical", 1),
    ],
)
def test_the_exit_code_follows_the_gravest_finding(synced: Northing, options: str, code: int) -> None:
    assert synced("check", *options.split()).code == code


def test_quiet_prints_the_findings_only(synced: Northing) -> None:
    assert synced("check", "--select", "SYN", "--quiet").out == ""
    assert synced("check", "--select", "SYN").out == "No findings.\n"


@pytest.mark.parametrize("options", ["--select COV999", "--fail-on grave", "--format xml"])
def test_wrong_options_are_wrong_input(synced: Northing, options: str) -> None:
    result = synced("check", *options.split())
    assert (result.code, result.out) == (2, "")
