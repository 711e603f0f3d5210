"""Structure, drift, forecast and history of one organisation, read from a minimal tool: by the letter of the design."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.acceptance.conftest import Northing
from tests.acceptance.servers import ago_jira, issue
from tests.acceptance.tools import Tracker

TODAY = dt.datetime.now(dt.UTC).date()
START, END = TODAY - dt.timedelta(days=59), TODAY + dt.timedelta(days=40)
EXPECTED = 0.6


def work(
    number: int, label: str, status: str = "To Do", *, created: float = 70, closed: float = 20, **more: Any
) -> Any:
    """An issue of SHOP with a label, created and finished so many days ago."""
    dates = {"created": ago_jira(created), "updated": ago_jira(closed if status == "Done" else 1)}
    if status == "Done":
        dates["resolutiondate"] = ago_jira(closed)
    return issue(number, status, labels=[label], **dates, **more)


PRODUCT: dict[str, Any] = {"components": [{"id": "1", "name": "Product"}]}
PRICING: dict[str, Any] = {"components": [{"id": "2", "name": "Pricing"}]}
ISSUES = [
    # Leadership's $10M: three of ten levers are the product group's, six those of sales, one is nobody's.
    *(work(number, "lever", **PRODUCT) for number in (1, 2, 3)),
    *(work(number, "lever", key=f"OPS-{number}", project={"id": "2", "key": "OPS"}) for number in range(11, 17)),
    work(4, "lever", **PRICING),
    # Ten items finished on ten days, five to come.
    *(work(20 + number, "steady", "Done", closed=number + 1, **PRODUCT) for number in range(10)),
    *(work(30 + number, "steady", "In Progress", **PRODUCT) for number in range(5)),
    # Delivered, and the metric is flat; then the other way round.
    *(work(40 + number, "flat", "Done", **PRODUCT) for number in range(4)),
    work(44, "flat", "In Progress", **PRODUCT),
    work(45, "moves", "Done", **PRODUCT),
    *(work(46 + number, "moves", "In Progress", **PRODUCT) for number in range(3)),
    # Four items were there when the cycle began, two came later.
    *(work(50 + number, "grew", "In Progress", **PRODUCT) for number in range(4)),
    *(work(54 + number, "grew", "In Progress", created=10, **PRODUCT) for number in range(2)),
    # Five were done, one more was and is open again.
    *(work(60 + number, "again", "Done", **PRODUCT) for number in range(5)),
    work(65, "again", "In Progress", **PRODUCT),
    # Blocked by work of a team that has no part in it.
    work(
        70, "waits", "In Progress", **PRODUCT,
        issuelinks=[{
            "id": "1",
            "type": {"id": "1", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
            "inwardIssue": {"id": "10011", "key": "OPS-11"},
        }],
    ),
]  # fmt: skip

REOPENED = [
    {"id": "1", "created": ago_jira(30), "items": [
        {"field": "status", "fieldId": "status", "from": "1", "fromString": "To Do", "to": "13", "toString": "Done"}]},
    {"id": "2", "created": ago_jira(5), "items": [
        {"field": "status", "fieldId": "status", "from": "13", "fromString": "Done", "to": "14",
         "toString": "In Progress"}]},
]  # fmt: skip

CONFIG = """\
version: 1
database: sqlite:///northing.db
connections:
  jira: {{kind: jira, url: "{url}", auth: {{email: a@example.org, token: "${{JIRA_TOKEN}}"}}, projects: [SHOP, OPS]}}
teams:
  - {{key: company, name: Company}}
  - {{key: product, name: Product Group, parent: company, owns: [{{project: SHOP, component: Product}}]}}
  - {{key: sales, name: Sales Tooling, parent: company, owns: [{{project: OPS}}]}}
cycles:
  - {{key: now, start: {start}, end: {end}}}
objectives:
  - key: TEN
    title: Ten
    cycle: now
    team: product
    owner: Dana
    key_results:
      - key: TEN.1
        title: $10M of the product
        metric: {{unit: "$M", start: 0, target: 10}}
        levers: [{{project: SHOP, component: Product, label: lever}}, {{project: OPS}},
                 {{project: SHOP, component: Pricing}}]
      - {{key: TEN.2, title: Sales calls to 100, metric: {{target: 100}}, levers: [{{project: OPS}}]}}
      - {{key: TEN.3, title: Steady, value: {{from: delivery}}}}
      - {{key: TEN.4, title: Flat to 10, metric: {{target: 10}}}}
      - {{key: TEN.5, title: Moves to 10, metric: {{target: 10}}}}
      - {{key: TEN.6, title: Grew, value: {{from: delivery}}}}
      - {{key: TEN.7, title: Again, value: {{from: delivery}}}}
      - {{key: TEN.8, title: Waits, value: {{from: delivery}}}}
mappings:
  - {{key_result: TEN.3, work: {{label: steady}}}}
  - {{key_result: TEN.4, work: {{label: flat}}}}
  - {{key_result: TEN.5, work: {{label: moves}}}}
  - {{key_result: TEN.6, work: {{label: grew}}}}
  - {{key_result: TEN.7, work: {{label: again}}}}
  - {{key_result: TEN.8, work: {{label: waits}}}}
checkins:
  - {{key_result: TEN.4, date: {today}, value: 1}}
  - {{key_result: TEN.5, date: {today}, value: 7}}
"""


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Northing]:
    """Synced once; no test changes what others look at but by adding to it."""
    with pytest.MonkeyPatch.context() as patch, Tracker(ISSUES) as jira:
        patch.setenv("JIRA_TOKEN", "YUBleGFtcGxlLm9yZzpyaWdodA")
        patch.delenv("NORTHING_CONFIG", raising=False)
        jira.token = ""
        jira.histories = {"10065": REOPENED}
        folder: Path = tmp_path_factory.mktemp("alignment")
        northing = Northing(folder)
        northing.write(CONFIG.format(url=jira.url, start=START, end=END, today=TODAY))
        result = northing("sync")
        assert result.code == 0, result
        yield northing


def finding(northing: Northing, code: str, subject: str) -> dict[str, Any]:
    return northing.row(
        "SELECT * FROM northing_findings WHERE code = ? AND subject = ? AND resolved_at IS NULL", code, subject
    )


def subjects(northing: Northing, code: str) -> set[str]:
    return set(northing.reasons(code))


def test_leaderships_number_says_who_holds_its_levers(organisation: Northing) -> None:
    share = organisation.row("SELECT lever_share FROM northing_key_results WHERE key_result = 'TEN.1'")["lever_share"]
    assert share == pytest.approx(0.3)
    most = finding(organisation, "STR302", "TEN.1")
    assert most["severity"] == "warning"
    assert "Product Group" in most["summary"]
    assert "30 %" in most["summary"]
    assert "Sales Tooling" in most["summary"]
    assert "60 %" in most["summary"]
    assert finding(organisation, "STR301", "TEN.2")["severity"] == "critical"
    nobodys = finding(organisation, "STR308", "TEN.1")
    assert nobodys["severity"] == "critical"
    assert "Pricing" in nobodys["summary"] + nobodys["evidence"]
    assert subjects(organisation, "STR301") == {"TEN.2"}
    assert subjects(organisation, "STR302") == {"TEN.1"}


def test_drift_is_found_where_the_numbers_part(organisation: Northing) -> None:
    assert finding(organisation, "DRF203", "TEN.4")["severity"] == "critical"
    assert finding(organisation, "DRF204", "TEN.5")["severity"] == "info"
    assert finding(organisation, "DRF201", "TEN.4")["severity"] == "critical"
    assert subjects(organisation, "DRF203") == {"TEN.4"}
    assert subjects(organisation, "DRF204") == {"TEN.5"}
    assert finding(organisation, "DRF205", "TEN.6")["severity"] == "warning"
    assert subjects(organisation, "DRF205") == {"TEN.6"}
    assert subjects(organisation, "DRF206") == {"TEN.7"}
    blocked = finding(organisation, "STR307", "TEN.8")
    assert "OPS-11" in blocked["summary"] + blocked["evidence"]


def test_pace_is_outcome_by_expected(organisation: Northing) -> None:
    row = organisation.row("SELECT * FROM northing_key_results WHERE key_result = 'TEN.4'")
    assert (row["expected"], row["outcome"], row["delivery"]) == pytest.approx((EXPECTED, 0.1, 0.8))
    assert row["pace"] == pytest.approx(0.1 / EXPECTED)
    assert row["health"] == "at_risk"


def test_a_forecast_needs_five_days_with_completions(organisation: Northing) -> None:
    steady = organisation.row("SELECT * FROM northing_key_results WHERE key_result = 'TEN.3'")
    assert 0 < steady["chance_by_end"] < 1
    assert TODAY.isoformat() < steady["forecast_p50"] <= steady["forecast_p85"]
    again = json.loads(organisation("forecast", "TEN.3", "--json").out)
    assert json.loads(organisation("forecast", "TEN.3", "--json").out) == again
    bare = organisation.row("SELECT * FROM northing_key_results WHERE key_result = 'TEN.1'")
    assert (bare["forecast_p50"], bare["chance_by_end"]) == (None, None)


def test_the_past_is_there_after_the_first_sync(organisation: Northing) -> None:
    rows = organisation.rows("SELECT * FROM northing_key_result_days WHERE key_result = 'TEN.3' ORDER BY day")
    assert rows[0]["day"] == START.isoformat()
    assert len(rows) == 60
    assert {row["day"]: row["work_done"] for row in rows[-12:]} == {
        (TODAY - dt.timedelta(days=ago)).isoformat(): sum(1 for number in range(10) if number + 1 >= ago)
        for ago in range(11, -1, -1)
    }
    assert [bool(row["rebuilt"]) for row in rows] == [True] * 59 + [False]
    assert rows[-1]["delivery"] == pytest.approx(10 / 15)


def test_a_past_day_is_answered_as_known_now(organisation: Northing) -> None:
    day = TODAY - dt.timedelta(days=6)
    told = json.loads(organisation("status", "--as-of", day.isoformat(), "--json").out)
    (steady,) = [one for row in told for one in row["key_results"] if one["key_result"] == "TEN.3"]
    then = organisation.row(
        "SELECT * FROM northing_key_result_days WHERE key_result = 'TEN.3' AND day = ?", day.isoformat()
    )
    assert (steady["work_done"], steady["work_total"], steady["delivery"]) == (5, 15, pytest.approx(5 / 15))
    assert (then["work_done"], then["work_total"], then["delivery"]) == (5, 15, pytest.approx(5 / 15))
    assert organisation("status", "--as-of", (TODAY + dt.timedelta(days=1)).isoformat()).code == 2


def test_the_waterfall_sums_to_the_change(organisation: Northing) -> None:
    told = json.loads(organisation("history", "TEN.6", "--json").out)
    fall = told["waterfall"]
    parts = ("completed", "added", "removed", "re_estimated", "reopened", "remapped")
    assert sum(fall[part] for part in parts) == fall["delivery_to"] - fall["delivery_from"] == fall["change"]


def test_a_teams_shares_sum_to_one(organisation: Northing) -> None:
    rows = organisation.rows("SELECT team, sum(share) AS share FROM northing_team_alignment GROUP BY cycle, team")
    assert {row["team"]: row["share"] for row in rows} == {"product": pytest.approx(1)}


def test_findings_come_in_the_formats_of_other_programs(organisation: Northing) -> None:
    found = organisation("check", "--select", "STR301", "--format", "json")
    assert found.code == 1
    assert [(one["code"], one["subject"]) for one in json.loads(found.out)] == [("STR301", "TEN.2")]
    sarif = json.loads(organisation("check", "--select", "STR301", "--format", "sarif").out)
    assert sarif["version"] == "2.1.0"
    (result,) = sarif["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("STR301", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("northing.yaml")
    assert "TEN.2" in CONFIG.splitlines()[place["region"]["startLine"] - 1]
    suite = ET.fromstring(organisation("check", "--select", "STR301", "--format", "junit").out)
    assert len(suite.findall(".//failure")) == 1
    told = organisation("check", "--select", "STR301", "--format", "github").out
    assert told.startswith("::error ")
    assert organisation("check", "--select", "STR", "--ignore", "STR30", "--fail-on", "critical").code == 0
    assert organisation("check", "--select", "DRF204", "--fail-on", "info").code == 1


def test_people_object_decide_and_acknowledge(organisation: Northing) -> None:
    assert organisation("finding", "object", "TEN.1", "metric", "--team", "product", "--note", "A tool").code == 0
    until = (TODAY + dt.timedelta(days=20)).isoformat()
    decided = organisation("finding", "decide", "STR301", "TEN.2", "restructure", "--by", "Kim", "--until", until)
    assert decided.code == 0, decided
    row = finding(organisation, "STR301", "TEN.2")
    assert (row["decision"], row["decided_by"], row["decided_until"]) == ("restructure", "Kim", until)
    assert row["days_left_when_opened"] == 40
    assert organisation("finding", "ack", "STR302", "TEN.1", "--by", "Ann").code == 0
    assert organisation("finding", "ack", "STR301", "TEN.1").code == 2
    assert organisation("finding", "object", "TEN.1", "weather", "--team", "product").code == 2


PLAN = """\
cycles:
  - {{key: next, start: {start}, end: {end}}}
objectives:
  - key: PLAN
    title: Plan
    cycle: next
    team: product
    owner: Dana
    key_results:
      - {{key: PLAN.1, title: Calls to 10, metric: {{target: 10}}, levers: [{{project: OPS}}]}}
      - {{key: PLAN.2, title: Fine to 10, metric: {{target: 10}}, levers: [{{project: SHOP, component: Product}}]}}
"""


def test_a_plan_is_judged_before_its_cycle_begins(organisation: Northing) -> None:
    starts = END + dt.timedelta(days=1)
    organisation.write(PLAN.format(start=starts, end=starts + dt.timedelta(days=89)), "plan.yaml")
    before = organisation.rows("SELECT count(*) AS n FROM finding")
    judged = organisation("plan", "check", str(organisation.folder / "plan.yaml"), "--json")
    assert judged.code == 1, judged
    text = json.dumps(json.loads(judged.out))
    assert "STR301" in text
    assert "PLAN.1" in text
    assert organisation.rows("SELECT count(*) AS n FROM finding") == before
    organisation.write(PLAN.format(start=starts, end=starts).replace("project: OPS", "projekt: OPS"), "bad.yaml")
    assert organisation("plan", "check", str(organisation.folder / "bad.yaml")).code == 2
