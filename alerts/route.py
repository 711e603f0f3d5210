"""Who hears of what: pure, from the routes of the configuration."""

from collections.abc import Iterable, Mapping

from alerts.changes import GRAVEST_FIRST, OBJECTION, Change
from config import Alerts, Route, Team

STRUCTURE = "STR"
"""An objection is a barrier, as the findings of this group are: a route with these codes takes it, too."""
CHANNEL_REFUSES = "SYN507"


def subtrees(teams: Iterable[Team]) -> dict[str, frozenset[str]]:
    """For each team its own key and those of all teams below it. The teams are a tree, as the loader has checked."""
    parents = {team.key: team.parent for team in teams}
    found: dict[str, set[str]] = {key: set() for key in parents}
    for key in parents:
        above: str | None = key
        while above is not None:
            found[above].add(key)
            above = parents[above]
    return {key: frozenset(below) for key, below in found.items()}


def channels(change: Change, alerts: Alerts, below: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The channels that hear of a change, each once however many routes lead there. `below`: as `subtrees` gives it.

    That a channel refuses is not told to itself: the others that match hear of it, and where there is none, all others.
    """
    taking = frozenset(name for route in alerts.routes if _takes(route, change, below) for name in route.to)
    if change.code != CHANNEL_REFUSES or change.subject not in alerts.channels:
        return taking
    itself = {change.subject}
    return (taking - itself) or (frozenset(alerts.channels) - itself)


def _takes(route: Route, change: Change, below: Mapping[str, frozenset[str]]) -> bool:
    if route.team is not None and not change.teams & below.get(route.team, frozenset({route.team})):
        return False
    if route.severity is not None and GRAVEST_FIRST.index(change.severity) > GRAVEST_FIRST.index(route.severity):
        return False
    if not route.codes:
        return True
    return STRUCTURE.startswith(route.codes) if change.code == OBJECTION else change.code.startswith(route.codes)
