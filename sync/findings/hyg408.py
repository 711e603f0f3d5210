"""HYG408: a team that does a key result's work and never acknowledged it."""

from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa

from store.tables import Barrier, Team, TeamAcknowledgement
from sync.facts import KeyResultFacts
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import World
from sync.progress import too_early

SHOWN = 20

Work = tuple[KeyResultFacts, int]
"""A key result, and how many items a team has to finish for it."""


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    unheard: dict[str, list[Work]] = defaultdict(list)
    heard = _heard(world)
    for key_result in world.active:
        if too_early(world.day, key_result.cycle_start, key_result.cycle_end, world.config.thresholds):
            continue
        holder = key_result.team or key_result.objective_team
        for part in key_result.teams:
            if part.team is None or not part.remaining or (holder and world.teams.is_within(part.team, holder)):
                continue
            if not any((key_result.id, above) in heard for above in world.teams.path(part.team)):
                unheard[part.team].append((key_result, part.remaining))
    for team, works in unheard.items():
        readable = [work for work in works if work[0].readable]
        yield _hit(world, team, readable) if readable else Unjudged("team", team)


def _hit(world: World, team: str, works: list[Work]) -> Hit:
    works = sorted(works, key=lambda work: (-work[1], work[0].key))
    said = listed([f"{key_result.key} ({counted(items, 'item')} left)" for key_result, items in works])
    return Hit(
        subject_kind="team",
        subject=team,
        severity=RULE.severity,
        summary=(
            f"{world.teams.name(team)} does work for {counted(len(works), 'key result')} of other teams and never"
            f" acknowledged {'it' if len(works) == 1 else 'them'}: {said}"
        ),
        evidence={
            "count": len(works),
            "key_results": [key_result.key for key_result, _ in works[:SHOWN]],
            "items": sum(items for _, items in works),
        },
        team=team,
        cycle_end=max(key_result.cycle_end for key_result, _ in works),
    )


def _heard(world: World) -> set[tuple[int, str]]:
    """Which key results (by id) which teams have acknowledged or objected to, so that they know of them."""
    team = Team.__table__
    found = set()
    for table, at in ((TeamAcknowledgement.__table__, "at"), (Barrier.__table__, "raised_at")):
        query = sa.select(table.c.key_result_id, team.c.key).join(team, team.c.id == table.c.team_id)
        found |= {(row.key_result_id, row.key) for row in world.conn.execute(query.where(table.c[at] <= world.now))}
    return found


RULE = Rule(
    code="HYG408",
    severity="info",
    finds="A team whose work counts for key results of other teams, and that never said it knows of them.",
    why=(
        "A key result that needs a team which was never told of it waits in that team's backlog like everything else."
        " Asking each team once, early in the cycle, is how a plan becomes an agreement; whoever cannot agree objects,"
        " while there is time to change it."
    ),
    computed=(
        "The team has counted work that is not done for a key result whose cycle contains the day; neither this team"
        " nor one above it holds the key result (or the objective, where the key result names no team); and neither"
        " this team nor one above it acknowledged or objected to the key result. Not in the first"
        " `thresholds.grace_days` (7) days or `thresholds.grace_share` (10 %) of the cycle, whichever is longer. One"
        " finding for each team, however many key results it concerns. Key results whose work cannot be read now open"
        " none, and end none."
    ),
    ends=(
        "The team says that it knows (`northing finding ack KR --team TEAM`), or objects (`northing finding object KR"
        " WHY --team TEAM`), for each key result named; or its work for them is done or no longer linked."
    ),
    find=_find,
)
