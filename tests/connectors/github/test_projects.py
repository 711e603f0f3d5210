"""What projects (v2) say of issues, by REST and by GraphQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Check, Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.github import GitHub
from connectors.records import Container, ContainerRef, Item, Page, Ref, Scope
from simulator import GitHubSite, serve
from tests.connectors.github.samples import connector

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
ITERATIONS = [
    ("Sprint 1", date(2026, 11, 2), 14, True),
    ("Sprint 2", date(2026, 11, 16), 14, False),
    ("Sprint 3", date(2026, 11, 30), 7, False),
]


@dataclass
class Talk:
    """A site with acme/shop (5 issues), acme/base (1) and the project acme/7, and a connector that reads all three."""

    site: GitHubSite
    github: GitHub
    url: str
    scopes: dict[str, Scope]

    def pages(self, since: datetime | None = None, name: str = "acme/shop", **more: Any) -> list[Page]:
        return list(self.github.items(self.scopes[name], Reading(since, **more), Usage()))

    def items(self, since: datetime | None = None, name: str = "acme/shop") -> dict[str, Item]:
        return {item.key: item for page in self.pages(since, name) for item in page.items}

    def sprints(self, validators: dict[str, str] | None = None) -> list[Container]:
        found = self.github.containers(self.scopes["acme/shop"], validators or {}, Usage())
        assert found is not None
        return [one for one in found.containers if one.kind == "sprint"]

    def asked(self, part: str) -> int:
        return sum(part in seen.path for seen in self.site.requests)


@pytest.fixture(params=["cloud", "enterprise", "older"])
def talk(request: pytest.FixtureRequest) -> Iterator[Talk]:
    """By REST on github.com and on an Enterprise Server; by GraphQL on an older one."""
    older = request.param == "older"
    site = GitHubSite(
        now=lambda: START,
        enterprise=request.param != "cloud",
        limit=5000 if request.param == "cloud" else None,
        without=["projects"] if older else [],
    )
    for name in ("acme/shop", "acme/base"):
        site.add_repository(name)
    site.add_project(
        "acme",
        7,
        options=["Icebox", "Prioritised", "🚧 Building", "Done"],
        iterations=ITERATIONS,
        numbers=["Estimate", "Points"],
        dates=["Start", "Target date"],
    )
    for number in range(1, 6):
        site.add_issue("acme/shop", f"Issue {number}")
    site.add_issue("acme/base", "Base")
    with serve(site) as running:
        url = running.url_of(site)
        github = talker(url)
        yield Talk(site, github, url, {scope.key: scope for scope in github.scopes().scopes})
        github.close()


def talker(url: str, **options: Any) -> GitHub:
    values: dict[str, Any] = {"repositories": ["acme/shop", "acme/base"], "projects": ["acme/7"], **options}
    return connector(url, auth={"token": "github-token"}, **values)


def test_a_project_tells_status_sprint_estimate_and_due_date(talk: Talk) -> None:
    talk.site.set_value(
        "acme/7", "acme/shop#1", Status="🚧 Building", Iteration="Sprint 2", Estimate=3, Target_date=date(2026, 12, 4)
    )
    talk.site.set_value("acme/7", "acme/shop#2", Status=None)
    first, second = list(talk.items().values())[:2]
    (sprint,) = (one for one in talk.sprints() if one.title == "Sprint 2")
    assert (first.status, first.category, first.self_reported) == ("🚧 Building", "in_progress", False)
    assert first.containers == (ContainerRef(external_id=sprint.external_id, kind="sprint", title="Sprint 2"),)
    assert (first.estimate, first.due_on) == (3.0, date(2026, 12, 4))
    assert (second.status, second.category, second.self_reported) == ("open", "todo", True)
    assert (second.containers, second.estimate, second.due_on) == ((), None, None)


@pytest.mark.parametrize(
    "option, category",
    [("Icebox", "todo"), ("Prioritised", "in_progress"), ("🚧 Building", "in_progress"), ("Done", "in_progress")],
)
def test_an_open_issue_is_as_far_as_its_option_and_never_done(talk: Talk, option: str, category: str) -> None:
    talk.site.set_value("acme/7", "acme/shop#1", Status=option)
    item = talk.items()["acme/shop#1"]
    assert (item.status, item.category, item.self_reported) == (option, category, False)


def test_a_closed_issue_is_done_whatever_its_option(talk: Talk) -> None:
    for number, option in ((1, "🚧 Building"), (2, "Done")):
        talk.site.set_value("acme/7", f"acme/shop#{number}", Status=option)
        talk.site.close(f"acme/shop#{number}", "not_planned")
    first, second = list(talk.items().values())[:2]
    assert (first.status, first.category, first.resolution) == ("closed", "done", "not_planned")
    assert (second.status, second.category, second.resolution) == ("Done", "done", "not_planned")


def test_iterations_are_sprints_and_completed_ones_are_kept(talk: Talk) -> None:
    shown = [(one.title, one.state, one.starts_on, one.due_on, one.scope) for one in talk.sprints()]
    assert sorted(shown) == [
        ("Sprint 1", "closed", date(2026, 11, 2), date(2026, 11, 15), None),
        ("Sprint 2", "active", date(2026, 11, 16), date(2026, 11, 29), None),
        ("Sprint 3", "future", date(2026, 11, 30), date(2026, 12, 6), None),
    ]


def test_a_changed_iteration_is_told_though_no_milestone_changed(talk: Talk) -> None:
    found = talk.github.containers(talk.scopes["acme/shop"], {}, Usage())
    assert found is not None
    validators = dict(found.validators)
    assert talk.github.containers(talk.scopes["acme/shop"], validators, Usage()) is None
    talk.site.delete_iteration("acme/7", "Sprint 1")
    talk.github.scopes()
    assert [one.title for one in talk.sprints(validators)] == ["Sprint 2", "Sprint 3"]


def test_an_issue_keeps_an_iteration_that_was_deleted(talk: Talk) -> None:
    talk.site.set_value("acme/7", "acme/shop#1", Iteration="Sprint 1")
    talk.site.delete_iteration("acme/7", "Sprint 1")
    assert [one.title for one in talk.items()["acme/shop#1"].containers] == ["Sprint 1"]


def test_what_a_project_says_anew_reaches_an_issue_that_did_not_change(talk: Talk) -> None:
    talk.site.set_value("acme/7", "acme/shop#2", Status="Icebox")
    talk.site.add_label("acme/shop#3", "epic")
    talk.site.set_parent("acme/shop#3", "acme/shop#1")
    talk.site.advance(timedelta(hours=1))
    since = talk.site.now()
    validators = {name: mark for page in talk.pages(since) for name, mark in page.validators}
    talk.site.advance(timedelta(minutes=5))
    talk.site.set_value("acme/7", "acme/shop#3", Status="🚧 Building")
    talk.github.scopes()
    talk.site.requests.clear()
    (page,) = talk.pages(since, validators=validators)
    (item,) = page.items
    assert (page.resume, page.clock) == (None, talk.site.now())
    assert (item.key, item.status, item.parent_key, item.labels) == (
        "acme/shop#3",
        "🚧 Building",
        "acme/shop#1",
        ("epic",),
    )
    assert item == talk.items()["acme/shop#3"]
    assert talk.pages(since, "acme/base", validators={})[0].items == []


def test_a_changed_card_comes_before_the_pages_and_the_last_page_ends_them(talk: Talk) -> None:
    talk.site.advance(timedelta(hours=1))
    since = talk.site.now()
    talk.site.advance(timedelta(minutes=5))
    talk.site.set_value("acme/7", "acme/shop#2", Status="🚧 Building")
    talk.site.edit("acme/shop#4", title="Changed")
    cards, last = talk.pages(since)
    assert [item.key for item in cards.items] == ["acme/shop#2"]
    assert (cards.clock, last.clock, last.resume) == (talk.site.now(), None, None)
    assert cards.resume is not None
    (resumed,) = talk.pages(since, resume=cards.resume)
    assert [item.key for item in last.items] == [item.key for item in resumed.items] == ["acme/shop#4"]


def test_a_project_is_read_once_for_all_repositories_of_a_run(talk: Talk) -> None:
    talk.site.set_value("acme/7", "acme/base#1", Estimate=2)
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda name: talk.items(None, name), ["acme/shop", "acme/base"] * 4))
    assert read[1]["acme/base#1"].estimate == 2
    by_graphql = "projects" in talk.site.without
    assert talk.asked("/projectsV2/7/fields") == (2 if by_graphql else 1)
    assert talk.asked("/projectsV2/7/items") == (0 if by_graphql else 1)
    assert talk.asked("/graphql") == (2 if by_graphql else 0)
    talk.site.set_value("acme/7", "acme/base#1", Estimate=8)
    talk.github.scopes()
    assert talk.items(None, "acme/base")["acme/base#1"].estimate == 8


def test_a_large_project_is_read_to_its_end(talk: Talk) -> None:
    for number in range(230):
        talk.site.set_value("acme/7", talk.site.add_issue("acme/base", f"More {number}"), Estimate=number)
    found = talk.items(None, "acme/base")
    assert [found[f"acme/base#{number + 2}"].estimate for number in range(230)] == list(range(230))


def test_an_issue_that_is_looked_up_has_what_its_project_says(talk: Talk) -> None:
    talk.site.set_value("acme/7", "acme/shop#1", Status="🚧 Building", Estimate=5)
    item = talk.items()["acme/shop#1"]
    looked = talk.github.look(talk.scopes["acme/shop"], [Ref(external_id=item.external_id, key=item.key)], Usage())
    assert looked.items == [item]


def test_of_several_projects_the_first_named_one_counts(talk: Talk) -> None:
    talk.site.add_project("acme", 8, options=["New", "Doing"], numbers=["Estimate"])
    talk.site.set_value("acme/7", "acme/shop#1", Status="Icebox")
    talk.site.set_value("acme/8", "acme/shop#1", Status="Doing", Estimate=8)
    with closing(talker(talk.url, projects=["acme/7", "acme/8"])) as github:
        item = next(github.items(talk.scopes["acme/shop"], Reading(), Usage())).items[0]
    assert (item.status, item.category, item.estimate) == ("Icebox", "todo", 8)


def test_a_person_has_projects_too(talk: Talk) -> None:
    talk.site.add_project("dana", 1, numbers=["Story points"], person=True)
    talk.site.set_value("dana/1", "acme/shop#1", Story_points=13)
    with closing(talker(talk.url, projects=["dana/1"])) as github:
        assert next(github.items(talk.scopes["acme/shop"], Reading(), Usage())).items[0].estimate == 13


def test_doctor_says_which_field_is_what(talk: Talk) -> None:
    talk.site.set_value("acme/7", "acme/shop#1", Status="Icebox")
    way = "GraphQL" if "projects" in talk.site.without else "REST"
    detail = f"1 issues, status: Status, sprint: Iteration, estimate: Estimate, due date: Target date ({way})"
    assert talk.github.doctor()[-1] == Check("project acme/7", True, detail)


def test_a_project_out_of_sight_stops_the_reading_and_names_the_permission(talk: Talk) -> None:
    talk.site.projects["acme/7"].hidden = True
    with pytest.raises(Refused, match="project acme/7: there is none, or the token may not see it") as caught:
        talk.items()
    assert "Projects: read" in caught.value.advice
    check = talk.github.doctor()[-1]
    assert (check.name, check.ok) == ("project acme/7", False)
    assert "Projects: read" in check.advice


def problem(kind: str | None, words: str, **data: Any) -> dict[str, Any]:
    return {"data": data or None, "errors": [{"type": kind, "message": words} if kind else {"message": words}]}


@pytest.fixture
def older() -> Iterator[Talk]:
    site = GitHubSite(now=lambda: START, enterprise=True, limit=None, without=["projects"])
    site.add_repository("acme/shop")
    site.add_project("acme", 7, numbers=["Estimate"])
    for number in range(1, 31):
        site.set_value("acme/7", site.add_issue("acme/shop", f"Issue {number}"), Estimate=number)
    with serve(site) as running:
        url = running.url_of(site)
        github = talker(url, repositories=["acme/shop"])
        yield Talk(site, github, url, {scope.key: scope for scope in github.scopes().scopes})
        github.close()


def test_data_beside_errors_is_no_success(older: Talk) -> None:
    half = {"repositoryOwner": {"projectV2": {"fields": {"nodes": []}}}}
    older.site.graphql_faults = [problem(None, "Something went wrong while executing your query.", **half)] * 20
    with pytest.raises(TryAgain, match="Something went wrong"):
        older.items()


def test_a_fault_that_passes_is_asked_again(older: Talk) -> None:
    older.site.graphql_faults = [problem(None, "Something went wrong while executing your query.")] * 2
    assert older.items()["acme/shop#30"].estimate == 30


def test_a_limit_told_with_status_200_is_waited_for(older: Talk) -> None:
    older.site.graphql_faults = [problem("RATE_LIMITED", "API rate limit exceeded for user ID 1.")]
    assert older.items()["acme/shop#30"].estimate == 30


def test_too_many_nodes_are_asked_for_in_smaller_pages(older: Talk) -> None:
    assert older.items()["acme/shop#1"].estimate == 1
    older.github.scopes()
    older.site.requests.clear()
    fields = {
        "data": {"repositoryOwner": {"projectV2": {"fields": {"nodes": [{"name": "Estimate", "dataType": "NUMBER"}]}}}}
    }
    older.site.graphql_faults = [fields, *[problem("RESOURCE_LIMITS_EXCEEDED", "Resource limits exceeded.")] * 3]
    assert older.items()["acme/shop#30"].estimate == 30
    assert older.asked("/api/graphql") == 1 + 3 + 3


@pytest.mark.parametrize("kind", ["FORBIDDEN", "INSUFFICIENT_SCOPES"])
def test_a_missing_scope_is_named(older: Talk, kind: str) -> None:
    older.site.graphql_faults = [problem(kind, "Your token has not been granted the required scopes.")]
    with pytest.raises(Refused, match="required scopes") as caught:
        older.items()
    assert "read:project" in caught.value.advice
