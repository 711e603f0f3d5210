"""STR304: a team promised to more than its throughput carries."""

from collections import defaultdict
from collections.abc import Iterator

from sync.facts import KeyResultFacts, TeamForecastFacts
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import World
from sync.forecast.work import chance_text


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    remaining = _remaining(world)
    for forecast in world.team_forecasts:
        if not forecast.team or forecast.chance is None or not forecast.backlog:
            continue
        asking = remaining[forecast.team]
        if not all(one.readable for one, _ in asking):
            yield Unjudged("team", forecast.team)
            continue
        enough = world.raised(world.config.thresholds.capacity_chance, ("team", forecast.team) in open_now)
        if forecast.chance < enough:
            yield _hit(world, forecast, asking)


def _remaining(world: World) -> dict[str | None, list[tuple[KeyResultFacts, int]]]:
    """By team, the running key results for which it has items left, and how many."""
    found: dict[str | None, list[tuple[KeyResultFacts, int]]] = defaultdict(list)
    for one in world.active:
        for part in one.teams:
            if part.remaining:
                found[part.team].append((one, part.remaining))
    return found


def _hit(world: World, forecast: TeamForecastFacts, asking: list[tuple[KeyResultFacts, int]]) -> Hit:
    weeks = forecast.days // 7
    most = sorted(asking, key=lambda pair: (-pair[1], pair[0].key))
    left = [f"{one.key} ({items})" for one, items in most]
    return Hit(
        subject_kind="team",
        subject=forecast.team,
        severity=RULE.severity,
        summary=(
            f"{world.teams.name(forecast.team)} has {counted(forecast.backlog, 'item')} left for"
            f" {counted(len(asking), 'key result')} and finished {forecast.completions} in {weeks} weeks: about"
            f" {forecast.fits} fit by {forecast.ends_on}, the chance for all is"
            f" {chance_text(forecast.chance)} ({listed(left)})"
        ),
        evidence={
            "chance": forecast.chance,
            "backlog": forecast.backlog,
            "completions": forecast.completions,
            "weeks": weeks,
            "fits": forecast.fits,
            "ends_on": forecast.ends_on.isoformat() if forecast.ends_on else None,
            "p50": forecast.p50.isoformat() if forecast.p50 else None,
            "p85": forecast.p85.isoformat() if forecast.p85 else None,
            "key_results": [one.key for one, _ in most][:20],
            "remaining": [items for _, items in most][:20],
        },
        team=forecast.team,
        cycle_end=forecast.ends_on,
    )


RULE = Rule(
    code="STR304",
    severity="critical",
    finds="A team of which more was promised than it finishes in the time that is left.",
    why=(
        "Each key result by itself may look possible. Together they need the same people twice, and which one is late"
        " is then decided by chance. Only somebody above them can choose what comes first, and only early."
    ),
    computed=(
        "All counted work of the team that is not done, for every key result whose cycle contains the day, each item"
        " once, is forecast by what the team finished in the last 12 weeks. The chance that all of it is done by the"
        " end of the cycle is below `thresholds.capacity_chance` (50 %); with cycles of different ends, the chance of"
        " the tightest one, the work due first being done first. The evidence says how many items fit with 85 %"
        " certainty. A team that finished linked work on fewer than 5 of the last 84 days has no forecast. Once open,"
        " it ends when the chance is better than the threshold by `thresholds.hysteresis` (5 %) of it. While the work"
        " of one of the key results cannot be read, it stays as it is."
    ),
    ends="Work is left out, given to another team or moved to a later cycle, or the team finishes more.",
    find=_find,
)
