"""Whether the data behind a key result can be trusted: were its sources read, do they answer, how old is it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from mapping.vocabulary import Words
from store import fold
from store.tables import Connection, Scope


@dataclass(frozen=True)
class Trust:
    """`read`: all that is concerned was read once and answers. `problem`: why not, or that it is old; None if fine."""

    read: bool
    problem: str | None


@dataclass(frozen=True)
class _Source:
    connection: str
    scope: str | None
    kind: str | None
    error: str | None
    last_ok_at: datetime | None


Places = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Connections, projects and repositories as a selector names them."""

ANYWHERE: Places = ((), (), ())


def places_of(selector: Mapping[str, Any]) -> Places:
    """The places that a stored selector names."""
    connection, project, repository = (tuple(selector.get(key, ())) for key in ("connection", "project", "repository"))
    return connection, project, repository


class Sources:
    """All connections and scopes of the applied configuration, with their state at one moment."""

    def __init__(self, conn: sa.Connection, connections: Iterable[str], now: datetime, patience: timedelta) -> None:
        """`connections` are the configured names. Data older than `patience` is not trusted."""
        self._now, self._patience = now, patience
        c, s = Connection.__table__, Scope.__table__
        names = list(connections)
        rows = conn.execute(
            sa.select(c.c.name, s.c.key, s.c.kind, s.c.error, s.c.last_ok_at, c.c.error.label("connection_error"))
            .outerjoin(s, s.c.connection_id == c.c.id)
            .where(c.c.name.in_(names), sa.or_(s.c.id.is_(None), s.c.visible, s.c.error.is_not(None)))
        ).all()
        self._by_connection: dict[str, list[_Source]] = defaultdict(list)
        for row in rows:
            self._by_connection[row.name].append(
                _Source(row.name, row.key, row.kind, row.connection_error or row.error, row.last_ok_at)
            )
        for name in names:
            self._by_connection.setdefault(name, [_Source(name, None, None, None, None)])
        self._names = Words((fold(name), number) for number, name in enumerate(self._by_connection))

    def behind(self, places: Iterable[Places], conventions: bool) -> Trust:
        """The trust in what selectors that name these places match; with `conventions`, work anywhere is concerned."""
        return self._judge(frozenset((*places, *((ANYWHERE,) if conventions else ()))))

    @cache  # noqa: B019 - lives as long as one measuring; key results share few combinations
    def _judge(self, places: frozenset[Places]) -> Trust:
        concerned = {source for place in places for source in self._concerned(*place)}
        return self._judgement(concerned)

    @cache  # noqa: B019
    def _concerned(
        self, connections: tuple[str, ...], projects: tuple[str, ...], repositories: tuple[str, ...]
    ) -> list[_Source]:
        everywhere = list(self._by_connection.values())
        if connections:
            everywhere = [everywhere[number] for number in self._names.ids(connections)]
        found: list[_Source] = []
        for sources in everywhere:
            named = Words(
                (fold(source.scope), number)
                for number, source in enumerate(sources)
                if source.scope and (source.kind == "project" if projects else source.kind == "repository")
            )
            chosen = [sources[number] for number in named.ids(projects or repositories)]
            by_scope = bool(projects or repositories)
            # A scope that is named and not (yet) known cannot be told from one that was never read.
            found += chosen if by_scope and chosen else sources
        return found

    def _judgement(self, concerned: set[_Source]) -> Trust:
        for source in sorted(concerned, key=lambda source: (source.connection, source.scope or "")):
            name = f"{source.connection}:{source.scope}" if source.scope else source.connection
            if source.error:
                return Trust(False, f"{name} fails: {source.error}")
            if source.last_ok_at is None:
                return Trust(False, f"{name} was not read yet")
        for source in sorted(concerned, key=lambda source: source.last_ok_at or self._now):
            if source.last_ok_at and self._now - source.last_ok_at > self._patience:
                return Trust(
                    True, f"{source.connection}:{source.scope} was last read at {source.last_ok_at:%Y-%m-%d %H:%M}Z"
                )
        return Trust(True, None)
