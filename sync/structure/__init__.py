"""Who holds the levers: the tree of teams, what must move for a key result, and whose work that is."""

from sync.structure.levers import Lever, in_doubt, lever_work, levers
from sync.structure.shares import LeverShares, held, sizes_to_share
from sync.structure.teams import Teams

__all__ = ["Lever", "LeverShares", "Teams", "held", "in_doubt", "lever_work", "levers", "sizes_to_share"]
