"""What changes in GitHub, and which reading meets it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from connectors.base import Reading, Usage
from connectors.errors import Refused
from connectors.github import GitHub
from connectors.records import Item, Scope
from simulator import GitHubSite, serve
from tests.connectors.github.samples import connector

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
LONG_AGO = datetime(2019, 3, 1, 8, tzinfo=UTC)


@dataclass
class Talk:
    """A site with acme/shop of three issues, the first one closed long ago, and acme/base; and a connector."""

    site: GitHubSite
    github: GitHub
    scopes: dict[str, Scope]

    def read(self, since: datetime | None = None, name: str = "acme/shop") -> dict[str, Item]:
        pages = self.github.items(self.scopes[name], Reading(since), Usage())
        return {item.key: item for page in pages for item in page.items}

    def milestones(self, validators: dict[str, str]) -> dict[str, str] | None:
        found = self.github.containers(self.scopes["acme/shop"], validators, Usage())
        if found is None:
            return None
        validators.update(found.validators)
        return {one.title: one.state for one in found.containers}

    def later(self) -> datetime:
        """Some time after everything so far: where the next reading starts."""
        self.site.advance(timedelta(hours=1))
        since = self.site.now()
        self.site.advance(timedelta(minutes=5))
        return since


@pytest.fixture
def talk() -> Iterator[Talk]:
    site = GitHubSite(now=lambda: START)
    for name in ("acme/shop", "acme/base"):
        site.add_repository(name)
    site.add_issue("acme/shop", "Old", state="closed", created=LONG_AGO, closed=LONG_AGO)
    site.add_issue("acme/shop", "Blocked", labels=["epic", "wip"], type="Task")
    site.add_issue("acme/shop", "Child")
    site.add_issue("acme/base", "Base", created=LONG_AGO, updated=LONG_AGO)
    with (
        serve(site) as running,
        closing(
            connector(running.url_of(site), auth={"token": "github-token"}, repositories=["acme/shop", "acme/base"])
        ) as github,
    ):
        yield Talk(site, github, {scope.key: scope for scope in github.scopes().scopes})


def test_an_old_closed_issue_that_is_edited_or_reopened_is_met_again(talk: Talk) -> None:  # bug 13
    since = talk.later()
    talk.site.edit("acme/shop#1", title="Old, but edited")
    assert [item.title for item in talk.read(since).values()] == ["Old, but edited"]
    since = talk.later()
    talk.site.reopen("acme/shop#1")
    assert [(item.category, item.closed_at) for item in talk.read(since).values()] == [("todo", None)]


def test_an_old_milestone_that_changes_is_met_by_the_next_reading(talk: Talk) -> None:  # bug 14
    talk.site.add_milestone("acme/shop", "First", date(2019, 4, 1))
    talk.later()
    talk.site.add_milestone("acme/shop", "Last", date(2026, 12, 1))
    validators: dict[str, str] = {}
    assert talk.milestones(validators) == {"First": "open", "Last": "open"}
    assert talk.milestones(validators) is None
    talk.site.edit_milestone("acme/shop", "First", state="closed", title="First of all")
    assert talk.milestones(validators) == {"First of all": "closed", "Last": "open"}


def test_labels_that_were_taken_off_are_off(talk: Talk) -> None:  # bug 11
    since = talk.later()
    talk.site.remove_label("acme/shop#2", "wip")
    assert [item.labels for item in talk.read(since).values()] == [("epic",)]


def test_a_repository_that_is_new_to_us_is_read_from_its_beginning(talk: Talk) -> None:  # bug 31
    since = talk.later()
    assert talk.read(since) == {}
    assert list(talk.read(None, "acme/base")) == ["acme/base#1"]


def test_a_full_reading_meets_what_no_time_stamp_tells(talk: Talk) -> None:
    talk.site.block("acme/shop#2", "acme/base#1")
    talk.site.set_parent("acme/shop#3", "acme/shop#2")
    before, since = talk.read(), talk.later()
    talk.site.set_parent("acme/shop#3", "acme/base#1")
    talk.site.unblock("acme/shop#2")
    talk.site.retype("acme/shop#2", "Feature")
    assert talk.read(since) == {}
    after = talk.read()
    assert [(item.parent_key, item.blocked_by, item.type) for item in before.values()] == [
        (None, (), None),
        (None, ("acme/base#1",), "Task"),
        ("acme/shop#2", (), None),
    ]
    assert [(item.parent_key, item.blocked_by, item.type) for item in after.values()] == [
        (None, (), None),
        (None, (), "Feature"),
        ("acme/base#1", (), None),
    ]
    assert [item.updated_at for item in after.values()] == [item.updated_at for item in before.values()]


def test_blockers_are_asked_for_only_where_there_are_some(talk: Talk) -> None:
    talk.site.block("acme/shop#2", "acme/base#1")
    talk.site.requests.clear()
    talk.read()
    assert [seen.path for seen in talk.site.requests if "blocked_by" in seen.path] == [
        "/repos/acme/shop/issues/2/dependencies/blocked_by"
    ]


def test_one_repository_that_fails_stops_no_other(talk: Talk) -> None:  # bug 20
    talk.site.hide("acme/base")
    listing = talk.github.scopes()
    assert [scope.key for scope in listing.scopes] == ["acme/shop"]
    assert [words for words, _ in listing.refused] == ["acme/base"]
    assert len(talk.read()) == 3
    with pytest.raises(Refused, match="acme/base: not found, or the token may not see it"):
        talk.read(None, "acme/base")
