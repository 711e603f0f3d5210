"""A Cloud site with Atlassian's servers beside it, and connectors to it, on a clock that only tests move."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from config import Conventions
from connectors.base import Context, Kept, Reading, Unkept, Usage
from connectors.jira import Jira, JiraOptions
from simulator import JiraSite, serve
from simulator.jira import Atlassian

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


class Clock:
    """The time of both sides."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Cloud:
    """One site `acme` with the project SHOP and an issue, another one `other`, and their Atlassian."""

    clock: Clock
    site: JiraSite
    other: JiraSite
    atlassian: Atlassian
    url: str
    gateway: str
    kept: Kept = field(default_factory=Unkept)
    opened: list[Jira] = field(default_factory=list)
    learned: list[str] = field(default_factory=list)

    @property
    def cloud_id(self) -> str:
        assert self.site.tokens.cloud_id is not None
        return self.site.tokens.cloud_id

    def oauth(self, refresh_token: str, **auth: str) -> dict[str, str]:
        """The keys of OAuth 2.0 as a user writes them."""
        app = {"client_id": "app", "client_secret": "app-secret", "token_url": f"{self.gateway}/oauth/token"}
        return {**app, "refresh_token": refresh_token, "gateway": self.gateway, **auth}

    def connect(self, auth: dict[str, Any], kept: Kept | None = None, **values: Any) -> Jira:
        """A connector as another process would have it; `kept` is what all of them share."""
        given = {"kind": "jira", "url": self.url, "auth": auth, "projects": ["SHOP"], **values}
        context = Context(
            now=self.clock,
            stop=threading.Event(),
            sleep=lambda seconds: self.clock.advance(timedelta(seconds=seconds)),
            kept=kept or self.kept,
            learned=self.learned.append,
        )
        self.opened.append(Jira("jira", JiraOptions.model_validate(given), Conventions(), "count", context))
        return self.opened[-1]


def keys(jira: Jira) -> list[str]:
    """What a whole reading brings."""
    [scope] = jira.scopes().scopes
    return [item.key for page in jira.items(scope, Reading(), Usage()) for item in page.items]


@contextmanager
def cloud() -> Generator[Cloud]:
    """A served `Cloud`."""
    clock = Clock()
    site, other = JiraSite("cloud", now=clock), JiraSite("cloud", now=clock)
    site.add_project("SHOP", "Shop")
    site.add_board("SHOP")
    site.add_issue("SHOP", "Guest checkout")
    atlassian = Atlassian(site, other)
    with serve(site, other, atlassian) as running:
        found = Cloud(clock, site, other, atlassian, running.url_of(site), running.url_of(atlassian))
        try:
            yield found
        finally:
            for one in found.opened:
                one.close()
