"""`--only`: one connection, or one scope of it."""

from dataclasses import dataclass
from typing import Self

import sqlalchemy as sa

from config import Config
from connectors.base import Listing
from connectors.errors import SourceError
from connectors.records import Scope as ScopeRecord
from store import fold
from store.tables import Connection, Scope
from sync.refused import covers


class UnknownScope(Exception):
    """What was asked for is not there. `message` says what there is; `advice` what to do next."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message} {advice}")
        self.message = message
        self.advice = advice


@dataclass(frozen=True)
class Only:
    """The one connection, or the one scope of it (by key, without case), that is to be read."""

    connection: str
    scope: str | None = None

    @classmethod
    def parse(cls, text: str, config: Config) -> Self:
        """Reads `CONN` or `CONN:SCOPE`. Raises UnknownScope where the configuration has no such connection."""
        connection, colon, scope = text.partition(":")
        # A connection's name may hold a colon: then the longest name that begins the text is meant.
        for name in sorted(config.connections, key=len, reverse=True):
            if text == name or text.startswith(f"{name}:"):
                connection, colon, scope = name, text[len(name) :][:1], text[len(name) + 1 :]
                break
        if connection not in config.connections:
            there = ", ".join(sorted(config.connections)) or "none"
            raise UnknownScope(
                f"There is no connection {connection!r}. Connections of this configuration: {there}.",
                "Write CONNECTION or CONNECTION:SCOPE.",
            )
        if colon and not scope.strip():
            raise UnknownScope(
                f"No scope stands behind the colon of {text!r}.", "Write CONNECTION or CONNECTION:SCOPE."
            )
        return cls(connection, scope.strip() or None)

    @classmethod
    def stored(cls, text: str, config: Config, conn: sa.Connection) -> Self:
        """Reads `CONN:SCOPE`, or `SCOPE` where one connection has it. Raises UnknownScope where it is not one scope."""
        if any(text.startswith(f"{name}:") for name in config.connections):
            return cls.parse(text, config)
        query = (
            sa.select(Connection.__table__.c.name, Scope.__table__.c.key)
            .join(Scope.__table__, Scope.__table__.c.connection_id == Connection.__table__.c.id)
            .where(Scope.__table__.c.key_folded == fold(text), Connection.__table__.c.name.in_(config.connections))
        )
        found = sorted(f"{row.name}:{row.key}" for row in conn.execute(query))
        if len(found) == 1:
            return cls.parse(found[0], config)
        if found:
            raise UnknownScope(f"Several connections have a scope {text!r}.", f"Write one of {', '.join(found)}.")
        raise UnknownScope(
            f"No scope {text!r} was read so far.", "Write CONNECTION:SCOPE, as `northing check --select SYN506` does."
        )

    def choose(self, listing: Listing) -> tuple[list[ScopeRecord], list[tuple[str, SourceError]]]:
        """Those of a connection's scopes and refusals that are meant. Raises UnknownScope where none is."""
        if self.scope is None:
            return listing.scopes, listing.refused
        wanted = fold(self.scope)
        chosen = [one for one in listing.scopes if fold(one.key) == wanted]
        refused = [] if chosen else [one for one in listing.refused if covers(one[0], wanted)]
        if not chosen and not refused:
            keys = sorted(one.key for one in listing.scopes)
            there = ", ".join(keys[:20]) + (f" and {len(keys) - 20} more" if len(keys) > 20 else "")
            raise UnknownScope(
                f"{self.connection} sees no scope {self.scope!r}. It sees: {there or 'none'}.",
                "Write the key as listed, or add the scope to the connection in the configuration.",
            )
        return chosen, refused
