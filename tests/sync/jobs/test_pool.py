"""Jobs in threads of one process: side by side, none twice at once, and none in the way of another connection."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from connectors.errors import Cancelled
from sync.jobs import pool as module
from sync.jobs.job import Job, Kind
from sync.jobs.pool import Pool

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LONG_S = 10.0
READ = Job("read", "jira", "1")
COUNT = Job("count")


class Held:
    """Handlers of all kinds, which note what they do and wait where a test wants them to."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.began: list[Job] = []
        self.most: dict[str, int] = {}
        self._now: dict[str, int] = {}
        self._changed = threading.Condition()
        self._held: set[Job] = set()
        self.errors: dict[Job, Exception] = {}

    def __call__(self, job: Job) -> None:
        with self._changed:
            self.began.append(job)
            for place in (job.lock, job.lane):
                self._now[place] = self._now.get(place, 0) + 1
                self.most[place] = max(self.most.get(place, 0), self._now[place])
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: job not in self._held, LONG_S)
            for place in (job.lock, job.lane):
                self._now[place] -= 1
        if job in self.errors:
            raise self.errors[job]

    def hold(self, *jobs: Job) -> None:
        self._held.update(jobs)

    def let_go(self, *jobs: Job) -> None:
        with self._changed:
            self._held.difference_update(jobs)
            self._changed.notify_all()

    def until(self, true: Callable[[], Any]) -> None:
        with self._changed:
            assert self._changed.wait_for(true, LONG_S)

    def pool(self, at_once: int = 2) -> Pool:
        kinds: tuple[Kind, ...] = ("read", "sweep", "list", "count", "digest")
        return Pool(dict.fromkeys(kinds, self), lambda _lane: at_once, self.stop)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def pool(held: Held) -> Iterator[Pool]:
    one = held.pool()
    yield one
    held.let_go(*held.began)
    assert one.close()


def scopes(count: int, connection: str = "jira") -> list[Job]:
    return [Job("read", connection, str(number)) for number in range(count)]


def test_all_jobs_are_done_and_no_lane_has_more_at_once_than_it_may(held: Held, pool: Pool) -> None:
    jobs = scopes(20) + scopes(20, "code")
    assert all(pool.submit(job) for job in jobs)
    assert pool.wait(LONG_S)
    assert sorted(held.began, key=repr) == sorted(jobs, key=repr)
    assert max(held.most.values()) <= 2
    assert pool.standing() == module.Standing(0, 0, 0.0, {"read": 40}, {})


def test_equal_jobs_that_wait_are_one_and_one_that_runs_runs_once_more(held: Held, pool: Pool) -> None:
    held.hold(READ)
    assert pool.submit(READ)
    held.until(lambda: held.began)
    assert [pool.submit(READ) for _ in range(1000)] == [True, *[False] * 999]
    assert pool.standing().waiting == 1
    held.let_go(READ)
    assert pool.wait(LONG_S)
    assert held.began == [READ, READ]


def test_jobs_with_one_lock_never_overlap_and_let_others_pass(held: Held, pool: Pool) -> None:
    sweep, other = Job("sweep", "jira", "1"), Job("read", "jira", "2")
    held.hold(READ)
    for job in (READ, sweep, other):
        pool.submit(job)
    held.until(lambda: other in held.began)
    assert sweep not in held.began
    held.let_go(READ)
    assert pool.wait(LONG_S)
    assert (held.began, held.most[READ.lock]) == ([READ, other, sweep], 1)


def test_a_connection_that_hangs_holds_up_no_other_and_its_queue_stays_short(held: Held, pool: Pool) -> None:
    stuck = scopes(5)
    held.hold(*stuck)
    for _ in range(50):
        for job in [*stuck, *scopes(5, "code"), COUNT]:
            pool.submit(job)
        held.until(lambda: COUNT in held.began)
    held.until(lambda: {*scopes(5, "code")} <= {*held.began})
    assert [job for job in held.began if job.lane == "jira"] == stuck[:2]
    assert pool.standing().waiting <= 5 + 6
    held.let_go(*stuck)
    assert pool.wait(LONG_S)


def test_what_fails_is_logged_and_counted_and_the_others_go_on(held: Held, pool: Pool) -> None:
    away = OperationalError("SELECT 'Dana'", {}, Exception("the server closed the connection"))
    held.errors = {READ: ZeroDivisionError("a bug"), COUNT: away, Job("list", "jira"): Cancelled()}
    with capture_logs() as logs:
        for job in [*held.errors, Job("digest", name="0")]:
            pool.submit(job)
        assert pool.wait(LONG_S)
    assert (pool.standing().done, pool.standing().failed) == ({"list": 1, "digest": 1}, {"read": 1, "count": 1})
    told = {one["event"]: one for one in logs}
    assert told["job put off"]["error"] == "The database does not answer: the server closed the connection."
    assert told["job failed"]["exc_info"]
    assert pool.submit(READ)
    assert pool.wait(LONG_S)


def test_a_job_is_done_after_the_time_that_was_given_or_earlier_where_it_is_wanted_at_once(
    held: Held, pool: Pool
) -> None:
    assert pool.submit(COUNT, after=timedelta(seconds=0.2))
    assert not pool.submit(COUNT, after=timedelta(hours=1))
    assert pool.submit(READ)
    held.until(lambda: COUNT in held.began)
    assert held.began == [READ, COUNT]
    assert pool.submit(COUNT, after=timedelta(hours=1))
    assert not pool.submit(COUNT)
    assert pool.wait(LONG_S)
    assert held.began == [READ, COUNT, COUNT]


def test_a_slot_fires_once(held: Held, pool: Pool) -> None:
    assert pool.fire(COUNT, NOON)
    assert pool.wait(LONG_S)
    assert not pool.fire(COUNT, NOON)
    assert not pool.fire(COUNT, NOON - timedelta(minutes=1))
    assert pool.fire(COUNT, NOON - timedelta(hours=2)), "the clock was set back"
    assert pool.wait(LONG_S)
    assert pool.fire(COUNT, NOON)
    assert pool.wait(LONG_S)
    assert pool.fire(Job("digest", name="0"), NOON)
    assert pool.fire(COUNT, NOON + timedelta(minutes=1))
    assert pool.wait(LONG_S)
    assert held.began.count(COUNT) == 4


def test_a_stop_begins_nothing_more_and_leaves_behind_what_hangs(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_S", 0.05)
    one = held.pool(at_once=1)
    held.hold(READ)
    for job in [READ, *scopes(5)]:
        one.submit(job)
    one.submit(COUNT, after=timedelta(hours=1))
    held.until(lambda: held.began)
    held.stop.set()
    assert not one.submit(COUNT)
    assert not one.close()
    held.let_go(READ)
    assert one.wait(LONG_S)
    assert held.began == [READ]


def test_nothing_is_left_of_what_ended(held: Held, pool: Pool) -> None:
    before = threading.active_count()
    for number in range(300):
        pool.fire(READ, NOON + timedelta(minutes=number))
        assert pool.wait(LONG_S)
    assert threading.active_count() <= before + 1
    assert pool.standing().done == {"read": 300}


def test_of_jobs_that_waited_for_one_lock_one_begins_at_a_time(held: Held) -> None:
    pool, sweep = held.pool(at_once=3), Job("sweep", "jira", "1")
    held.hold(READ)
    pool.submit(READ)
    held.until(lambda: held.began)
    for job in (READ, sweep):
        pool.submit(job)
    held.hold(sweep)
    held.let_go(READ)
    held.until(lambda: sweep in held.began)
    held.let_go(sweep)
    assert pool.wait(LONG_S)
    assert (sorted(job.kind for job in held.began), held.most[READ.lock]) == (["read", "read", "sweep"], 1)


def test_where_more_may_run_from_now_on_no_more_than_that_begin(held: Held) -> None:
    room = [1]
    pool = Pool(dict.fromkeys(("read",), held), lambda _lane: room[0], held.stop)
    jobs = scopes(5)
    held.hold(*jobs)
    for job in jobs:
        pool.submit(job)
    room[0] = 2
    held.let_go(jobs[0])
    held.until(lambda: len(held.began) == 3)
    held.let_go(*jobs)
    assert pool.wait(LONG_S)
    assert held.most["jira"] == 2


def test_where_the_system_has_no_more_threads_a_job_holds_no_place(
    held: Held, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_more)
        with pytest.raises(RuntimeError):
            pool.submit(READ)
    assert pool.submit(READ)
    assert pool.wait(LONG_S)
    assert held.began == [READ]


def no_more(_self: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
