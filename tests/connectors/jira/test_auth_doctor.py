"""`doctor` on a Jira site: what the account may do in each project, told so that fifty of them are read at a glance."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import Check
from connectors.jira import Jira
from simulator.jira import ALL_SCOPES
from tests.connectors.jira.clouds import Cloud, cloud

EMAIL = "sync@acme.example"


@pytest.fixture
def acme() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def direct(acme: Cloud, **values: Any) -> Jira:
    auth = {"email": acme.site.email, "token": acme.site.token, "gateway": acme.gateway}
    return acme.connect(auth, **values)


def by_consent(acme: Cloud, *without: str) -> Jira:
    return acme.connect(acme.oauth(acme.atlassian.consent(scopes=ALL_SCOPES - set(without))))


def about(checks: list[Check], name: str) -> list[tuple[bool, str]]:
    return [(one.ok, one.detail) for one in checks if one.name == name]


def test_a_fine_project_is_told_with_its_issues(acme: Cloud) -> None:
    acme.site.add_issue("SHOP", "Pay")
    checks = direct(acme).doctor()
    assert about(checks, "projects") == [(True, "SHOP: SHOP (2 issues)")]
    asked = {one.path for one in acme.site.requests}
    assert {
        "/rest/api/2/mypermissions",
        "/rest/api/3/search/jql",
        "/rest/api/3/search/approximate-count",
        "/rest/api/3/changelog/bulkfetch",
        "/rest/agile/1.0/board",
    } <= asked


def test_fifty_fine_projects_are_one_line(acme: Cloud) -> None:
    for number in range(10, 60):
        acme.site.add_project(f"TEAM{number}", f"Team {number}")
    [(ok, line)] = about(direct(acme, projects=["TEAM*"]).doctor(), "projects")
    assert ok
    assert line.startswith("TEAM*: TEAM10 (0 issues), TEAM11 (0 issues), ")
    assert line.endswith("TEAM19 (0 issues) and 40 more")


def test_a_project_that_may_not_be_browsed_is_told_apart_from_the_others(acme: Cloud) -> None:
    for number in range(1, 4):
        acme.site.add_project(f"TEAM{number}", f"Team {number}")
    jira = direct(acme, projects=["TEAM*", "NONE"])
    acme.site.hide("TEAM2")
    [fine, none] = about(jira.doctor(), "projects")
    assert fine == (True, "TEAM*: TEAM1 (0 issues), TEAM3 (0 issues)")
    assert none == (False, "NONE: no such project is visible")


@pytest.mark.parametrize(
    "call, fault",
    [
        ("/rest/api/2/mypermissions", "cannot be browsed"),
        ("/rest/api/3/search/jql", "cannot be searched"),
        ("/rest/api/3/search/approximate-count", "cannot be searched"),
        ("/rest/api/3/changelog/bulkfetch", "history cannot be read"),
    ],
)
def test_the_same_fault_of_many_projects_is_one_line(acme: Cloud, call: str, fault: str) -> None:
    for number in range(10, 30):
        acme.site.add_project(f"TEAM{number}", f"Team {number}")
        acme.site.add_issue(f"TEAM{number}", "Work")
    acme.atlassian.add_token("scoped", EMAIL)
    jira = acme.connect({"email": EMAIL, "token": "scoped", "gateway": acme.gateway}, projects=["*"])
    acme.atlassian.unreadable.add(call)
    [(ok, line)] = about(jira.doctor(), "projects")
    assert not ok
    assert line.startswith(f"{fault}: SHOP, TEAM10, TEAM11, ")
    assert " and 11 more: " in line
    assert line.endswith(f"{call}: the token lacks the scope read:jira-work.")


def test_a_consent_tells_its_end_and_its_scopes(acme: Cloud) -> None:
    checks = by_consent(acme, "read:sprint:jira-software").doctor()
    [(ok, line)] = about(checks, "credentials")
    assert ok
    assert line == (
        "end on 2027-11-24 at the latest; scopes read:board-scope.admin:jira-software, "
        "read:board-scope:jira-software, read:jira-user, read:jira-work, read:project:jira"
    )
    [(ok, line)] = about(checks, "reachable")
    assert line.endswith(f", through {acme.gateway}/ex/jira/{acme.cloud_id}")


def test_boards_that_cannot_be_read_are_told_once(acme: Cloud) -> None:
    checks = by_consent(acme, "read:board-scope:jira-software").doctor()
    assert about(checks, "projects") == [(True, "SHOP: SHOP (1 issue)")]
    [(ok, line)] = about(checks, "boards")
    assert ok
    assert "the token lacks one of the scopes read:board-scope:jira-software, read:project:jira" in line
    assert all(one.ok for one in checks)


def test_without_projects_nothing_is_tried_on_them(acme: Cloud) -> None:
    [check] = [one for one in by_consent(acme, "read:jira-work").doctor() if one.name == "projects"]
    assert not check.ok
    assert "the token lacks the scope read:jira-work" in check.detail
    assert "developer.atlassian.com/console/myapps" in check.advice
