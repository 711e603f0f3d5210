"""A process that reads a site by OAuth from eight threads at once, each time it is told to; or one by one, for ever."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

from config import Conventions
from connectors.base import Context
from connectors.errors import Refused
from connectors.jira import Jira, JiraOptions
from store.credentials import KeptCredentials


def now() -> datetime:
    return datetime.now(UTC)


def main(database: str, site: str, atlassian: str, refresh_token: str) -> None:
    """For each line of standard input, until it ends. The line `for ever` is the last one."""
    auth = {
        "client_id": "app",
        "client_secret": "app-secret",
        "refresh_token": refresh_token,
        "token_url": f"{atlassian}/oauth/token",
        "gateway": atlassian,
    }
    options = JiraOptions.model_validate({"kind": "jira", "url": site, "auth": auth, "projects": ["SHOP"]})
    kept, stop = KeptCredentials(database, now), threading.Event()
    jira = Jira("jira", options, Conventions(), "count", Context(now, stop, lambda _: None, kept=kept))
    for line in sys.stdin:
        if line == "for ever\n":
            jira.scopes()
            sys.stdout.write("read\n")
            sys.stdout.flush()
        while line == "for ever\n":
            with suppress(Refused):  # a token that ends as soon as it was got
                jira.scopes()
        with ThreadPoolExecutor(8) as pool:
            seen = [listing.scopes[0].key for listing in pool.map(lambda _: jira.scopes(), range(8))]
        sys.stdout.write(f"{seen.count('SHOP')} readings went well\n")
        sys.stdout.flush()
    jira.close()
    kept.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
