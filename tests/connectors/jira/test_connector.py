"""The whole connector against a simulated Cloud site and a simulated Data Center."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pytest

from config import Conventions
from connectors.base import Context, Reading, Usage
from connectors.errors import Refused
from connectors.jira import Jira, JiraOptions
from connectors.records import Container, ContainerRef, Item, Scope
from simulator import JiraSite, serve

Flavour = Literal["cloud", "datacenter"]
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
Connect = Callable[..., Jira]


@pytest.fixture(params=["cloud", "datacenter"])
def site(request: pytest.FixtureRequest) -> JiraSite:
    site = JiraSite(request.param, now=lambda: NOW)
    site.add_project("SHOP", "Shop")
    site.add_project("PLAT", "Platform")
    return site


@pytest.fixture
def connect(site: JiraSite) -> Iterator[Connect]:
    opened: list[Jira] = []
    with serve(site) as running:

        def build(
            conventions: Conventions | None = None, measure: str = "points", token: str | None = None, **values: Any
        ) -> Jira:
            token = token or site.token
            auth = {"email": site.email, "token": token} if site.cloud else {"token": token}
            options = JiraOptions.model_validate(
                {"kind": "jira", "url": running.url_of(site), "auth": auth, "projects": ["SHOP"], **values}
            )
            context = Context(now=lambda: NOW, stop=threading.Event(), sleep=lambda _seconds: None)
            opened.append(Jira("jira", options, conventions or Conventions(), measure, context))
            return opened[-1]

        yield build
        for one in opened:
            one.close()


def all_items(jira: Jira, reading: Reading | None = None) -> list[Item]:
    [scope] = jira.scopes().scopes
    return [item for page in jira.items(scope, reading or Reading(), Usage()) for item in page.items]


def test_projects_are_chosen_by_globs_without_regard_to_case(site: JiraSite, connect: Connect) -> None:
    jira = connect(projects=["sh*", "NONE"])
    listing = jira.scopes()
    [scope] = listing.scopes
    assert scope == Scope(
        external_id=site.projects["SHOP"]["id"],
        key="SHOP",
        name="Shop",
        kind="project",
        url=f"{site.origin}/browse/SHOP",
    )
    assert [words for words, _ in listing.refused] == ["NONE"]
    assert {one.key for one in connect(projects=["*"]).scopes().scopes} == {"SHOP", "PLAT"}


def test_a_project_that_is_not_visible_stops_no_other(connect: Connect) -> None:
    listing = connect(projects=["SHOP", "NOPE", "shop"]).scopes()
    [(words, error)] = listing.refused
    assert ([one.key for one in listing.scopes], words) == (["SHOP"], "NOPE")
    assert "No project NOPE is visible" in error.message
    assert "Browse projects" in error.advice


def test_a_connection_that_sees_nothing_of_what_it_names_is_refused(connect: Connect) -> None:
    with pytest.raises(Refused, match=r"No project \[SP\]\* is visible.*Neither is NOPE to be seen"):
        connect(projects=["[SP]*", "NOPE"]).scopes()


def test_an_archived_project_says_so(site: JiraSite, connect: Connect) -> None:
    site.projects["SHOP"]["archived"] = True
    assert [one.archived for one in connect().scopes().scopes] == [True]


def test_a_wrong_token_is_refused_with_advice(connect: Connect) -> None:
    with pytest.raises(Refused, match="not accepted") as caught:
        connect(token="stale").scopes()
    assert "token" in caught.value.advice


def test_an_issue_is_read_with_all_that_hangs_on_it(site: JiraSite, connect: Connect) -> None:
    board = site.add_board("SHOP")["id"]
    sprint = site.add_sprint(board, "Week, 48", "active", date(2026, 11, 23), date(2026, 11, 27))
    version = site.add_version("SHOP", "1.0", date(2026, 12, 1))
    site.add_component("SHOP", "Checkout")
    epic = site.add_issue("SHOP", "Checkout", "Epic")
    blocker = site.add_issue("PLAT", "Tokens")
    story = site.add_issue(
        "SHOP",
        "Pay",
        parent=epic,
        status="Done",
        resolution="Won't Do",
        description="Why\nKey-Result: GROW.1\n",
        labels=["web"],
        duedate=date(2026, 12, 1),
        assignee="Dana Fox",
        estimate=3,
        versions=["1.0"],
        components=["Checkout"],
        sprint=sprint["id"],
        key_result="GROW.2",
    )
    site.block(story, by=blocker)
    conventions = Conventions(trailer="Key-Result", field="Key Result")
    items = {item.key: item for item in all_items(connect(conventions=conventions))}
    item = items[story]
    epic_id = items[epic].external_id
    who = site.issue(story)["fields"]["assignee"]
    expected = Item(
        external_id=str(site.issue(story)["id"]),
        key=story,
        scope=site.projects["SHOP"]["id"],
        url=f"{site.origin}/browse/{story}",
        title="Pay",
        category="done",
        status="Done",
        resolution="Won't Do",
        type="Story",
        level="issue" if site.cloud else None,
        parent_id=epic_id if site.cloud else None,
        parent_key=epic,
        estimate=3.0,
        labels=("web",),
        components=("Checkout",),
        assignees=(who["accountId"], "Dana Fox") if site.cloud else (who["name"], "Dana Fox"),
        containers=(
            ContainerRef(external_id=str(version["id"]), kind="version", title="1.0"),
            ContainerRef(external_id=str(sprint["id"]), kind="sprint", title="Week, 48"),
        ),
        key_results=(("trailer", "GROW.1"), ("field", "GROW.2")),
        blocked_by=(blocker,),
        created_at=NOW,
        closed_at=NOW,
        updated_at=NOW,
        due_on=date(2026, 12, 1),
    )
    assert item == expected
    assert items[epic].level == ("epic" if site.cloud else None)


def test_only_changes_are_read_the_second_time(site: JiraSite, connect: Connect) -> None:
    keys = [site.add_issue("SHOP", f"Number {number}") for number in range(30)]
    jira = connect()
    assert [item.key for item in all_items(jira)] == keys
    site.advance(timedelta(hours=1))
    site.edit(keys[7], summary="Changed")
    [changed] = all_items(jira, Reading(since=NOW + timedelta(minutes=30)))
    assert (changed.key, changed.title) == (keys[7], "Changed")
    assert all_items(jira, Reading(since=NOW + timedelta(hours=2))) == []


def test_a_profile_in_another_zone_changes_nothing(site: JiraSite, connect: Connect) -> None:  # bug 1
    site.user_timezone = "Pacific/Auckland"
    key = site.add_issue("SHOP", "Number 1")
    assert [item.key for item in all_items(connect(), Reading(since=NOW - timedelta(minutes=1)))] == [key]


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_an_interrupted_reading_ends_with_the_same_items(site: JiraSite, connect: Connect, stop_after: int) -> None:
    keys = [site.add_issue("SHOP", f"Number {number}") for number in range(320)]
    jira = connect(in_flight=2)
    [scope] = jira.scopes().scopes
    pages = jira.items(scope, Reading(), Usage())
    first = [next(pages) for _ in range(stop_after)]
    rest = list(jira.items(scope, Reading(resume=first[-1].resume), Usage()))
    assert [item.key for page in first + rest for item in page.items] == keys
    assert {page.clock for page in first + rest} == {NOW}
    assert rest[-1].resume is None


def test_a_busy_site_is_read_without_a_request_too_many(site: JiraSite, connect: Connect) -> None:
    for number in range(250):
        site.add_issue("SHOP", f"Number {number}")
    jira, usage = connect(), Usage()
    [scope] = jira.scopes().scopes
    pages = list(jira.items(scope, Reading(), usage))
    assert sum(len(page.items) for page in pages) == 250
    assert usage.requests == (1 + 1 + 1 + 3 if site.cloud else 3)


def test_ids_that_a_query_matches(site: JiraSite, connect: Connect) -> None:
    keys = [site.add_issue("SHOP", f"Number {number}", labels=["web"]) for number in range(3)]
    site.add_issue("SHOP", "Other")
    site.add_issue("PLAT", "Elsewhere", labels=["web"])
    jira = connect()
    found = jira.matching("project = SHOP AND labels = web ORDER BY updated DESC", Usage())
    assert found == {str(site.issue(key)["id"]) for key in keys}
    with pytest.raises(Refused, match="NOPE"):
        jira.matching("project = NOPE", Usage())


def test_versions_and_sprints_are_read(site: JiraSite, connect: Connect) -> None:
    board = site.add_board("SHOP")["id"]
    site.add_board("SHOP", "kanban")
    sprint = site.add_sprint(board, "Week 48", "active", date(2026, 11, 23), date(2026, 11, 27))
    version = site.add_version("SHOP", "1.0", date(2026, 12, 1), released=True)
    jira = connect()
    [scope] = jira.scopes().scopes
    assert jira.containers(scope, {}, Usage()).containers == [
        Container(
            external_id=version["id"],
            kind="version",
            title="1.0",
            state="released",
            scope=scope.external_id,
            url=f"{site.origin}/projects/SHOP/versions/{version['id']}",
            due_on=date(2026, 12, 1),
        ),
        Container(
            external_id=str(sprint["id"]),
            kind="sprint",
            title="Week 48",
            state="active",
            url=f"{site.origin}/secure/RapidBoard.jspa?rapidView={board}",
            starts_on=date(2026, 11, 23),
            due_on=date(2026, 11, 27),
        ),
    ]


def test_a_project_that_was_hidden_meanwhile_is_refused(site: JiraSite, connect: Connect) -> None:
    jira = connect()
    [scope] = jira.scopes().scopes
    with pytest.raises(Refused, match="GONE"):
        list(jira.items(replace_key(scope, "GONE"), Reading(), Usage()))


def replace_key(scope: Scope, key: str) -> Scope:
    return Scope(external_id=scope.external_id, key=key, name=scope.name, kind=scope.kind, url=scope.url)


def test_the_overlap_is_longer_where_the_index_lags(site: JiraSite, connect: Connect) -> None:
    jira = connect()
    assert jira.overlap == timedelta(minutes=10)
    jira.scopes()
    assert jira.overlap == timedelta(minutes=10 if site.cloud else 2)


def test_the_doctor_finds_a_healthy_site_healthy(site: JiraSite, connect: Connect) -> None:
    checks = connect().doctor()
    assert [(one.name, one.ok) for one in checks] == [
        (name, True) for name in ("reachable", "account", "projects", "fields", "boards", "limits", "clock")
    ]
    assert ("Cloud" if site.cloud else "Data Center") in checks[0].detail
    assert f"estimate: {site.field_id('estimate')}; sprint: {site.field_id('sprint')}" in checks[3].detail


def test_the_doctor_says_what_is_wrong(site: JiraSite, connect: Connect) -> None:
    site.advance(timedelta(minutes=5))
    checks = connect(conventions=Conventions(field="Goal"), projects=["SHOP", "NOPE"]).doctor()
    wrong = [(one.name, one.detail) for one in checks if not one.ok]
    assert wrong == [
        ("projects", "NOPE: no such project is visible"),
        ("fields", "conventions.jira_field: no field is called 'Goal' here"),
        ("clock", "300 s apart from the site's"),
    ]
    assert all(one.advice for one in checks if not one.ok)


def test_the_doctor_stops_at_a_wrong_token(connect: Connect) -> None:
    checks = connect(token="stale").doctor()
    assert [(one.name, one.ok) for one in checks] == [("reachable", True), ("account", False)]
    assert checks[1].advice


def test_boards_tell_the_estimate_where_no_field_is_known(site: JiraSite, connect: Connect) -> None:
    site.add_board("SHOP")
    site.fields = [one for one in site.fields if one["id"] != site.field_id("estimate")]
    site.add_issue("SHOP", "Pay", estimate=5)
    jira = connect()
    assert [item.estimate for item in all_items(jira)] == [5.0]
    usage = Usage()
    [scope] = jira.scopes().scopes
    list(jira.items(scope, Reading(since=NOW), usage))
    assert usage.requests == (3 if site.cloud else 1)


@pytest.mark.parametrize(
    "auth", [{}, {"email": "a@b.example"}, {"token": "t", "client_id": "c"}, {"client_id": "c", "client_secret": "s"}]
)
def test_half_of_a_credential_is_no_credential(auth: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either `token`"):
        JiraOptions.model_validate({"kind": "jira", "url": "https://x.example", "auth": auth, "projects": ["A"]})


@pytest.mark.parametrize("url", ["acme.atlassian.net", "https://", "https://acme.atlassian.net/?x=1"])
def test_a_url_is_an_address(url: str) -> None:
    with pytest.raises(ValueError, match="an address like"):
        JiraOptions.model_validate({"kind": "jira", "url": url, "auth": {"token": "t"}, "projects": ["A"]})
