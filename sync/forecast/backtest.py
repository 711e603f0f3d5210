"""How well forecasts would have done: history is hidden from a day on, forecast, and compared with what then happened.

The question asked on each of these days: when will the team have finished as many items as its average of the last
twelve weeks finishes in two, four, eight and thirteen weeks? The naive forecast answers with those weeks. It is drawn
as every forecast, of a backlog of so many items that does not grow.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from math import ceil

from sync.forecast.model import when
from sync.forecast.work import FLOOR, HORIZON, WINDOW, Team, TeamWork

WEEKS_ASKED = (2, 4, 8, 13)
EVERY = 14
"""Days between two days of asking."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question asked of a team on a day, and its answers in days from then: P50, P85 and the average's.

    `weeks`: how long the average would take. `actual`: on which day the items were done, None where they were not by
    the end of the history.
    """

    team: Team
    day: date
    weeks: int
    items: int
    p50: int
    p85: int
    naive: int
    actual: int | None


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How many cases there were, on how many different days, and the share of them in which the work was done by P50,
    by P85 and by the average's day: 0.5 and 0.85 would be right of the first two. None where there is no case.
    """

    cases: int
    days: int
    p50: float | None
    p85: float | None
    naive: float | None


def coverage(found: Iterable[Case]) -> Coverage:
    """How often the forecasts of these cases held."""
    known = list(found)

    def held(answer: Callable[[Case], int]) -> float | None:
        done = sum(1 for case in known if case.actual is not None and case.actual <= answer(case))
        return done / len(known) if known else None

    return Coverage(
        cases=len(known),
        days=len({case.day for case in known}),
        p50=held(lambda case: case.p50),
        p85=held(lambda case: case.p85),
        naive=held(lambda case: case.naive),
    )


def cases(team: Team, first: date, completions: Sequence[int]) -> Iterator[Case]:
    """The cases of a team whose items finished are given by day, from `first` to the last day that is known.

    Asked every `EVERY` days, the last time on the last day but one, where the team has enough history. A question
    counts where the history goes on to its P85: of others it could be told only how they fared that fared well.
    """
    known = len(completions)
    sums = list(accumulate(completions, initial=0))
    for at in range(known - 1, WINDOW - 1, -EVERY):
        window = completions[at - WINDOW : at]
        if sum(1 for number in window if number) < FLOOR:
            continue
        day = first + timedelta(days=at)
        rate = sum(window) / WINDOW
        asked = {weeks: max(1, round(rate * 7 * weeks)) for weeks in WEEKS_ASKED}
        work = TeamWork(team=team, completions=window, due={day: max(asked.values())})
        answers = when(work, day, asked.values())
        for (weeks, items), (p50, p85) in zip(asked.items(), answers, strict=True):
            if p85 > HORIZON or at + p85 >= known:
                continue
            reached = next((n for n in range(at + 1, known) if sums[n + 1] - sums[at + 1] >= items), None)
            yield Case(
                team=team,
                day=day,
                weeks=weeks,
                items=items,
                p50=p50,
                p85=p85,
                naive=ceil(items / rate),
                actual=None if reached is None else reached - at,
            )
