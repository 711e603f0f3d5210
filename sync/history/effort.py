"""What teams' effort went into as of a moment: the view of the teams' alignment, asked of the work as it was then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from config import Config
from mapping.resolve import analyze
from store.bulk import Bulk
from store.dialect import Dialect
from store.team_alignment_view import team_alignment
from sync.history.rewind import items_as_of

_ITEM = "SELECT id, team_id, parent_id, state, level, presence, estimate, closed_at FROM work_item"
_SET = "UPDATE work_item SET state = ?, closed_at = ?, presence = ?, estimate = ? WHERE id = ?"


@dataclass(frozen=True)
class Effort:
    """A row of `northing_team_alignment`. `objective` is None for the kinds intentional and unaligned."""

    cycle: str
    team: str
    kind: Literal["objective", "intentional", "unaligned"]
    objective: str | None
    size: float


def effort(conn: sa.Connection, config: Config, moment: datetime) -> list[Effort]:
    """What each team had in progress or closed in the cycle by a moment, as known now: links and teams are as now.

    Nothing that is stored is touched, so no writer waits: tables of this connection alone stand before the stored ones
    until all is read. On PostgreSQL the transaction must not be read-only.
    """
    scratch = conn.begin_nested()
    try:
        changed, unborn = items_as_of(conn, config, moment)
        conn.execute(sa.text(f"CREATE TEMPORARY TABLE work_item AS {_ITEM}"))
        conn.execute(sa.text("CREATE UNIQUE INDEX ix_effort ON work_item (id)"))
        bulk = Bulk(conn)
        bulk.run_many(_SET, [(one.state, one.closed_at, one.presence, one.estimate, one.id) for one in changed])
        bulk.run_many("DELETE FROM work_item WHERE id = ?", [(one,) for one in unborn])
        conn.execute(sa.text("CREATE TEMPORARY TABLE meta AS SELECT key, value FROM meta WHERE key <> 'active_day'"))
        day = moment.astimezone(config.zone).date().isoformat()
        conn.execute(sa.text("INSERT INTO meta (key, value) VALUES ('active_day', :day)"), {"day": day})
        analyze(conn, "work_item")
        query = team_alignment(Dialect(conn.dialect.name))
        return [Effort(*row[:5]) for row in conn.execute(sa.text(query))]
    finally:
        scratch.rollback()
