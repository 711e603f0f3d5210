"""Linking and measuring a large organisation: `python -m benchmarks.alignment DATABASE ITEMS KEY_RESULTS MAPPINGS`.

Run as a program it prints one line of JSON: the seconds from nothing, and after 500 items changed.
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
from sync.link import link
from sync.measure import measure
from tests.postgres import Postgres

PROJECTS = 50
CHANGED = 500
FROM_NOTHING_S, AFTER_CHANGES_S = 30, 1.5
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def figures(database: str, items: int, key_results: int, mappings: int) -> Iterator[Figure]:
    """`database`: sqlite or postgresql. Measured in a process of its own."""
    sizes = (str(items), str(key_results), str(mappings))
    if database == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            found = run("alignment", f"sqlite:///{Path(folder) / 'northing.db'}", *sizes)
    else:
        with Postgres() as server, server.database() as url:
            found = run("alignment", url, *sizes)
    what = f"{items:,} items, {key_results:,} KRs, {mappings:,} mappings, {NAMES[database]}"
    yield Figure(f"link and measure {what}", found["nothing"], target=FROM_NOTHING_S)
    yield Figure(f"the same after {CHANGED} items changed", found["changes"], target=AFTER_CHANGES_S)


def main() -> None:
    """Both measurements on an empty database."""
    url, items, key_results, mappings = sys.argv[1], *map(int, sys.argv[2:5])
    config = organisation.config(key_results, mappings, PROJECTS, items)
    engine = store.connect(url)
    store.migrate(engine)
    organisation.fill(engine, items, PROJECTS)
    with engine.begin() as conn:
        okrs.apply(conn, config, organisation.NOW)

    def counted(now: timedelta) -> float:
        began = time.perf_counter()
        with engine.begin() as conn:
            link(conn, config)
            measure(conn, config, organisation.NOW + now)
        return time.perf_counter() - began

    nothing = counted(timedelta(0))
    with engine.begin() as conn:
        chosen = f"id % {max(items // CHANGED, 1)} = 7"
        conn.execute(sa.text(f"UPDATE work_item SET state = 'done' WHERE {chosen}"))
        conn.execute(sa.text(f"INSERT INTO dirty (item_id) SELECT id FROM work_item WHERE {chosen}"))
    sys.stdout.write(json.dumps({"nothing": nothing, "changes": counted(timedelta(hours=1))}) + "\n")


if __name__ == "__main__":
    main()
