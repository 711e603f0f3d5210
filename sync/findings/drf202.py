"""DRF202: a key result that is forecast to finish after its cycle."""

from collections.abc import Iterator
from datetime import date

from sync.facts import ForecastFacts, KeyResultFacts
from sync.findings.rule import Hit, Rule, Subject, Unjudged
from sync.findings.world import World
from sync.forecast.work import LIKELY, chance_text


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for key_result in world.active:
        forecast = key_result.forecast
        if not key_result.readable:
            yield Unjudged("key_result", key_result.key)
        elif forecast is not None and forecast.chance is not None:
            enough = world.raised(LIKELY, ("key_result", key_result.key) in open_now)
            if forecast.chance < enough:
                yield _hit(world, key_result, forecast, forecast.chance)


def _hit(world: World, key_result: KeyResultFacts, forecast: ForecastFacts, chance: float) -> Hit:
    left = "1 item remains" if forecast.remaining == 1 else f"{forecast.remaining:,} items remain"
    return Hit(
        subject_kind="key_result",
        subject=key_result.key,
        severity="critical" if chance < world.config.thresholds.late_chance else RULE.severity,
        summary=(
            f"{key_result.key} has a chance of {chance_text(chance)} to be done by the end of its cycle on"
            f" {key_result.cycle_end}: {left}, as likely as not done"
            f" {_by(forecast.p50)}"
        ),
        evidence={
            "chance": chance,
            "p50": _iso(forecast.p50),
            "p85": _iso(forecast.p85),
            "cycle_end": key_result.cycle_end.isoformat(),
            "remaining": forecast.remaining,
            "teams": [part.team or "no team" for part in key_result.teams if part.remaining],
        },
        team=key_result.team,
        cycle_end=key_result.cycle_end,
    )


def _by(day: date | None) -> str:
    return f"by {day}" if day else "later than can be told"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


RULE = Rule(
    code="DRF202",
    severity="warning",
    finds="A key result whose work will more likely than not go on after its cycle has ended.",
    why=(
        "Pace compares with a straight line. The forecast compares with what the teams really finish, with everything"
        " else that they have promised, and says it weeks before the end: while there is time to leave something out,"
        " to lend people, or to tell those who wait."
    ),
    computed=(
        "The chance of the forecast, the share of its 10,000 trials in which the last team has finished its part by the"
        " end of the cycle, is below 50 %: the day by which it is as likely as not done (P50) lies after the cycle."
        " Critical below `thresholds.late_chance` (20 %). Only key results whose cycle contains the day, with work that"
        " remains, and a forecast: a team that finished linked work on fewer than 5 of the last 84 days has none. Once"
        " open, it ends when the chance is better than 50 % by `thresholds.hysteresis` (5 %) of it. While the work"
        " cannot be read, it stays as it is."
    ),
    ends="Work is finished faster, left out, or given to a team that has room for it.",
    find=_find,
)
