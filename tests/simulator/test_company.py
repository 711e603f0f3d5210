"""The sample company: the same on the same day, of one piece on any day, and with what its findings need."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator import company
from simulator.company.plan import Calendar

DAYS = [date(2026, 11, 24), date(2026, 10, 1), date(2026, 12, 31), date(2027, 1, 1), date(2028, 2, 29)]
TODAY = DAYS[0]


def children(built: company.Company, name: str) -> list[dict[str, Any]]:
    key = built.keys[name]
    return [issue.raw for issue in built.jira.issues.values() if (issue.fields.get("parent") or {}).get("key") == key]


def states(issues: list[dict[str, Any]]) -> set[str]:
    return {issue["fields"]["status"]["statusCategory"]["key"] for issue in issues}


def days_since(issue: dict[str, Any]) -> int:
    return (datetime(2026, 11, 24, 12, tzinfo=UTC) - datetime.fromisoformat(issue["fields"]["updated"])).days


@pytest.mark.parametrize("today", DAYS)
def test_every_date_lies_in_order_and_none_in_the_future(today: date) -> None:
    jira, github = company.sites(today)
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    spans = [(issue.fields["created"], issue.fields["updated"]) for issue in jira.issues.values()]
    for repository in github.repositories.values():
        spans += [(issue.raw["created_at"], issue.raw["updated_at"]) for issue in repository.issues.values()]
    assert len(spans) > 500
    wrong = [span for span in spans if not span[0] <= span[1] or datetime.fromisoformat(span[1]) > now]
    assert wrong == []


def test_the_same_day_gives_the_same_company() -> None:
    first, second = company.build(TODAY), company.build(TODAY)
    assert [issue.raw for issue in first.jira.issues.values()] == [issue.raw for issue in second.jira.issues.values()]
    assert first.keys == second.keys
    assert first.github.keys() == second.github.keys()


def test_keys_do_not_depend_on_the_day() -> None:
    assert company.build(DAYS[1]).keys["price_service"] == company.build(DAYS[2]).keys["price_service"]
    assert company.build(TODAY).keys["one_page"] == "SHOP-2"


def test_titles_are_distinct_within_a_project_and_no_field_is_left_empty() -> None:
    built = company.build(TODAY)
    titles = [
        (issue.project, issue.fields["summary"])
        for issue in built.jira.issues.values()
        if not issue.fields["issuetype"]["subtask"]
    ]
    assert len(set(titles)) == len(titles)
    assert all(title.strip() == title and title for _, title in titles)


def test_the_work_shows_one_of_every_situation() -> None:
    built = company.build(TODAY)
    assert states(children(built, "refunds")) == {"done"}
    assert {issue["fields"]["resolution"]["name"] for issue in children(built, "marketplace")} <= {
        "Won't Do",
        "Duplicate",
    }
    stale = [issue for issue in children(built, "availability") if issue["fields"]["status"]["name"] != "Done"]
    assert min(days_since(issue) for issue in stale) > 14
    assert states(stale) == {"new", "indeterminate"}
    waiting = children(built, "deploys")
    assert states(waiting) == {"new", "done"}
    assert min(days_since(issue) for issue in waiting if issue["fields"]["status"]["name"] == "Done") > 14
    assert min(days_since(issue) for issue in waiting if issue["fields"]["status"]["name"] == "To Do") < 14
    stuck = [issue for issue in children(built, "one_page") if issue["fields"]["status"]["name"].startswith("In ")]
    assert max(days_since(issue) for issue in stuck) > 14
    blocked = [issue for issue in children(built, "one_click") if issue["fields"]["issuelinks"]]
    assert {
        link["inwardIssue"]["key"].split("-")[0] for issue in blocked for link in issue["fields"]["issuelinks"]
    } == {"PLAT"}
    assert states(children(built, "regions")) == {"new"}
    late = [issue for issue in children(built, "checkout_speed") if issue["fields"]["duedate"]]
    assert late
    assert all(issue["fields"]["duedate"] < "2026-11-24" and states([issue]) != {"done"} for issue in late)
    unestimated = [issue for issue in children(built, "welcome") if issue["fields"]["customfield_10016"] is None]
    assert unestimated


def test_the_calendar_is_that_of_the_quarter() -> None:
    shown = [(one.name, str(one.start), str(one.end), one.elapsed()) for one in map(Calendar, DAYS[1:3])]
    assert shown == [("2026-Q4", "2026-10-01", "2026-12-31", 1 / 92), ("2026-Q4", "2026-10-01", "2026-12-31", 1.0)]


@pytest.mark.parametrize("today", DAYS)
def test_the_configuration_names_only_what_is_there(tmp_path: Path, today: date) -> None:
    path = company.write_config(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2", today)
    plan = tmp_path / "plans" / "next-quarter.yaml"
    files = [path, *sorted((tmp_path / "okrs").glob("*.yaml")), *sorted((tmp_path / "teams").glob("*.yaml")), plan]
    read = [yaml.safe_load(file.read_text()) for file in files]
    assert path == tmp_path / "northing.yaml"
    every = {
        name: [row for one in read for row in one.get(name) or []] for name in ("objectives", "mappings", "checkins")
    }
    key_results = {one["key"] for objective in every["objectives"] for one in objective["key_results"]}
    assert len(every["objectives"]) == 4 + 1 + 4
    assert {row["key_result"] for name in ("mappings", "checkins") for row in every[name]} <= key_results
    assert all(read[0]["cycles"][1]["start"] <= row["date"] <= today for row in every["checkins"])
    built = company.build(today)
    known = set(built.jira.keys()) | set(built.github.keys())
    epics = [row["work"].get("epic", []) for row in every["mappings"]]
    assert {key for one in epics for key in ([one] if isinstance(one, str) else one)} <= known


def test_the_plan_is_for_the_quarter_after_this_one_and_no_part_of_the_configuration(tmp_path: Path) -> None:
    path = company.write_config(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2", TODAY)
    plan = yaml.safe_load((tmp_path / "plans" / "next-quarter.yaml").read_text())
    assert plan["cycles"] == [{"key": "2027-Q1", "start": date(2027, 1, 1), "end": date(2027, 3, 31)}]
    assert {one["cycle"] for one in plan["objectives"]} == {"2027-Q1"}
    assert yaml.safe_load(path.read_text())["include"] == ["okrs/*.yaml", "teams/*.yaml"]


def test_alerts_of_the_company_go_to_its_inbox_and_nowhere_else(tmp_path: Path) -> None:
    urls = [f"http://127.0.0.1:{number}" for number in (1, 2, 3)]
    path = company.write_config(tmp_path, *urls[:2], TODAY, urls[2])
    assert yaml.safe_load(path.read_text())["include"] == ["okrs/*.yaml", "teams/*.yaml", "alerts.yaml"]
    alerts = yaml.safe_load((tmp_path / "alerts.yaml").read_text())["alerts"]
    assert set(alerts["channels"].values()) == {"json://127.0.0.1:3/leads", "json://127.0.0.1:3/platform"}
    assert {one["to"] for part in ("routes", "digests") for one in alerts[part]} == {"leads", "platform"}


def test_connections_of_the_configuration_hold_no_literal_token(tmp_path: Path) -> None:
    path = company.write_config(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2", TODAY)
    connections = yaml.safe_load(path.read_text())["connections"]
    assert connections["jira"]["url"] == "http://127.0.0.1:1"
    assert connections["jira"]["auth"]["token"] == "${NORTHING_DEMO_JIRA_TOKEN:-jira-token}"
    assert connections["github"]["auth"]["token"] == "${NORTHING_DEMO_GITHUB_TOKEN:-github-token}"
