"""STR303: a key result that needs many teams."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import World


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    limit = world.config.thresholds.teams_per_key_result
    for key_result in world.active:
        if not key_result.readable or (not key_result.teams and key_result.id in world.unread_levers):
            yield Unjudged("key_result", key_result.key)
            continue
        planned = world.lever_parts.get(key_result.id, ())
        parts = [part for part in key_result.teams or planned if part.team is not None and part.remaining]
        if len(parts) <= world.eased(float(limit), ("key_result", key_result.key) in open_now):
            continue
        names = [world.teams.name(part.team) for part in parts if part.team is not None]
        what = "finish its work" if key_result.teams else "move its levers (no work counts yet)"
        yield Hit(
            subject_kind="key_result",
            subject=key_result.key,
            severity=RULE.severity,
            summary=f"{key_result.key} needs {counted(len(parts), 'team')} to {what}: {listed(names)}",
            evidence={
                "title": key_result.title,
                "count": len(parts),
                "limit": limit,
                "teams": {part.team: part.size_remaining for part in parts},
            },
            team=key_result.team,
            cycle_end=key_result.cycle_end,
        )


RULE = Rule(
    code="STR303",
    severity="warning",
    finds="A key result that is done only when many teams are done.",
    why=(
        "It is as late as the latest of them. Four teams that keep their word eight times in ten keep it all together"
        " four times in ten, and every pair of them has something to agree on."
    ),
    computed=(
        "More than `thresholds.teams_per_key_result` (3) different teams have counted work of the key result that is"
        " not done; before any work counts, of what its `levers` match that is not done. Work of no team is left aside."
        " Teams of one department are told apart: each has a backlog of its own. Only in cycles that contain the day,"
        " and not while the work cannot be read. It ends when the teams are fewer than the threshold by"
        " `thresholds.hysteresis` (5 %) of it: of 3, at 2."
    ),
    ends="Fewer teams are needed, as work moves between them or is finished, or the key result is split.",
    find=_find,
)
