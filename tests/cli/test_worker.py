"""`northing worker`: processes that read one source together, some of which die."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

import store
from benchmarks.sites import Size, site
from benchmarks.syncing import configuration, sync_once
from store.locks import until
from store.queue_state import queue_state
from sync.jobs.job import Job
from sync.jobs.queue import Queue
from tests.postgres import Postgres
from tests.program import call
from tests.store.samples import rows

ROOT = Path(__file__).resolve().parents[2]
LONG = pytest.mark.skipif("NORTHING_LONG" not in os.environ, reason="takes minutes: NORTHING_LONG=1 runs it")
ITEMS = """
    SELECT s.key, w.key, w.title, w.state, w.content_hash FROM work_item w JOIN scope s ON s.id = w.scope_id
    ORDER BY 1, 2
"""


class Fleet:
    """Workers on one database, which read a simulated site."""

    def __init__(self, engine: sa.Engine, url: str, folder: Path) -> None:
        self.engine = engine
        self.queue = Queue(engine)
        self._config = folder / "northing.yaml"
        self._log = (folder / "log").open("w")
        self.workers: list[subprocess.Popen[str]] = []
        self._config.write_text(
            f"database: '{engine.url.render_as_string(hide_password=False)}'\n"
            "queue: procrastinate\n"
            "service: {listen: '127.0.0.1:0'}\n"
            "connections:\n"
            f"  tool: {{kind: github, url: '{url}', auth: {{token: github-token}}, repositories: ['bulk/*']}}\n"
        )

    def start(self, *options: str, command: str | None = None) -> subprocess.Popen[str]:
        """A worker that soon takes silent ones for dead, or a `command` of the program."""
        program = ["-m", "tests.cli.hasty_worker"] if command is None else ["-c", "from cli.main import run; run()"]
        words = [
            sys.executable,
            *program,
            *([command] if command else []),
            "--config",
            str(self._config),
            "--log",
            "json",
            *options,
        ]
        self.workers.append(subprocess.Popen(words, cwd=ROOT, stdout=self._log, stderr=self._log, text=True))
        return self.workers[-1]

    def log(self) -> list[dict[str, object]]:
        lines = Path(self._log.name).read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def state(self) -> tuple[int, int]:
        """How many jobs wait, and how many run."""
        with self.engine.begin() as conn:
            found = queue_state(conn)
        return sum(found.waiting.values()), sum(found.running.values())

    def done(self) -> bool:
        return self.state() == (0, 0)

    def running_reads(self) -> int:
        with self.engine.begin() as conn:
            return queue_state(conn).running.get("read", 0)

    def items(self) -> list[tuple[object, ...]]:
        return rows(self.engine, ITEMS)

    def end(self) -> None:
        for one in self.workers:
            one.kill()
            one.wait()
        self._log.close()


@pytest.fixture
def engine(postgres: Postgres, migrated_postgres: str) -> Iterator[sa.Engine]:
    with postgres.database(migrated_postgres) as url:
        made = store.connect(url)
        yield made
        made.dispose()


@contextmanager
def fleet(
    engine: sa.Engine, folder: Path, size: Size, latency: float = 0.1
) -> Generator[tuple[Fleet, list[tuple[object, ...]]]]:
    """A fleet without workers yet, and what a sync from end to end finds at its source."""
    with site("github", size, latency=latency, kilobytes=1) as url:
        alone = store.connect(f"sqlite:///{folder / 'alone.db'}")
        store.migrate(alone)
        sync_once(alone, configuration("github", url))
        expected = rows(alone, ITEMS)
        alone.dispose()
        made = Fleet(engine, url, folder)
        try:
            yield made, expected
        finally:
            made.end()


def test_the_scopes_of_a_killed_worker_are_taken_over_and_end_equal_to_the_source(
    engine: sa.Engine, tmp_path: Path
) -> None:
    with fleet(engine, tmp_path, Size(10, 30)) as (workers, expected):
        first = workers.start("--concurrency", "2")
        workers.queue.submit(Job("list", "tool"))
        assert until(lambda: workers.running_reads() == 2, 60)
        first.kill()
        workers.start("--concurrency", "2")
        workers.start("--concurrency", "2")
        assert until(workers.done, 120)
        assert workers.items() == expected
        assert len({scope for scope, *_ in expected}) == 10
        told = [one for one in workers.log() if one["event"] == "a worker died over a job, others take it"]
        assert {one["job"] for one in told} == {"read"}
        assert rows(engine, "SELECT DISTINCT status::text FROM procrastinate_jobs") == []


def test_a_worker_that_is_told_to_stop_gives_its_jobs_back_and_is_gone(engine: sa.Engine, tmp_path: Path) -> None:
    with fleet(engine, tmp_path, Size(2, 400), 0.3) as (workers, expected):
        first = workers.start("--concurrency", "2", command="worker")
        workers.queue.submit(Job("list", "tool"))
        assert until(lambda: bool(rows(engine, "SELECT 1 FROM work_item LIMIT 1")), 60)
        began = time.monotonic()
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0
        assert time.monotonic() - began < 5
        assert workers.state()[1] == 0
        kept = len(workers.items())
        assert 0 < kept < len(expected)
        assert rows(engine, "SELECT count(*) FROM procrastinate_workers") == [(0,)]

        workers.start("--concurrency", "2")
        assert until(workers.done, 120)
        assert workers.items() == expected


def test_two_serve_without_any_worker_share_the_work(engine: sa.Engine, tmp_path: Path) -> None:
    with fleet(engine, tmp_path, Size(3, 30)) as (processes, expected):
        two = [processes.start(command="serve") for _ in range(2)]
        assert until(lambda: processes.items() == expected and processes.done(), 120)
        for one in two:
            one.send_signal(signal.SIGTERM)
        assert [one.wait(20) for one in two] == [0, 0]
        assert processes.state()[1] == 0
        assert [one["event"] for one in processes.log() if one["level"] in {"error", "critical"}] == []


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_database_that_never_answers_does_not_keep_it_from_ending(tmp_path: Path, command: str) -> None:
    config = tmp_path / "northing.yaml"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        config.write_text(f"database: 'postgresql://a:b@127.0.0.1:{port}/c?sslmode=disable'\nqueue: procrastinate\n")
        words = [sys.executable, "-c", "from cli.main import run; run()", command, "--config", str(config)]
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
            silent.settimeout(60)
            with silent.accept()[0]:
                began = time.monotonic()
                one.send_signal(signal.SIGTERM)
                try:
                    assert one.wait(20) == 0
                finally:
                    one.kill()
                assert time.monotonic() - began < 5


def test_without_a_queue_there_is_nothing_to_work_for(tmp_path: Path) -> None:
    config = tmp_path / "northing.yaml"
    config.write_text("database: sqlite:///x.db\n")
    found = call("worker", "--config", str(config))
    assert found.code == 2
    assert "This configuration has no queue to take jobs from." in found.err
    assert "queue: procrastinate" in found.err


@LONG
def test_two_hundred_scopes_outlast_twenty_kills(engine: sa.Engine, tmp_path: Path) -> None:
    chance = random.Random(7)
    pause = threading.Event()
    with fleet(engine, tmp_path, Size(200, 10)) as (workers, expected):
        for _ in range(3):
            workers.start("--concurrency", "3")
        workers.queue.submit(Job("list", "tool"))
        assert until(lambda: workers.running_reads() > 0, 60)
        assert until(lambda: len(rows(engine, "SELECT 1 FROM scope")) == 200, 60)
        scopes = [str(one) for (one,) in rows(engine, "SELECT external_id FROM scope")]
        longest, kills = 0.0, 0
        while kills < 24:
            pause.wait(chance.uniform(0.2, 2.5))
            # What was read is asked for again, so that there is work for as long as workers are killed.
            for scope in chance.sample(scopes, 40):
                workers.queue.submit(Job("sweep", "tool", scope))
            victim = chance.choice([one for one in workers.workers if one.poll() is None])
            held = ids_of_running(engine)
            victim.kill()
            victim.wait()
            killed = time.monotonic()
            kills += 1
            workers.start("--concurrency", "3")
            assert until(lambda ids=held: not set(ids) & set(ids_of_running(engine)), 60)
            longest = max(longest, time.monotonic() - killed)
        assert until(workers.done, 600)
        assert workers.items() == expected
        print(f"{kills} kills; at most {longest:.1f} s until the jobs in hand had ended or been taken over")  # noqa: T201
        assert longest < 60


def ids_of_running(engine: sa.Engine) -> list[tuple[object, ...]]:
    return rows(engine, "SELECT id, worker_id FROM procrastinate_jobs WHERE status = 'doing'")
