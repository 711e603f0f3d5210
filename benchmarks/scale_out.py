"""Scopes read by 1, 2 and 4 `northing worker` of the same concurrency, from a site that takes 100 ms for each answer.

PostgreSQL and the site run in processes of their own on the same machine. The clock runs from the moment at which all
workers are up, with the libraries imported that the first scope would load, until no scope is left to be read.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa

import store
from benchmarks.figures import Figure
from benchmarks.sites import TOKENS, Size, site
from benchmarks.syncing import LATE, configuration, connected
from store.locks import until
from store.queue_state import queue_state
from sync.jobs.job import Job
from sync.jobs.queue import Queue
from sync.jobs.scopes import list_scopes
from tests.postgres import Postgres

LATENCY_S = 0.1
FLEETS = (1, 2, 4)
TARGET = 1 / 3.4
"""Time of four workers over that of one."""
PATIENCE_S = 600
PROGRAM = f"import {', '.join(LATE)}; from cli.main import run; run()"


def figures(size: Size) -> Iterator[Figure]:
    """One row for each number of workers, beside one worker."""
    with site("github", size, latency=LATENCY_S, kilobytes=1) as url, Postgres() as postgres:
        alone = None
        for workers in FLEETS:
            with postgres.database() as database:
                seconds = _measured(database, url, workers)
            alone = alone or seconds
            work = f"{size} scopes, {LATENCY_S * 1000:.0f} ms, {workers} worker{'s' * (workers > 1)}"
            peer = None if workers == 1 else alone
            yield Figure(work, seconds, peer, TARGET if workers == FLEETS[-1] else None)


def _measured(database: str, url: str, workers: int) -> float:
    engine = store.connect(database)
    store.migrate(engine)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stack.callback(engine.dispose)
        file = Path(folder) / "northing.yaml"
        file.write_text(
            f"database: '{database}'\nqueue: procrastinate\nconnections:\n  tool: {{kind: github, url: '{url}',"
            f" auth: {{token: {TOKENS['github']}}}, repositories: ['bulk/*']}}\n"
        )
        log = stack.enter_context((Path(folder) / "log").open("wb"))
        config, stop = configuration("github", url), threading.Event()
        with connected(config, stop) as connectors:
            scopes = list_scopes(engine, config, "tool", connectors["tool"], now=_now, stop=stop).listed
        with _running(file, workers, log):
            _wait(engine, "SELECT count(*) >= :workers FROM procrastinate_workers", workers=workers)
            queue = Queue(engine)
            began = time.monotonic()
            for scope in scopes:
                queue.submit(Job("read", "tool", scope))
            if not until(lambda: _reads_left(engine) == 0, PATIENCE_S):
                raise RuntimeError("the scopes were not read in time")
            seconds = time.monotonic() - began
        with engine.begin() as conn:
            read = conn.execute(sa.text("SELECT count(DISTINCT scope_id) FROM work_item")).scalar_one()
        if read != len(scopes):
            raise RuntimeError(f"{read} of {len(scopes)} scopes were read:\n{(Path(folder) / 'log').read_text()}")
    return seconds


@contextmanager
def _running(config: Path, workers: int, log: IO[bytes]) -> Generator[None]:
    command = [sys.executable, "-c", PROGRAM, "worker", "--config", str(config), "--concurrency", "1"]
    running = [subprocess.Popen(command, stdout=log, stderr=log) for _ in range(workers)]
    try:
        yield
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait()


def _wait(engine: sa.Engine, question: str, **values: int) -> None:
    def answer() -> bool:
        with engine.begin() as conn:
            return bool(conn.execute(sa.text(question), values).scalar_one())

    if not until(answer, PATIENCE_S):
        raise RuntimeError(f"this did not come about: {question}")


def _now() -> datetime:
    return datetime.now(UTC)


def _reads_left(engine: sa.Engine) -> int:
    with engine.begin() as conn:
        found = queue_state(conn)
    return found.waiting.get("read", 0) + found.running.get("read", 0)
