"""When work will be done: a Monte Carlo forecast by the throughput of teams. Pure: numbers and days in, days out.

In each trial a team goes through the coming weeks by drawing whole weeks, days without a completion included, from its
last twelve, and works down all of its backlog in random order, so that key results share what is finished in proportion
to what remains of them. A key result is done when its last team is done in that trial: all key results of a team share
its weeks, and a key result of several teams is their latest, not a product of chances.

Plain drawing says "by the 85th percentile" too early, because the pace of teams changes more than twelve weeks show.
Two things make up for that: each trial first draws twelve weeks of its own (with repetition) and then only from these,
as the last twelve weeks are a sample themselves; and its pace drifts, week by week, by `paths.DRIFT`.
docs/explanation/forecast.md holds both against recorded history.

The same arguments always give the same answer, whatever else is forecast with them: draws are seeded by team and day,
and by key result, team and day.
"""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.forecast.paths import TRIALS, Days, Paths, generator, last_places
from sync.forecast.work import (
    FLOOR,
    HORIZON,
    LIKELY,
    NOTHING_REMAINS,
    SAFE,
    KeyResultWork,
    Outlook,
    Team,
    TeamOutlook,
    TeamWork,
    team_name,
    too_little,
)

WIDE = 5
"""A key result of more teams than this is not drawn trial by trial, which would take long. The ways of different teams
are drawn independently of one another, so that their chances multiply and say the same."""


MOST_THREADS = 4


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
    wide = {one.key: np.ones(HORIZON // 7) for one in asked if _is_wide(one) and one.key not in reasons}

    def of_team(work: TeamWork) -> tuple[TeamOutlook, list[tuple[str, Any]]]:
        """The team's outlook, and its part of each of its key results."""
        outlook, paths = _team(work, day)
        if paths is None:
            return outlook, []
        return outlook, [
            (one.key, paths.weekly(one.remaining[work.team]) if one.key in wide else _last_item(one, work, paths, day))
            for one in by_team[work.team]
        ]

    latest: dict[str, Days] = {}
    outlooks: dict[Team, TeamOutlook] = {}
    # numpy works outside of Python's lock. The parts come in the order of the teams, whichever is ready first.
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_THREADS)) as threads:
        for team, (outlook, parts) in zip(works, threads.map(of_team, works.values()), strict=True):
            outlooks[team] = outlook
            for key, part in parts:
                if key in wide:
                    wide[key] *= part
                else:
                    latest[key] = np.maximum(latest[key], part) if key in latest else part
    found = {
        one.key: _wide(one, wide[one.key], day) if one.key in wide else _key_result(one, latest, reasons, day)
        for one in asked
    }
    return Outlooks(found, outlooks)


def _key_result(one: KeyResultWork, latest: Mapping[str, Days], reasons: Mapping[str, str], day: date) -> Outlook:
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


def _is_wide(one: KeyResultWork) -> bool:
    return sum(1 for remaining in one.remaining.values() if remaining) > WIDE


def _wide(one: KeyResultWork, done: NDArray[np.float64], day: date) -> Outlook:
    """From the chance to be done by the end of each week; within a week it rises evenly."""
    by_day = np.interp(np.arange(1, HORIZON + 1), np.arange(0, HORIZON + 1, 7), np.concatenate([[0.0], done]))

    def by(share: float) -> date | None:
        number = int(np.searchsorted(by_day, share)) + 1
        return None if number > HORIZON else day + timedelta(days=number)

    days = min((one.ends_on - day).days, HORIZON)
    chance = float(by_day[days - 1]) if days > 0 else 0.0
    most = (TRIALS - 1) / TRIALS
    return Outlook(ends_on=one.ends_on, p50=by(LIKELY), p85=by(SAFE), chance=min(chance, most))


def _team(work: TeamWork, day: date) -> "tuple[TeamOutlook, Paths | None]":
    if not work.backlog:
        return TeamOutlook(ends_on=None, chance=1.0, reason=NOTHING_REMAINS), None
    ends = sorted(work.due)
    if work.active_days < FLOOR:
        return TeamOutlook(ends_on=ends[0], reason=too_little(work)), None
    paths = Paths(work, day)
    due, chances = 0, []
    for end in ends:
        due += work.due[end]
        days = paths.first_day(np.full(TRIALS, due / work.backlog, np.float32))
        chances.append((_chance(days, end, day), end))
    chance, tightest = min(chances)
    whole = paths.first_day(np.ones(TRIALS, np.float32))
    p50, p85 = percentile(whole, LIKELY, day), percentile(whole, SAFE, day)
    return TeamOutlook(ends_on=tightest, p50=p50, p85=p85, chance=chance, fits=paths.fits((tightest - day).days)), paths


def when(work: TeamWork, day: date, items: Iterable[int]) -> list[tuple[int, int]]:
    """P50 and P85 of the first so many items of a team's backlog, for each number of `items`, in days after `day`.

    A number above `HORIZON` stands for later than can be told. Raises ValueError where the history has not `WINDOW`
    days.
    """
    paths = Paths(work, day)
    found = []
    for number in items:
        days = paths.first_day(np.full(TRIALS, number / work.backlog, np.float32))
        found.append((_percentile(days, LIKELY), _percentile(days, SAFE)))
    return found


def _last_item(one: KeyResultWork, work: TeamWork, paths: Paths, day: date) -> Days:
    """By trial, the number of the day on which the team finishes the key result's last item."""
    remaining = one.remaining[work.team]
    if remaining > work.backlog:
        raise ValueError(
            f"{remaining} items of {one.key} remain in a backlog of {work.backlog} of {team_name(work.team)}"
        )
    draws = generator("key result", one.key, work.team or "", day).random(TRIALS)
    return paths.first_day((last_places(remaining, work.backlog, draws) / work.backlog).astype(np.float32))


# --- from trials to days ----------------------------------------------------------------------------------------------


def percentile(days: Days, share: float, day: date) -> date | None:
    """The first day by which at least that share of the trials is done, None beyond the horizon."""
    number = _percentile(days, share)
    return None if number > HORIZON else day + timedelta(days=number)


def _percentile(days: Days, share: float) -> int:
    place = ceil(share * len(days)) - 1
    return int(np.partition(days, place)[place])


def _chance(days: Days, end: date, day: date) -> float:
    """The share of trials done by the end; so many trials cannot tell a certainty from nearly one."""
    done = int(np.count_nonzero(days <= min((end - day).days, HORIZON)))
    return min(done, TRIALS - 1) / TRIALS
