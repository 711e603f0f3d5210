"""Backing up and restoring a large organisation: `python -m benchmarks.backups SOURCE TARGET FILE`.

Run as a program it prints one line of JSON: the seconds of backup, check and restore to an empty database, the size of
the file, and the memory of this process, which does nothing else.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

import store
from benchmarks import organisation
from benchmarks.figures import Figure
from benchmarks.full_sync import run
from store import okrs
from store.backup import backup
from store.restore import check, restore
from store.work import resolve_parents
from sync.link import link
from tests.postgres import Postgres

LIMIT_MB = 200
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def figures(kind: str, items: int, key_results: int, mappings: int, teams: int) -> Iterator[Figure]:
    """`kind`: sqlite or postgresql."""
    with _two(kind) as (source, target), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "northing.backup"
        # In a process of its own: the memory of who starts another counts as that one's, too.
        run("backups", "fill", source, *map(str, (items, key_results, mappings, teams)))
        found = run("backups", source, target, str(file))
    what = f"{items:,} items ({found['rows'] / 1e6:.1f} M rows), {NAMES[kind]}"
    yield Figure(f"backup of {what}", found["backup"])
    yield Figure("  its size", found["bytes"] / 1e6, unit="MB")
    yield Figure("  to check it", found["check"])
    yield Figure("  to restore it", found["restore"])
    yield Figure("  peak memory", found["megabytes"], target=LIMIT_MB, unit="MB")


@contextmanager
def _two(kind: str) -> Generator[tuple[str, str]]:
    """Two empty databases."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'a.db'}", f"sqlite:///{Path(folder) / 'b.db'}"
    else:
        with Postgres() as server, server.database() as source, server.database() as target:
            yield source, target


def _fill(url: str, items: int, key_results: int, mappings: int, teams: int) -> None:
    projects = max(teams // organisation.TEAMS_PER_PROJECT, 1)
    config = organisation.config(key_results, mappings, projects, teams, items)
    engine = store.connect(url)
    store.migrate(engine)
    organisation.fill(engine, items, projects)
    with engine.begin() as conn:
        okrs.apply(conn, config, organisation.NOW)
        resolve_parents(conn, 1)
        link(conn, config)
    engine.dispose()


def _timed(what: Callable[[sa.Engine, Path], object], url: str, file: Path) -> float:
    engine = store.connect(url)
    began = time.perf_counter()
    what(engine, file)
    engine.dispose()
    return time.perf_counter() - began


def main() -> None:
    """Backs the first database up, and restores the file to the second one; or fills one."""
    if sys.argv[1] == "fill":
        _fill(sys.argv[2], *map(int, sys.argv[3:7]))
        sys.stdout.write("{}\n")
        return
    source, target, file = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    found: dict[str, float] = {
        "backup": _timed(lambda engine, to: backup(engine, to, datetime.now(UTC)), source, file),
        "check": _timed(lambda _, of: check(of), source, file),
        "restore": _timed(restore, target, file),
        "bytes": file.stat().st_size,
        "rows": check(file).rows,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
