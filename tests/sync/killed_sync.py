"""`python tests/sync/killed_sync.py DATABASE GITHUB JIRA [sweep]`: one sync of both tools, to be killed."""

import sys
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from typing import Any

import store
from config import Config, ConnectionOptions, Cycle, KeyResult, Mapping, Objective, Selector
from connectors.base import Connector, Context
from connectors.github import reading
from connectors.jira import cloud
from connectors.registry import connector
from sync.engine import sync

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PAGE = 20
"""Items a page: small, so that there are many moments at which a reading is half-way."""


def run(database: str, github: str, jira: str, sweep: str = "") -> str:
    """Syncs two repositories and two projects, with a sweep where `sweep` is not empty; the outcome."""
    engine, stop = store.connect(database), threading.Event()
    try:
        with opened(github, jira, stop) as (config, both):
            found = sync(engine, config, both, now=lambda: NOW, stop=stop, sweep=bool(sweep))
    finally:
        engine.dispose()
    return found.outcome


@contextmanager
def opened(github: str, jira: str, stop: threading.Event) -> Generator[tuple[Config, dict[str, Connector]]]:
    """The configuration and the connectors to both tools."""
    auth = {"email": "sync@acme.example", "token": "jira-token"}
    tools = {
        "github": options("github", url=github, auth={"token": "github-token"}, repositories=["acme/*"], in_flight=2),
        "jira": options("jira", url=jira, auth=auth, projects=["*"], in_flight=2),
    }
    config = Config(
        connections=tools,
        cycles=(Cycle(key="2026-Q4", start=date(2026, 10, 1), end=date(2026, 12, 31)),),
        objectives=(
            Objective(key="GROW", title="Grow", cycle="2026-Q4", key_results=(KeyResult(key="GROW.1", title="Sell"),)),
        ),
        mappings=(Mapping(key_result="GROW.1", work=Selector.model_validate({"label": ["n*", "web"]})),),
    )
    context = Context(now=lambda: NOW, stop=stop, sleep=lambda _seconds: None)

    def made(name: str) -> Connector:
        one: Connector = connector(name)(name, tools[name], config.conventions, "points", context)
        return one

    with closing(made("github")) as one, closing(made("jira")) as other:
        yield config, {"github": one, "jira": other}


def options(kind: str, **values: Any) -> ConnectionOptions:
    return connector(kind).options_model.model_validate({"kind": kind, **values})


if __name__ == "__main__":
    vars(reading)["PER_PAGE"] = vars(cloud)["ISSUES_A_PAGE"] = PAGE
    sys.stdout.write(run(*sys.argv[1:]))
