"""The part of JQL that is understood."""

from datetime import UTC, date, datetime

import httpx
import pytest

from simulator import JiraSite, serve
from simulator.jira import BadQuery
from simulator.jira.search import run


@pytest.fixture
def site(now: datetime) -> JiraSite:
    """SHOP-1 epic, SHOP-2 and SHOP-3 below it, SHOP-10 alone, PLAT-1 done."""
    site = JiraSite("cloud", now=lambda: now, user_timezone="Europe/Zurich")
    site.add_project("SHOP", "Shop")
    site.add_project("PLAT", "Platform")
    site.add_version("SHOP", "4.0")
    site.add_component("SHOP", "Checkout")
    sprint = site.add_sprint(site.add_board("SHOP")["id"], "Shop 7", "active", now.date(), now.date())["id"]
    moment = datetime(2026, 11, 1, 9, tzinfo=UTC)
    site.add_issue("SHOP", "Checkout", "Epic", created=moment)
    site.add_issue("SHOP", "Guest checkout", parent="SHOP-1", labels=["Beta"], versions=["4.0"], created=moment)
    site.add_issue("SHOP", "Gift notes", "Bug", parent="SHOP-1", components=["Checkout"], sprint=sprint, created=moment)
    for number in range(4, 11):
        site.add_issue("SHOP", "Other", "Task", duedate=date(2026, 12, 1) if number == 10 else None, created=moment)
        if number < 10:
            site.delete(f"SHOP-{number}")
    late = datetime(2026, 11, 20, 9, 30, 20, tzinfo=UTC)
    site.add_issue("PLAT", "Backup", "Task", status="Done", assignee="Ivo Novak", created=moment, updated=late)
    return site


@pytest.mark.parametrize(
    "jql, expected",
    [
        ("project = SHOP", "SHOP-1 SHOP-2 SHOP-3 SHOP-10"),
        ("project = 'Platform'", "PLAT-1"),
        ("project in (SHOP, PLAT) AND statusCategory = Done", "PLAT-1"),
        ("project = shop AND labels = beta", "SHOP-2"),
        ("labels in (beta, alpha) OR status = Done", "PLAT-1 SHOP-2"),
        ("project = SHOP AND NOT (labels = beta OR issuetype = Bug)", "SHOP-1 SHOP-10"),
        ("project = SHOP AND labels != beta", ""),
        ("project = SHOP AND (labels != beta OR labels is EMPTY)", "SHOP-1 SHOP-3 SHOP-10"),
        ("labels is not EMPTY", "SHOP-2"),
        ("issuekey > SHOP-2", "SHOP-3 SHOP-10"),
        ("project = SHOP AND key <= SHOP-2", "SHOP-1 SHOP-2"),
        ("key in (SHOP-3, PLAT-1)", "PLAT-1 SHOP-3"),
        ("id = 20003", "SHOP-1"),
        ("fixVersion = 4.0", "SHOP-2"),
        ("component = Checkout", "SHOP-3"),
        ("parent = SHOP-1", "SHOP-2 SHOP-3"),
        ('"Epic Link" = SHOP-1', "SHOP-2 SHOP-3"),
        ("sprint = 'Shop 7'", "SHOP-3"),
        ("sprint = 101", "SHOP-3"),
        ("resolution = Unresolved AND type = Task", "SHOP-10"),
        ("resolution is not EMPTY", "PLAT-1"),
        ("assignee = 'Ivo Novak'", "PLAT-1"),
        ("summary ~ checkout", "SHOP-1 SHOP-2"),
        ("due <= 2026-12-01", "SHOP-10"),
        # 09:30:20 UTC is 10:30:20 in the zone of the asking user, and dates in JQL are in that zone.
        ('updated >= "2026-11-20 10:30"', "PLAT-1"),
        ('updated >= "2026-11-20 10:31"', ""),
        ("updated >= 1795167020000", "PLAT-1"),
        ("updated > 1795167020000", ""),
        ("created < 2026-11-02 AND status = 'To Do' AND updated >= -30d", "SHOP-1 SHOP-2 SHOP-3 SHOP-10"),
    ],
)
def test_a_query_finds(site: JiraSite, jql: str, expected: str) -> None:
    found, _, _ = run(site, jql + " ORDER BY project, key")
    assert " ".join(issue.key for issue in found) == expected


def test_orders_may_be_mixed(site: JiraSite) -> None:
    found, _, _ = run(site, "project in (SHOP, PLAT) ORDER BY project ASC, key DESC")
    assert [issue.key for issue in found] == ["PLAT-1", "SHOP-10", "SHOP-3", "SHOP-2", "SHOP-1"]


@pytest.mark.parametrize(
    "jql",
    [
        "project =",
        "project = SHOP AND",
        "project = SHOP labels = x",
        "project SHOP",
        "(project = SHOP",
        "project = NOPE",
        "nonsense = 1",
        "key = SHOP-77",
        "updated >= yesterday",
        "labels > x",
        "assignee = currentUser()",
        "project = SHOP ORDER created",
        "project = 'SHOP",
    ],
)
def test_what_is_no_query_is_refused(site: JiraSite, jql: str) -> None:
    with pytest.raises(BadQuery):
        run(site, jql)


def test_a_bad_query_is_answered_with_its_error(site: JiraSite) -> None:
    with serve(site) as running:
        answer = httpx.get(
            f"{running.url_of(site)}/rest/api/3/search/jql", params={"jql": "project ="}, auth=(site.email, site.token)
        )
    assert answer.status_code == 400
    assert answer.json()["errorMessages"] == [
        "Error in the JQL Query: Expecting a value, list or function but got the end of the query. (line 1, token 3)"
    ]
