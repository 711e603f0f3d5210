"""What follows from both: matches, links, numbers, findings."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from store.tables.base import JSON, Row


class Match(Row, table=True):
    """What each mapping matches, with descendants. `direct`: by its own words, not by descent."""

    __table_args__ = (sa.Index("ix_match_item_id", "item_id"), {"sqlite_with_rowid": False})

    mapping_id: int = Field(primary_key=True)
    item_id: int = Field(primary_key=True)
    direct: bool


class Link(Row, table=True):
    """An item that serves a key result, once however often it is matched.

    `mapping_id` is the first mapping, in order, that matches. `role`: what the item is in this key result's work:
    counted (a live leaf), container (live, with linked work below), descoped (a cancelled or deleted leaf), dropped (a
    cancelled or deleted container), subtask (ignored). `size` and `imputed` are filled for counted items. The item's
    state, dates and team (0: none) stand here once more, so that counting the links of a key result reads nothing else.
    """

    __table_args__ = (
        sa.Index("ix_link_item_id", "item_id"),
        sa.Index(
            "ix_link_under_way",
            "key_result_id",
            "moved_at",
            "item_id",
            "size",
            sqlite_where=sa.text("role = 'counted' AND state = 'in_progress'"),
            postgresql_where=sa.text("role = 'counted' AND state = 'in_progress'"),
        ),
        sa.Index(
            "ix_link_finished",
            "finished_at",
            "team_id",
            "item_id",
            sqlite_where=sa.text("role = 'counted' AND state = 'done'"),
            postgresql_where=sa.text("role = 'counted' AND state = 'done'"),
        ),
        {"sqlite_with_rowid": False},
    )

    key_result_id: int = Field(primary_key=True)
    item_id: int = Field(primary_key=True)
    mapping_id: int
    team_id: int = 0
    direct: bool
    role: str
    counted: bool = False
    size: float | None = None
    imputed: bool = False
    state: str
    moved_at: datetime | None = None
    finished_at: datetime | None = None


class Tally(Row, table=True):
    """The links of a key result, counted by mapping, role, state and team: what the formulas and findings start from.

    `role` and `team_id` as in `link`. `finished_at`: the latest end of a done item. Instants are None where the tool
    gave none.
    """

    __table_args__ = ({"sqlite_with_rowid": False},)

    key_result_id: int = Field(primary_key=True)
    mapping_id: int = Field(primary_key=True)
    role: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
    team_id: int = Field(primary_key=True)
    items: int
    size: float
    size_imputed: float
    first_moved_at: datetime | None = None
    last_moved_at: datetime | None = None
    finished_at: datetime | None = None


class Measure(Row, table=True):
    """The current numbers of a key result.

    Fractions are 0 to 1, and None where unknown; counts are of items; sizes are in the configured measure.
    """

    key_result_id: int = Field(primary_key=True)
    outcome: float | None = None
    outcome_value: float | None = None
    delivery: float | None = None
    expected: float | None = None
    pace: float | None = None
    confidence: float | None = None
    health: str
    health_reason: str
    work_total: int
    work_todo: int
    work_in_progress: int
    work_done: int
    work_descoped: int
    size_total: float
    size_done: float
    size_imputed: float
    lever_share: float | None = None
    """Share of the levers, by size, that lies in the key result's team and those below it."""
    last_check_in_at: datetime | None = None
    work_moved_at: datetime | None = None
    stale_day: date | None = None
    """The day for which the stale work was counted; None where the links changed since."""
    stale_count: int = 0
    stale_size: float = 0.0
    stale_keys: list[str] = Field(default_factory=list, sa_type=JSON)
    """Keys of counted work in progress that has not moved for `thresholds.stale_days`: the first of `stale_count`."""
    measured_at: datetime


class Finding(Row, table=True):
    """A finding, open while `resolved_at` is None. The fingerprint is (code, subject_kind, subject)."""

    __table_args__ = (sa.UniqueConstraint("code", "subject_kind", "subject"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str
    subject_kind: str
    subject: str
    severity: str
    team: str | None = None
    reason: str | None = None
    summary: str
    evidence: dict[str, Any] = Field(sa_type=JSON)
    opened_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None = None
    days_left_when_opened: int | None = None


class FindingChange(Row, table=True):
    """What alerts read: what happened to a finding, or (without a finding) to an objection.

    `change`: opened, escalated, eased, resolved, suppressed (silenced by the configuration while it held),
    acknowledged, decided; objected, withdrawn. `who` did it, where a person did, and `words` is what was said or
    decided. An objection weighs as a warning. `routed_at`: when it was decided which channels hear of it, None before.
    """

    __tablename__ = "finding_change"
    __table_args__ = (
        # What is new is found by its mark, not by its number: of two transactions, the one with the higher number may
        # commit first.
        sa.Index(
            "ix_finding_change_unrouted",
            "id",
            sqlite_where=sa.text("routed_at IS NULL"),
            postgresql_where=sa.text("routed_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    finding_id: int | None = Field(default=None, foreign_key="finding.id", index=True)
    barrier_id: int | None = Field(default=None, foreign_key="barrier.id", index=True)
    change: str
    severity: str
    at: datetime
    who: str | None = None
    words: str | None = None
    routed_at: datetime | None = None
