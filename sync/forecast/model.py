"""When work will be done: a Monte Carlo forecast by the throughput of teams. Pure: numbers and days in, days out.

In each trial a team goes through the coming weeks by drawing whole weeks, days without a completion included, from its
last twelve, and works down all of its backlog in random order, so that key results share what is finished in proportion
to what remains of them. A key result is done when its last team is done in that trial: all key results of a team share
its weeks, and a key result of several teams is their latest, not a product of chances.

Plain drawing says "by the 85th percentile" too early, because the pace of teams changes more than twelve weeks show.
Two things make up for that: each trial first draws twelve weeks of its own (with repetition) and then only from these,
as the last twelve weeks are a sample themselves; and its pace drifts, week by week, by `DRIFT`. docs/explanation/
forecast.md holds both against recorded history.

The same arguments always give the same answer, whatever else is forecast with them: draws are seeded by team and day,
and by key result, team and day.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

import numpy as np
from numpy.typing import NDArray

from sync.forecast.work import (
    FLOOR,
    HORIZON,
    LIKELY,
    NOTHING_REMAINS,
    SAFE,
    WINDOW,
    KeyResultWork,
    Outlook,
    Team,
    TeamOutlook,
    TeamWork,
    team_name,
    too_little,
)

TRIALS = 10_000
WEEKS = WINDOW // 7
DRIFT = 0.15
"""Standard deviation of the weekly change of the logarithm of a team's pace."""

_STAGES = (13, 26, 65)
"""Weeks looked ahead at a time, `HORIZON` in all: only the trials that are not done by then go on."""
_NEVER = np.int16(HORIZON + 1)
_STEP = np.float32(DRIFT * 12**0.5)
"""Width of an even spread with that standard deviation."""
_ROUNDED = np.float32(0.5)
"""Rounds completions times pace to whole items."""

_Days = NDArray[np.int16]
_Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Outlooks:
    """Forecasts of key results by key, and of teams by key: of a team, for the whole of its backlog.

    A team's `chance` is the one of its tightest end: that all that is due by then is done by then, what is due first
    being done first; `fits` is how many items it finishes by then in 85 of 100 trials (or its backlog).
    """

    key_results: dict[str, Outlook]
    teams: dict[Team, TeamOutlook]


def forecast(teams: Iterable[TeamWork], key_results: Iterable[KeyResultWork], day: date) -> Outlooks:
    """Forecasts key results and teams as of a day, which has passed: the first day drawn is the one after it.

    Each team with remaining work of a key result must be among `teams`, with a backlog that holds that work. Raises
    KeyError where it is not, and ValueError where its history has not `WINDOW` days or its backlog is too small.
    """
    asked = list(key_results)
    works = {work.team: work for work in teams}
    by_team: dict[Team, list[KeyResultWork]] = {team: [] for team in works}
    reasons: dict[str, str] = {}
    for one in asked:
        doing = [team for team, remaining in one.remaining.items() if remaining]
        if thin := [team for team in doing if works[team].active_days < FLOOR]:
            reasons[one.key] = too_little(works[min(thin, key=team_name)])
            continue
        for team in doing:
            by_team[team].append(one)
    latest: dict[str, _Days] = {}
    outlooks: dict[Team, TeamOutlook] = {}
    for team, work in works.items():
        outlook, paths = _team(work, day)
        outlooks[team] = outlook
        for one in by_team[team]:
            if paths is None:
                continue
            days = _last_item(one, work, paths, day)
            latest[one.key] = days if one.key not in latest else np.maximum(latest[one.key], days)
    return Outlooks({one.key: _key_result(one, latest, reasons, day) for one in asked}, outlooks)


def _key_result(one: KeyResultWork, latest: Mapping[str, _Days], reasons: Mapping[str, str], day: date) -> Outlook:
    if one.key in reasons:
        return Outlook(ends_on=one.ends_on, reason=reasons[one.key])
    if one.key not in latest:
        return Outlook(ends_on=one.ends_on, chance=1.0, reason=NOTHING_REMAINS)
    days = latest[one.key]
    return Outlook(
        ends_on=one.ends_on,
        p50=percentile(days, LIKELY, day),
        p85=percentile(days, SAFE, day),
        chance=_chance(days, one.ends_on, day),
    )


def _team(work: TeamWork, day: date) -> "tuple[TeamOutlook, _Paths | None]":
    if not work.backlog:
        return TeamOutlook(ends_on=None, chance=1.0, reason=NOTHING_REMAINS), None
    ends = sorted(work.due)
    if work.active_days < FLOOR:
        return TeamOutlook(ends_on=ends[0], reason=too_little(work)), None
    paths = _Paths(work, day)
    due, chances = 0, []
    for end in ends:
        due += work.due[end]
        days = paths.first_day(np.full(TRIALS, due / work.backlog, np.float32))
        chances.append((_chance(days, end, day), end))
    chance, tightest = min(chances)
    whole = paths.first_day(np.ones(TRIALS, np.float32))
    p50, p85 = percentile(whole, LIKELY, day), percentile(whole, SAFE, day)
    return TeamOutlook(ends_on=tightest, p50=p50, p85=p85, chance=chance, fits=paths.fits((tightest - day).days)), paths


# --- one team's ways through the coming weeks -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stage:
    """Some weeks of the trials `rows`: which weeks they drew, at which pace, and what was done and added before each.

    `done`: by the end of each week, the highest share so far of completed / (backlog + added). All by week and trial.
    """

    rows: NDArray[np.intp]
    drawn: NDArray[np.int8]
    pace: _Floats
    completed: _Floats
    added: _Floats | None
    done: _Floats


class _Paths:
    """A team's ways through the coming weeks, and on which day of them a share of its backlog is done."""

    def __init__(self, work: TeamWork, day: date) -> None:
        self._backlog = np.float32(work.backlog)
        self._completions = _within_weeks(work.completions)
        self._additions = _within_weeks(work.additions) if work.additions and any(work.additions) else None
        self._stages: list[_Stage] = []
        rows = np.arange(TRIALS)
        completed, added, walked, best = np.zeros((4, TRIALS), np.float32)
        # For all trials, so that what one of them draws does not depend on which others are done.
        for all_drawn, all_steps in _draws(work, day):
            drawn = all_drawn[:, rows]
            walk = np.cumsum(all_steps[:, rows], axis=0) + walked
            pace = np.exp(walk)
            completed_by = np.cumsum(self._completions[-1].take(drawn) * pace, axis=0) + completed
            added_by = None
            scope: _Floats | np.float32 = self._backlog
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

    def first_day(self, share: _Floats) -> _Days:
        """By trial, the number of the first day on which that share is done; `_NEVER` beyond the horizon.

        Where scope grows, the week is the first at whose end the share is done, and the day the first of that week.
        """
        found = np.full(TRIALS, _NEVER)
        start = 0
        for stage in self._stages:
            wanted = share[stage.rows]
            week = (stage.done < wanted).sum(axis=0, dtype=np.uint8)
            (there,) = np.nonzero((week < len(stage.done)) & (found[stage.rows] == _NEVER))
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

    def _day_of_week(self, stage: _Stage, at: tuple[NDArray[np.uint8], NDArray[np.intp]], wanted: _Floats) -> _Days:
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


def when(work: TeamWork, day: date, items: Iterable[int]) -> list[tuple[int, int]]:
    """P50 and P85 of the first so many items of a team's backlog, for each number of `items`, in days after `day`.

    A number above `HORIZON` stands for later than can be told. Raises ValueError where the history has not `WINDOW`
    days.
    """
    paths = _Paths(work, day)
    found = []
    for number in items:
        days = paths.first_day(np.full(TRIALS, number / work.backlog, np.float32))
        found.append((_percentile(days, LIKELY), _percentile(days, SAFE)))
    return found


def course(work: TeamWork, day: date, days: int) -> _Floats:
    """By trial and day, how many items more a team finished than were added, from the day after `day` on.

    That of the first `days` days, at most `HORIZON`, by the same draws as `forecast`. Completions are paced and not
    rounded. Raises ValueError where the history has not `WINDOW` days.
    """
    completions = _daily(work.completions)
    additions = _daily(work.additions) if work.additions and any(work.additions) else None
    stages: list[_Floats] = []
    walked: _Floats = np.zeros(TRIALS, np.float32)
    for drawn, steps in _draws(work, day):
        walk = np.cumsum(steps, axis=0) + walked
        net = completions[drawn] * np.exp(walk)[:, :, None]
        if additions is not None:
            net -= additions[drawn]
        stages.append(net.transpose(1, 0, 2).reshape(TRIALS, -1))
        if sum(stage.shape[1] for stage in stages) >= days:
            break
        walked = walk[-1]
    return np.cumsum(np.concatenate(stages, axis=1)[:, :days], axis=1)


def _draws(work: TeamWork, day: date) -> Iterator[tuple[NDArray[np.int8], _Floats]]:
    """Of each stage, by week and trial: the week of the window that is drawn, and the step of the pace's logarithm."""
    rng = _generator("team", work.team or "", day)
    own = rng.integers(0, WEEKS, (WEEKS, TRIALS), np.int8)
    for weeks in _STAGES:
        places = rng.integers(0, WEEKS, (weeks, TRIALS), np.int8)
        steps = (rng.random((weeks, TRIALS), np.float32) - np.float32(0.5)) * _STEP
        yield np.take_along_axis(own, places, axis=0), steps


def _shifted(sums: _Floats, first: _Floats) -> _Floats:
    """The running sums before each week instead of after it."""
    return np.vstack([first[None], sums[:-1]])


def _within_weeks(days: Sequence[int]) -> _Floats:
    """What was done by each day of each week of the window, by day and week."""
    return np.ascontiguousarray(np.cumsum(_daily(days), axis=1).T)


def _daily(days: Sequence[int]) -> _Floats:
    """What was done on each day of the window, by week and day.

    The weeks begin on the weekday after the forecast's day, as those do that are forecast.
    """
    if len(days) != WINDOW:
        raise ValueError(f"the history has {len(days)} days, not {WINDOW}")
    # The window ends the day before: its first day has the weekday of the forecast's day, the last of such a week.
    return np.roll(np.asarray(days, np.float32), -1).reshape(WEEKS, 7)


def _last_item(one: KeyResultWork, work: TeamWork, paths: _Paths, day: date) -> _Days:
    """By trial, the number of the day on which the team finishes the key result's last item."""
    remaining = one.remaining[work.team]
    if remaining > work.backlog:
        raise ValueError(
            f"{remaining} items of {one.key} remain in a backlog of {work.backlog} of {team_name(work.team)}"
        )
    draws = _generator("key result", one.key, work.team or "", day).random(TRIALS)
    return paths.first_day((last_places(remaining, work.backlog, draws) / work.backlog).astype(np.float32))


def last_places(remaining: int, backlog: int, draws: NDArray[np.float64]) -> NDArray[np.intp]:
    """The place of the last of `remaining` items in a random order of a backlog that holds them.

    That is the largest of so many different numbers from 1 to `backlog`. `draws` (0 to 1) choose it by its exact
    distribution: P(place ≤ m) = C(m, remaining) / C(backlog, remaining), the product of (j - remaining) / j over j from
    m + 1 to the backlog.
    """
    above = np.arange(remaining + 1, backlog + 1)
    logs = np.log(above - remaining) - np.log(above)
    at_most = np.exp(np.append(np.cumsum(logs[::-1])[::-1], 0.0))
    return remaining + np.searchsorted(at_most, draws)


# --- from trials to days ----------------------------------------------------------------------------------------------


def percentile(days: _Days, share: float, day: date) -> date | None:
    """The first day by which at least that share of the trials is done, None beyond the horizon."""
    number = _percentile(days, share)
    return None if number > HORIZON else day + timedelta(days=number)


def _percentile(days: _Days, share: float) -> int:
    place = ceil(share * len(days)) - 1
    return int(np.partition(days, place)[place])


def _chance(days: _Days, end: date, day: date) -> float:
    """The share of trials done by the end; so many trials cannot tell a certainty from nearly one."""
    done = int(np.count_nonzero(days <= min((end - day).days, HORIZON)))
    return min(done, TRIALS - 1) / TRIALS


def _generator(*of: object) -> np.random.Generator:
    text = "\0".join(map(str, of)).encode()
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big"))
