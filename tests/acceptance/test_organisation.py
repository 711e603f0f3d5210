"""One organisation, read from minimal tools: its numbers, its findings and its views, by the letter of the design."""

import datetime as dt
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.conftest import Northing
from tests.acceptance.servers import Cloud, GitHub, Jira, ago_jira, issue, milestone, ticket

TODAY = dt.datetime.now(dt.UTC).date()
START, END = TODAY - dt.timedelta(days=60), TODAY + dt.timedelta(days=39)

ISSUES = [
    issue(1, "In Progress", type="Epic"),
    issue(2, "Done", customfield_10014="SHOP-1", customfield_10016=3.0),
    issue(3, "In Progress", customfield_10014="SHOP-1", customfield_10016=5.0),
    issue(4, "To Do", customfield_10014="SHOP-1"),
    issue(5, "Done", customfield_10014="SHOP-1", resolution={"name": "Won't Do"}),
    issue(6, "In Progress", type="Sub-task", parent={"id": "10003", "key": "SHOP-3"}),
    issue(7, "Done", resolution={"name": "Duplicate"}, labels=["cancelled-one"]),
    issue(8, "Done", labels=["finished"]),
    issue(9, "In Progress", labels=["stale"], updated=ago_jira(20)),
    issue(10, "To Do", labels=["idle"], updated=ago_jira(20)),
    issue(11, "In Progress", type="Epic", summary="Nobody asked"),
    issue(12, "In Progress", customfield_10014="SHOP-11"),
    issue(13, "In Progress", labels=["Maintenance"]),
    issue(14, "In Progress", summary="Straße \u00c1\u2019s \U0001f680"),
    issue(15, "To Do", labels=["kr:\u00dcber.1"]),
]

TICKETS = [
    ticket(1, milestone=milestone(1, "Checkout v2")),
    ticket(2, "closed", milestone=milestone(1, "Checkout v2")),
    ticket(3, "closed", state_reason="not_planned", milestone=milestone(1, "Checkout v2")),
    ticket(4, labels=[{"name": "WIP"}]),
    ticket(5, labels=[{"name": "doing"}], milestone=milestone(2, "Orphans")),
    ticket(6, pull_request={"url": "x"}),
    ticket(7, "closed", state_reason=None, body="Hello\r\n  key-result: GROW.2  \r\nbye"),
]

CONFIG = """\
version: 1
database: sqlite:///northing.db
timezone: Europe/Zurich
connections:
  jira: {{kind: jira, url: "{jira}", auth: {{token: "${{JIRA_TOKEN}}"}}, projects: [SHOP]}}
  github: {{kind: github, url: "{github}", auth: {{token: "${{GITHUB_TOKEN}}"}}, repositories: [o/r]}}
teams:
  - {{key: product, name: Product}}
  - {{key: commerce, parent: product, owns: [{{connection: jira, project: SHOP}}]}}
cycles:
  - {{key: now, start: {start}, end: {end}}}
  - {{key: past, start: 2020-01-01, end: 2020-03-31}}
objectives:
  - key: GROW
    title: Grow
    cycle: now
    team: commerce
    owner: Dana
    key_results:
      - {{key: GROW.1, title: Mixed, metric: {{unit: "%", start: 3, target: 1}}}}
      - {{key: GROW.2, title: Milestone, value: {{from: delivery}}}}
      - {{key: GROW.3, title: Keep, metric: {{type: keep, min: 0, max: 200}}, delivery: {{none: "no work"}}}}
      - {{key: GROW.4, title: Done, metric: {{type: done}}, delivery: {{none: "no work"}}, weight: 3}}
  - key: BAD
    title: All bare
    cycle: now
    key_results:
      - {{key: BAD.none, title: no mapping}}
      - {{key: BAD.nothing, title: matches nothing}}
      - {{key: BAD.cancelled, title: only cancelled}}
      - {{key: BAD.done, title: only done, metric: {{start: 0, target: 10}}}}
      - {{key: BAD.stale, title: only stale}}
      - {{key: BAD.idle, title: nothing in progress}}
  - key: EMPTY
    title: Nothing at all
    cycle: now
    key_results:
      - {{key: EMPTY.1, title: no mapping}}
  - key: UNI
    title: Letters
    cycle: now
    key_results:
      - {{key: Über.1, title: "Ünï"}}
  - key: OLD
    title: Old
    cycle: past
    key_results:
      - {{key: OLD.1, title: x}}
mappings:
  - {{key_result: GROW.1, work: {{connection: jira, epic: SHOP-1}}}}
  - {{key_result: GROW.1, work: {{issue: shop-3}}}}
  - {{key_result: GROW.2, work: {{connection: github, repository: O/R, milestone: checkout V2}}}}
  - {{key_result: BAD.nothing, work: {{label: nowhere}}}}
  - {{key_result: BAD.cancelled, work: {{label: cancelled-*}}}}
  - {{key_result: BAD.done, work: {{label: finished}}}}
  - {{key_result: BAD.stale, work: {{label: stale}}}}
  - {{key_result: BAD.idle, work: {{label: idle}}}}
  - {{key_result: OLD.1, work: {{issue: "o/r#4"}}}}
conventions: {{label: "kr:{{key}}", trailer: Key-Result}}
intentional:
  - {{reason: Lights on, work: {{label: maintenance}}}}
checkins:
  - {{key_result: GROW.1, date: {start}, value: 3, confidence: 0.6}}
  - {{key_result: GROW.1, date: {today}, value: 2}}
  - {{key_result: GROW.3, date: {today}, value: 201}}
  - {{key_result: GROW.4, date: {today}, value: true}}
  - {{key_result: BAD.done, date: {today}, value: 4}}
"""


def config(jira: str, github: str) -> str:
    return CONFIG.format(jira=jira, github=github, start=START, end=END, today=TODAY)


@dataclass(frozen=True)
class Organisation:
    """The tools, being served, and a folder in which they were read once."""

    jira: Jira
    github: GitHub
    folder: Path


@pytest.fixture(scope="module", params=[Jira, Cloud], ids=["datacenter", "cloud"])
def organisation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    """Read once for all tests, each of which works on a copy."""
    folder = tmp_path_factory.mktemp("organisation")
    with request.param(list(ISSUES)) as jira, GitHub(list(TICKETS), [milestone(1, "Checkout v2")]) as github:
        northing = Northing(folder)
        northing.write(config(jira.url, github.url))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JIRA_TOKEN", "right")
            patch.setenv("GITHUB_TOKEN", "right")
            done = northing("sync", "--json")
        assert done.code == 0, done.out + done.err
        yield Organisation(jira, github, folder)


@pytest.fixture
def read(northing: Northing, organisation: Organisation) -> tuple[Northing, Jira, GitHub]:
    """The organisation, read once."""
    shutil.copytree(organisation.folder, northing.folder, dirs_exist_ok=True)
    return northing, organisation.jira, organisation.github


def test_the_numbers_of_key_results(read: tuple[Northing, Jira, GitHub]) -> None:
    northing, _, _ = read
    columns = "outcome, outcome_value, delivery, expected, work_total, work_done, work_descoped, size_total, health"
    rows = northing.rows(f"SELECT key_result, {columns} FROM northing_key_results")
    numbers = {row.pop("key_result"): list(row.values()) for row in rows}
    assert numbers == {
        "GROW.1": [0.5, 2, pytest.approx(1 / 3), 0.61, 3, 1, 1, 3, "behind"],
        "GROW.2": [pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3), 0.61, 3, 2, 1, 3, "on_track"],
        "GROW.3": [0, 201, None, 0.61, 0, 0, 0, 0, "at_risk"],
        "GROW.4": [1, 1, None, 0.61, 0, 0, 0, 0, "on_track"],
        "BAD.none": [None, None, None, 0.61, 0, 0, 0, 0, "unknown"],
        "BAD.nothing": [None, None, None, 0.61, 0, 0, 0, 0, "unknown"],
        "BAD.cancelled": [None, None, None, 0.61, 0, 0, 1, 0, "unknown"],
        "BAD.done": [0.4, 4, 1, 0.61, 1, 1, 0, 1, "at_risk"],
        "BAD.stale": [None, None, 0, 0.61, 1, 0, 0, 1, "at_risk"],
        "BAD.idle": [None, None, 0, 0.61, 1, 0, 0, 1, "at_risk"],
        "EMPTY.1": [None, None, None, 0.61, 0, 0, 0, 0, "unknown"],
        "Über.1": [None, None, 0, 0.61, 1, 0, 0, 1, "at_risk"],
        "OLD.1": [None, None, 0, 1, 1, 0, 0, 1, "closed"],
    }
    grow = northing.row("SELECT outcome, delivery, key_results FROM northing_objectives WHERE objective = 'GROW'")
    assert grow == {
        "outcome": pytest.approx((0.5 + 2 / 3 + 0 + 3) / 6),
        "delivery": pytest.approx(0.5),
        "key_results": 4,
    }


def test_every_finding_of_coverage(read: tuple[Northing, Jira, GitHub]) -> None:
    northing, _, _ = read
    assert northing.reasons("COV101") == {
        "GROW.2": "nothing_in_progress",
        "BAD.none": "no_mapping",
        "BAD.nothing": "matches_nothing",
        "BAD.cancelled": "only_cancelled",
        "BAD.done": "only_done",
        "BAD.stale": "only_stale",
        "BAD.idle": "nothing_in_progress",
        "EMPTY.1": "no_mapping",
        "Über.1": "nothing_in_progress",
    }
    assert northing.reasons("COV102") == {
        "SHOP-11": "epic",
        "SHOP": "scope",
        "o/r": "scope",
        "o/r: Orphans": "milestone",
    }
    assert northing.reasons("COV104") == {"GROW.1#2": "covered", "BAD.nothing#1": "matches_nothing"}
    assert set(northing.reasons("COV105")) == {"EMPTY"}
    unaligned = northing.rows("SELECT key FROM northing_unaligned_work ORDER BY key")
    assert [row["key"] for row in unaligned] == ["SHOP-12", "SHOP-14", "o/r#4", "o/r#5"]


def test_links_tell_how_they_came_and_whether_they_count(read: tuple[Northing, Jira, GitHub]) -> None:
    northing, _, _ = read
    query = (
        "SELECT item_key, via, direct, counted, state FROM northing_links WHERE key_result IN ('GROW.1', 'GROW.2')"
        " ORDER BY item_key"
    )
    assert [tuple(row.values()) for row in northing.rows(query)] == [
        ("SHOP-1", "mapping", 1, 0, "in_progress"),
        ("SHOP-2", "mapping", 0, 1, "done"),
        ("SHOP-3", "mapping", 1, 1, "in_progress"),
        ("SHOP-4", "mapping", 0, 1, "todo"),
        ("SHOP-5", "mapping", 0, 0, "cancelled"),
        ("SHOP-6", "mapping", 0, 0, "in_progress"),
        ("o/r#1", "mapping", 1, 1, "todo"),
        ("o/r#2", "mapping", 1, 1, "done"),
        ("o/r#3", "mapping", 1, 0, "cancelled"),
        ("o/r#7", "trailer", 1, 1, "done"),
    ]


def test_values_are_written_as_documented(read: tuple[Northing, Jira, GitHub]) -> None:
    northing, jira, _ = read
    item = northing.row("SELECT * FROM northing_work WHERE key = 'SHOP-3'")
    assert item["url"] == f"{jira.url}/browse/SHOP-3"
    assert (item["parent_key"], item["team"], item["estimate"], item["closed_at"]) == ("SHOP-1", "commerce", 5.0, None)
    assert (json.loads(item["key_results"]), json.loads(item["labels"]), json.loads(item["versions"])) == (
        ["GROW.1"],
        [],
        [],
    )
    for row in northing.rows("SELECT * FROM northing_work") + northing.rows("SELECT * FROM northing_findings"):
        for name in ("created_at", "updated_at", "opened_at", "last_seen_at"):
            assert name not in row or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row[name])
    assert json.loads(northing.row("SELECT key_results FROM northing_work WHERE key = 'SHOP-15'")["key_results"]) == [
        "Über.1"
    ]
    title = northing.row("SELECT title FROM northing_work WHERE key = 'SHOP-14'")["title"]
    assert title == "Straße \u00c1\u2019s \U0001f680"


def test_a_second_sync_changes_nothing(read: tuple[Northing, Jira, GitHub]) -> None:
    northing, _, _ = read
    views = ("key_results", "work", "links", "objectives", "containers")
    before = {view: northing.rows(f"SELECT * FROM northing_{view}") for view in views}
    again = northing("sync", "--json")
    assert again.code == 0
    assert [one["changed"] for one in again.data["scopes"]] == [0, 0]
    assert {view: northing.rows(f"SELECT * FROM northing_{view}") for view in views} == before


def test_an_edited_mapping_needs_no_new_read(
    read: tuple[Northing, Jira, GitHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    northing, jira, github = read
    text = (northing.folder / "northing.yaml").read_text()
    northing.write(text.replace("epic: SHOP-1}", "epic: SHOP-11}"))
    diff = northing("map", "diff", "--json")
    assert diff.code in (0, 1), diff.err
    assert "SHOP-12" in diff.out
    monkeypatch.setattr(jira, "issues", [])
    monkeypatch.setattr(github, "issues", [])
    assert northing("sync").code == 0
    rows = northing.rows("SELECT item_key FROM northing_links WHERE key_result = 'GROW.1' ORDER BY 1")
    assert [row["item_key"] for row in rows] == ["SHOP-11", "SHOP-12", "SHOP-3", "SHOP-6"]


def test_a_wrong_token_keeps_the_numbers_and_says_so_instead(
    read: tuple[Northing, Jira, GitHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    northing, _, _ = read
    before = northing.rows("SELECT key_result, delivery, outcome, work_total FROM northing_key_results")
    monkeypatch.setenv("JIRA_TOKEN", "wr0ng-s3cret")
    failed = northing("sync")
    assert failed.code == 3
    assert "wr0ng" not in failed.out + failed.err
    assert set(northing.reasons("SYN501")) == {"jira"}
    assert northing.rows("SELECT key_result, delivery, outcome, work_total FROM northing_key_results") == before
    # Nothing opens while it fails, and what was open is neither lost nor told anew.
    assert "SYN501" in northing("check").out
    health = northing.row("SELECT health FROM northing_key_results WHERE key_result = 'GROW.1'")["health"]
    assert health == "unknown"
    monkeypatch.setenv("JIRA_TOKEN", "right")
    assert northing("sync").code == 0
    assert northing.reasons("SYN501") == {}


def test_no_coverage_is_judged_before_the_first_successful_read(
    northing: Northing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Jira(list(ISSUES)) as jira, GitHub(list(TICKETS), []) as github:
        northing.write(config(jira.url, github.url))
        monkeypatch.setenv("JIRA_TOKEN", "wrong")
        monkeypatch.setenv("GITHUB_TOKEN", "wrong")
        assert northing("sync").code == 3
    assert northing.reasons("COV101") == {}
    assert northing.reasons("COV104") == {}
    assert northing.reasons("COV105") == {}
    assert set(northing.reasons("SYN501")) == {"jira", "github"}


def test_check_ends_as_its_options_say(read: tuple[Northing, Jira, GitHub]) -> None:
    northing, _, _ = read
    assert northing("check").code == 1
    assert northing("check", "--select", "SYN501").code == 0
    assert northing("check", "--select", "COV102", "--fail-on", "critical").code == 0
    others = ("--ignore", "SYN", "--ignore", "DRF", "--ignore", "STR", "--ignore", "HYG")
    assert northing("check", "--ignore", "COV", *others).code == 0
    assert northing("check", *others).code == 1
    found = northing("check", "--select", "COV102", "--format", "json")
    assert (found.code, {one["code"] for one in found.data}) == (1, {"COV102"})
    assert northing("check", "--select", "COV999").code == 2
    assert northing("check", "--fail-on", "enormous").code == 2


def test_a_value_recorded_by_hand_counts_at_once(read: tuple[Northing, Jira, GitHub]) -> None:
    northing, _, _ = read
    assert northing("checkin", "GROW.1", "1", "--confidence", "0.9").code == 0
    row = northing.row("SELECT outcome, outcome_value, confidence FROM northing_key_results WHERE key_result='GROW.1'")
    assert row == {"outcome": 1, "outcome_value": 1, "confidence": 0.9}
    assert northing("checkin", "Über.9", "1").code == 2
    assert northing("checkin", "GROW.1", "1", "--confidence", "2").code == 2


def test_a_renamed_key_result_keeps_its_history_and_one_that_left_is_archived(
    read: tuple[Northing, Jira, GitHub],
) -> None:
    northing, _, _ = read
    assert northing("checkin", "GROW.1", "1").code == 0
    text = (northing.folder / "northing.yaml").read_text()
    text = re.sub(r"\bGROW\.1\b(?!, title)", "NEW.1", text)
    text = text.replace("{key: GROW.1, title: Mixed", "{key: NEW.1, was: GROW.1, title: Mixed")
    text = re.sub(r"  - key: EMPTY\n.*?(?=  - key: UNI)", "", text, flags=re.DOTALL)
    northing.write(text)
    assert northing("sync").code == 0
    row = northing.row("SELECT outcome_value FROM northing_key_results WHERE key_result = 'NEW.1'")
    assert row == {"outcome_value": 1}
    keys = [row["key_result"] for row in northing.rows("SELECT key_result FROM northing_key_results")]
    assert not {"GROW.1", "EMPTY.1"} & set(keys)
    assert "EMPTY" not in northing.reasons("COV105")


def test_doctor_finds_nothing_wrong_with_a_site_that_has_no_boards(read: tuple[Northing, Jira, GitHub]) -> None:
    northing, _, _ = read
    found = northing("doctor")
    assert found.code == 0, found.out
