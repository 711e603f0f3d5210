"""The plan of a coming cycle, judged by the stored work, on both databases."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from config import Config
from connectors.records import Item
from sync.plan import CyclePlan, judge
from tests.mapping.tracker import NOW, Tracker, item
from tests.sync.structure.company import LEVERS, TEAMS, numbered, store

CYCLES = [
    {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"},
    {"key": "Q1", "start": "2027-01-01", "end": "2027-03-31"},
]
SALES = {"key": "SALES.1", "title": "$10M of product X", "team": "product"}
RUNNING = {
    "key": "NOW",
    "title": "What runs",
    "cycle": "Q4",
    "team": "tooling",
    "key_results": [{"key": "NOW.1", "title": "Tools that sell"}],
}
MAPPED = [{"key_result": "NOW.1", "work": {"project": "CRM", "label": "now"}}]


def planned(*key_results: dict[str, Any], supports: Iterable[str] = (), **sections: Any) -> Config:
    """Leadership's objective for the first quarter, with these key results; other sections as written."""
    sales = {
        "key": "SALES",
        "title": "Sell product X",
        "cycle": "Q1",
        "team": "company",
        "key_results": list(key_results),
        "supports": list(supports),
    }
    written = {"cycles": CYCLES, "teams": TEAMS, "connections": {"tool": {"kind": "sample"}}, "objectives": [sales]}
    return Config.model_validate({**written, **sections})


def judged(conn: sa.Connection, config: Config, cycle: str = "Q1") -> CyclePlan:
    [plan] = judge(conn, config, [one for one in config.cycles if one.key == cycle], NOW)
    return plan


def told(plan: CyclePlan) -> list[tuple[str, str, str, str]]:
    return [(one.section, one.code, one.hit.subject, one.hit.summary) for one in plan.findings if not one.hidden]


def finished(count: int, *, every_days: float = 1, **more: Any) -> list[Item]:
    """Items of CRM that were done one after the other, the last one yesterday."""
    return [
        item(
            f"CRM-{1000 + number}",
            category="done",
            created_at=NOW - timedelta(days=120),
            closed_at=NOW - timedelta(days=1 + number * every_days),
            **more,
        )
        for number in range(count)
    ]


def test_leaderships_number_shows_its_hands_before_the_cycle_begins(conn: sa.Connection, tracker: Tracker) -> None:
    store(
        tracker,
        *numbered("SHOP", 2),
        item("SHOP-9", labels=("pay",)),
        *numbered("CRM", 4),
        item("LEGAL-1", labels=("partner contract",)),
    )
    plan = judged(conn, planned({**SALES, "levers": LEVERS}))
    held = "Product (KR team) holds 38 % of the levers of SALES.1 (no work counts yet)"
    assert told(plan) == [
        (
            "levers_elsewhere",
            "STR302",
            "SALES.1",
            f"{held}; Sales Tooling holds 50 %, 12 % belongs to no team",
        ),
        (
            "levers_of_nobody",
            "STR308",
            "SALES.1",
            "Lever 3 of SALES.1 is owned by no team: label partner contract",
        ),
        (
            "cascade_ends",
            "STR306",
            "SALES.1",
            "SALES.1 ends the cascade: no work counts for it, and no objective below supports it",
        ),
    ]
    assert [one.hit.severity for one in plan.findings] == ["warning", "critical", "warning"]
    assert plan.loads == ()


def test_levers_without_any_work_count_once_each_for_who_would_own_them(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, item("LEGAL-1"))
    shares = {
        one.code: one.hit.evidence["share"]
        for levers in ([LEVERS[1]], LEVERS)
        for one in judged(conn, planned({**SALES, "levers": levers})).findings
        if one.section == "levers_elsewhere"
    }
    assert shares == {"STR301": 0, "STR302": 1 / 3}
    two = [{"project": "CRM"}, {"project": "CRM", "label": "fast"}, {"project": "SHOP"}]
    [found] = [one for one in judged(conn, planned({**SALES, "levers": two})).findings if one.code == "STR302"]
    assert (found.hit.evidence["share"], found.hit.evidence["size"]) == (1 / 3, 3)


def test_a_key_result_whose_levers_lie_with_many_teams_needs_them_all(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, item("SHOP-1"), item("SHOP-2", labels=("pay",)), item("CRM-1"))
    config = planned({**SALES, "levers": LEVERS[:2]}, thresholds={"teams_per_key_result": 2})
    assert [one for one in told(judged(conn, config)) if one[0] == "many_teams"] == [
        (
            "many_teams",
            "STR303",
            "SALES.1",
            "SALES.1 needs 3 teams to move its levers (no work counts yet): Checkout, Product, Sales Tooling",
        )
    ]


def test_a_team_is_promised_new_work_and_what_will_be_left_of_the_old(conn: sa.Connection, tracker: Tracker) -> None:
    store(
        tracker,
        *finished(40, every_days=2, labels=("now",)),
        *numbered("CRM", 30, labels=("now",), created_at=NOW - timedelta(days=120)),
        *numbered("CRM", 10, first=100, labels=("now", "next"), created_at=NOW - timedelta(days=120)),
        *numbered("CRM", 90, first=200, labels=("next",)),
    )
    config = planned(
        {"key": "SALES.1", "title": "t", "team": "tooling"},
        objectives=[
            RUNNING,
            {
                "key": "SALES",
                "title": "t",
                "cycle": "Q1",
                "team": "company",
                "key_results": [{"key": "SALES.1", "title": "t", "team": "tooling"}],
            },
        ],
        mappings=[*MAPPED, {"key_result": "SALES.1", "work": {"project": "CRM", "label": "next"}}],
    )
    plan = judged(conn, config)
    [load] = plan.loads
    assert (load.team, load.promised, load.begun, load.earlier) == ("tooling", 100, 10, 30)
    assert (load.completions, load.active_days) == (40, 40)
    assert load.key_results == {"SALES.1": 100}
    assert load.done_before is not None
    assert load.backlog == 130 - load.done_before
    [(section, code, subject, summary)] = told(plan)
    assert (section, code, subject) == ("overpromised", "STR304", "tooling")
    assert summary.startswith(
        "Sales Tooling is promised for 100 items: SALES.1 (100). 30 items of other cycles are open; with about"
        f" {load.done_before} done by 2027-01-01, {load.backlog} are left then. It finishes 3.3 a week: about"
        f" {load.fits} fit by 2027-03-31, {load.over} too many; the chance for all is "
    )
    [found] = plan.findings
    assert {name: found.hit.evidence[name] for name in ("promised", "earlier", "over", "backlog")} == {
        "promised": 100,
        "earlier": 30,
        "over": load.over,
        "backlog": load.backlog,
    }
    assert found.title == "Sales Tooling"


def test_a_team_that_finished_too_little_has_no_number_and_no_finding(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *finished(3, labels=("next",)), *numbered("CRM", 90, labels=("next",)))
    config = planned(
        {"key": "SALES.1", "title": "t", "team": "tooling"},
        mappings=[{"key_result": "SALES.1", "work": {"label": "next"}}],
    )
    plan = judged(conn, config)
    assert told(plan) == []
    assert [(one.team, one.promised, one.chance, one.reason) for one in plan.loads] == [
        (
            "tooling",
            90,
            None,
            "team tooling finished linked work on 3 days of the last 84, and a forecast needs 5",
        )
    ]


def test_work_of_no_team_is_promised_by_nobody_and_shown(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("LEGAL", 2))
    config = planned(
        {"key": "SALES.1", "title": "t"}, mappings=[{"key_result": "SALES.1", "work": {"project": "LEGAL"}}]
    )
    assert [(one.team, one.promised, one.key_results) for one in judged(conn, config).loads] == [
        (None, 2, {"SALES.1": 2})
    ]


def test_a_key_result_with_neither_mapping_nor_levers_is_told_apart(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, item("SHOP-1"))
    plan = judged(
        conn,
        planned(
            {"key": "BARE", "title": "t"},
            {"key": "LEVERED", "title": "t", "levers": LEVERS[:1]},
            {"key": "MAPPED", "title": "t"},
            {"key": "FREE", "title": "t", "delivery": {"none": "by word of mouth"}},
            mappings=[{"key_result": "MAPPED", "work": {"label": "not yet"}}],
        ),
    )
    by_section = {
        section: [subject for found, _, subject, _ in told(plan) if found == section]
        for section in ("cascade_ends", "nothing_behind")
    }
    assert by_section == {"cascade_ends": ["BARE", "LEVERED", "MAPPED"], "nothing_behind": ["BARE"]}


def test_only_the_cycle_that_is_asked_about_is_judged(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, item("SHOP-1"))
    config = planned(
        objectives=[
            {**RUNNING, "key_results": [{"key": "NOW.1", "title": "t"}]},
            {"key": "LATER", "title": "t", "cycle": "Q1", "key_results": [{"key": "LATER.1", "title": "t"}]},
        ]
    )
    assert {subject for _, _, subject, _ in told(judged(conn, config, "Q1"))} == {"LATER.1"}
    assert {subject for _, _, subject, _ in told(judged(conn, config, "Q4"))} == {"NOW.1"}


def test_what_the_configuration_silences_is_kept_and_does_not_count(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("CRM", 2), item("SHOP-1"))
    findings = {
        "ignore": ["STR306"],
        "severity": {"STR308": "info"},
        "suppress": [
            {"code": "STR302", "subject": "SALES.1", "until": "2026-11-24", "reason": "people on loan"},
            {"code": "STR302", "subject": "SALES.1", "until": "2026-11-20", "reason": "over"},
            {"code": "STR308", "subject": "SALES.2", "until": "2027-11-20", "reason": "of another"},
        ],
    }
    plan = judged(conn, planned({**SALES, "levers": LEVERS}, findings=findings))
    assert [
        (one.code, one.severity, one.hidden and (one.hidden.by, one.hidden.reason, str(one.hidden.until)))
        for one in plan.findings
    ] == [
        ("STR302", "warning", ("suppress", "people on loan", "2026-11-24")),
        ("STR308", "info", None),
        ("STR306", "warning", ("ignore", None, "None")),
    ]


def test_what_cannot_be_read_is_not_judged(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("CRM", 2))
    conn.execute(sa.text("UPDATE connection SET error = 'refused'"))
    plan = judged(conn, planned({**SALES, "levers": LEVERS}))
    # That nothing links work to it can be told all the same.
    assert [code for _, code, _, _ in told(plan)] == ["STR306"]
    assert plan.unjudged == tuple((code, "SALES.1") for code in ("STR301", "STR302", "STR308", "STR303"))


def test_a_query_that_was_never_asked_leaves_its_key_result_unjudged(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, item("SHOP-1"), item("CRM-1"))
    by_query = {"connection": "tool", "jql": "labels = deal"}
    config = planned(
        {"key": "SALES.1", "title": "t"},
        {**SALES, "key": "SALES.2", "levers": [{"connection": "tool", "not": [by_query]}, {"project": "CRM"}]},
        mappings=[{"key_result": "SALES.1", "work": by_query}],
    )
    new = judged(conn, config)
    assert told(new) == []
    assert set(new.unjudged) >= {("STR306", "SALES.1"), ("STR306", "SALES.2")}
    # It is applied now, as by a sync that asked it, and matches nothing.
    asked = judged(conn, config)
    assert asked.unjudged == ()
    assert ("STR306", "SALES.1") in {(code, subject) for _, code, subject, _ in told(asked)}
