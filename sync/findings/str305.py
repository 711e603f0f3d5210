"""STR305: an objective below the top that supports nothing above it."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Rule, Subject, Unjudged, listed
from sync.findings.world import ObjectiveState, World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    running = [one for one in world.objectives if one.active]
    named = {key for one in running for key in one.supports}
    holders = {key_result.key: key_result.objective_key for key_result in world.facts}
    supported = {holders.get(key, key) for key in named}
    for one in running:
        if one.team is None or one.supports:
            continue
        above = [other for other in running if _is_above(world, other, one, supported)]
        if above:
            keys = [other.key for other in above]
            yield Hit(
                subject_kind="objective",
                subject=one.key,
                severity=RULE.severity,
                summary=(
                    f"{one.key} of {world.teams.name(one.team)} supports nothing above it;"
                    f" above it stand{'s' if len(keys) == 1 else ''} {listed(keys)}"
                ),
                evidence={"title": one.title, "team": one.team, "above": keys[:20], "count": len(keys)},
                team=one.team,
                cycle_end=one.cycle_end,
            )


def _is_above(world: World, other: ObjectiveState, one: ObjectiveState, supported: set[str]) -> bool:
    """Whether `other` is one level up or more: of a team above, or of the whole organisation."""
    if one.team is None or world.teams.root(one.team) == one.team:
        return False
    if other.team is None:
        return other.key in supported
    return other.team != one.team and world.teams.is_within(one.team, other.team)


RULE = Rule(
    code="STR305",
    severity="warning",
    finds="An objective of a team that lies below others and carries none of their objectives.",
    why=(
        "Nobody above can tell what it is good for, so it is the first to be cut and the last to be helped. Either the"
        " objectives above leave out what this team is there for, or the team works on something of its own."
    ),
    computed=(
        "Of the objectives whose cycle contains the day: one names nothing under `supports`, its team has a team above"
        " it, and there is an objective above it: of a team above its own, at any distance, or of no team, where other"
        " objectives support that one or a key result of it. Objectives of the topmost teams and of no team are at the"
        " top themselves; a company with one level of objectives has none of these findings."
    ),
    ends="The objective names under `supports` what it carries, or belongs to another team.",
    find=_find,
)
