"""What people say to the findings: barriers with their decisions, objections, acknowledgements.

Whoever said something stands in `who` as a name, days are days in the configured zone.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from store.tables.base import Row


class Barrier(Row, table=True):
    """A barrier raised in a cycle: a finding of the STR group, or an objection (without a finding).

    A finding that ends and comes back in the same cycle is the same barrier: `raised_at` stays what it was first.
    `key_result_id`, `team_id`, `kind`, `who` and `note` are those of an objection.
    """

    __table_args__ = (sa.CheckConstraint("(finding_id IS NULL) <> (key_result_id IS NULL)", name="ck_barrier_source"),)

    id: int | None = Field(default=None, primary_key=True)
    finding_id: int | None = Field(default=None, foreign_key="finding.id", index=True)
    key_result_id: int | None = Field(default=None, foreign_key="key_result.id", index=True)
    team_id: int | None = Field(default=None, foreign_key="team.id")
    kind: str | None = None
    who: str | None = None
    note: str | None = None
    cycle_id: int | None = Field(default=None, foreign_key="cycle.id")
    """None where it was raised outside of all cycles."""
    raised_at: datetime
    raised_on: date
    days_left: int | None = None
    """Days left in the cycle when it was raised."""
    ended_at: datetime | None = None
    """When the finding resolved, or the objection was withdrawn; None while it stands."""


class Decision(Row, table=True):
    """What was decided about a finding or an objection. The latest holds, `until` the end of a day or for good."""

    __table_args__ = (sa.CheckConstraint("(finding_id IS NULL) <> (barrier_id IS NULL)", name="ck_decision_about"),)

    id: int | None = Field(default=None, primary_key=True)
    finding_id: int | None = Field(default=None, foreign_key="finding.id", index=True)
    barrier_id: int | None = Field(default=None, foreign_key="barrier.id", index=True)
    decision: str
    who: str
    until: date | None = None
    note: str | None = None
    at: datetime
    day: date


class Acknowledgement(Row, table=True):
    """Somebody has seen a finding or an objection, and has taken it up."""

    __table_args__ = (
        sa.CheckConstraint("(finding_id IS NULL) <> (barrier_id IS NULL)", name="ck_acknowledgement_about"),
    )

    id: int | None = Field(default=None, primary_key=True)
    finding_id: int | None = Field(default=None, foreign_key="finding.id", index=True)
    barrier_id: int | None = Field(default=None, foreign_key="barrier.id", index=True)
    who: str
    note: str | None = None
    at: datetime


class TeamAcknowledgement(Row, table=True):
    """A team knows, and says, that it works for a key result."""

    __tablename__ = "team_acknowledgement"

    key_result_id: int = Field(foreign_key="key_result.id", primary_key=True)
    team_id: int = Field(foreign_key="team.id", primary_key=True)
    who: str
    note: str | None = None
    at: datetime


class Suppressed(Row, table=True):
    """What would be an open finding, did `findings.suppress` not silence it. Written anew by each evaluation."""

    code: str = Field(primary_key=True)
    subject_kind: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    severity: str
    team: str | None = None
    summary: str
    why: str
    until: date
