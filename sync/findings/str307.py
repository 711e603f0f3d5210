"""STR307: work blocked by items of a team outside the key result."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sync.facts import KeyResultFacts
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted, listed
from sync.findings.running import RUNNING, SHOWN, is_open, rows_of
from sync.findings.world import World

# The few dependencies come first: SQLite would else walk all links. A blocker may be named by a key that it had.
BLOCKED = f"""
    WITH {RUNNING},
    waiting AS (
        SELECT r.id, i.key, i.connection_id, d.blocker_folded
        FROM dependency d CROSS JOIN link l CROSS JOIN running r CROSS JOIN work_item i
        WHERE l.item_id = d.item_id AND l.role IN ('counted', 'container') AND {is_open("l")}
            AND r.id = l.key_result_id AND i.id = d.item_id),
    pair AS (
        SELECT w.id, w.key, b.id AS blocker_id FROM waiting w JOIN work_item b
            ON b.key_folded = w.blocker_folded AND b.connection_id = w.connection_id
        UNION SELECT w.id, w.key, a.item_id FROM waiting w JOIN work_alias a
            ON a.key_folded = w.blocker_folded AND a.connection_id = w.connection_id)
    SELECT p.id, p.key, b.key AS blocker, t.key AS team
    FROM pair p JOIN work_item b ON b.id = p.blocker_id JOIN team t ON t.id = b.team_id
    WHERE b.presence <> 'deleted' AND {is_open("b")}
    ORDER BY p.id, p.key, b.key
"""


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    rows: dict[int, list[Any]] = defaultdict(list)
    for row in rows_of(world.conn, BLOCKED, day=world.day):
        rows[row.id].append(row)
    for one in world.active:
        if not one.readable:
            yield Unjudged("key_result", one.key)
        elif pairs := [row for row in rows[one.id] if not _takes_part(world, one, row.team)]:
            yield _hit(world, one, pairs)


def _takes_part(world: World, key_result: KeyResultFacts, team: str) -> bool:
    """Whether a team does work of the key result, or belongs to the team that answers for it."""
    own = key_result.team or key_result.objective_team
    return any(part.team == team for part in key_result.teams) or (own is not None and world.teams.is_within(team, own))


def _hit(world: World, key_result: KeyResultFacts, pairs: list[Any]) -> Hit:
    items = list(dict.fromkeys(row.key for row in pairs))
    teams = Counter(team for team, _ in {(row.team, row.key) for row in pairs})
    names = [world.teams.name(team) for team, _ in sorted(teams.items(), key=lambda pair: (-pair[1], pair[0]))]
    first = [f"{row.key} by {row.blocker}" for row in pairs]
    return Hit(
        subject_kind="key_result",
        subject=key_result.key,
        severity=RULE.severity,
        summary=(
            f"{counted(len(items), 'item')} of {key_result.key} {'is' if len(items) == 1 else 'are'} blocked by open"
            f" work of {listed(names, 3)}, which take{'s' if len(names) == 1 else ''} no part in it: {listed(first, 3)}"
        ),
        evidence={
            "title": key_result.title,
            "count": len(items),
            "items": items[:SHOWN],
            "pairs": [f"{row.key} is blocked by {row.blocker} ({row.team})" for row in pairs[:SHOWN]],
            "teams": dict(sorted(teams.items())),
        },
        team=key_result.team,
        cycle_end=key_result.cycle_end,
    )


RULE = Rule(
    code="STR307",
    severity="warning",
    finds="Work of a key result that waits for a team which takes no part in it.",
    why=(
        "The other team has this key result in none of its plans, so that what is urgent here is a favour there. Such"
        " waits are found late, as nobody looks at both boards."
    ),
    computed=(
        "Of key results whose cycle contains the day: counted work that is not done, epics above it included, names,"
        " as its tool says, an item that blocks it, by its key or a former one, in the same connection; that item is"
        " neither done nor cancelled nor deleted, and belongs to a team that has no counted work in the key result and"
        " is neither the key result's team (else the objective's) nor below it. Blockers that belong to no team or are"
        " not read are left out. One finding names all pairs of a key result. Not raised while its work cannot be read."
    ),
    ends=(
        "The blocking items are done, the dependency is removed, or the other team takes the key result up with work of"
        " its own."
    ),
    find=_find,
)
