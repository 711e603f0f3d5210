"""The same forecast once more, slow and obvious: one trial after the other, and in it one day after the other."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import exp, floor

from sync.forecast.paths import DRIFT
from sync.forecast.work import WINDOW, Team, TeamWork

MOST_DAYS = 728


def weeks(days: Sequence[int], day: date) -> list[list[int]]:
    """The twelve weeks that begin on the weekday after `day`; the oldest day stands for the day itself."""
    by_day = {day - timedelta(days=WINDOW - number): done for number, done in enumerate(days)}
    by_day[day] = by_day[day - timedelta(days=WINDOW)]
    starts = [day - timedelta(days=WINDOW - 1 - 7 * week) for week in range(12)]
    return [[by_day[start + timedelta(days=number)] for number in range(7)] for start in starts]


def trial(
    draw: random.Random, teams: Sequence[TeamWork], key_results: Mapping[str, Mapping[Team, int]], day: date
) -> dict[str, int]:
    """How many days after `day` each key result is done in one trial, and each team ("team " and its key).

    Key results only of teams whose scope does not grow.
    """
    found: dict[str, int] = {}
    latest: dict[str, int] = {}
    for work in teams:
        known = weeks(work.completions, day)
        grows = weeks(work.additions, day) if work.additions else None
        own = [draw.randrange(12) for _ in range(12)]
        places = {}
        for key, remaining in key_results.items():
            if remaining.get(work.team):
                order = draw.sample(range(1, work.backlog + 1), remaining[work.team])
                places[key] = max(order)
        finished, added, pace, number = 0.0, 0, 0.0, 0
        whole = None
        while number < MOST_DAYS and (whole is None or places):
            week = draw.choice(own)
            pace += draw.gauss(0, DRIFT)
            done_on = []
            for weekday in range(7):
                number += 1
                finished += known[week][weekday] * exp(pace)
                added += grows[week][weekday] if grows else 0
                if floor(finished + 0.5) >= work.backlog + added:
                    done_on.append(number)
                for key in [key for key, place in places.items() if floor(finished + 0.5) >= place]:
                    latest[key] = max(latest.get(key, 0), number)
                    del places[key]
            # What is done in the middle of a week and grows again by its end is not done.
            if whole is None and number in done_on:
                whole = done_on[0]
        found[f"team {work.team}"] = whole or MOST_DAYS + 1
        for key in places:
            latest[key] = MOST_DAYS + 1
    return found | latest


def shares(
    teams: Sequence[TeamWork], key_results: Mapping[str, Mapping[Team, int]], day: date, trials: int, within: int
) -> dict[str, float]:
    """The share of the trials in which each is done within so many days."""
    draw = random.Random(1)
    runs = [trial(draw, teams, key_results, day) for _ in range(trials)]
    return {key: sum(run[key] <= within for run in runs) / trials for key in runs[0]}
