"""One team's ways through the coming weeks: what it draws in each trial, and when a share of its backlog is done."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sync.forecast.work import HORIZON, SAFE, WINDOW, TeamWork

TRIALS = 10_000
WEEKS = WINDOW // 7
DRIFT = 0.15
"""Standard deviation of the weekly change of the logarithm of a team's pace."""

_LEVELS = 5_000
"""Steps at most in which a backlog is told where chances are multiplied."""
_STAGES = (13, 26, 65)
"""Weeks looked ahead at a time, `HORIZON` in all: only the trials that are not done by then go on."""
NEVER = np.int16(HORIZON + 1)
"""The number of a day that lies beyond the horizon."""
_STEP = np.float32(DRIFT * 12**0.5)
"""Width of an even spread with that standard deviation."""
_ROUNDED = np.float32(0.5)
"""Rounds completions times pace to whole items."""

Days = NDArray[np.int16]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Stage:
    """Some weeks of the trials `rows`: which weeks they drew, at which pace, and what was done and added before each.

    `done`: by the end of each week, the highest share so far of completed / (backlog + added). All by week and trial.
    """

    rows: NDArray[np.intp]
    drawn: NDArray[np.int8]
    pace: Floats
    completed: Floats
    added: Floats | None
    done: Floats


class Paths:
    """A team's ways through the coming weeks, and on which day of them a share of its backlog is done."""

    def __init__(self, work: TeamWork, day: date) -> None:
        self._backlog = np.float32(work.backlog)
        self._completions = _within_weeks(work.completions)
        self._additions = _within_weeks(work.additions) if work.additions and any(work.additions) else None
        self._stages: list[_Stage] = []
        self._weekly: dict[int, NDArray[np.float64]] = {}
        rows = np.arange(TRIALS)
        completed, added, walked, best = np.zeros((4, TRIALS), np.float32)
        # For all trials, so that what one of them draws does not depend on which others are done.
        for all_drawn, all_steps in _draws(work, day):
            drawn = all_drawn[:, rows]
            walk = np.cumsum(all_steps[:, rows], axis=0) + walked
            pace = np.exp(walk)
            completed_by = np.cumsum(self._completions[-1].take(drawn) * pace, axis=0) + completed
            added_by = None
            scope: Floats | np.float32 = self._backlog
            if self._additions is not None:
                added_by = np.cumsum(self._additions[-1].take(drawn), axis=0) + added
                scope = self._backlog + added_by
            done = np.maximum.accumulate((completed_by + _ROUNDED) / scope, axis=0)
            np.maximum(done, best, out=done)
            before = None if added_by is None else _shifted(added_by, added)
            self._stages.append(_Stage(rows, drawn, pace, _shifted(completed_by, completed), before, done))
            left = done[-1] < 1
            if not left.any():
                break
            rows, walked, completed, best = rows[left], walk[-1, left], completed_by[-1, left], done[-1, left]
            added = added[left] if added_by is None else added_by[-1, left]

    def first_day(self, share: Floats) -> Days:
        """By trial, the number of the first day on which that share is done; `NEVER` beyond the horizon.

        Where scope grows, the week is the first at whose end the share is done, and the day the first of that week.
        """
        found = np.full(TRIALS, NEVER)
        start = 0
        for stage in self._stages:
            wanted = share[stage.rows]
            week = (stage.done < wanted).sum(axis=0, dtype=np.uint8)
            (there,) = np.nonzero((week < len(stage.done)) & (found[stage.rows] == NEVER))
            at = (week[there], there)
            found[stage.rows[there]] = start + 7 * at[0].astype(np.int16) + self._day_of_week(stage, at, wanted[there])
            start += 7 * len(stage.done)
        return found

    def fits(self, days: int) -> int:
        """How many items are finished in so many days in 85 of 100 trials, as far as there is a backlog."""
        week, within = divmod(min(max(days, 1), HORIZON) - 1, 7)
        finished = np.full(TRIALS, self._backlog)
        for stage in self._stages:
            if week < len(stage.done):
                items = self._completions[within].take(stage.drawn[week]) * stage.pace[week]
                finished[stage.rows] = np.minimum(np.floor(stage.completed[week] + items + _ROUNDED), self._backlog)
                break
            week -= len(stage.done)
        place = int((1 - SAFE) * TRIALS)
        return int(np.partition(finished, place)[place])

    def weekly(self, remaining: int) -> NDArray[np.float64]:
        """By week of the horizon, the chance that so many items of the backlog are done by its end."""
        if remaining not in self._weekly:
            levels = self._levels.shape[1] - 1
            places = np.arange(levels + 1) * int(self._backlog) // levels
            chances = np.concatenate([np.zeros(remaining), at_most(remaining, int(self._backlog))])
            self._weekly[remaining] = self._levels @ chances[places]
        return self._weekly[remaining]

    @cached_property
    def _levels(self) -> NDArray[np.float64]:
        """By week of the horizon, the share of trials at each level of what is done: items, or larger steps."""
        levels = int(min(self._backlog, _LEVELS))
        found = np.zeros((HORIZON // 7, levels + 1))
        start = 0
        for stage in self._stages:
            weeks, rows = stage.done.shape
            level = np.minimum(stage.done * np.float32(levels), levels).astype(np.int64)
            level += np.arange(weeks)[:, None] * (levels + 1)
            counts = np.bincount(level.ravel(), minlength=weeks * (levels + 1)).reshape(weeks, -1)
            found[start : start + weeks] = counts
            found[start : start + weeks, levels] += TRIALS - rows
            start += weeks
        found[start:, levels] = TRIALS
        return found / TRIALS

    def _day_of_week(self, stage: _Stage, at: tuple[NDArray[np.uint8], NDArray[np.intp]], wanted: Floats) -> Days:
        """The day, 1 to 7, of these weeks of these trials on which the wanted shares are done."""
        drawn, pace = stage.drawn[at], stage.pace[at]
        scope = self._backlog if stage.added is None else self._backlog + stage.added[at]
        missing = wanted * scope - stage.completed[at] - _ROUNDED
        day, waiting = np.ones(len(wanted), np.int16), np.ones(len(wanted), np.bool_)
        for number in range(6):
            progress = self._completions[number].take(drawn) * pace
            if self._additions is not None:
                progress -= wanted * self._additions[number].take(drawn)
            waiting &= progress < missing
            day += waiting
        return day


def course(work: TeamWork, day: date, days: int) -> Floats:
    """By day and trial, how many items more a team finished than were added, from the day after `day` on.

    That of the first `days` days, at most `HORIZON`, by the same draws as `forecast`. Completions are paced and not
    rounded. Raises ValueError where the history has not `WINDOW` days.
    """
    completions = _within_weeks(work.completions)
    additions = _within_weeks(work.additions) if work.additions and any(work.additions) else None
    weeks = -(-min(days, HORIZON) // 7)
    net: Floats = np.empty((weeks, 7, TRIALS), np.float32)
    walked, sums = np.zeros((2, TRIALS), np.float32)
    first = 0
    for all_drawn, all_steps in _draws(work, day):
        drawn, steps = all_drawn[: weeks - first], all_steps[: weeks - first]
        walk = np.cumsum(steps, axis=0) + walked
        pace = np.exp(walk)
        part = net[first : first + len(drawn)]
        for number in range(7):
            part[:, number] = completions[number].take(drawn) * pace
            if additions is not None:
                part[:, number] -= additions[number].take(drawn)
        by_week = np.cumsum(part[:, -1], axis=0) + sums
        part += _shifted(by_week, sums)[:, None]
        walked, sums, first = walk[-1], by_week[-1], first + len(drawn)
        if first == weeks:
            break
    return net.reshape(-1, TRIALS)[:days]


def _draws(work: TeamWork, day: date) -> Iterator[tuple[NDArray[np.int8], Floats]]:
    """Of each stage, by week and trial: the week of the window that is drawn, and the step of the pace's logarithm."""
    rng = generator("team", work.team or "", day)
    own = rng.integers(0, WEEKS, (WEEKS, TRIALS), np.int8)
    for weeks in _STAGES:
        places = rng.integers(0, WEEKS, (weeks, TRIALS), np.int8)
        steps = (rng.random((weeks, TRIALS), np.float32) - np.float32(0.5)) * _STEP
        yield np.take_along_axis(own, places, axis=0), steps


def _shifted(sums: Floats, first: Floats) -> Floats:
    """The running sums before each week instead of after it."""
    return np.vstack([first[None], sums[:-1]])


def _within_weeks(days: Sequence[int]) -> Floats:
    """What was done by each day of each week of the window, by day and week."""
    return np.ascontiguousarray(np.cumsum(_daily(days), axis=1).T)


def _daily(days: Sequence[int]) -> Floats:
    """What was done on each day of the window, by week and day.

    The weeks begin on the weekday after the forecast's day, as those do that are forecast.
    """
    if len(days) != WINDOW:
        raise ValueError(f"the history has {len(days)} days, not {WINDOW}")
    # The window ends the day before: its first day has the weekday of the forecast's day, the last of such a week.
    return np.roll(np.asarray(days, np.float32), -1).reshape(WEEKS, 7)


def last_places(remaining: int, backlog: int, draws: NDArray[np.float64]) -> NDArray[np.intp]:
    """The place of the last of `remaining` items in a random order of a backlog that holds them.

    That is the largest of so many different numbers from 1 to `backlog`. `draws` (0 to 1) choose it by its exact
    distribution: P(place ≤ m) = C(m, remaining) / C(backlog, remaining), the product of (j - remaining) / j over j from
    m + 1 to the backlog.
    """
    return remaining + np.searchsorted(at_most(remaining, backlog), draws)


def at_most(remaining: int, backlog: int) -> NDArray[np.float64]:
    """The chance that the last place is at most m, for each m from `remaining` to `backlog`."""
    above = np.arange(remaining + 1, backlog + 1)
    logs = np.log(above - remaining) - np.log(above)
    return np.exp(np.append(np.cumsum(logs[::-1])[::-1], 0.0))


def generator(*of: object) -> np.random.Generator:
    """Draws that are the same for the same words."""
    text = "\0".join(map(str, of)).encode()
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big"))
