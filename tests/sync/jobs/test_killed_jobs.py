"""A job that is killed at any moment holds nobody up, and the next ones end where undisturbed ones end."""

import os
import random
from pathlib import Path

import pytest
import sqlalchemy as sa

import store
from connectors.github import reading
from connectors.jira import cloud
from store import tables
from tests.sync.jobs.killed_job import run
from tests.sync.killed_sync import PAGE
from tests.sync.test_killed import Tools, fresh, picture, tools

__all__ = ["tools"]

OF_RUNS = "ScopeTotal"
LONG = "NORTHING_LONG" in os.environ
KILLS = 50 if LONG else 1


def outcomes(url: str) -> set[str]:
    engine = store.connect(url)
    with engine.connect() as conn:
        found = {
            outcome
            for table in (tables.Run, tables.RunScope)
            for outcome in conn.execute(sa.select(table.__table__.c.outcome)).scalars()
        }
    engine.dispose()
    return found


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["postgresql"])
def test_killed_jobs_and_the_next_ones_end_as_undisturbed_ones(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tools: Tools, tmp_path: Path, kind: str
) -> None:
    monkeypatch.setattr(reading, "PER_PAGE", PAGE)
    monkeypatch.setattr(cloud, "ISSUES_A_PAGE", PAGE)
    moments = random.Random(kind)
    with fresh(request, kind, tmp_path, 0) as url:
        before = tools.asked
        run(url, *tools.urls)
        whole = tools.asked - before
        undisturbed = picture(url)
    for number in range(1, KILLS + 1):
        with fresh(request, kind, tmp_path, number) as url:
            at = moments.randint(whole // 4, whole * 3 // 4)
            tools.killed("tests/sync/jobs/killed_job.py", url, at, moments.uniform(0, 0.05))
            run(url, *tools.urls)
            found = picture(url)
            assert {name: found[name] for name in found if name != OF_RUNS} == {
                name: undisturbed[name] for name in undisturbed if name != OF_RUNS
            }
            assert outcomes(url) <= {"ok", "interrupted"}
