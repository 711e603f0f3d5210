"""What a team was promised for, and what it carries, as of the eve of a cycle. Pure: numbers and days in and out.

Until the cycle begins, a team works on what is left to it from before. What it does not get done by then, it takes
along, and works on all of it until the cycle ends. Its ways through these days are those of the forecast
(`sync.forecast.model`), so that what is told here is what the forecast would tell on the first day of the cycle.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config import Cycle
from sync.facts import TeamForecastFacts
from sync.forecast.paths import TRIALS, course
from sync.forecast.work import FLOOR, HORIZON, LIKELY, SAFE, WINDOW, TeamWork, too_little

ROUNDED = np.float32(0.5)
"""Rounds paced completions to whole items."""

Items = Mapping[str, int]
"""Number of items by key result."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a team is to do, each item once, and its `work` of late. `work.team` is its key, None for work of no team.

    `promised`: open items of the cycle's key results, of which `begun` serve another running key result as well.
    `earlier`: open items of other running key results alone. `key_results`: the promised items by key result; one of
    several counts in each.
    """

    promised: int
    begun: int = 0
    earlier: int = 0
    work: TeamWork
    key_results: Items = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a team was promised for, against what it carries in a cycle.

    `promised`, `begun`, `earlier` and `key_results` as promised. `done_before`: how many of the `earlier` items and of
    those begun will be done when the cycle begins (in half of the trials more, in half fewer); `backlog`: what is left
    then, and what was promised. `completions`: items done in the last `days`, on `active_days` of them; `per_week`: in
    a week. `fits`: how many items it gets done in the cycle in 85 % of the trials, what is added meanwhile taken off;
    `over`: how many more the backlog has, at least 0. `chance`: share of the trials in which all is done by the end;
    `p50`, `p85`: the day by which it is in that share, None where that is after the end.
    Where there is no number, `reason` says why, and `done_before`, `fits`, `over` and `chance` are None.
    """

    team: str | None
    promised: int
    begun: int
    earlier: int
    backlog: int
    completions: int
    active_days: int
    ends_on: date
    key_results: Items
    done_before: int | None = None
    fits: int | None = None
    over: int | None = None
    chance: float | None = None
    p50: date | None = None
    p85: date | None = None
    reason: str | None = None
    days: int = WINDOW

    @property
    def per_week(self) -> float:
        """Items finished in a week."""
        return self.completions * 7 / self.days

    def facts(self, team: str) -> TeamForecastFacts:
        """As the rules of the findings know it."""
        return TeamForecastFacts(
            team=team,
            backlog=self.backlog,
            completions=self.completions,
            active_days=self.active_days,
            days=self.days,
            fits=None if self.fits is None else min(self.fits, self.backlog),
            ends_on=self.ends_on,
            p50=self.p50,
            p85=self.p85,
            chance=self.chance,
            reason=self.reason,
        )


def load(promise: Promise, cycle: Cycle, day: date) -> Load:
    """What a promise comes to, as of a day that has passed and lies before the cycle's last."""
    known: dict[str, Any] = {
        "team": promise.work.team,
        "promised": promise.promised,
        "begun": promise.begun,
        "earlier": promise.earlier,
        "completions": sum(promise.work.completions),
        "active_days": promise.work.active_days,
        "ends_on": cycle.end,
        "key_results": promise.key_results,
    }
    before = max((cycle.start - day).days - 1, 0)
    if promise.work.active_days < FLOOR:
        return Load(**known, backlog=promise.promised + promise.earlier, reason=too_little(promise.work))
    if before >= HORIZON:
        reason = f"{cycle.key} begins later than {HORIZON} days from now, as far as a forecast looks"
        return Load(**known, backlog=promise.promised + promise.earlier, reason=reason)
    net = course(promise.work, day, (cycle.end - day).days)
    done_before = np.minimum(_whole(net[:before].max(axis=0, initial=0)), promise.earlier + promise.begun)
    left = promise.promised + promise.earlier - done_before
    gained = net[before:] - net[before - 1] if before else net
    np.maximum.accumulate(gained, axis=0, out=gained)
    done_on = (np.floor(gained + ROUNDED) < left).sum(axis=0)
    likely_done = int(np.median(done_before))
    fits = max(int(np.quantile(_whole(gained[-1]), 1 - SAFE, method="lower")), 0)
    backlog = promise.promised + promise.earlier - likely_done
    return Load(
        **known,
        backlog=backlog,
        done_before=likely_done,
        fits=fits,
        over=max(backlog - fits, 0),
        chance=min(int((done_on < len(gained)).sum()), TRIALS - 1) / TRIALS,
        p50=_day(done_on, LIKELY, cycle, day + timedelta(days=before + 1)),
        p85=_day(done_on, SAFE, cycle, day + timedelta(days=before + 1)),
    )


def _whole(items: NDArray[np.float32]) -> NDArray[np.int64]:
    """Paced completions as whole items."""
    return np.floor(items + ROUNDED).astype(np.int64)


def _day(done_on: NDArray[np.int64], share: float, cycle: Cycle, first: date) -> date | None:
    """The first day by which that share of the trials is done; None after the cycle."""
    place = ceil(share * len(done_on)) - 1
    found = first + timedelta(days=int(np.partition(done_on, place)[place]))
    return found if found <= cycle.end else None
