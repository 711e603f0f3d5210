"""Which share of a key result's levers its team holds."""

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from config import Config
from sync.facts import TeamPart
from sync.structure.levers import lever_work
from sync.structure.teams import Teams

Sizes = Mapping[str | None, float]
"""Sizes by key of the team; None for work of no team."""


def sizes_to_share(counted: Sequence[TeamPart], levers: Sequence[TeamPart] = ()) -> Sizes:
    """What is left to move, by team: the counted work that is not done, or before work exists, what `levers` match.

    Of the latter that which is not done, or all where everything is. Empty where nothing is left to move.
    """
    if counted:
        return _positive({part.team: part.size_remaining for part in counted})
    left = _positive({part.team: part.size_remaining for part in levers})
    return left or _positive({part.team: part.size_done for part in levers})


def held(sizes: Sizes, team: str | None, teams: Teams) -> float | None:
    """The share of these sizes that lies in a team's subtree. None without a team, or where there is nothing."""
    if team is None or not sizes:
        return None
    inside = sum(size for one, size in sizes.items() if teams.is_within(one, team))
    outside = sum(size for one, size in sizes.items() if not teams.is_within(one, team))
    return inside / (inside + outside)


class LeverShares:
    """The lever shares of key results, as of what is stored."""

    def __init__(self, conn: sa.Connection, config: Config, without_work: Collection[int]) -> None:
        """`without_work`: ids of the key results of which nothing counts: their levers are looked at."""
        self._teams = Teams.stored(conn)
        self._levers = lever_work(conn, config, without_work)

    def levers(self, key_result_id: int) -> tuple[TeamPart, ...]:
        """What the levers of a key result without work match, by team."""
        return self._levers.get(key_result_id, ())

    def share(self, key_result_id: int, team: str | None, counted: Sequence[TeamPart]) -> float | None:
        """The share that `team` holds of a key result with this `counted` work."""
        return held(sizes_to_share(counted, self.levers(key_result_id)), team, self._teams)


def _positive(sizes: Sizes) -> Sizes:
    return {team: size for team, size in sizes.items() if size > 0}
