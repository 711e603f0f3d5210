"""Whose work a selector names, by its words alone: what is asked where it matches nothing yet."""

import re
from functools import lru_cache

from config import Config, ConnectionOptions, Selector
from config.work import CRITERIA
from store import fold
from sync.teams import owners


class Ownership:
    """Tells which team's `owns` covers all that a selector could match."""

    def __init__(self, config: Config) -> None:
        self._connections = config.connections
        self._teams = {fold(word): team.key for team in config.teams for word in (team.label, team.key)}
        self._owners = owners(config)

    def of(self, selector: Selector) -> tuple[str, ...]:
        """The keys of the teams: those that it names itself, else that of the first `owns` which covers it; or none."""
        named = [self._teams.get(fold(word)) for word in selector.team]
        if named and None not in named:
            return tuple(key for key in named if key is not None)
        return next(((team,) for owned, team in self._owners if self._covers(owned, selector)), ())

    def _covers(self, owned: Selector, selector: Selector) -> bool:
        """Whether every item that `selector` could match is one that `owned` matches."""
        if selector.descend and not owned.descend:
            return False
        return all(self._implied(name, owned, selector) for name in CRITERIA if getattr(owned, name)) and all(
            any(self._covers(taken, inner) for taken in selector.not_) for inner in owned.not_
        )

    def _implied(self, name: str, owned: Selector, selector: Selector) -> bool:
        if name == "jql":
            return owned.jql == selector.jql
        words = getattr(selector, name)
        if name == "connection" and not words:
            words = tuple(key for key, one in self._connections.items() if _could_answer(one, selector))
        return bool(words) and all(any(_within(word, glob) for glob in getattr(owned, name)) for word in words)


def _could_answer(connection: ConnectionOptions, selector: Selector) -> bool:
    """Whether the scopes that a selector names, if any, are of the kind that the connection reads."""
    named = [key for key in ("project", "repository") if getattr(selector, key)]
    return not named or connection.selector_key in named


def _within(inner: str, outer: str) -> bool:
    """Whether whatever the glob `inner` matches is matched by `outer` too."""
    return _wider(fold(outer)).fullmatch(fold(inner)) is not None


@lru_cache(maxsize=10_000)
def _wider(glob: str) -> re.Pattern[str]:
    """Matches the globs within this one: its `*` takes any letters and globs, its `?` any one letter or `?`."""
    parts = (".*" if part == "*" else "[^*]" if part == "?" else re.escape(part) for part in re.split(r"([*?])", glob))
    return re.compile("".join(parts), re.DOTALL)
