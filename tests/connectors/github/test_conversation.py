"""Whole conversations with a GitHub on loopback."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from config import Conventions
from connectors.base import Reading, Usage
from connectors.errors import Refused
from connectors.github import GitHub
from connectors.records import Item, Page, Scope
from simulator import GitHubSite, serve
from tests.connectors.github.samples import connector

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Talk:
    """A site with one repository of 250 issues and 10 pull requests, and a connector that reads it."""

    site: GitHubSite
    github: GitHub
    scope: Scope

    def read(
        self, since: datetime | None = None, resume: str | None = None, validators: dict[str, str] | None = None
    ) -> list[Page]:
        return list(self.github.items(self.scope, Reading(since, resume, validators or {}), Usage()))

    def keys(self, since: datetime | None = None) -> list[str]:
        return [item.key for item in items(self.read(since))]


def items(pages: list[Page]) -> list[Item]:
    return [item for page in pages for item in page.items]


@pytest.fixture(params=[False, True], ids=["cloud", "enterprise"])
def talk(request: pytest.FixtureRequest) -> Iterator[Talk]:
    site = GitHubSite(now=lambda: START, enterprise=request.param, limit=None if request.param else 5000)
    site.add_repository("acme/shop")
    site.add_repository("acme/base")
    site.add_milestone("acme/shop", "Checkout v2", date(2026, 12, 15))
    for number in range(1, 251):
        site.add_issue("acme/shop", f"Issue {number}", labels=["wip"] if number % 2 else [])
    for number in range(10):
        site.add_issue("acme/shop", f"Change {number}", pull_request=True)
    site.advance(timedelta(hours=1))
    with serve(site) as running:
        conventions = Conventions(trailer="Key-Result")
        github = connector(running.url_of(site), conventions, auth={"token": "github-token"})
        (scope,) = github.scopes().scopes
        site.requests.clear()
        yield Talk(site, github, scope)
        github.close()


def test_a_full_read_finds_every_issue_once_in_three_requests(talk: Talk) -> None:
    pages = talk.read()
    assert [item.key for item in items(pages)] == [f"acme/shop#{number}" for number in range(1, 251)]
    assert [seen.status for seen in talk.site.requests] == [200, 200, 200]
    assert [page.clock for page in pages] == [START + timedelta(hours=1), None, None]


def test_a_reading_that_stops_anywhere_goes_on_to_the_same_end(talk: Talk) -> None:
    whole = items(talk.read())
    for stop in (1, 2):
        before = talk.read()[:stop]
        assert items(before) + items(talk.read(resume=before[-1].resume)) == whole


def test_only_what_changed_is_read(talk: Talk) -> None:
    since = talk.site.now()
    talk.site.advance(timedelta(minutes=5))
    talk.site.edit("acme/shop#7", title="Pay by wallet", body="Why\n\nKey-Result: GROW.1", milestone="Checkout v2")
    talk.site.close("acme/shop#9", "not_planned")
    talk.site.add_issue("acme/shop", "New", assignees=["dana"], type="Bug")
    first, second, third = items(talk.read(since))
    assert (first.title, first.key_results) == ("Pay by wallet", (("trailer", "GROW.1"),))
    assert [container.title for container in first.containers] == ["Checkout v2"]
    assert (second.key, second.category, second.resolution) == ("acme/shop#9", "done", "not_planned")
    assert second.closed_at == second.updated_at == talk.site.now()
    assert (third.assignees, third.type, third.self_reported) == (("dana",), "Bug", True)


def test_an_unchanged_scope_costs_one_request_that_is_not_counted(talk: Talk) -> None:
    since = talk.site.now()
    (page,) = talk.read(since)
    assert page.items == []
    assert len(page.validators) == 1
    validators = dict(page.validators)
    talk.site.requests.clear()
    talk.site.advance(timedelta(minutes=15))
    assert talk.read(since, validators=validators) == []
    assert [seen.status for seen in talk.site.requests] == [304]
    talk.site.edit("acme/shop#1", title="Changed")
    assert [item.title for item in items(talk.read(since, validators=validators))] == ["Changed"]


def test_parents_and_blockers_are_told_by_key(talk: Talk) -> None:
    since = talk.site.now()
    talk.site.advance(timedelta(minutes=5))
    base = talk.site.add_issue("acme/base", "Base")
    talk.site.set_parent("acme/shop#2", "acme/shop#1")
    talk.site.set_parent("acme/shop#3", base)
    talk.site.block("acme/shop#2", base)
    talk.site.add_label("acme/shop#3", "epic")
    second, third = items(talk.read(since))
    assert (second.parent_key, second.blocked_by) == ("acme/shop#1", ("acme/base#1",))
    assert (third.parent_key, third.blocked_by) == ("acme/base#1", ())


def test_deleted_and_transferred_issues_are_no_longer_listed(talk: Talk) -> None:
    talk.site.delete("acme/shop#1")
    moved = talk.site.transfer("acme/shop#2", "acme/base")
    assert talk.keys()[0] == "acme/shop#3"
    assert len(talk.keys()) == 248
    base = Scope(external_id="1", key="acme/base", name="base", kind="repository", url="https://github.com/acme/base")
    assert [item.key for page in talk.github.items(base, Reading(), Usage()) for item in page.items] == [moved]


def test_a_repository_renamed_between_two_readings_is_still_read(talk: Talk) -> None:
    talk.site.rename("acme/shop", "acme/store")
    assert len(talk.keys()) == 250
    (scope,) = talk.github.scopes().scopes
    assert (scope.external_id, scope.key) == (talk.scope.external_id, "acme/store")


def test_milestones_are_read_until_they_do_not_change(talk: Talk) -> None:
    found = talk.github.containers(talk.scope, {}, Usage())
    assert found is not None
    assert [(one.title, one.state, one.due_on) for one in found.containers] == [
        ("Checkout v2", "open", date(2026, 12, 15))
    ]
    validators = dict(found.validators)
    assert talk.github.containers(talk.scope, validators, Usage()) is None
    talk.site.edit_milestone("acme/shop", "Checkout v2", state="closed")
    found = talk.github.containers(talk.scope, validators, Usage())
    assert found is not None
    assert [(one.state, one.closed_at) for one in found.containers] == [("closed", talk.site.now())]


def test_a_repository_that_is_hidden_is_refused_not_empty(talk: Talk) -> None:
    talk.site.hide("acme/shop")
    with pytest.raises(Refused, match="acme/shop: not found, or the token may not see it"):
        talk.read()
    with pytest.raises(Refused, match="No repository found for acme/shop"):
        talk.github.scopes()


def test_doctor_finds_a_site_in_good_order(talk: Talk) -> None:
    checks = {check.name: check for check in talk.github.doctor()}
    assert checks.pop("clock").ok is False
    assert all(check.ok for check in checks.values())
    assert checks["reachable"].detail.endswith("answers to northing-bot")
