"""Every connector keeps the contract."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.connectors.contract.rules import RULES, Rule, check, name
from tests.connectors.contract.simulated import GitHubSource, JiraSource

SOURCES: dict[str, Callable[[], Any]] = {
    "github": GitHubSource,
    "jira-cloud": lambda: JiraSource("cloud"),
    "jira-datacenter": lambda: JiraSource("datacenter"),
}


@pytest.fixture(scope="module", params=SOURCES)
def source(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = SOURCES[request.param]()
    yield made
    made.close()


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_a_connector_keeps_the_contract(source: Any, rule: Rule) -> None:
    check(rule, source)
