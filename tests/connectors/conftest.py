"""Whatever a connector asks of a simulated site in these tests is held against the tool's official documents, too."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from simulator import GitHubSite, JiraSite, Site
from tests.conftest import recorded_data
from tests.contracts.judge import Judge
from tests.contracts.wire import Exchange, Tap


class Listener:
    """Hears all sites that are served, and judges each kind of request once."""

    def __init__(self) -> None:
        folder = recorded_data()
        self._judge = Judge(folder / "contracts") if folder else None
        self._heard: list[tuple[str, Exchange]] = []
        self._known: set[object] = set()

    def tap(self, site: Site, app: Any) -> Any:
        tool = "github" if isinstance(site, GitHubSite) else "jira"
        if isinstance(site, JiraSite) and not site.cloud:
            tool = "datacenter"
        return Tap(app, site, lambda one: self._heard.append((tool, one)))

    def objections(self) -> list[str]:
        """What is not documented of the requests since it was last asked for."""
        heard, self._heard[:] = list(self._heard), []
        if self._judge is None:
            return []
        return [
            problem
            for tool, one in heard
            if not one.path.startswith("/browse/") and self._is_new(tool, one)
            for problem in self._judge.objections(tool, [one], answered=False)
        ]

    def _is_new(self, tool: str, one: Exchange) -> bool:
        path = re.sub(r"\d+|[A-Z]+-\d+", "0", one.path)
        kind = (tool, one.method, path, frozenset(parse_qs(one.query)), one.body if "graphql" in path else b"")
        body = frozenset(re.findall(rb'[{,]"(\w+)":', one.body))
        known, self._known = (kind, body) in self._known, self._known | {(kind, body)}
        return not known


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """Stands before every site that is served."""
    made, listening = Site.app, Listener()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Site, "app", lambda site: listening.tap(site, made(site)))
        yield listening


@pytest.fixture(autouse=True)
def only_documented_requests(listener: Listener) -> Iterator[None]:
    """The test fails where a connector asked for something that the tool's document does not know."""
    listener.objections()
    yield
    assert listener.objections() == []
