"""A worker and its threads: slots by connection, a stop in the middle, and a database that goes away."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
import structlog
from structlog.testing import capture_logs

import store
from connectors.errors import Cancelled
from store import StoreError
from store.queue_state import QueueState, queue_state
from sync.jobs.job import Handlers, Job, Kind
from sync.jobs.queue import Queue
from sync.jobs.worker import Worker
from tests.postgres import Postgres
from tests.store.samples import execute, rows

OWN = 3
COUNT = Job("count")
SOON = timedelta(milliseconds=20)


@pytest.fixture
def engine(postgres: Postgres, migrated_postgres: str) -> Iterator[sa.Engine]:
    with postgres.database(migrated_postgres) as url:
        made = store.connect(url)
        yield made
        made.dispose()


class Desk:
    """Handlers that note what they are given and hold until they are let go on."""

    def __init__(self, *, held: Callable[[Job], bool] = lambda job: False) -> None:
        self.begun: list[Job] = []
        self.ended: list[Job] = []
        self.go_on = threading.Event()
        self.stop = threading.Event()
        self._held = held
        self._changed = threading.Condition()

    def do(self, job: Job) -> None:
        self._note(self.begun, job)
        if self._held(job):
            while not self.go_on.wait(0.01):
                if self.stop.is_set():
                    raise Cancelled
        if job.name == "broken":
            raise RuntimeError("a bug")
        if job.name == "away":
            raise StoreError("The database is away.", "Wait.")
        self._note(self.ended, job)

    def until(self, true: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(true, timeout=30)

    @property
    def handlers(self) -> Handlers:
        kinds: tuple[Kind, ...] = ("list", "read", "count", "alerts", "digest")
        return dict.fromkeys(kinds, self.do)

    def _note(self, where: list[Job], job: Job) -> None:
        with self._changed:
            where.append(job)
            self._changed.notify_all()


@contextmanager
def working(engine: sa.Engine, desk: Desk, *, concurrency: int = 2, silent: float = 5) -> Generator[None]:
    worker = Worker(
        engine,
        desk.handlers,
        lambda lane: concurrency if lane else OWN,
        desk.stop,
        poll=SOON,
        beat=timedelta(seconds=silent / 4),
        silent=timedelta(seconds=silent),
    )
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        desk.stop.set()
        thread.join(20)
        assert not thread.is_alive()


def state(engine: sa.Engine) -> QueueState:
    with engine.begin() as conn:
        return queue_state(conn)


def test_jobs_are_done_and_gone_and_the_worker_with_them(engine: sa.Engine) -> None:
    desk, queue = Desk(), Queue(engine)
    jobs = [Job("read", "jira", str(number)) for number in range(10)] + [Job("count")]
    for job in jobs:
        queue.submit(job)
    with working(engine, desk):
        desk.until(lambda: len(desk.ended) == 11)
        assert state(engine).workers == 1
    assert sorted(map(str, desk.ended)) == sorted(map(str, jobs))
    assert state(engine) == QueueState({}, {}, None, 0, 0)


def test_neither_other_connections_nor_our_own_jobs_wait_for_a_slow_one(engine: sa.Engine) -> None:
    desk, queue = Desk(held=lambda job: job.connection == "slow"), Queue(engine)
    for number in range(200):
        queue.submit(Job("read", "slow", str(number)))
    with working(engine, desk, concurrency=2):
        desk.until(lambda: len(desk.begun) == 2)
        others = [Job("read", "quick", "1"), Job("read", "quick", "2"), Job("count"), Job("alerts")]
        for job in others:
            queue.submit(job)
        desk.until(lambda: len(desk.ended) == 4)
        assert sorted(map(str, desk.ended)) == sorted(map(str, others))
        assert len(desk.begun) == 6
        desk.go_on.set()
        desk.until(lambda: len(desk.ended) == 204)


def test_our_own_jobs_have_slots_but_not_without_end(engine: sa.Engine) -> None:
    desk, queue = Desk(held=lambda job: True), Queue(engine)
    for number in range(OWN + 1):
        queue.submit(Job("digest", name=str(number)))
    with working(engine, desk):
        desk.until(lambda: len(desk.begun) == OWN)
        assert state(engine).waiting == {"digest": 1}
        desk.go_on.set()
        desk.until(lambda: len(desk.ended) == OWN + 1)


def test_a_job_that_fails_is_told_and_holds_nobody_up(engine: sa.Engine) -> None:
    desk, queue = Desk(), Queue(engine)
    queue.submit(Job("digest", name="broken"))
    queue.submit(Job("count"))
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs, working(engine, desk):
        desk.until(lambda: desk.ended == [Job("count")])
    assert state(engine).failed == 1
    told = [one for one in logs if one["event"] == "job failed"]
    assert [(one["job"], one["name"], one["log_level"]) for one in told] == [("digest", "broken", "error")]


def test_a_job_that_the_database_did_not_let_end_waits_a_while_and_begins_anew(engine: sa.Engine) -> None:
    desk, queue = Desk(), Queue(engine)
    queue.submit(Job("digest", name="away"))
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs, working(engine, desk):
        desk.until(lambda: desk.begun == [Job("digest", name="away")])
        queue.submit(Job("count"))
        desk.until(lambda: desk.ended == [Job("count")])
    assert rows(engine, "SELECT task_name, status::text, scheduled_at > now() FROM procrastinate_jobs") == [
        ("digest", "todo", True)
    ]
    assert [(one["error"], one["name"]) for one in logs if one["event"] == "job put off"] == [
        ("The database is away.", "away")
    ]


def test_a_stop_gives_back_what_has_begun(engine: sa.Engine) -> None:
    desk, queue = Desk(held=lambda job: True), Queue(engine)
    for number in range(3):
        queue.submit(Job("read", "jira", str(number)))
    with working(engine, desk, concurrency=2):
        desk.until(lambda: len(desk.begun) == 2)
        assert state(engine).running == {"read": 2}
    found = state(engine)
    assert (found.waiting, found.running, found.workers, found.failed) == ({"read": 3}, {}, 0, 0)
    assert rows(engine, "SELECT sum(attempts) FROM procrastinate_jobs") == [(2,)]


def test_a_job_that_does_not_end_is_given_back_without_it(engine: sa.Engine) -> None:
    let_go, begun = threading.Event(), threading.Event()

    def deaf(job: Job) -> None:
        begun.set()
        let_go.wait()

    stop = threading.Event()
    Queue(engine).submit(Job("read", "jira", "1"))
    worker = Worker(engine, {"read": deaf}, lambda lane: 1, stop, poll=SOON)
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(worker.run()))
    thread.start()
    assert begun.wait(20)
    stop.set()
    thread.join(20)
    assert ended == [False]
    assert (state(engine).waiting, state(engine).running) == ({"read": 1}, {})
    let_go.set()
    for one in threading.enumerate():
        if one.name.startswith("job "):
            one.join(20)


def test_the_jobs_of_a_dead_worker_are_taken_over(engine: sa.Engine) -> None:
    queue, desk = Queue(engine), Desk()
    queue.submit(Job("read", "jira", "1"))
    execute(engine, "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    execute(
        engine, "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM procrastinate_workers)"
    )
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs, working(engine, desk, silent=0.4):
        desk.until(lambda: desk.ended == [Job("read", "jira", "1")])
    assert [one["scope"] for one in logs if one["event"] == "a worker died over a job, others take it"] == ["1"]


def test_a_worker_that_others_took_for_dead_goes_on_under_another_name(engine: sa.Engine) -> None:
    queue, desk = Queue(engine), Desk()
    with working(engine, desk, silent=0.4):
        queue.submit(Job("count"))
        desk.until(lambda: len(desk.ended) == 1)
        execute(engine, "DELETE FROM procrastinate_workers")
        queue.submit(Job("alerts"))
        desk.until(lambda: len(desk.ended) == 2)
        assert state(engine).failed == 0


def test_a_worker_outlives_a_restart_of_the_database() -> None:
    with Postgres() as server, server.database() as url:
        engine = store.connect(url)
        store.migrate(engine)
        desk = Desk(held=lambda job: job.connection == "slow")
        Queue(engine).submit(Job("read", "slow", "1"))
        with (
            capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs,
            working(engine, desk, silent=60),
        ):
            desk.until(lambda: len(desk.begun) == 1)
            server.stop()
            # It ends while the database is away: that it has ended is to be kept once there is one again.
            desk.go_on.set()
            desk.until(lambda: len(desk.ended) == 1)
            server.start()
            Queue(engine).submit(Job("count"))
            desk.until(lambda: desk.ended == [Job("read", "slow", "1"), Job("count")])
        assert state(engine) == QueueState({}, {}, None, 0, 0)
        assert desk.begun == desk.ended
        told = [one["event"] for one in logs if "the queue" in one["event"]]
        assert told == ["the queue cannot be reached, trying again", "the queue is there again"]
        engine.dispose()


def test_where_the_system_has_no_more_threads_a_job_is_begun_later(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, queue = Desk(), Queue(engine)
    start, refused = threading.Thread.start, threading.Event()

    def scarce(self: threading.Thread) -> None:
        if self.name.startswith("job ") and not refused.is_set():
            refused.set()
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    queue.submit(COUNT)
    with working(engine, desk, silent=1), capture_logs():
        desk.until(lambda: desk.ended == [COUNT])
    assert refused.is_set()


def test_what_ends_after_the_stop_may_have_ended_half_way_and_waits_again(engine: sa.Engine) -> None:
    desk, queue = Desk(), Queue(engine)

    def half_way(job: Job) -> None:
        desk.do(job)
        desk.stop.set()
        if job.kind == "read":
            raise StoreError("The database is away.", "Wait.")

    jobs = [COUNT, Job("read", "jira", "1")]
    for job in jobs:
        desk.stop.clear()
        queue.submit(job)
        worker = Worker(engine, {"count": half_way, "read": half_way}, lambda lane: 1, desk.stop, poll=SOON)
        with capture_logs():
            assert worker.run()
        due = "SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at <= now(), true)"
        assert rows(engine, due) == [(job.kind,)]
        execute(engine, "DELETE FROM procrastinate_jobs")
