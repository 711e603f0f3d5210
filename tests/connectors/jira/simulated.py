"""A connector to a simulated Jira, for tests that read it."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from config import Conventions
from connectors.base import Context, Reading, Usage
from connectors.jira import Jira, JiraOptions
from connectors.records import Category, Item, Page, Scope
from simulator import JiraSite, serve
from simulator.site import Seen

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def jira_site(flavour: Literal["cloud", "datacenter"], **options: Any) -> JiraSite:
    """A site with the empty projects SHOP and PLAT, whose clock stands at `NOW`."""
    site = JiraSite(flavour, now=lambda: NOW, **options)
    site.add_project("SHOP", "Shop")
    site.add_project("PLAT", "Platform")
    return site


def after(site: JiraSite, path: str, action: Callable[[], object], times: int = 1) -> None:
    """Do something once a request whose path ends in `path` was answered, the first so many `times`."""

    class Watched(list[Seen]):
        left = times

        def append(self, one: Seen) -> None:
            super().append(one)
            if one.path.endswith(path) and self.left:
                self.left -= 1
                action()

    site.requests = Watched(site.requests)


@contextmanager
def connected(site: JiraSite, waits: list[float] | None = None, **values: Any) -> Generator[Jira]:
    """A connector to the site while it is served. `waits` gets the seconds of each wait, none of which is waited."""
    waits = [] if waits is None else waits
    with serve(site) as running:
        auth = {"email": site.email, "token": site.token} if site.cloud else {"token": site.token}
        options = JiraOptions.model_validate(
            {"kind": "jira", "url": running.url_of(site), "auth": auth, "projects": ["SHOP"], **values}
        )
        context = Context(now=lambda: NOW, stop=threading.Event(), sleep=waits.append)
        jira = Jira("jira", options, Conventions(), "points", context)
        try:
            yield jira
        finally:
            jira.close()


def scope_of(site: JiraSite, key: str = "SHOP") -> Scope:
    """The project as a scope."""
    raw = site.projects[key]
    return Scope(external_id=raw["id"], key=key, name=raw["name"], kind="project", url=f"{site.origin}/browse/{key}")


def read_pages(site: JiraSite, jira: Jira, reading: Reading | None = None, usage: Usage | None = None) -> list[Page]:
    """All pages of SHOP."""
    return list(jira.items(scope_of(site), reading or Reading(), usage or Usage()))


def read_items(site: JiraSite, jira: Jira, reading: Reading | None = None) -> dict[str, Item]:
    """All items of SHOP by key."""
    return {item.key: item for page in read_pages(site, jira, reading) for item in page.items}


def listed(jira: Jira, scope: Scope, usage: Usage | None = None) -> list[dict[str, Category]]:
    """The pages of a listing of all ids."""
    pages = jira.ids(scope, usage or Usage())
    assert pages is not None
    return list(pages)
