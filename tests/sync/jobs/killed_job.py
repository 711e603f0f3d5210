"""`python tests/sync/jobs/killed_job.py DATABASE GITHUB JIRA`: one job after another, to be killed."""

import sys
import threading

import store
from connectors.github import reading
from connectors.jira import cloud
from sync.engine import count
from sync.jobs.scopes import list_scopes, read_scope
from tests.sync.killed_sync import NOW, PAGE, opened


def run(database: str, github: str, jira: str) -> None:
    """Lists and reads all scopes of two tools, and counts; each scope a job."""
    engine, stop = store.connect(database), threading.Event()
    try:
        with opened(github, jira, stop) as (config, connectors):
            for name, connector in connectors.items():
                listed = list_scopes(engine, config, name, connector, now=lambda: NOW, stop=stop)
                for one in listed.listed:
                    read_scope(engine, config, name, connector, one, now=lambda: NOW, stop=stop)
            count(engine, config, now=lambda: NOW)
    finally:
        engine.dispose()


if __name__ == "__main__":
    vars(reading)["PER_PAGE"] = vars(cloud)["ISSUES_A_PAGE"] = PAGE
    run(*sys.argv[1:])
