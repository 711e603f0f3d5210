"""The tree of teams."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

import sqlalchemy as sa

from config import Config


class Teams:
    """Teams by key, each with its name and the team above it. A key that is not among them is a team of its own."""

    def __init__(self, teams: Iterable[tuple[str, str, str | None]]) -> None:
        """`teams` are (key, name, key of the team above)."""
        self._teams = {key: (name, parent) for key, name, parent in teams}

    @classmethod
    def configured(cls, config: Config) -> "Teams":
        """The teams that the configuration lists."""
        return cls((team.key, team.label, team.parent) for team in config.teams)

    @classmethod
    def stored(cls, conn: sa.Connection) -> "Teams":
        """The teams of the applied configuration."""
        query = (
            "SELECT t.key, t.name, p.key AS parent FROM team t LEFT JOIN team p ON p.id = t.parent_id"
            " WHERE NOT t.archived ORDER BY t.id"
        )
        return cls((row.key, row.name, row.parent) for row in conn.execute(sa.text(query)))

    def name(self, key: str) -> str:
        """What people call it."""
        return self._teams[key][0] if key in self._teams else key

    def path(self, key: str) -> tuple[str, ...]:
        """The keys from the root of the tree down to the team itself."""
        found: list[str] = []
        above: str | None = key
        while above is not None and above not in found:
            found.append(above)
            above = self._teams[above][1] if above in self._teams else None
        return tuple(reversed(found))

    def root(self, key: str) -> str:
        """The topmost team above it, or itself."""
        return self.path(key)[0]

    def subtree(self, key: str) -> frozenset[str]:
        """The team and all below it."""
        return self._subtrees.get(key, frozenset({key}))

    def is_within(self, key: str | None, top: str) -> bool:
        """Whether a team is `top` or lies below it. No team lies nowhere."""
        return key is not None and key in self.subtree(top)

    @cached_property
    def _subtrees(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for key in self._teams:
            for above in self.path(key):
                found[above].add(key)
        return {key: frozenset(keys) for key, keys in found.items()}
