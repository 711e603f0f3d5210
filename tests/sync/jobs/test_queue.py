"""Jobs that wait in PostgreSQL: put once, taken by lanes, settled by who has them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import store
from store.queue_state import QueueState, queue_state
from sync.jobs import taken as held
from sync.jobs.job import Job
from sync.jobs.queue import Queue
from sync.jobs.taken import Taken
from tests.postgres import Postgres
from tests.store.samples import execute, rows

ROOT = Path(__file__).resolve().parents[3]
SLOT = datetime(2026, 11, 24, 12, tzinfo=UTC)
READ = Job("read", "jira", "10001")


@pytest.fixture
def engine(postgres: Postgres, migrated_postgres: str) -> Iterator[sa.Engine]:
    with postgres.database(migrated_postgres) as url:
        made = store.connect(url)
        yield made
        made.dispose()


@pytest.fixture
def queue(engine: sa.Engine) -> Queue:
    return Queue(engine)


@pytest.fixture
def worker(engine: sa.Engine) -> int:
    with engine.begin() as conn:
        return held.register(conn)


def take(engine: sa.Engine, worker: int, *lanes: str) -> Taken | None:
    with engine.begin() as conn:
        return held.take(conn, worker, list(lanes) or held.lanes(conn))


def state(engine: sa.Engine) -> QueueState:
    with engine.begin() as conn:
        return queue_state(conn)


def test_a_job_comes_out_as_it_went_in(queue: Queue, engine: sa.Engine, worker: int) -> None:
    for job in (READ, Job("count"), Job("digest", name="0"), Job("ask", "Übersicht " * 40)):
        assert queue.submit(job)
        found = take(engine, worker)
        assert found is not None
        assert found.job == job


def test_a_job_of_a_newer_program_is_taken_by_what_is_known_of_it(queue: Queue, engine: sa.Engine, worker: int) -> None:
    queue.submit(READ)
    execute(engine, """UPDATE procrastinate_jobs SET args = args || '{"depth": 2}'""")
    found = take(engine, worker)
    assert found is not None
    assert found.job == READ


def test_equal_jobs_that_wait_are_one_and_a_running_one_is_no_obstacle(
    queue: Queue, engine: sa.Engine, worker: int
) -> None:
    assert [queue.submit(READ), queue.submit(READ), queue.submit(Job("sweep", "jira", "10001"))] == [True, False, True]
    assert take(engine, worker) is not None
    assert queue.submit(READ)


def test_while_no_worker_is_there_the_queue_does_not_grow(queue: Queue, engine: sa.Engine) -> None:
    jobs = [Job("read", "jira", str(number)) for number in range(20)] + [Job("count"), Job("alerts")]
    for round_ in range(30):
        for job in jobs:
            assert queue.fire(job, SLOT + timedelta(minutes=round_)) == (round_ == 0)
    found = state(engine)
    assert found.oldest_s is not None
    assert found == QueueState({"read": 20, "count": 1, "alerts": 1}, {}, found.oldest_s, 0, 0)
    for table in ("procrastinate_events", "firing"):
        assert rows(engine, f"SELECT count(*) FROM {table}") == [(22,)]


def test_jobs_of_one_lock_run_one_after_another(queue: Queue, engine: sa.Engine, worker: int) -> None:
    queue.submit(READ)
    queue.submit(Job("sweep", "jira", "10001"))
    first = take(engine, worker)
    assert first is not None
    assert take(engine, worker) is None
    with engine.begin() as conn:
        assert held.finish(conn, first)
    second = take(engine, worker)
    assert second is not None
    assert second.job.kind == "sweep"


def test_a_later_job_is_not_due_before(queue: Queue, engine: sa.Engine, worker: int) -> None:
    assert queue.submit(Job("count"), after=timedelta(minutes=5))
    assert take(engine, worker, "") is None
    assert state(engine) == QueueState({"count": 1}, {}, None, 1, 0)
    execute(engine, "UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - interval '5 minutes'")
    assert take(engine, worker, "") is not None


def test_of_equal_jobs_the_earlier_moment_counts(queue: Queue, engine: sa.Engine, worker: int) -> None:
    assert queue.submit(Job("count"), after=timedelta(minutes=5))
    assert not queue.submit(Job("count"), after=timedelta(minutes=9))
    assert take(engine, worker, "") is None
    assert not queue.fire(Job("count"), SLOT)
    assert take(engine, worker, "") is not None


def test_only_lanes_that_are_asked_for_are_taken_from(queue: Queue, engine: sa.Engine, worker: int) -> None:
    queue.submit(READ)
    queue.submit(Job("count"))
    queue.submit(Job("list", "github"))
    with engine.begin() as conn:
        assert sorted(held.lanes(conn)) == ["", "github", "jira"]
    found = take(engine, worker, "", "github")
    assert found is not None
    assert found.job == Job("count")


def test_what_is_done_is_gone_and_what_failed_stays_a_day(queue: Queue, engine: sa.Engine, worker: int) -> None:
    for job in (READ, Job("count")):
        queue.submit(job)
        found = take(engine, worker)
        assert found is not None
        with engine.begin() as conn:
            assert held.finish(conn, found, failed=job.kind == "count")
            assert not held.finish(conn, found)
    assert state(engine) == QueueState({}, {}, None, 1, 1)
    with engine.begin() as conn:
        held.tidy(conn)
    assert state(engine).failed == 1
    execute(engine, "UPDATE procrastinate_events SET at = at - interval '25 hours'")
    with engine.begin() as conn:
        held.tidy(conn)
    assert rows(engine, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]
    assert rows(engine, "SELECT count(*) FROM procrastinate_events") == [(0,)]


def test_a_dead_workers_job_waits_again_and_the_dead_one_cannot_end_it(
    queue: Queue, engine: sa.Engine, worker: int
) -> None:
    queue.submit(READ)
    lost = take(engine, worker)
    assert lost is not None
    with engine.begin() as conn:
        assert held.take_over(conn, timedelta(seconds=20)) == []
    execute(engine, "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '21 seconds'")
    assert state(engine).workers == 0
    with engine.begin() as conn:
        other = held.register(conn)
        assert held.take_over(conn, timedelta(seconds=20)) == [lost]
        assert held.take_over(conn, timedelta(seconds=20)) == []
    again = take(engine, other)
    assert again == Taken(lost.id, READ, "jira", other, 1)
    with engine.begin() as conn:
        assert not held.finish(conn, lost)
        assert not held.beat(conn, worker, [lost.id])
        assert held.finish(conn, again)


@pytest.mark.parametrize("dead", [True, False], ids=["a worker that died", "a worker that stops"])
def test_a_job_that_comes_back_where_an_equal_one_waits_leaves_its_lock(
    queue: Queue, engine: sa.Engine, worker: int, dead: bool
) -> None:
    queue.submit(READ)
    found = take(engine, worker)
    assert found is not None
    queue.submit(READ)
    with engine.begin() as conn:
        if dead:
            held.leave(conn, worker)
            held.take_over(conn, timedelta(seconds=20))
            worker = held.register(conn)
        else:
            held.give_back(conn, found)
    again = take(engine, worker)
    assert again is not None
    assert (again.job, again.attempts) == (READ, 0)
    assert rows(engine, "SELECT count(*) FROM procrastinate_jobs") == [(1,)]


def test_a_job_over_which_workers_die_fails_in_the_end(queue: Queue, engine: sa.Engine) -> None:
    queue.submit(READ)
    for attempt in range(held.ATTEMPTS):
        with engine.begin() as conn:
            worker = held.register(conn)
        found = take(engine, worker, "jira")
        assert found is not None
        assert found.attempts == attempt
        with engine.begin() as conn:
            held.leave(conn, worker)
            held.take_over(conn, timedelta(seconds=20))
    assert state(engine) == QueueState({}, {}, None, 0, 1)


def test_a_job_that_was_taken_when_the_connection_broke_waits_again(
    queue: Queue, engine: sa.Engine, worker: int
) -> None:
    queue.submit(READ)
    queue.submit(Job("count"))
    found, lost = take(engine, worker, "jira"), take(engine, worker, "")
    assert found is not None
    assert lost is not None
    with engine.begin() as conn:
        assert held.beat(conn, worker, [found.id])
    again = take(engine, worker)
    assert again is not None
    assert again.id == lost.id


def test_a_slot_is_fired_once_also_where_an_equal_job_waited(queue: Queue, engine: sa.Engine, worker: int) -> None:
    assert queue.submit(READ)
    assert not queue.fire(READ, SLOT)
    assert take(engine, worker) is not None
    assert not queue.fire(READ, SLOT)
    assert queue.fire(READ, SLOT + timedelta(minutes=1))
    assert take(engine, worker, "jira") is None
    assert not queue.fire(READ, SLOT - timedelta(minutes=1))


def test_a_clock_that_was_far_ahead_once_does_not_keep_a_job_from_being_fired(
    queue: Queue, engine: sa.Engine, worker: int
) -> None:
    now = datetime.now(UTC)
    for ahead, fired in ((timedelta(minutes=50), False), (timedelta(days=1000), True)):
        job = Job("digest", name=str(ahead))
        assert queue.fire(job, now + ahead)
        assert take(engine, worker) is not None
        assert queue.fire(job, now) == fired
        assert not queue.fire(job, now)


FIRE = """
import sys
from datetime import UTC, datetime
import store
from sync.jobs.job import Job
from sync.jobs.queue import Queue

queue = Queue(store.connect(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    if queue.fire(Job("digest", name=str(number)), datetime(2026, 11, 24, tzinfo=UTC)):
        print(number)
"""
FIRINGS = 1000 if "NORTHING_LONG" in os.environ else 150


def test_of_two_schedulers_each_firing_is_done_once(engine: sa.Engine) -> None:
    command = [sys.executable, "-c", FIRE, engine.url.render_as_string(hide_password=False), str(FIRINGS)]
    two = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for one in two:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    fired = "".join(one.communicate("\n")[0] for one in _started_together(two)).split()
    assert sorted(map(int, fired)) == list(range(FIRINGS))
    assert rows(engine, "SELECT count(*), count(DISTINCT args) FROM procrastinate_jobs") == [(FIRINGS, FIRINGS)]


def _started_together(processes: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return processes
