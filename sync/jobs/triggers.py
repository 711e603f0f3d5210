"""When a scheduled job is due: at moments that are the same for whoever computes them, here or on another machine."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from apscheduler.triggers.base import BaseTrigger

from config.times import At, Every

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Spaced(BaseTrigger):
    """Due every `interval`, counted from 1970, and each time `later` (less than half of it) than its slot."""

    interval: timedelta
    later: timedelta = timedelta()

    def slot(self, due: datetime) -> datetime:
        """The nominal moment of what is due then."""
        return due - self.later

    def latest(self, now: datetime) -> datetime:
        """The last moment that is not after `now`."""
        return EPOCH + self.later + ((now - EPOCH - self.later) // self.interval) * self.interval

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The first moment behind the one before or, where there was none, not before `now`."""
        after = previous_fire_time or now - timedelta.resolution
        return self.latest(after) + self.interval

    def overdue(self, last: datetime, now: datetime) -> bool:
        """Whether what was done `last` is to be done again."""
        return now - last >= self.interval


@dataclass(frozen=True)
class Daily(BaseTrigger):
    """Due on days of the week at a time of `zone`, once on each day, whatever its clocks do.

    A time that a day has twice is the first of them. One that a day leaves out is as long after midnight as on other
    days: with the clocks put on from 02:00 to 03:00, 02:30 is at 03:30.
    """

    at: At
    zone: tzinfo

    def slot(self, due: datetime) -> datetime:
        """The nominal moment of what is due then."""
        return due

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The first moment behind the one before or, where there was none, not before `now`."""
        after = previous_fire_time or now - timedelta.resolution
        # The day before: a zone that left out a day had its moments on the next one.
        return next(moment for moment in self._moments(after, timedelta(days=1)) if moment > after)

    def overdue(self, last: datetime, now: datetime) -> bool:
        """Whether a moment lies behind what was done `last`."""
        return last < self.latest(now)

    def latest(self, now: datetime) -> datetime:
        """The last moment that is not after `now`."""
        return next(moment for moment in self._moments(now, timedelta(days=-1)) if moment <= now)

    def _moments(self, around: datetime, step: timedelta) -> list[datetime]:
        """Ten days from the day on the other side of `around` on: every weekday lies among them on either side."""
        first = around.astimezone(self.zone).date() - step
        days = [first + number * step for number in range(10)]
        return [self._moment(day) for day in days if day.weekday() in self.at.weekdays]

    def _moment(self, day: date) -> datetime:
        return datetime.combine(day, self.at.clock, self.zone).astimezone(UTC)


Trigger = Spaced | Daily


def trigger(when: At | Every, zone: tzinfo, later: timedelta = timedelta()) -> Trigger:
    """The trigger of a schedule. `later`, of an interval: how long after each slot it is due."""
    return Daily(when, zone) if isinstance(when, At) else Spaced(when.interval, later)
