"""HYG407: an objective with many key results, or a team with many objectives."""

from collections import defaultdict
from collections.abc import Iterator

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged, listed
from sync.findings.world import ObjectiveState, World


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    running = [one for one in world.objectives if one.active]
    yield from _objectives(world, running, open_now)
    yield from _teams(world, running, open_now)


def _objectives(world: World, running: list[ObjectiveState], open_now: frozenset[Subject]) -> Iterator[Hit]:
    limit = world.config.thresholds.key_results_per_objective
    key_results: dict[str, list[str]] = defaultdict(list)
    for one in world.active:
        key_results[one.objective_key].append(one.key)
    for objective in running:
        keys = key_results[objective.key]
        if len(keys) > world.eased(float(limit), ("objective", objective.key) in open_now):
            yield _hit("objective", objective.key, "key_results", keys, limit, objective, objective.team)


def _teams(world: World, running: list[ObjectiveState], open_now: frozenset[Subject]) -> Iterator[Hit]:
    limit = world.config.thresholds.objectives_per_team
    # Cycles that run at the same time (a year and its quarter) are counted apart: each has a plan of its own.
    objectives: dict[tuple[str, str], list[ObjectiveState]] = defaultdict(list)
    for one in running:
        if one.team:
            objectives[one.team, one.cycle].append(one)
    most: dict[str, list[ObjectiveState]] = {}
    for (team, _), found in objectives.items():
        allowed = world.eased(float(limit), ("team", team) in open_now)
        if len(found) > max(allowed, len(most.get(team, ()))):
            most[team] = found
    for team, found in most.items():
        yield _hit("team", team, "objectives", [one.key for one in found], limit, found[0], team)


def _hit(
    kind: str, subject: str, code: str, keys: list[str], limit: int, objective: ObjectiveState, team: str | None
) -> Hit:
    noun = code.replace("_", " ")
    where = f" in {objective.cycle}" if kind == "team" else ""
    beyond = f", more than {limit}" if len(keys) > limit else ""
    reason = RULE.reason(code)
    return Hit(
        subject_kind=kind,
        subject=subject,
        severity=reason.severity,
        reason=code,
        summary=f"{subject} has {len(keys)} {noun}{where}{beyond}: {listed(keys)}",
        evidence={code: keys[:20], "count": len(keys), "limit": limit, "cycle": objective.cycle},
        team=team,
        cycle_end=objective.cycle_end,
    )


RULE = Rule(
    code="HYG407",
    severity="info",
    finds="An objective with more key results, or a team with more objectives, than anybody keeps in mind.",
    why=(
        "OKRs are a choice. A list of everything that a team does gives no direction, and splits the people who should"
        " pull together."
    ),
    computed=(
        "Of the cycles that contain the day: an objective has more than `thresholds.key_results_per_objective` (5) key"
        " results; a team has more than `thresholds.objectives_per_team` (5) objectives of its own in one cycle, those"
        " of the teams below it aside. Where a team has too many in several cycles that run at the same time, the"
        " cycle with most is named. It ends when there are fewer than the threshold by `thresholds.hysteresis` (5 %) of"
        " it: of 5, at 4."
    ),
    ends="There are fewer, or the threshold is raised for an organisation that means it.",
    reasons=(
        Reason("key_results", "info", "An objective has too many key results."),
        Reason("objectives", "info", "A team has too many objectives in one cycle."),
    ),
    find=_find,
)
