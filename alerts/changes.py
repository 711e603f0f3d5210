"""Changes of findings and objections, as they are told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.tables import Barrier, Finding, FindingChange, KeyResult, Objective, Team

TOLD = ("opened", "escalated", "resolved", "decided", "objected", "withdrawn")
"""What is told. Easing, suppressing and acknowledging are no news for those who did not do it."""
COURSE = ("opened", "escalated", "eased", "resolved", "suppressed")
"""The course of a finding, as its rule judged it."""
OBJECTION = "objection"
"""Stands where a finding has its code."""
GRAVEST_FIRST = ("critical", "warning", "info")

_CHANGE = FindingChange.__table__
_FINDING = Finding.__table__
_BARRIER = Barrier.__table__


@dataclass(frozen=True)
class Change:
    """One change, with what is known now of what it is about.

    `teams`: keys of those whom it concerns; for an objection that of the objecting team and that of the key result.
    `since`: when the finding opened, or the objection was raised. `connection`: the one that a finding about reading
    comes from.
    """

    id: int
    kind: str
    severity: str
    at: datetime
    code: str
    subject_kind: str
    subject: str
    summary: str
    since: datetime
    teams: frozenset[str] = frozenset()
    reason: str | None = None
    who: str | None = None
    words: str | None = None
    connection: str | None = None
    before: str | None = None
    """What its rule had judged last before."""
    silenced: bool = False
    """Whether the configuration silences the finding since."""

    @property
    def about(self) -> tuple[str, str, str]:
        """What it is about: changes of one finding have one value, and so have those of one objection."""
        return self.code, self.subject_kind, self.subject


def read(conn: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[Change]:
    """The changes that meet all conditions on `finding_change`, in their order."""
    rows = conn.execute(_query().where(*conditions).order_by(_CHANGE.c.id)).all()
    return [_change(row) for row in rows]


def _query() -> Any:
    k, o = KeyResult.__table__, Objective.__table__
    objecting, own, above = Team.__table__.alias(), Team.__table__.alias(), Team.__table__.alias()
    other = _CHANGE.alias()
    course = (
        sa.select(other.c.change)
        .where(other.c.finding_id == _CHANGE.c.finding_id, other.c.change.in_(COURSE))
        .order_by(other.c.id.desc())
        .limit(1)
    )
    last = course.where(other.c.id > _CHANGE.c.id).scalar_subquery()
    before = course.where(other.c.id < _CHANGE.c.id).scalar_subquery()
    return (
        sa.select(
            _CHANGE.c.id,
            _CHANGE.c.barrier_id,
            _CHANGE.c.change,
            _CHANGE.c.severity,
            _CHANGE.c.at,
            _CHANGE.c.who,
            _CHANGE.c.words,
            _FINDING.c.code,
            _FINDING.c.subject_kind,
            _FINDING.c.subject,
            _FINDING.c.team,
            _FINDING.c.reason,
            _FINDING.c.summary,
            _FINDING.c.evidence,
            _FINDING.c.opened_at,
            _BARRIER.c.kind,
            _BARRIER.c.note,
            _BARRIER.c.raised_at,
            k.c.key.label("key_result"),
            k.c.title,
            objecting.c.key.label("objecting"),
            sa.func.coalesce(own.c.key, above.c.key).label("owning"),
            before.label("before"),
            (last == "suppressed").label("silenced"),
        )
        .select_from(_CHANGE)
        .outerjoin(_FINDING, _FINDING.c.id == _CHANGE.c.finding_id)
        .outerjoin(_BARRIER, _BARRIER.c.id == _CHANGE.c.barrier_id)
        .outerjoin(k, k.c.id == _BARRIER.c.key_result_id)
        .outerjoin(o, o.c.id == k.c.objective_id)
        .outerjoin(objecting, objecting.c.id == _BARRIER.c.team_id)
        .outerjoin(own, own.c.id == k.c.team_id)
        .outerjoin(above, above.c.id == o.c.team_id)
    )


def _change(row: Any) -> Change:
    if row.barrier_id is not None:
        note = f": {row.note}" if row.note else ""
        return Change(
            row.id,
            row.change,
            row.severity,
            row.at,
            code=OBJECTION,
            # Several teams may object to one key result, each for several reasons.
            subject_kind=f"{row.objecting} {row.kind}",
            subject=row.key_result,
            summary=f"{row.objecting} objects to {row.key_result} ({row.title}), kind {row.kind}{note}",
            since=row.raised_at,
            teams=frozenset(filter(None, (row.objecting, row.owning))),
            who=row.who,
            words=row.words,
        )
    connection = row.subject if row.subject_kind == "connection" else row.evidence.get("connection")
    return Change(
        row.id,
        row.change,
        row.severity,
        row.at,
        code=row.code,
        subject_kind=row.subject_kind,
        subject=row.subject,
        summary=row.summary,
        since=row.opened_at,
        teams=frozenset(filter(None, (row.team,))),
        reason=row.reason,
        who=row.who,
        words=row.words,
        connection=connection if row.code.startswith("SYN") else None,
        before=row.before,
        silenced=bool(row.silenced),
    )


def gravity(change: Change) -> tuple[int, str, str, int]:
    """By this, the gravest comes first."""
    return GRAVEST_FIRST.index(change.severity), change.code, change.subject, change.id


def standing(conn: sa.Connection) -> list[Change]:
    """For each open finding and each standing objection its last change that is told of its beginning."""
    latest = (
        sa.select(sa.func.max(_CHANGE.c.id))
        .outerjoin(_FINDING, _FINDING.c.id == _CHANGE.c.finding_id)
        .outerjoin(_BARRIER, _BARRIER.c.id == _CHANGE.c.barrier_id)
        .where(
            _CHANGE.c.change.in_(("opened", "escalated", "objected")),
            sa.or_(
                sa.and_(_CHANGE.c.finding_id.is_not(None), _FINDING.c.resolved_at.is_(None)),
                sa.and_(_CHANGE.c.barrier_id.is_not(None), _BARRIER.c.ended_at.is_(None)),
            ),
        )
        .group_by(_CHANGE.c.finding_id, _CHANGE.c.barrier_id)
    )
    return read(conn, _CHANGE.c.id.in_(latest))
