"""HYG401: an objective or key result without an owner or team."""

from collections.abc import Iterator
from datetime import date

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for objective in world.objectives:
        if objective.active and (code := _missing(objective.owner, objective.team)):
            yield _hit("objective", objective.key, code, objective.title, objective.team, objective.cycle_end)
    for one in world.active:
        if code := _missing(one.owner, one.team):
            yield _hit("key_result", one.key, code, one.title, one.team, one.cycle_end)


def _missing(owner: str | None, team: str | None) -> str | None:
    if not owner and not team:
        return "neither"
    return "no_owner" if not owner else "no_team" if not team else None


def _hit(kind: str, key: str, code: str, title: str, team: str | None, cycle_end: date) -> Hit:
    reason = RULE.reason(code)
    said = {"neither": "neither an owner nor a team", "no_owner": "no owner", "no_team": "no team"}[code]
    return Hit(
        subject_kind=kind,
        subject=key,
        severity=reason.severity,
        reason=code,
        summary=f"{key} has {said}",
        evidence={"title": title},
        team=team,
        cycle_end=cycle_end,
    )


RULE = Rule(
    code="HYG401",
    severity="warning",
    finds="An objective or key result of a running cycle that nobody answers for, or that belongs to no team.",
    why=(
        "Without an owner nobody is asked when it drifts. Without a team nothing can be said about who holds its"
        " levers: the structural findings pass it by."
    ),
    computed=(
        "`owner` or `team` is missing, in every objective and key result whose cycle contains the day. A key result"
        " takes both from its objective where it names none of its own: an owner written at the objective ends the"
        " findings of all of them."
    ),
    ends="`owner` and `team` are written, at the objective or at the key result.",
    reasons=(
        Reason("neither", "warning", "It has neither an owner nor a team."),
        Reason("no_owner", "warning", "It has a team and no owner."),
        Reason("no_team", "warning", "It has an owner and no team."),
    ),
    find=_find,
)
