"""Who holds the levers: the tree of teams, what must move for a key result, and whose work that is."""

from sync.structure.holding import Holding, holding
from sync.structure.levers import Lever, in_doubt, lever_places, levers
from sync.structure.shares import LeverShares, held, sizes_to_share
from sync.structure.teams import Teams

__all__ = [
    "Holding",
    "Lever",
    "LeverShares",
    "Teams",
    "held",
    "holding",
    "in_doubt",
    "lever_places",
    "levers",
    "sizes_to_share",
]
