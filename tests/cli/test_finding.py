"""`northing finding`."""

import getpass
from typing import Any

import pytest

from tests.cli.conftest import Northing


def finding(northing: Northing, code: str, subject: str) -> dict[str, Any]:
    [row] = northing("finding", "show", code, subject, "--json").data
    return row


def said(row: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    return [(change["change"], change["who"], change["words"]) for change in row["changes"]]


def test_a_finding_is_acknowledged_and_decided(northing: Northing) -> None:
    acknowledged = northing("finding", "ack", "cov101", "REACH.1", "--by", "Eva", "--note", "on Monday")
    decided = northing("finding", "decide", "COV101", "REACH.1", "rescope", "--by", "Dana", "--until", "2999-12-31")

    assert (acknowledged.code, acknowledged.out) == (0, "Acknowledged COV101 of REACH.1, by Eva.\n")
    assert (decided.code, decided.out) == (0, "Decided on COV101 of REACH.1, by Dana: rescope, until 2999-12-31.\n")
    row = finding(northing, "COV101", "REACH.1")
    assert said(row) == [
        ("opened", None, None),
        ("acknowledged", "Eva", "on Monday"),
        ("decided", "Dana", "rescope until 2999-12-31"),
    ]
    assert (row["acknowledged_by"], row["decision"], row["decided_by"], row["decided_until"]) == (
        "Eva",
        "rescope",
        "Dana",
        "2999-12-31",
    )
    [line] = northing("check", "--select", "COV101", "--quiet").out.splitlines()[:1]
    assert line.startswith("REACH.1: COV101 critical no_mapping: ")
    assert line.endswith(" [decided by Dana: rescope, until 2999-12-31]")


def test_whoever_runs_it_says_so_where_nobody_is_named(northing: Northing) -> None:
    assert northing("finding", "ack", "COV101", "REACH.1", "--json").data == {
        "change": "acknowledged",
        "by": getpass.getuser(),
        "note": None,
    }


def test_a_user_without_a_name_has_to_give_one(northing: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", nameless)
    result = northing("finding", "ack", "COV101", "REACH.1")
    assert (result.code, result.out) == (2, "")
    assert "Give a name with --by" in result.err


def test_a_team_objects_and_withdraws(northing: Northing) -> None:
    words = ("finding", "object", "REACH.1", "metric", "--team", "growth", "--by", "Eva", "--note", "not ours")
    assert northing(*words).out.startswith("growth objects to REACH.1 (metric).")
    listed = northing("finding", "list", "--team", "growth").out
    assert "REACH.1: objection raised metric: growth objects to REACH.1 (metric): not ours\n" in listed
    assert "objection" not in northing("finding", "list", "--team", "platform").out

    assert northing("finding", "ack", "objection", "REACH.1", "--by", "Dana").code == 0
    decided = northing(
        "finding", "decide", "objection", "REACH.1", "lend", "--team", "growth", "--by", "Dana", "--json"
    )
    assert decided.data == {"change": "decided", "by": "Dana", "note": None, "decision": "lend", "until": None}
    withdrawn = northing("finding", "withdraw", "REACH.1", "--team", "growth", "--by", "Eva")
    assert withdrawn.out == "Withdrawn: growth's objection to REACH.1 (metric).\n"
    row = finding(northing, "objection", "REACH.1")
    assert (row["team"], row["kind"], row["note"]) == ("growth", "metric", "not ours")
    assert said(row) == [
        ("objected", "Eva", "metric: not ours"),
        ("acknowledged", "Dana", None),
        ("decided", "Dana", "lend"),
        ("withdrawn", "Eva", None),
    ]


def test_a_team_that_acknowledges_a_key_result_is_asked_no_more(northing: Northing) -> None:
    def asked() -> dict[str, list[str]]:
        rows = northing("finding", "list", "--select", "HYG408", "--json").data["findings"]
        return {row["subject"]: row["evidence"]["key_results"] for row in rows}

    before = asked()
    team, keys = min(before.items())
    result = northing("finding", "ack", keys[0], "--team", team, "--by", "Eva")
    again = northing("finding", "ack", keys[0], "--team", team, "--by", "Dan")

    assert (result.code, result.out) == (0, f"{team} works for {keys[0]}: acknowledged by Eva.\n")
    assert again.out == f"{team} had acknowledged {keys[0]} before.\n"
    assert asked() == {key: named for key, named in (before | {team: keys[1:]}).items() if named}


def test_explain_shows_what_people_said_to_a_key_result_and_its_findings(northing: Northing) -> None:
    assert northing("explain", "REACH.1", "--json").data["objections"] == []
    northing("finding", "ack", "COV101", "REACH.1", "--by", "Eva")
    for team, kind, note in (("growth", "metric", "not ours"), ("data", "capacity", "two are ill")):
        northing("finding", "object", "REACH.1", kind, "--team", team, "--by", "Ann", "--note", note)
    northing("finding", "object", "REACH.2", "metric", "--team", "growth", "--by", "Ann")
    northing("finding", "decide", "objection", "REACH.1", "lend", "--team", "data", "--by", "Dana")

    lines = northing("explain", "REACH.1").out.splitlines()
    assert next(line for line in lines if "COV101" in line).endswith(" [acknowledged by Eva]")
    assert lines[-2:] == [
        "REACH.1: objection decided capacity: data objects to REACH.1 (capacity): two are ill [decided by Dana: lend]",
        "REACH.1: objection raised metric: growth objects to REACH.1 (metric): not ours",
    ]

    northing("finding", "withdraw", "REACH.1", "--team", "data", "--by", "Ann")
    northing("finding", "decide", "COV101", "REACH.1", "accept", "--by", "Dana")
    found = northing("explain", "REACH.1", "--json").data
    assert [(row["team"], row["reason"], row["state"], row["raised_by"]) for row in found["objections"]] == [
        ("growth", "metric", "raised", "Ann")
    ]
    [bare] = [row for row in found["findings"] if row["code"] == "COV101"]
    assert (bare["acknowledged_by"], bare["decision"], bare["decided_by"]) == ("Eva", "accept", "Dana")


def test_barriers_are_counted_by_cycle(northing: Northing) -> None:
    before = {one["cycle"]: one for one in northing("finding", "barriers", "--json").data["cycles"]}
    for team, kind in (("growth", "metric"), ("data", "capacity")):
        northing("finding", "object", "REACH.1", kind, "--team", team, "--by", "Eva")
    northing("finding", "decide", "objection", "REACH.1", "accept", "--team", "data", "--by", "Dana")
    found = northing("finding", "barriers", "--json").data
    objections = [row for row in found["barriers"] if row["code"] == "objection"]
    cycle = objections[0]["cycle"]
    [now] = [one for one in found["cycles"] if one["cycle"] == cycle]

    assert now["codes"] == before[cycle]["codes"] | {"objection": 2}
    assert (now["raised"], now["undecided"], now["decided"]) == (
        before[cycle]["raised"] + 2,
        before[cycle]["undecided"] + 1,
        before[cycle]["decided"] + 1,
    )
    assert now["days_to_decision"] == 0
    assert now["days_left_when_raised"] == objections[0]["days_left_when_raised"]
    text = northing("finding", "barriers", "--cycle", cycle).out
    assert text.startswith(f"{cycle}: {now['raised']} raised (")
    assert f"  days left in the cycle when raised: {now['days_left_when_raised']:g} (median)\n" in text


def test_a_sync_tells_what_is_suppressed_apart_from_what_is_solved(northing: Northing) -> None:
    one = '{code: COV101, subject: REACH.1, until: 2999-12-01, reason: "agreed"}'
    northing.append("northing.yaml", f"\nfindings: {{suppress: [{one}]}}\n")
    result = northing("sync")

    assert result.code == 0, result.err
    assert "× REACH.1: COV101 critical no_mapping: " in result.out
    assert " resolved, 1 suppressed, " in result.out


def test_what_is_suppressed_is_listed_with_why_and_until_when(northing: Northing) -> None:
    northing.append(
        "northing.yaml",
        '\nfindings: {suppress: [{code: COV101, subject: REACH.1, until: 2999-12-01, reason: "agreed with Eva"}]}\n',
    )
    assert northing("checkin", "CHECKOUT.1", "2.5").code == 0

    assert said(finding(northing, "COV101", "REACH.1"))[-1] == ("suppressed", None, None)
    assert "REACH.1: COV101" not in northing("finding", "list").out
    listed = northing("finding", "list", "--select", "COV101", "--suppressed").out.splitlines()
    assert listed[-1].startswith("REACH.1: COV101 critical: REACH.1 has no delivery work behind it")
    assert listed[-1].endswith(" [suppressed until 2999-12-01: agreed with Eva]")
    [row] = northing("finding", "list", "--suppressed", "--json").data["suppressed"]
    assert (row["code"], row["subject"], row["why"], row["until"]) == (
        "COV101",
        "REACH.1",
        "agreed with Eva",
        "2999-12-01",
    )


@pytest.mark.parametrize(
    "arguments, words",
    [
        ("ack COV199 REACH.1", "Did you mean `COV10"),
        ("ack COV101 REACHED.1", "Did you mean `REACH.1`"),
        ("ack COV101", "ack KR --team TEAM"),
        ("ack REACH.1", "ack KR --team TEAM"),
        ("ack COV101 --team growth", "ack COV101 SUBJECT"),
        ("ack COV101 REACH.1 --team growth", "--team does not go with"),
        ("ack REACH.1 --team grow", "Did you mean `growth`"),
        ("decide COV101 REACH.1 rescope --until soon", "Write it as 2026-11-02"),
        ("decide COV101 REACH.1 rescope --until 2020-01-01", "has passed"),
        ("decide COV101 REACH.1 rescope --team growth", "--team does not go with"),
        ("decide COV101 REACH.1 forget", "restructure"),
        ("object REACH.1 metric", "--team"),
        ("object REACH.1 weather --team growth", "conflict"),
        ("object REACHED.1 metric --team growth", "Did you mean `REACH.1`"),
        ("withdraw REACH.1 --team growth", "No team objects to REACH.1"),
        ("show COV199 REACH.1", "Did you mean `COV10"),
        ("show COV101 REACHED.1", "Did you mean `REACH.1`"),
        ("show objection REACH.1", "nor ever did"),
        ("list --team grow", "no team 'grow'"),
        ("barriers --cycle 1999", "1999"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(synced: Northing, arguments: str, words: str) -> None:
    before = synced("finding", "barriers", "--json").data, finding(synced, "COV101", "REACH.1")
    result = synced("finding", *arguments.split())

    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert (synced("finding", "barriers", "--json").data, finding(synced, "COV101", "REACH.1")) == before
