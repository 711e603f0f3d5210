"""Who holds how much of a key result's levers."""

from collections.abc import Sequence
from dataclasses import dataclass

from sync.facts import KeyResultFacts, TeamPart
from sync.structure.shares import held, sizes_to_share
from sync.structure.teams import Teams


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Of what is left to move for a key result: `share`, what its `team` and those below it hold of it.

    `others`: the shares of all other teams by key, the largest first, and of None, the work of no team. `planned`: no
    work counts yet, so that it is its levers which are shared out. `size`: of all that is shared out.
    """

    team: str
    share: float
    others: tuple[tuple[str | None, float], ...]
    size: float
    planned: bool


def holding(key_result: KeyResultFacts, levers: Sequence[TeamPart], teams: Teams) -> Holding | None:
    """Who holds what of a key result. `levers`: what they match, where none of its work counts.

    None where it has no team, or nothing is left to move.
    """
    sizes = sizes_to_share(key_result.teams, levers)
    team = key_result.team or key_result.objective_team
    share = held(sizes, team, teams)
    if team is None or share is None:
        return None
    size = sum(sizes.values())
    outside = [(one, part / size) for one, part in sizes.items() if not teams.is_within(one, team)]
    return Holding(
        team=team,
        share=share,
        others=tuple(sorted(outside, key=lambda pair: (-pair[1], pair[0] is None, pair[0] or ""))),
        size=size,
        planned=not key_result.teams,
    )
