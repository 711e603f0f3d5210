"""How long the forecasts of an organisation take: all its key results over all its teams, every trial of them."""

import os
import random
import resource
import time
from collections.abc import Iterator
from datetime import date, timedelta

from benchmarks.figures import Figure
from sync.forecast.model import forecast
from sync.forecast.work import WINDOW, KeyResultWork, TeamWork

LIMIT_S = 10.0
DAY = date(2026, 11, 24)
END = date(2026, 12, 31)


def figures(key_results: int, teams: int) -> Iterator[Figure]:
    """Wall time, and the processors' time, which a busy machine does not change."""
    works, asked = organisation(key_results, teams)
    began, used = time.perf_counter(), _processor_time()
    forecast(works, asked, DAY)
    wall, processor = time.perf_counter() - began, _processor_time() - used
    what = f"forecasts of {key_results:,} key results over {teams:,} teams"
    yield Figure(what, wall, target=LIMIT_S)
    yield Figure(f"the same, processor time of {os.cpu_count()} cores", processor)


def organisation(key_results: int, teams: int) -> tuple[list[TeamWork], list[KeyResultWork]]:
    """Teams that finish one to four items on a working day, half of them with growing scope, and key results that need
    one to three teams each and carry on for a few weeks.
    """
    draw = random.Random(7)
    asked = [
        KeyResultWork(
            key=f"KR{number}",
            ends_on=END,
            remaining={
                f"T{team}": draw.randint(1, 12)
                for team in draw.sample(range(teams), min(teams, draw.choice((1, 1, 2, 3))))
            },
        )
        for number in range(key_results)
    ]
    works = []
    for number in range(teams):
        team, pace = f"T{number}", draw.uniform(0.5, 3)
        days = [DAY - timedelta(days=WINDOW - ago) for ago in range(WINDOW)]
        completions = [0 if day.weekday() > 4 else round(draw.expovariate(1 / pace)) for day in days]
        additions = [draw.random() < 0.1 for _ in days] if number % 2 else None
        backlog = sum(one.remaining.get(team, 0) for one in asked)
        works.append(TeamWork(team=team, completions=completions, additions=additions, due={END: backlog}))
    return works, asked


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
