"""A month of the service, and a slow tool beside a quick one, on both kinds of database."""

import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from benchmarks.backups import NAMES
from benchmarks.figures import Figure
from benchmarks.full_sync import run
from benchmarks.soak.month import Month
from benchmarks.soak.slow import quickest_data
from tests.postgres import Postgres

MEMORY, OPEN, CPU = 1.05, 1.1, 1.25
"""At most so many times as much at the end as in the middle: memory; files and threads; and CPU time of a cycle in the
last tenth as in the first one.
"""
LATE = 1.25
"""At most so many times as old as alone is the data of a quick tool beside a slow one."""


def figures(days: int, latency_s: float, seconds: float) -> Iterator[Figure]:
    """A month of so many days; a tool that takes `latency_s` for each answer, watched for so many seconds."""
    for kind in ("sqlite", "postgresql"):
        with _database(kind) as database:
            found = msgspec.convert(run("soak.month", database, str(days)), Month, strict=False)
        yield from _month(NAMES[kind], found)
    for kind in ("sqlite", "postgresql"):
        with _database(kind) as database:
            alone = quickest_data(database, None, seconds)
        with _database(kind) as database:
            beside = quickest_data(database, latency_s, seconds)
        yield Figure(f"oldest data of a tool beside one of {latency_s:g} s, {NAMES[kind]}", beside, alone, LATE)


@contextmanager
def _database(kind: str) -> Generator[str]:
    """An empty one."""
    with ExitStack() as stack:
        if kind == "postgresql":
            postgres = stack.enter_context(Postgres())
            yield stack.enter_context(postgres.database())
        else:
            folder = Path(tempfile.mkdtemp())
            stack.callback(shutil.rmtree, folder)
            yield f"sqlite:///{folder}/northing.db"


def _month(name: str, found: Month) -> Iterator[Figure]:
    jobs = sum(found.jobs.values())
    yield Figure(f"{found.cycles:,} cycles of the service, {jobs:,} jobs, {name}", found.seconds)
    yield Figure("  memory at a tenth", found.memory_mb[0], unit="MB")
    for what, (middle, end), target, unit in (
        ("memory at the end, beside the middle", found.memory_mb[1:], MEMORY, "MB"),
        ("open files at the end, beside the middle", found.files, OPEN, "files"),
        ("threads at the end, beside the middle", found.threads, OPEN, "threads"),
        ("size of the database at the end, beside the middle", found.megabytes, None, "MB"),
    ):
        yield Figure(f"  {what}", end, middle, target, unit)
    yield Figure("  CPU time of a cycle, last tenth beside first", found.cpu_s[1], found.cpu_s[0], CPU)
    for table, (middle, end) in found.rows.items():
        if end > middle:
            yield Figure(f"  rows of {table} at the end, beside the middle", end, middle or None, unit="rows")
    for what, some in (
        (f"of {found.changes:,} changes, to be told and not told", found.lost),
        ("  told under two ids", found.doubled),
        ("  begun and told to nobody", found.untold),
        ("errors and warnings that nobody provoked", found.unexpected),
        ("jobs that failed", [kind for kind, number in found.failed.items() for _ in range(number)]),
        ("differences of the mirror from the tools", found.differences),
    ):
        yield Figure(f"  {what}", len(some), target=0, unit="")
