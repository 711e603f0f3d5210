"""Connectors are found by entry point."""

import pytest

from connectors import registry
from connectors.errors import Refused
from connectors.jira import Jira, JiraOptions


def test_our_connectors_are_registered() -> None:
    assert registry.kinds() == ["github", "jira"]
    assert registry.connector("jira") is Jira
    assert registry.option_models()["jira"] is JiraOptions


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refused, match="github, jira"):
        registry.connector("gitlab")
