"""What rules read: the facts about key results, the stored work, the configuration and the moment."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TypeVar

import sqlalchemy as sa

from config import Config
from store.tables import Connection, Cycle, Objective, Scope, Support, Team, Theme
from sync.facts import KeyResultFacts, TeamForecastFacts, TeamPart
from sync.forecast.stored import team_forecasts
from sync.sources import Sources
from sync.structure import Holding, Teams, holding, lever_places
from sync.value_states import ValueState, value_states

Limit = TypeVar("Limit", timedelta, float)


@dataclass(frozen=True)
class ConnectionState:
    """How the reading of one connection stands."""

    id: int
    name: str
    error: str | None
    failed_at: datetime | None
    last_ok_at: datetime | None
    credentials_end_at: datetime | None = None


@dataclass(frozen=True)
class ScopeState:
    """How the reading of one scope stands. `subject` is how findings name it: by its key, with the connection's name
    before it where two connections have a scope of that key.
    """

    id: int
    connection: ConnectionState
    key: str
    subject: str
    visible: bool
    error: str | None
    last_ok_at: datetime | None
    held_back: int | None = None


@dataclass(frozen=True)
class ObjectiveState:
    """An objective that is not archived, as configured. `active`: the day lies in its cycle.

    `team` and `theme` are keys; `supports` the keys of the objectives and key results above that it names.
    """

    id: int
    key: str
    title: str
    team: str | None
    owner: str | None
    theme: str | None
    kind: str
    cycle: str
    cycle_start: date
    cycle_end: date
    active: bool
    supports: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """Everything a rule may look at, as of `now` (`day` in the configured zone)."""

    conn: sa.Connection
    config: Config
    facts: Sequence[KeyResultFacts]
    now: datetime

    @property
    def day(self) -> date:
        """The day of `now` in the configured zone."""
        return self.now.astimezone(self.config.zone).date()

    @cached_property
    def active(self) -> list[KeyResultFacts]:
        """The key results whose cycle contains the day."""
        return [key_result for key_result in self.facts if key_result.active]

    @cached_property
    def objectives(self) -> list[ObjectiveState]:
        """The objectives, as they are listed."""
        supports: dict[int, list[str]] = defaultdict(list)
        for row in self.conn.execute(sa.select(Support.__table__).order_by(Support.__table__.c.target_key)):
            supports[row.objective_id].append(row.target_key)
        o, c, t, h = Objective.__table__, Cycle.__table__, Team.__table__, Theme.__table__
        query = (
            sa.select(
                o.c.id,
                o.c.key,
                o.c.title,
                t.c.key.label("team"),
                o.c.owner,
                h.c.key.label("theme"),
                o.c.kind,
                c.c.key.label("cycle"),
                c.c.starts_on,
                c.c.ends_on,
            )
            .join(c, c.c.id == o.c.cycle_id)
            .outerjoin(t, t.c.id == o.c.team_id)
            .outerjoin(h, h.c.id == o.c.theme_id)
            .where(~o.c.archived)
            .order_by(o.c.position, o.c.id)
        )
        return [
            ObjectiveState(*row, active=row.starts_on <= self.day <= row.ends_on, supports=tuple(supports[row.id]))
            for row in self.conn.execute(query)
        ]

    @cached_property
    def teams(self) -> Teams:
        """The tree of teams."""
        return Teams.stored(self.conn)

    @cached_property
    def team_forecasts(self) -> list[TeamForecastFacts]:
        """What the throughput of each team carries; of work of no team too, with the key ""."""
        return list(team_forecasts(self.conn).values())

    @cached_property
    def work_has_owners(self) -> bool:
        """Whether anything is known of whose work is whose: a team owns some, or the tool names one."""
        owned = sa.text("SELECT 1 FROM work_item WHERE team_id IS NOT NULL LIMIT 1")
        return any(team.owns for team in self.config.teams) or self.conn.execute(owned).first() is not None

    @cached_property
    def lever_parts(self) -> dict[int, tuple[TeamPart, ...]]:
        """By id of the key results for which no work counts yet, what their levers match, by team."""
        return {one.id: one.levers for one in self.active if one.levers}

    @cached_property
    def holdings(self) -> dict[str, Holding]:
        """Who holds the levers of the key results whose cycle contains the day, by key, where that can be said."""
        found = ((one.key, holding(one, self.lever_parts.get(one.id, ()), self.teams)) for one in self.active)
        return {key: one for key, one in found if one is not None}

    @cached_property
    def unread_levers(self) -> frozenset[int]:
        """Ids of key results with a lever that looks where nothing was read yet, or where a connection fails."""
        sources = Sources(self.conn, self.config.connections, self.now, self.too_old)
        places = lever_places(self.conn)
        return frozenset(one for one, where in places.items() if not sources.behind(where, conventions=False).read)

    @property
    def too_old(self) -> timedelta:
        """The age from which data counts as old."""
        return self.config.schedule.sync_interval * self.config.thresholds.source_intervals

    def eased(self, limit: Limit, open_now: bool) -> Limit:
        """The limit above which a finding opens, or, where it is open, the lower one at which it ends (hysteresis)."""
        return limit * (1 - self.config.thresholds.hysteresis) if open_now else limit

    def raised(self, limit: float, open_now: bool) -> float:
        """The limit below which a finding opens, or, where it is open, the higher one at which it ends (hysteresis).

        Of a share that lies below 1, it is 1 at most: what is complete is always good enough.
        """
        higher = round(limit * (1 + self.config.thresholds.hysteresis), 9)
        return max(limit, min(higher, 1.0)) if open_now else limit

    @cached_property
    def connections(self) -> list[ConnectionState]:
        """The connections that are in use, by name."""
        table = Connection.__table__
        columns = (
            table.c.id,
            table.c.name,
            table.c.error,
            table.c.failed_at,
            table.c.last_ok_at,
            table.c.credentials_end_at,
        )
        rows = self.conn.execute(sa.select(*columns).where(~table.c.archived).order_by(table.c.name))
        return [ConnectionState(*row) for row in rows]

    @cached_property
    def scopes(self) -> list[ScopeState]:
        """The scopes of these connections, by key."""
        table = Scope.__table__
        connections = {connection.id: connection for connection in self.connections}
        rows = [row for row in self.conn.execute(sa.select(table)) if row.connection_id in connections]
        uses = Counter(row.key for row in rows)
        states = [
            ScopeState(
                id=row.id,
                connection=connections[row.connection_id],
                key=row.key,
                subject=row.key if uses[row.key] == 1 else f"{connections[row.connection_id].name}:{row.key}",
                visible=row.visible,
                error=row.error,
                last_ok_at=row.last_ok_at,
                held_back=row.held_back,
            )
            for row in rows
        ]
        return sorted(states, key=lambda scope: scope.subject)

    @cached_property
    def value_states(self) -> dict[int, ValueState]:
        """How the sources of key results' values did last, by the key result's id."""
        return value_states(self.conn)

    @cached_property
    def unreadable_scopes(self) -> frozenset[int]:
        """Ids of scopes that were never read to the end, or whose connection fails."""
        return frozenset(
            scope.id
            for scope in self.scopes
            if scope.last_ok_at is None or self.why_failing(scope.connection, self.too_old) is not None
        )

    def why_failing(self, connection: ConnectionState, too_old: timedelta) -> str | None:
        """`refused` where the last attempt failed, `no_success` where none succeeded for `too_old`, else None.

        A connection that was never tried does not fail.
        """
        if connection.error is not None:
            return "refused"
        if connection.last_ok_at is not None and self.now - connection.last_ok_at > too_old:
            return "no_success"
        return None
