"""Keeps the register of barriers: every finding of the STR group is one, from its opening to its end.

The register says when a barrier was first raised in a cycle, and how many days of the cycle were left then; the finding
itself knows only its present occurrence.
"""

from datetime import date

import sqlalchemy as sa

from config import Config
from store.tables import Barrier, Cycle, Finding, KeyResult, Objective

GROUP = "STR"
"""The beginning of the codes whose findings are barriers."""

_BARRIER = Barrier.__table__
_CYCLE = Cycle.__table__
_FINDING = Finding.__table__


def register(conn: sa.Connection, config: Config) -> None:
    """Raises the barriers of findings that opened, and ends those of findings that resolved, since the last time.

    Runs after the findings are written. A finding that comes back in the cycle in which it was raised before is the
    same barrier again.
    """
    resolved = sa.select(_FINDING.c.resolved_at).where(_FINDING.c.id == _BARRIER.c.finding_id).scalar_subquery()
    over = sa.select(_FINDING.c.id).where(_FINDING.c.resolved_at.is_not(None))
    conn.execute(
        sa.update(_BARRIER)
        .where(_BARRIER.c.ended_at.is_(None), _BARRIER.c.finding_id.in_(over))
        .values(ended_at=resolved)
    )
    standing = sa.select(_BARRIER.c.finding_id).where(_BARRIER.c.ended_at.is_(None), _BARRIER.c.finding_id.is_not(None))
    opened = conn.execute(
        sa.select(_FINDING).where(
            _FINDING.c.code.startswith(GROUP), _FINDING.c.resolved_at.is_(None), _FINDING.c.id.not_in(standing)
        )
    ).all()
    if not opened:
        return
    cycles = _Cycles(conn)
    rows = conn.execute(sa.select(_BARRIER.c.id, _BARRIER.c.finding_id, _BARRIER.c.cycle_id)).all()
    known = {(row.finding_id, row.cycle_id): row.id for row in rows}
    new = []
    for finding in opened:
        day = finding.opened_at.astimezone(config.zone).date()
        cycle_id, ends_on = cycles.of(finding.subject_kind, finding.subject, day)
        if (finding.id, cycle_id) in known:
            again = _BARRIER.c.id == known[finding.id, cycle_id]
            conn.execute(sa.update(_BARRIER).where(again).values(ended_at=None))
            continue
        new.append(
            {
                "finding_id": finding.id,
                "cycle_id": cycle_id,
                "raised_at": finding.opened_at,
                "raised_on": day,
                "days_left": (ends_on - day).days if ends_on else None,
            }
        )
    if new:
        conn.execute(sa.insert(_BARRIER), new)


class _Cycles:
    """In which cycle a finding was raised: that of its key result or objective, else the one that ran on the day."""

    def __init__(self, conn: sa.Connection) -> None:
        o, k = Objective.__table__, KeyResult.__table__
        self._objectives = dict(conn.execute(sa.select(o.c.key, o.c.cycle_id)).all())
        self._key_results = dict(
            conn.execute(sa.select(k.c.key, o.c.cycle_id).join(o, o.c.id == k.c.objective_id)).all()
        )
        self._cycles = conn.execute(sa.select(_CYCLE).order_by(_CYCLE.c.ends_on, _CYCLE.c.key)).all()

    def of(self, kind: str, subject: str, day: date) -> tuple[int | None, date | None]:
        """The cycle's id and last day. Of several that ran on the day, it is the one that ended first."""
        own = {"key_result": self._key_results, "objective": self._objectives}.get(kind, {}).get(subject)
        for cycle in self._cycles:
            if cycle.id == own or (own is None and not cycle.archived and cycle.starts_on <= day <= cycle.ends_on):
                return cycle.id, cycle.ends_on
        return None, None
