"""The world of the findings' rules on a cycle that has not begun: what would be found if it ran now."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from config import Config, Cycle
from sync.facts import KeyResultFacts, TeamForecastFacts, TeamPart
from sync.findings.world import ObjectiveState, World
from sync.structure import Lever, levers


@dataclass(frozen=True)
class Coming(World):
    """A world in which one cycle is the running one, whatever the day. Data is as old as it is.

    `forecasts` are those of its teams, for the end of that cycle.
    """

    cycle: str
    forecasts: tuple[TeamForecastFacts, ...]

    @cached_property
    def objectives(self) -> list[ObjectiveState]:
        """The objectives, as they are listed; those of the cycle are active."""
        return [replace(one, active=one.cycle == self.cycle) for one in super().objectives]

    @cached_property
    def lever_parts(self) -> dict[int, tuple[TeamPart, ...]]:
        """By id of the key results for which no work counts yet, what their levers match, by team.

        Before a cycle even the levers may have no work yet: where all of a key result's match none, each counts once,
        for the team that would own it.
        """
        found = super().lever_parts
        bare = [one.id for one in self.active if not one.teams and one.id not in found]
        return {**found, **{id_: _counted_once(ones) for id_, ones in levers(self.conn, self.config, bare).items()}}

    @cached_property
    def team_forecasts(self) -> list[TeamForecastFacts]:
        """What is left to each team by the end of the cycle, and whether it carries that."""
        return list(self.forecasts)


def _counted_once(ones: Iterable[Lever]) -> tuple[TeamPart, ...]:
    sizes: dict[str | None, float] = defaultdict(float)
    for lever in ones:
        for owner in lever.owners or (None,):
            sizes[owner] += 1 / max(len(lever.owners), 1)
    return tuple(TeamPart(team=team, todo=1, size_todo=size) for team, size in sizes.items())


def as_if_running(facts: Iterable[KeyResultFacts], cycle: str) -> list[KeyResultFacts]:
    """The key results with those of the cycle as the active ones."""
    return [replace(one, active=one.cycle_key == cycle) for one in facts]


def cycles_to_judge(config: Config, day: date, named: str | None, mentioned: Collection[str]) -> list[Cycle]:
    """The cycles that a plan is about, by their first day.

    The one `named`; else those with objectives that start after the day; else those of the objectives `mentioned`
    (keys) that have not ended. Empty where there is none.
    """
    used = {objective.cycle for objective in config.objectives}
    if named is not None:
        found = [one for one in config.cycles if one.key == named]
    else:
        found = [one for one in config.cycles if one.key in used and one.start > day]
        if not found:
            theirs = {objective.cycle for objective in config.objectives if objective.key in mentioned}
            found = [one for one in config.cycles if one.key in theirs and one.end >= day]
    return sorted(found, key=lambda one: (one.start, one.end, one.key))


def before_or_within(cycle: Cycle, others: Iterable[Cycle], day: date) -> frozenset[str]:
    """The keys of the other cycles whose open work stands before or beside that of the cycle.

    Those that have not ended, and either begin before it or end no later: a team that still has to do what it was
    promised for then has less time for this one.
    """
    return frozenset(
        one.key
        for one in others
        if one.key != cycle.key and one.end >= day and (one.start < cycle.start or one.end <= cycle.end)
    )
