"""Corners that a real site has: odd records, old days, a repository that is gone, a server that is down."""

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.retry import Patience
from tests.acceptance.conftest import Northing
from tests.acceptance.servers import Cloud, GitHub, Jira, ago_jira, issue, milestone, ticket

ZURICH = ZoneInfo("Europe/Zurich")
TODAY = dt.datetime.now(ZURICH).date()


def day(offset: int) -> dt.date:
    return TODAY + dt.timedelta(days=offset)


def configured(
    northing: Northing, jira: str, key_results: str, mappings: str = "", more: str = "", github: str = ""
) -> None:
    """A configuration with one objective in a cycle of 100 days, of which today is the 50th."""
    text = f"""
version: 1
database: sqlite:///northing.db
timezone: Europe/Zurich
connections:
  jira: {{kind: jira, url: "{jira}", auth: {{token: "${{JIRA_TOKEN}}"}}, projects: [SHOP]}}
"""
    if github:
        text += f'  hub: {{kind: github, url: "{github}", auth: {{token: "${{GITHUB_TOKEN}}"}}, repositories: [o/r]}}\n'
    northing.write(f"""{text}
cycles: [{{key: now, start: {day(-49)}, end: {day(50)}}}]
objectives:
  - key: O
    title: One
    cycle: now
    key_results:
{key_results}
mappings: [{mappings}]
{more}
""")


def numbers(northing: Northing, key: str = "K", columns: str = "delivery") -> tuple[Any, ...]:
    return tuple(northing.row(f"SELECT {columns} FROM northing_key_results WHERE key_result = ?", key).values())


def test_a_record_that_cannot_be_read_is_set_aside_and_the_others_count(northing: Northing) -> None:
    broken = issue(2, labels={"no": "list"})
    broken["fields"]["status"] = 7
    odd = issue(3, "Done", summary="NUL \u0000 and \ud800 half", duedate="99999-01-01", assignee=None)
    with Jira([issue(1), broken, odd, issue(4, "Done")]) as jira:
        configured(northing, jira.url, "      - {key: K, title: k}", "{key_result: K, work: {project: SHOP}}")
        assert northing("sync").code == 0
        assert "SHOP" in northing.reasons("SYN504")
        kept = {row["key"]: row["title"] for row in northing.rows("SELECT key, title FROM northing_work")}
        assert {"SHOP-1", "SHOP-3", "SHOP-4"} <= set(kept)
        assert "\x00" not in kept["SHOP-3"]
        assert numbers(northing, columns="work_done") == (2,)
        assert northing.row("SELECT set_aside > 0 AS some FROM northing_sync_runs") == {"some": 1}


def test_a_server_that_is_down_is_a_failing_connection(northing: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.transport.Patience", lambda: Patience(attempts=1))
    with Jira([issue(1, "Done"), issue(2, "In Progress")]) as jira:
        configured(northing, jira.url, "      - {key: K, title: k}", "{key_result: K, work: {project: SHOP}}")
        assert northing("sync").code == 0
    assert numbers(northing, columns="delivery, health") == (0.5, "on_track")
    assert northing("sync").code == 3
    assert set(northing.reasons("SYN501")) == {"jira"}
    assert numbers(northing, columns="delivery, health") == (0.5, "unknown")


@pytest.mark.parametrize("kind", [Jira, Cloud])
def test_points_are_taken_from_estimates_and_gaps_are_imputed(northing: Northing, kind: type[Jira]) -> None:
    issues = [
        issue(1, "Done", customfield_10016=8),
        issue(2, customfield_10016=2),
        issue(3, customfield_10016=None),
        issue(4, "Done", resolution={"name": "won't do"}, customfield_10016=100),
    ]
    with kind(issues) as jira:
        configured(
            northing,
            jira.url,
            "      - {key: K, title: k}",
            "{key_result: K, work: {project: shop}}",
            "counting: {measure: points, in_progress_credit: 0.5}",
        )
        assert northing("sync").code == 0
    assert numbers(northing, columns="size_total, size_done, delivery") == (15, 8, pytest.approx(8 / 15))


def test_shares_weigh_mappings_that_have_counted_items(northing: Northing) -> None:
    issues = [issue(1, "Done", labels=["a"]), issue(2, labels=["b"]), issue(3, "Done", labels=["b", "a"])]
    with Jira(issues) as jira:
        configured(
            northing,
            jira.url,
            "      - {key: K, title: k}",
            "{key_result: K, work: {label: B}, share: 30}, {key_result: K, work: {label: a}, share: 60},"
            " {key_result: K, work: {label: none}, share: 10}",
        )
        assert northing("sync").code == 0
    assert numbers(northing) == (pytest.approx((30 * 0.5 + 60 * 1) / 90),)


def test_a_phased_curve_rises_between_its_points(northing: Northing) -> None:
    key_results = f"""\
      - {{key: K, title: k, expected: [[{day(-10)}, 0.1], [{day(10)}, 0.5]]}}
      - {{key: L, title: l, expected: linear}}
      - {{key: M, title: m, expected: [[{day(40)}, 0.9]]}}"""
    with Jira([]) as jira:
        configured(northing, jira.url, key_results)
        assert northing("sync").code == 0
    assert [numbers(northing, key, "expected")[0] for key in "KLM"] == [
        pytest.approx(0.3),
        pytest.approx(0.5),
        pytest.approx(0.9 * 49 / 89),
    ]


def test_keep_done_and_falling_metrics(northing: Northing) -> None:
    key_results = """\
      - {key: K, title: k, metric: {type: keep, max: 200}}
      - {key: L, title: l, metric: {type: keep, min: 5}}
      - {key: M, title: m, metric: {type: done}}
      - {key: N, title: n, metric: {start: 10, target: 4}}
      - {key: P, title: p, metric: {target: 4}}"""
    values = {"K": 200, "L": 4.99, "M": 1, "N": 7, "P": -3}
    check_ins = ", ".join(f"{{key_result: {key}, date: {TODAY}, value: {value}}}" for key, value in values.items())
    later = f"{{key_result: K, date: {day(1)}, value: 999}}"
    with Jira([]) as jira:
        configured(northing, jira.url, key_results, more=f"checkins: [{check_ins}, {later}]")
        assert northing("sync").code == 0
    assert [numbers(northing, key, "outcome")[0] for key in "KLMNP"] == [1, 0, 1, 0.5, 0]


def test_a_query_in_the_tools_language_chooses_work(northing: Northing) -> None:
    with Jira([issue(1, "Done"), issue(2), issue(3)]) as jira:
        jira.queries["project = SHOP AND labels = latency"] = ["SHOP-1", "SHOP-3"]
        configured(
            northing,
            jira.url,
            "      - {key: K, title: k}",
            '{key_result: K, work: {connection: jira, jql: "project = SHOP AND labels = latency"}}',
        )
        assert northing("sync").code == 0
        assert numbers(northing, columns="work_total, delivery") == (2, 0.5)


def test_not_takes_away_what_lies_below_too(northing: Northing) -> None:
    issues = [
        issue(1, type="Epic"),
        issue(2, type="Story", customfield_10014="SHOP-1", labels=["Out"]),
        issue(3, "Done", customfield_10014="SHOP-1"),
        issue(4, type="Sub-task", parent={"id": "10002", "key": "SHOP-2"}),
    ]
    with Jira(issues) as jira:
        configured(
            northing, jira.url, "      - {key: K, title: k}", "{key_result: K, work: {epic: SHOP-1, not: {label: out}}}"
        )
        assert northing("sync").code == 0
    linked = northing.rows("SELECT item_key FROM northing_links ORDER BY 1")
    assert [row["item_key"] for row in linked] == ["SHOP-1", "SHOP-3"]


def test_a_github_milestone_is_due_on_the_day_of_its_creator(northing: Northing) -> None:
    due = milestone(1, "M1", due_on="2026-11-30T23:00:00Z")
    with GitHub([ticket(1, milestone=due)], [due]) as github, Jira([]) as jira:
        configured(northing, jira.url, "      - {key: K, title: k}", github=github.url)
        assert northing("sync").code == 0
    row = northing.row("SELECT due_on, work_total, state, kind FROM northing_containers")
    assert row == {"due_on": "2026-12-01", "work_total": 1, "state": "open", "kind": "milestone"}


def test_an_issue_that_is_gone_from_the_tool_leaves_with_a_full_sync(northing: Northing) -> None:
    with Jira([issue(1, "Done"), issue(2)]) as jira:
        configured(northing, jira.url, "      - {key: K, title: k}", "{key_result: K, work: {project: SHOP}}")
        assert northing("sync").code == 0
        jira.issues[1]["fields"]["status"] = {"name": "Shut", "statusCategory": {"id": 3, "key": "done", "name": "x"}}
        jira.issues[1]["fields"]["updated"] = ago_jira(0)
        assert northing("sync").code == 0
        assert numbers(northing) == (1,)


def test_a_repository_that_is_not_there_is_told_and_the_others_are_read(northing: Northing) -> None:
    with GitHub([ticket(1)], []) as github, Jira([issue(1)]) as jira:
        configured(northing, jira.url, "      - {key: K, title: k}", github=github.url)
        text = (northing.folder / "northing.yaml").read_text().replace("[o/r]", "[o/r, o/gone]")
        northing.write(text)
        done = northing("sync")
        assert "o/gone" in done.out + done.err
        assert done.code == 3
    assert northing.row("SELECT count(*) AS n FROM northing_work") == {"n": 2}


def test_no_metric_and_no_work_is_unknown_and_never_zero(northing: Northing, tmp_path: Path) -> None:
    with Jira([]) as jira:
        configured(northing, jira.url, "      - {key: K, title: k, value: {from: delivery}}")
        assert northing("sync").code == 0
    columns = "delivery, outcome, pace, health, work_total, size_total"
    assert numbers(northing, columns=columns) == (None, None, None, "unknown", 0, 0)
