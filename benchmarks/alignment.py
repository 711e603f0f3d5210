"""Counting a large organisation: `python -m benchmarks.alignment DATABASE ITEMS KEY_RESULTS MAPPINGS TEAMS`.

Run as a program it prints one line of JSON: the seconds of each step from nothing, and after 500 items changed.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

import store
from benchmarks import organisation
from benchmarks.figures import Figure
from benchmarks.full_sync import run
from store import okrs
from store.work import resolve_parents
from sync.findings import evaluate
from sync.link import link
from sync.measure import measure
from tests.postgres import Postgres

PROJECTS = 50
CHANGED = 500
FROM_NOTHING_S, AFTER_CHANGES_S = 45, 2
GROWTH = 10
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

Steps = dict[str, float]
"""Seconds by step."""


def figures(database: str, items: int, key_results: int, mappings: int, teams: int) -> Iterator[Figure]:
    """`database`: sqlite or postgresql. Then a tenth of everything: ten times as much must not take more than that."""
    sizes = (items, key_results, mappings, teams)
    found = _measured(database, *sizes)
    what = f"{items:,} items, {key_results:,} KRs, {mappings:,} mappings, {teams} teams, {NAMES[database]}"
    yield from _rows(f"link, measure, find {what}", found["nothing"], FROM_NOTHING_S)
    yield from _rows(f"the same after {CHANGED} items changed", found["changes"], AFTER_CHANGES_S)
    tenth = _measured(database, *(max(size // 10, 1) for size in sizes))
    before, after = (sum(one["nothing"].values()) for one in (tenth, found))
    yield Figure("all of it beside a tenth of it", after, before, GROWTH)


def _rows(what: str, steps: Steps, target: float) -> Iterator[Figure]:
    yield Figure(what, sum(steps.values()), target=target)
    for step, seconds in steps.items():
        yield Figure(f"  {step}", seconds)


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
    config = organisation.config(key_results, mappings, PROJECTS, teams, items)
    engine = store.connect(url)
    store.migrate(engine)
    organisation.fill(engine, items, PROJECTS)
    with engine.begin() as conn:
        okrs.apply(conn, config, organisation.NOW)

    def counted(passed: timedelta) -> Steps:
        now = organisation.NOW + passed
        marks = [time.perf_counter()]
        with engine.begin() as conn:
            resolve_parents(conn, 1)
            link(conn, config)
            marks.append(time.perf_counter())
            facts = measure(conn, config, now)
            marks.append(time.perf_counter())
            evaluate(conn, config, facts, now)
        marks.append(time.perf_counter())
        names = ("links", "numbers", "findings")
        return {name: end - start for name, start, end in zip(names, marks, marks[1:], strict=False)}

    nothing = counted(timedelta(0))
    with engine.begin() as conn:
        chosen = f"id % {max(items // CHANGED, 1)} = 7"
        conn.execute(sa.text(f"UPDATE work_item SET state = 'done' WHERE {chosen}"))
        conn.execute(sa.text(f"INSERT INTO dirty (item_id) SELECT id FROM work_item WHERE {chosen}"))
    sys.stdout.write(json.dumps({"nothing": nothing, "changes": counted(timedelta(hours=1))}) + "\n")


if __name__ == "__main__":
    main()
