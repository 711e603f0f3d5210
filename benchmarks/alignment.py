"""Counting a large organisation: `python -m benchmarks.alignment DATABASE ITEMS KEY_RESULTS MAPPINGS TEAMS`.

Run as a program it prints one line of JSON: the seconds of each step from nothing, and after 500 items changed.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

import store
from benchmarks import organisation
from benchmarks.figures import Figure
from benchmarks.full_sync import run
from store import okrs
from store.work import resolve_parents
from sync.findings import evaluate
from sync.forecast.step import forecast
from sync.history import snapshot
from sync.link import link
from sync.measure import measure
from sync.suggestions import suggest_unaligned
from tests.postgres import Postgres

CHANGED = 500
FROM_NOTHING_S, AFTER_CHANGES_S = 45, 2
GROWTH = 10
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

WHOLE = ("links", "numbers", "findings")
"""The steps that the targets bound. The others are shown beside them."""

Steps = dict[str, float]
"""Seconds by step."""
Result = TypeVar("Result")


def figures(database: str, items: int, key_results: int, mappings: int, teams: int) -> Iterator[Figure]:
    """`database`: sqlite or postgresql. Then a tenth of everything: ten times as much must not take more than that."""
    sizes = (items, key_results, mappings, teams)
    found = _measured(database, *sizes)
    what = f"{items:,} items, {key_results:,} KRs, {mappings:,} mappings, {teams} teams, {NAMES[database]}"
    yield from _rows(f"link, measure, find {what}", found["nothing"], FROM_NOTHING_S)
    yield from _rows(f"the same after {CHANGED} items changed", found["changes"], AFTER_CHANGES_S)
    tenth = _measured(database, *(max(size // 10, 1) for size in sizes))
    before, after = (_whole(one["nothing"]) for one in (tenth, found))
    yield Figure("all of it beside a tenth of it", after, before, GROWTH)


def _rows(what: str, steps: Steps, target: float) -> Iterator[Figure]:
    yield Figure(what, _whole(steps), target=target)
    for step, seconds in steps.items():
        yield Figure(f"  {step}" if step in WHOLE else f"  beside it: {step}", seconds)


def _whole(steps: Steps) -> float:
    return sum(steps[step] for step in WHOLE)


def _measured(database: str, *sizes: int) -> dict[str, Steps]:
    """In a process of its own, on an empty database."""
    words = [str(size) for size in sizes]
    if database == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            return run("alignment", f"sqlite:///{Path(folder) / 'northing.db'}", *words)
    with Postgres() as server, server.database() as url:
        return run("alignment", url, *words)


def main() -> None:
    """Both measurements."""
    url, items, key_results, mappings, teams = sys.argv[1], *map(int, sys.argv[2:6])
    projects = max(teams // organisation.TEAMS_PER_PROJECT, 1)
    config = organisation.config(key_results, mappings, projects, teams, items)
    engine = store.connect(url)
    store.migrate(engine)
    organisation.fill(engine, items, projects)
    with engine.begin() as conn:
        okrs.apply(conn, config, organisation.NOW)

    def counted(passed: timedelta) -> Steps:
        now = organisation.NOW + passed
        steps: Steps = {}

        def timed(step: str, work: Callable[[], Result]) -> Result:
            began = time.perf_counter()
            result = work()
            steps[step] = time.perf_counter() - began
            return result

        with engine.begin() as conn:
            timed("links", lambda: (resolve_parents(conn, 1), link(conn, config)))
            timed("forecast", lambda: forecast(conn, config, now))
            facts = timed("numbers", lambda: measure(conn, config, now))
            timed("history", lambda: snapshot(conn, config, now))
            timed("suggestions", lambda: suggest_unaligned(conn, config, now))
            timed("findings", lambda: evaluate(conn, config, facts, now))
        return steps

    nothing = counted(timedelta(0))
    with engine.begin() as conn:
        # Work that is not finished changes; these are spread over all of it.
        chosen = "SELECT id FROM work_item WHERE state IN ('todo', 'in_progress') ORDER BY id % 997, id LIMIT :changed"
        changed = {"changed": CHANGED}
        conn.execute(sa.text(f"INSERT INTO dirty (item_id) {chosen}"), changed)
        conn.execute(sa.text("UPDATE work_item SET state = 'done' WHERE id IN (SELECT item_id FROM dirty)"))
    sys.stdout.write(json.dumps({"nothing": nothing, "changes": counted(timedelta(hours=1))}) + "\n")


if __name__ == "__main__":
    main()
