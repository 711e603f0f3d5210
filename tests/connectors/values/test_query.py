"""Counts and sums of what a connection's query matches, against simulated sites."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from config import Conventions, QueryValue
from connectors.base import Connector, Context
from connectors.errors import Refused, TryAgain
from connectors.jira import Jira, JiraOptions
from connectors.values import fetch, place
from simulator import JiraSite, serve
from tests.sync.fake import Fake, Tool

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def context() -> Context:
    return Context(now=lambda: NOW, stop=threading.Event(), sleep=lambda _seconds: None)


@pytest.fixture(params=["cloud", "datacenter"])
def site(request: pytest.FixtureRequest) -> JiraSite:
    site = JiraSite(request.param, now=lambda: NOW)
    site.add_project("SHOP", "Shop")
    for number in range(250):
        site.add_issue("SHOP", f"Item {number}", estimate=number % 4 or None, labels=["web"] if number < 120 else [])
    return site


@pytest.fixture
def connectors(site: JiraSite) -> Iterator[dict[str, Connector]]:
    with serve(site) as running:
        auth = {"email": site.email, "token": site.token} if site.cloud else {"token": site.token}
        options = JiraOptions.model_validate(
            {"kind": "jira", "url": running.url_of(site), "auth": auth, "projects": ["SHOP"]}
        )
        jira = Jira("jira", options, Conventions(), "count", context())
        yield {"jira": jira}
        jira.close()


def source(jql: str, measure: str = "count", **more: Any) -> QueryValue:
    return QueryValue(connection="jira", jql=jql, measure=measure, **more)


def test_the_items_that_a_query_matches_are_counted(connectors: dict[str, Connector]) -> None:
    assert fetch(source("project = SHOP AND labels = web"), context=context(), connectors=connectors) == 120
    assert fetch(source("labels = none"), context=context(), connectors=connectors) == 0


@pytest.mark.parametrize("field", ["points", "Story Points", "story points"])
def test_a_field_is_added_up_over_all_pages_and_empty_ones_add_nothing(
    site: JiraSite, connectors: dict[str, Connector], field: str
) -> None:
    found = fetch(source("project = SHOP", field), context=context(), connectors=connectors)
    assert found == sum(number % 4 for number in range(250))
    assert fetch(source("labels = none", field), context=context(), connectors=connectors) == 0


def test_a_field_that_is_not_there_or_holds_text_is_refused(connectors: dict[str, Connector]) -> None:
    with pytest.raises(Refused, match="No field is called 'Revenue' in jira"):
        fetch(source("project = SHOP", "Revenue"), context=context(), connectors=connectors)
    with pytest.raises(Refused, match="holds no number"):
        fetch(source("project = SHOP", "summary"), context=context(), connectors=connectors)


def test_a_query_that_the_tool_refuses_is_refused(connectors: dict[str, Connector]) -> None:
    with pytest.raises(Refused, match="NOPE"):
        fetch(source("project = NOPE"), context=context(), connectors=connectors)


def test_a_connection_that_adds_nothing_up_or_cannot_be_read_gives_no_value() -> None:
    fake = Fake(Tool(matches={"q": {"1", "2"}}), name="jira")
    assert fetch(source("q"), context=context(), connectors={"jira": fake}) == 2
    with pytest.raises(Refused, match="jira is of kind fake, which adds up no fields"):
        fetch(source("q", "Points"), context=context(), connectors={"jira": fake})
    with pytest.raises(TryAgain, match="The connection jira cannot be read now"):
        fetch(source("q"), context=context(), connectors={})


def test_a_place_says_what_is_asked() -> None:
    assert place(source("a = b")) == "the number of items that match 'a = b' in jira"
    assert place(source("a = b", "Points")) == "the sum of Points that match 'a = b' in jira"
