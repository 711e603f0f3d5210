"""Listing all ids of a project, and looking for issues that are not listed any more."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from config import Conventions
from connectors.base import Context, Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.jira import Jira, JiraOptions
from connectors.jira.completeness import check_complete
from connectors.records import Category, Item, Ref, Scope
from simulator import JiraSite, serve
from tests.connectors.jira.simulated import after, connected, jira_site, listed, scope_of

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

        def build(**values: Any) -> Jira:
            auth = {"email": site.email, "token": site.token} if site.cloud else {"token": site.token}
            options = JiraOptions.model_validate(
                {"kind": "jira", "url": running.url_of(site), "auth": auth, "projects": ["SHOP"], **values}
            )
            context = Context(now=lambda: NOW, stop=threading.Event(), sleep=lambda _seconds: None)
            opened.append(Jira("jira", options, Conventions(), "points", context))
            return opened[-1]

        yield build
        for one in opened:
            one.close()


def shop(site: JiraSite) -> Scope:
    raw = site.projects["SHOP"]
    return Scope(external_id=raw["id"], key="SHOP", name="Shop", kind="project", url=f"{site.origin}/browse/SHOP")


def ref(site: JiraSite, key: str) -> Ref:
    return Ref(external_id=str(site.issue(key)["id"]), key=key)


def read(jira: Jira, scope: Scope) -> dict[str, Item]:
    return {item.external_id: item for page in jira.items(scope, Reading(), Usage()) for item in page.items}


def test_all_ids_are_listed_with_the_category_of_each(site: JiraSite, connect: Connect) -> None:
    statuses: list[tuple[str, Category]] = [("To Do", "todo"), ("In Progress", "in_progress"), ("Done", "done")]
    expected = {}
    for number in range(30):
        status, category = statuses[number % 3]
        key = site.add_issue("SHOP", f"Number {number}", status=status)
        expected[str(site.issue(key)["id"])] = category
    site.add_issue("PLAT", "Elsewhere")
    none = site.add_issue("SHOP", "Without a category")
    site.issue(none)["fields"]["status"]["statusCategory"] = {"id": 1, "key": "undefined", "name": "No Category"}
    expected[str(site.issue(none)["id"])] = "todo"
    jira = connect()
    pages = listed(jira, shop(site))
    assert {one: category for page in pages for one, category in page.items()} == expected
    assert {one: item.category for one, item in read(jira, shop(site)).items()} == expected


def test_a_listing_takes_few_requests(site: JiraSite, connect: Connect) -> None:
    for number in range(1200):
        site.add_issue("SHOP", f"Number {number}")
    jira, usage = connect(), Usage()
    assert sum(len(page) for page in listed(jira, shop(site), usage)) >= 1200
    assert usage.requests == (3 + 1 if site.cloud else 2)


def test_a_listing_of_a_project_that_is_hidden_is_refused(site: JiraSite, connect: Connect) -> None:
    jira, scope = connect(), shop(site)
    jira.scopes()
    site.hide("SHOP")
    with pytest.raises(Refused, match="SHOP"):
        listed(jira, scope)


def test_an_archived_project_is_not_taken_for_an_empty_one(site: JiraSite, connect: Connect) -> None:
    key = site.add_issue("SHOP", "Number 1")
    refs, scope = [ref(site, key)], shop(site)
    site.archive("SHOP")
    jira = connect()
    assert jira.ids(msgspec.structs.replace(scope, archived=True), Usage()) is None
    assert [item.key for item in jira.look(scope, refs, Usage()).items] == [key]


def test_what_became_of_issues_is_told_one_by_one(site: JiraSite, connect: Connect) -> None:
    keys = [site.add_issue("SHOP", f"Number {number}", estimate=number) for number in range(6)]
    refs = [ref(site, key) for key in keys]
    jira, scope = connect(), shop(site)
    before = read(jira, scope)
    site.delete(keys[1])
    site.hide(keys[2])
    moved_to = site.move(keys[3], "PLAT")
    looked = jira.look(scope, refs, Usage())
    assert looked.gone == {refs[1].external_id: "not_visible", refs[2].external_id: "not_visible"}
    assert (looked.moved, looked.set_aside) == ({}, [])
    moved = msgspec.structs.replace(
        before[refs[3].external_id],
        key=moved_to,
        scope=site.projects["PLAT"]["id"],
        url=f"{site.origin}/browse/{moved_to}",
    )
    expected = [before[refs[at].external_id] for at in (0, 4, 5)] + [moved]
    assert sorted(looked.items, key=lambda item: item.external_id) == sorted(
        expected, key=lambda item: item.external_id
    )


def test_many_issues_are_looked_for_at_once(site: JiraSite, connect: Connect) -> None:
    keys = [site.add_issue("SHOP", f"Number {number}") for number in range(250)]
    refs = [ref(site, key) for key in keys]
    jira, usage = connect(), Usage()
    assert len(jira.look(shop(site), refs, usage).items) == 250
    assert usage.requests == (3 + 3 if site.cloud else 3)


def test_many_that_are_gone_take_one_request_each_at_most(site: JiraSite, connect: Connect) -> None:
    keys = [site.add_issue("SHOP", f"Number {number}") for number in range(60)]
    refs = [ref(site, key) for key in keys]
    for key in keys[:-1]:
        site.delete(key)
    jira, usage = connect(), Usage()
    looked = jira.look(shop(site), refs, usage)
    assert (len(looked.gone), [item.key for item in looked.items]) == (59, keys[-1:])
    assert usage.requests == (1 + 1 if site.cloud else 1 + 60)


def test_nothing_is_known_of_issues_in_a_project_that_is_hidden(site: JiraSite, connect: Connect) -> None:
    key = site.add_issue("SHOP", "Number 1")
    refs, jira = [ref(site, key)], connect()
    site.hide("SHOP")
    with pytest.raises(Refused, match="SHOP") as caught:
        jira.look(shop(site), refs, Usage())
    assert "Browse projects" in caught.value.advice


def test_nothing_is_known_of_issues_in_a_project_that_is_listed_and_may_not_be_browsed(
    site: JiraSite, connect: Connect
) -> None:  # bug 10
    key = site.add_issue("SHOP", "Number 1")
    refs, jira = [ref(site, key)], connect()
    site.close_project("SHOP")
    with pytest.raises(Refused, match="SHOP"):
        jira.look(shop(site), refs, Usage())


def test_a_listing_that_ends_early_without_a_word_is_no_listing(connect: Connect, site: JiraSite) -> None:  # bug 29
    """Data Center tells how many there are, and its listing goes on until they are there."""
    for number in range(60):
        site.add_issue("SHOP", f"Number {number}")
    site.search_end = 30
    jira = connect()
    if site.cloud:
        with pytest.raises(TryAgain, match="ended after 30 issues of SHOP, and Jira counts about 60"):
            listed(jira, shop(site))
        with pytest.raises(TryAgain, match="ended after 30"):
            list(jira.items(shop(site), Reading(), Usage()))
    else:
        assert sum(len(page) for page in listed(jira, shop(site))) == 60


@pytest.mark.parametrize(
    "found,there,complete", [(30, 50, True), (30, 51, False), (950, 1000, True), (949, 1000, False)]
)
def test_a_count_is_an_estimate(found: int, there: int, *, complete: bool) -> None:
    if complete:
        check_complete(found, there, "SHOP")
    else:
        with pytest.raises(TryAgain):
            check_complete(found, there, "SHOP")
    check_complete(found, None, "SHOP")


def test_a_listing_goes_on_where_its_page_token_has_expired() -> None:
    site = jira_site("cloud")
    keys = [site.add_issue("SHOP", f"Number {number}") for number in range(5010)]
    after(site, "search/jql", site.expire_page_tokens)
    with connected(site) as jira:
        found = {one for page in listed(jira, scope_of(site)) for one in page}
    assert found == {str(site.issue(key)["id"]) for key in keys}


def test_a_warning_fails_the_listing_and_the_reading() -> None:
    site = jira_site("cloud")
    site.add_issue("SHOP", "Number 1")
    site.warnings = [{"type": "CLAUSE_LIMIT_EXCEEDED"}]
    with connected(site) as jira:
        with pytest.raises(TryAgain, match="CLAUSE_LIMIT_EXCEEDED"):
            listed(jira, scope_of(site))
        with pytest.raises(TryAgain, match="CLAUSE_LIMIT_EXCEEDED"):
            list(jira.items(scope_of(site), Reading(), Usage()))
