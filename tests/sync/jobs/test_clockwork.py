"""The clockwork fires what is due, makes up for what was missed by one, and outlives a runner that is out of reach."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from sync.jobs import clockwork
from sync.jobs.clockwork import Clockwork
from sync.jobs.job import Job
from sync.jobs.schedule import Scheduled
from sync.jobs.triggers import Spaced
from tests.sync.jobs.recording import Recording

SECOND = timedelta(seconds=1)
COUNT = Scheduled(Job("count"), "every 1 second", Spaced(SECOND, SECOND * 0.2))
ALERTS = Scheduled(Job("alerts"), "every 1 second", Spaced(SECOND))
NEVER = Scheduled(Job("retain"), "every 30 days", Spaced(timedelta(days=30)))


@contextmanager
def running(*runners: Recording) -> Generator[list[Clockwork]]:
    found = [Clockwork(one) for one in runners]
    for one in found:
        one.start()
    try:
        yield found
    finally:
        for one in found:
            one.stop()


def test_two_clockworks_fire_the_same_slots() -> None:
    runner = Recording()
    with running(runner, runner) as both:
        for one in both:
            one.replace([COUNT, ALERTS, NEVER])
        runner.wait(6)
    assert {job.kind for job, _ in runner.fired} == {"count", "alerts"}
    assert all(slot.microsecond == 0 for _, slot in runner.fired)
    for kind in ("count", "alerts"):
        slots = [slot for job, slot in runner.fired if job.kind == kind]
        assert slots == [slots[0] + number * SECOND for number in range(len(slots))]


def test_another_schedule_takes_the_place_of_the_one_before() -> None:
    runner = Recording()
    with running(runner) as (one,):
        one.replace([COUNT, NEVER])
        runner.wait(1)
        one.replace([ALERTS, NEVER])
        number = len(runner.fired)
        runner.wait(number + 2)
    assert {job.kind for job, _ in runner.fired[number + 1 :]} == {"alerts"}


class Ahead(datetime):
    """A clock that is set back in the middle of a test."""

    by = timedelta(hours=2)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # ty: ignore[incompatible-method-override]
        return datetime.now(tz) + cls.by


def test_a_clock_that_is_set_back_keeps_nothing_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Ahead)
    monkeypatch.setattr(clockwork, "datetime", Ahead)
    monkeypatch.setattr(clockwork, "TICK", SECOND)
    runner = Recording()
    with running(runner) as (one,):
        one.replace([ALERTS])
        runner.wait(1)
        before = len(runner.fired)
        monkeypatch.setattr(Ahead, "by", timedelta())
        one.mind(datetime.now(UTC))
        runner.wait(before + 2)
        assert one.ticked is not None
        assert one.ticked < datetime.now(UTC)
    assert runner.fired[-1][1] - datetime.now(UTC) < SECOND


def test_of_what_a_machine_slept_through_the_last_slot_is_fired_however_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Ahead)
    monkeypatch.setattr(Ahead, "by", timedelta())
    hourly, runner = Scheduled(Job("count"), "every 1 hour", Spaced(timedelta(hours=1))), Recording()
    with running(runner) as (one,):
        one.replace([hourly])
        monkeypatch.setattr(Ahead, "by", timedelta(hours=5))
        one.replace([hourly, NEVER])  # the scheduler looks at the clock
        runner.wait(1)
    [(job, slot)] = runner.fired
    assert job == Job("count")
    assert timedelta() <= Ahead.now(UTC) - slot < timedelta(hours=1)


class Meanwhile(Recording):
    """Another job falls due while the first one is offered."""

    def __init__(self) -> None:
        super().__init__()
        self.falls_due: Callable[[], None] = lambda: None

    def fire(self, job: Job, slot: datetime) -> bool:
        if job == NEVER.job:
            self.falls_due()
        return super().fire(job, slot)


def test_what_falls_due_while_others_are_offered_is_fired_after_them() -> None:
    runner, slot = Meanwhile(), datetime(2026, 11, 24, 12, tzinfo=UTC)
    with running(runner) as (one,):
        runner.falls_due = lambda: one.fire(COUNT, slot)
        one.fire(NEVER, slot)
        runner.wait(2)
    assert runner.fired == [(NEVER.job, slot), (COUNT.job, COUNT.slot(slot))]


def test_what_a_runner_does_not_take_is_offered_again_by_its_last_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clockwork, "AGAIN_S", 0.01)
    runner = Recording(fault=ConnectionError("the database restarts"))
    slots = [datetime(2026, 11, 24, 12, minute, tzinfo=UTC) for minute in (0, 1, 2)]
    with running(runner) as (one,):
        for slot in slots:
            one.fire(NEVER, slot)
            with runner.changed:
                asked = runner.asked
                assert runner.changed.wait_for(lambda asked=asked: runner.asked > asked + 1, 20)
        runner.fault = None
        runner.wait(1)
    assert runner.fired == [(Job("retain"), slots[-1])]
