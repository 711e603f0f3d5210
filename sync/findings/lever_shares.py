"""What STR301 and STR302 have in common: who holds the levers of a key result, in numbers and in a sentence."""

from collections.abc import Iterator

from sync.facts import KeyResultFacts
from sync.findings.rule import Hit, Severity, Unjudged
from sync.findings.world import World
from sync.structure import Holding
from sync.words import percent

NAMED = 3
"""Other teams that a summary names."""


def judged(world: World) -> Iterator[tuple[KeyResultFacts, Holding | None]]:
    """The key results whose cycle contains the day, with who holds their levers; None where that cannot be read now.

    Those that have no team or nothing left to move are left out, and all where nobody's work is known.
    """
    if not world.work_has_owners:
        return
    for one in world.active:
        readable = one.readable and (bool(one.teams) or one.id not in world.unread_levers)
        if not readable:
            yield one, None
        elif one.key in world.holdings:
            yield one, world.holdings[one.key]


def unjudged(key_result: KeyResultFacts) -> Unjudged:
    """Its levers cannot be read now."""
    return Unjudged("key_result", key_result.key)


def hit(world: World, key_result: KeyResultFacts, holding: Holding, severity: Severity) -> Hit:
    """The finding that a team holds so little."""
    known = {team: share for team, share in holding.others if team is not None}
    return Hit(
        subject_kind="key_result",
        subject=key_result.key,
        severity=severity,
        summary=sentence(world, key_result.key, holding),
        evidence={
            "title": key_result.title,
            "team": holding.team,
            "share": holding.share,
            "threshold": world.config.thresholds.lever_share,
            "of": "levers" if holding.planned else "remaining work",
            "size": holding.size,
            "others": known,
            "no_team": dict(holding.others).get(None, 0.0),
        },
        team=holding.team,
        cycle_end=key_result.cycle_end,
    )


def sentence(world: World, key: str, holding: Holding) -> str:
    """`Commerce (KR team) holds 20 % of the remaining work of SALES.1; Sales Tooling holds 80 %`."""
    what = f"levers of {key} (no work counts yet)" if holding.planned else f"remaining work of {key}"
    said = f"{world.teams.name(holding.team)} (KR team) holds {percent(holding.share)} of the {what}"
    known = [(team, share) for team, share in holding.others if team is not None]
    parts = [f"{world.teams.name(team)} holds {percent(share)}" for team, share in known[:NAMED]]
    if rest := known[NAMED:]:
        parts.append(f"{len(rest)} more hold {percent(sum(share for _, share in rest))}")
    if (nobody := dict(holding.others).get(None)) is not None:
        parts.append(f"{percent(nobody)} belongs to no team")
    return f"{said}; {', '.join(parts)}"
