"""A month of the service in one process: `python -m benchmarks.soak.month DATABASE DAYS [queue]`.

All parts are those of `northing serve`, but that no clock runs: time jumps from one interval of the schedule to the
next as soon as all jobs of the one before are done, and waits pass at once. Around it a small company works, its
tools and its channel fail now and then, and its files are edited. Prints one line of JSON: a `Month`.
"""

import math
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import msgspec
import sqlalchemy as sa

import store
from benchmarks.soak.clock import A_DAY, START, Clock, Jumps
from benchmarks.soak.outside import Outside
from benchmarks.soak.running import Soak
from benchmarks.soak.watching import read_log
from benchmarks.soak.world import Order

if TYPE_CHECKING:
    from cli.service import Service

ITSELF = "SYN507"
"""That a channel refuses is not told to itself, and here is no other."""


class Month(msgspec.Struct):
    """What a month came to. Pairs are (in its middle, at its end), but `cpu_s`, which is (first, last) tenth.

    `memory_mb`: at a tenth, in the middle, at the end. `lost`: changes that were to be told and were not. `doubled`:
    those told under two ids. `untold`: beginnings that no channel was to hear of. `unexpected`: lines of the log that
    tell of an error which nobody provoked. `differences`: of the mirror from the tools.
    """

    seconds: float
    cycles: int
    jobs: dict[str, int]
    failed: dict[str, int]
    memory_mb: tuple[float, float, float]
    files: tuple[float, float]
    threads: tuple[float, float]
    megabytes: tuple[float, float]
    cpu_s: tuple[float, float]
    rows: dict[str, tuple[int, int]]
    changes: int
    told: int
    repeated: int
    lost: list[int]
    doubled: list[int]
    untold: list[str]
    digests: int
    posted: int
    unposted: int
    provoked: dict[str, int]
    unexpected: list[str]
    differences: list[str]


def month(database: str, days: int, folder: Path, *, minutes: float = math.inf, queue: bool = False) -> Month:
    """Runs it, for so many minutes at most."""
    clock = Clock(START)
    with ExitStack() as stack:
        outside = stack.enter_context(closing(Outside(folder, database, START, queue=queue)))
        from sync.jobs.worker import Worker

        for what, value in {
            "cli.wiring.now": clock,
            "cli.wiring.pause": clock.pause,
            "cli.jobs.SETTLE": timedelta(seconds=0.05),
            "cli.upkeep.SETTLE": timedelta(seconds=0.05),
            "cli.jobs.LATER": timedelta(seconds=0.2),
            "sync.jobs.worker.Worker": partial(Worker, poll=timedelta(seconds=0.02)),
        }.items():
            stack.enter_context(patch(what, value))
        soak, idle, stop = _started(stack, folder, clock, outside)
        began = time.monotonic()
        soak.run(days * A_DAY, began + 60 * minutes, idle)
        seconds = time.monotonic() - began
        soak.sizes.append((soak.count_rows(), soak.size()))
        soak.sweep(idle)
        return _told(soak, outside, clock, seconds, folder / "log", stop)


def _started(
    stack: ExitStack, folder: Path, clock: Clock, outside: Outside
) -> "tuple[Soak, Callable[[float], bool], threading.Event]":
    """As `cli.serve` does it."""
    from cli.config_watch import watched
    from cli.listening import Listening
    from cli.logs import Style, configure
    from cli.serve import _inside, _runner
    from cli.service import serving
    from cli.session import Session
    from cli.sole import Sole
    from cli.upkeep import Upkeep
    from cli.wiring import database
    from sync.jobs.pool import Pool

    at, stop = Session(config=outside.config), threading.Event()
    watch = watched(at)
    configure(Style.json, at.secrets.hide, stream=stack.enter_context((folder / "log").open("w", buffering=1)))
    engine = stack.enter_context(database(watch.loaded.config.database))
    service = stack.enter_context(serving(at, watch, engine, stop, decides=True))
    sole = stack.enter_context(closing(Sole(engine))) if watch.loaded.config.queue is None else None
    runner, close = _runner(service)
    stack.callback(close)
    stack.callback(stop.set)
    jumps = Jumps(runner)
    clockwork: Any = jumps
    listening = stack.enter_context(closing(Listening(_inside(service, clockwork, runner))))
    listening.open()
    soak = Soak(service, Upkeep(service, runner, clockwork, sole), jumps, clock, outside)
    return soak, runner.wait if isinstance(runner, Pool) else _emptied(engine), stop


def _emptied(engine: sa.Engine) -> Callable[[float], bool]:
    """Waits until the queue is empty."""
    from store.locks import until

    def empty() -> bool:
        with store.reading(engine) as conn:
            left = "SELECT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing'))"
            return not conn.exec_driver_sql(left).scalar_one()

    return lambda timeout: until(empty, timeout)


def _told(
    soak: Soak,
    outside: Outside,
    clock: Clock,
    seconds: float,
    log_file: Path,
    stop: threading.Event,
) -> Month:
    service, watching = soak.service, soak.watching
    kilobytes, around = watching.kilobytes, watching.around
    with store.reading(service.engine) as conn:
        soak.told.note(conn)
        totals = conn.exec_driver_sql("SELECT kind, done, failed FROM job_total ORDER BY kind").all()
    done = outside.do(Order(clock.at))
    told = done.told
    wanted = {change for (change, _), state in soak.told.states.items() if state != "dropped"}
    heard = {change for change, _ in soak.told.states}
    provoked, unexpected = read_log(log_file)
    half, end = soak.sizes[(len(soak.sizes) - 1) // 2], soak.sizes[-1]
    tenth = max(1, len(watching.cpu_ms) // 10)
    return Month(
        seconds=seconds,
        cycles=len(watching.cpu_ms),
        jobs={row.kind: row.done for row in totals},
        failed={row.kind: row.failed for row in totals if row.failed},
        memory_mb=(around(kilobytes, 0.1) / 1024, around(kilobytes, 0.5) / 1024, around(kilobytes, 1) / 1024),
        files=(around(watching.files, 0.5), around(watching.files, 1)),
        threads=(around(watching.threads, 0.5), around(watching.threads, 1)),
        megabytes=(half[1], end[1]),
        cpu_s=(sum(watching.cpu_ms[1:tenth]) / 1000 / tenth, sum(watching.cpu_ms[-tenth:]) / 1000 / tenth),
        rows={name: (half[0][name], number) for name, number in end[0].items()},
        changes=len(soak.told.changes),
        told=len(told),
        repeated=sum(len(ids) > 1 for ids in told.values()),
        lost=sorted(wanted - told.keys()),
        doubled=sorted(change for change, ids in told.items() if len(set(ids)) > 1),
        untold=[
            f"{change} {code}"
            for change, code in sorted(soak.told.begun.items())
            if change not in heard and code != ITSELF
        ],
        digests=len(done.digests),
        posted=soak.posted,
        unposted=soak.unposted,
        provoked=provoked,
        unexpected=unexpected,
        differences=_differences(service, stop),
    )


def _differences(service: "Service", stop: threading.Event) -> list[str]:
    from sync.verify import verify

    with service.lease() as leased:
        verdicts = verify(
            service.engine, leased.config, leased.connectors, stop=stop, sample=10_000, pick=random.Random(1)
        )
    failed = [f"{one.connection} {one.scope}: {one.error}" for one in verdicts if one.error]
    return failed + [
        f"{one.scope} {found.key} {found.field}: {found.stored!r}, told {found.told!r}"
        for one in verdicts
        for found in one.differences
    ]


def main() -> None:
    """A month, its figures on standard output."""
    database, days, *more = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        found = month(database, int(days), Path(folder), queue=more == ["queue"])
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
