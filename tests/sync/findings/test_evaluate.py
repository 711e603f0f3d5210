"""A finding's life: it opens, changes, resolves and comes back; every change that people should hear of is a row."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from config import Config
from sync.findings import FindingsResult, Hit, Unjudged, evaluate
from tests.sync.findings.making import NOW, Stored, bare, config, key_result
from tests.sync.findings.town import Town, hit

HOUR = timedelta(hours=1)


@pytest.fixture
def town(conn: sa.Connection) -> Town:
    return Town(conn)


def test_a_finding_opens_with_all_that_is_known_of_it(town: Town) -> None:
    result = town.evaluate(hit(evidence={"items": ["SHOP-1"], "outcome": None}, team="commerce"))

    assert result == FindingsResult(opened=1, escalated=0, eased=0, resolved=0, open=1)
    assert town.rows() == [
        {
            "code": "COV101",
            "subject_kind": "key_result",
            "subject": "GROW.1",
            "severity": "warning",
            "team": "commerce",
            "reason": "only_done",
            "summary": "said",
            "evidence": {"items": ["SHOP-1"], "outcome": None},
            "opened_at": NOW,
            "last_seen_at": NOW,
            "resolved_at": None,
            "days_left_when_opened": 37,
        }
    ]
    assert town.changes() == [("GROW.1", "opened", "warning")]


def test_one_that_goes_on_is_seen_again_and_not_announced(town: Town) -> None:
    town.evaluate(hit())
    result = town.evaluate(hit(), now=NOW + HOUR)

    [row] = town.rows()
    assert result == FindingsResult(opened=0, escalated=0, eased=0, resolved=0, open=1)
    assert (row["opened_at"], row["last_seen_at"]) == (NOW, NOW + HOUR)
    assert town.changes() == [("GROW.1", "opened", "warning")]


def test_new_words_and_evidence_replace_the_old_without_a_change(town: Town) -> None:
    town.evaluate(hit(evidence={"count": 1}))
    town.evaluate(hit(reason="only_stale", summary="other", evidence={"count": 2}), now=NOW + HOUR)

    [row] = town.rows()
    assert (row["reason"], row["summary"], row["evidence"]) == ("only_stale", "other", {"count": 2})
    assert (row["opened_at"], row["days_left_when_opened"]) == (NOW, 37)
    assert town.changes() == [("GROW.1", "opened", "warning")]


def test_a_graver_severity_escalates_and_a_milder_one_eases(town: Town) -> None:
    town.evaluate(hit())
    worse = town.evaluate(hit(severity="critical"), now=NOW + HOUR)
    better = town.evaluate(hit(severity="info"), now=NOW + 2 * HOUR)

    assert (worse.escalated, worse.eased, better.escalated, better.eased) == (1, 0, 0, 1)
    assert town.changes() == [
        ("GROW.1", "opened", "warning"),
        ("GROW.1", "escalated", "critical"),
        ("GROW.1", "eased", "info"),
    ]


def test_what_is_no_longer_found_resolves(town: Town) -> None:
    town.evaluate(hit(), hit("GROW.2"))
    result = town.evaluate(hit("GROW.2"), now=NOW + HOUR)

    assert result == FindingsResult(opened=0, escalated=0, eased=0, resolved=1, open=1)
    assert [(row["subject"], row["last_seen_at"], row["resolved_at"]) for row in town.rows()] == [
        ("GROW.1", NOW, NOW + HOUR),
        ("GROW.2", NOW + HOUR, None),
    ]
    assert town.changes()[-1] == ("GROW.1", "resolved", "warning")


def test_a_resolved_finding_resolves_once(town: Town) -> None:
    town.evaluate(hit())
    town.evaluate(now=NOW + HOUR)
    result = town.evaluate(now=NOW + 2 * HOUR)

    assert result.resolved == 0
    assert town.rows()[0]["resolved_at"] == NOW + HOUR
    assert len(town.changes()) == 2


def test_one_that_comes_back_within_24_hours_is_the_old_finding_again(town: Town) -> None:
    town.evaluate(hit())
    town.evaluate(now=NOW + HOUR)
    back = town.evaluate(hit(), now=NOW + 25 * HOUR)

    [row] = town.rows()
    assert back == FindingsResult(opened=0, escalated=0, eased=0, resolved=0, open=1)
    assert (row["opened_at"], row["resolved_at"], row["days_left_when_opened"]) == (NOW, None, 37)
    assert [change for _, change, _ in town.changes()] == ["opened", "resolved"]


def test_one_that_comes_back_graver_within_24_hours_escalates(town: Town) -> None:
    town.evaluate(hit())
    town.evaluate(now=NOW + HOUR)
    town.evaluate(hit(severity="critical"), now=NOW + 2 * HOUR)

    assert [change for _, change, _ in town.changes()] == ["opened", "resolved", "escalated"]


def test_one_that_comes_back_later_is_a_new_finding(town: Town) -> None:
    town.evaluate(hit())
    town.evaluate(now=NOW + HOUR)
    later = NOW + 25 * HOUR + timedelta(seconds=1)
    back = town.evaluate(hit(), now=later)

    [row] = town.rows()
    assert back.opened == 1
    assert (row["opened_at"], row["resolved_at"], row["days_left_when_opened"]) == (later, None, 36)
    assert [change for _, change, _ in town.changes()] == ["opened", "resolved", "opened"]


def test_while_its_data_cannot_be_read_an_open_finding_stays_as_it_is(town: Town) -> None:
    town.evaluate(hit())
    result = town.evaluate(Unjudged("key_result", "GROW.1"), Unjudged("key_result", "GROW.2"), now=NOW + HOUR)

    [row] = town.rows()
    assert result == FindingsResult(opened=0, escalated=0, eased=0, resolved=0, open=1)
    assert (row["last_seen_at"], row["resolved_at"]) == (NOW, None)


def test_a_rule_is_told_which_subjects_are_open(town: Town) -> None:
    town.evaluate(hit(), hit("GROW.2"))
    town.evaluate(hit(), now=NOW + HOUR)
    town.evaluate(hit(), now=NOW + 2 * HOUR)

    assert town.was_open == {("key_result", "GROW.1")}


def test_the_configuration_may_give_another_severity(town: Town) -> None:
    town.settings = config(findings={"severity": {"COV101": "info"}})
    town.evaluate(hit(severity="critical"))

    assert town.changes() == [("GROW.1", "opened", "info")]


@pytest.mark.parametrize("ignored", ["COV101", "COV"])
def test_what_is_ignored_does_not_open_and_resolves_where_it_is_open(town: Town, ignored: str) -> None:
    town.evaluate(hit())
    town.settings = config(findings={"ignore": [ignored]})
    result = town.evaluate(hit(), hit("GROW.2"), now=NOW + HOUR)

    assert result == FindingsResult(opened=0, escalated=0, eased=0, resolved=0, open=0, suppressed=1)
    assert town.open() == []
    assert town.changes()[1:] == [("GROW.1", "suppressed", "warning")]


def test_a_suppressed_subject_is_silent_until_the_end_of_its_day(town: Town) -> None:
    town.settings = config(
        findings={"suppress": [{"code": "COV101", "subject": "GROW.1", "until": "2026-11-24", "reason": "agreed"}]}
    )

    town.evaluate(hit(), hit("GROW.2"))
    assert town.open() == ["GROW.2"]

    town.evaluate(hit(), hit("GROW.2"), now=NOW + 12 * HOUR)
    assert town.open() == ["GROW.1", "GROW.2"]


def suppressing(
    code: str = "COV101", subject: str = "GROW.1", until: str = "2026-11-30", reason: str = "agreed"
) -> Config:
    one = {"code": code, "subject": subject, "until": until, "reason": reason}
    return config(findings={"suppress": [one], "severity": {"COV101": "info"}})


def test_an_open_finding_that_is_suppressed_ends_without_being_announced_as_solved(town: Town) -> None:
    town.evaluate(hit())
    town.settings = suppressing()
    result = town.evaluate(hit(), now=NOW + HOUR)

    assert result == FindingsResult(opened=0, escalated=0, eased=0, resolved=0, open=0, suppressed=1)
    assert town.changes() == [("GROW.1", "opened", "warning"), ("GROW.1", "suppressed", "warning")]
    assert town.open() == []


def test_what_is_suppressed_is_kept_with_why_and_until_when(town: Town) -> None:
    town.settings = suppressing()
    town.evaluate(hit(team="commerce"), hit("GROW.2"))
    kept = {
        "code": "COV101",
        "subject_kind": "key_result",
        "subject": "GROW.1",
        "severity": "info",
        "team": "commerce",
        "summary": "said",
        "why": "agreed",
        "until": date(2026, 11, 30),
    }
    assert town.suppressed() == [kept]

    town.evaluate(Unjudged("key_result", "GROW.1"), now=NOW + HOUR)
    assert town.suppressed() == [kept]

    town.evaluate(hit("GROW.2"), now=NOW + 2 * HOUR)
    assert town.suppressed() == []


def test_of_two_suppressions_the_longer_one_counts(town: Town) -> None:
    both = [
        {"code": code, "subject": "GROW.1", "until": until, "reason": reason}
        for code, until, reason in (("COV101", "2026-11-24", "short"), ("COV", "2026-12-24", "long"))
    ]
    town.settings = config(findings={"suppress": both})
    town.evaluate(hit())

    assert [(row["why"], row["until"]) for row in town.suppressed()] == [("long", date(2026, 12, 24))]


def test_one_subject_may_have_findings_of_several_kinds(town: Town) -> None:
    town.evaluate(hit("SHOP"), Hit(subject_kind="scope", subject="SHOP", severity="warning", summary="said"))

    assert [(row["subject_kind"], row["days_left_when_opened"]) for row in town.rows()] == [
        ("key_result", 37),
        ("scope", None),
    ]


def test_thousands_of_findings_open_and_resolve_at_once(town: Town) -> None:
    town.evaluate(*(hit(f"KR.{number}") for number in range(2500)))
    result = town.evaluate(*(hit(f"KR.{number}") for number in range(1200)), now=NOW + HOUR)

    assert result == FindingsResult(opened=0, escalated=0, eased=0, resolved=1300, open=1200)
    assert len(town.open()) == 1200
    assert len(town.changes()) == 3800


COVERAGE_AND_SOURCES = {"findings": {"ignore": ["DRF", "STR", "HYG"]}}


def test_all_rules_run_on_facts_and_on_what_is_stored(conn: sa.Connection) -> None:
    result = evaluate(conn, config(**COVERAGE_AND_SOURCES), [bare("GROW.1"), key_result("PLAT.1")], NOW)

    rows = conn.execute(sa.text("SELECT code, subject, severity FROM finding ORDER BY code")).all()
    assert result.opened == 2
    assert rows == [("COV101", "GROW.1", "critical"), ("COV105", "GROW", "critical")]


def test_a_failing_connection_opens_one_finding_and_leaves_the_others_alone(
    conn: sa.Connection, stored: Stored
) -> None:
    stored.connection()
    settings = config(**COVERAGE_AND_SOURCES)
    evaluate(conn, settings, [bare("GROW.1"), key_result("GROW.2")], NOW)
    conn.execute(sa.text("UPDATE connection SET error = 'refused'"))
    evaluate(conn, settings, [bare("GROW.1", readable=False), bare("GROW.2", readable=False)], NOW + HOUR)

    rows = conn.execute(sa.text("SELECT code, subject FROM finding WHERE resolved_at IS NULL ORDER BY code")).all()
    assert rows == [("COV101", "GROW.1"), ("SYN501", "jira")]
