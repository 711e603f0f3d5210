"""The tables, inside the program: ours to change, through migrations. What others read are the views.

Instants are timezone-aware UTC on both databases (SQLModel's own column type sees to it). Columns named `*_folded`
hold the text as selectors compare it: trimmed and case-folded as Unicode says, which no database function does alike.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """What all tables have in common."""

    if TYPE_CHECKING:
        __table__: ClassVar[sa.Table]


class Meta(Row, table=True):
    """Single values that the program keeps about itself: what was applied, whether links were built."""

    key: str = Field(primary_key=True)
    value: str


# --- what the tools say ---------------------------------------------------------------------------------------------


class Connection(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    kind: str
    archived: bool = False
    error: str | None = None
    """Why the connection as a whole failed at its last attempt; None while it works."""
    failed_at: datetime | None = None
    last_ok_at: datetime | None = None


class Scope(Row, table=True):
    __table_args__ = (sa.UniqueConstraint("connection_id", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    external_id: str
    key: str
    key_folded: str = Field(index=True)
    name: str
    kind: str
    url: str
    archived: bool = False
    visible: bool = True
    """False once the connection's list no longer names it."""
    error: str | None = None
    last_ok_at: datetime | None = None
    """When its items were last read to the end; None before the first time."""


class StreamState(Row, table=True):
    """Where the reading of one stream of one scope stands. `resume*` are set while a reading is unfinished."""

    __tablename__ = "stream_state"

    scope_id: int = Field(foreign_key="scope.id", primary_key=True)
    stream: str = Field(primary_key=True)
    watermark: datetime | None = None
    validators: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    resume: str | None = None
    resume_since: datetime | None = None
    resume_clock: datetime | None = None


class WorkItem(Row, table=True):
    __tablename__ = "work_item"
    __table_args__ = (
        sa.UniqueConstraint("connection_id", "external_id"),
        sa.Index("ix_work_item_parent_id", "parent_id"),
        sa.Index("ix_work_item_scope_id", "scope_id"),
        sa.Index("ix_work_item_key_folded", "key_folded"),
        sa.Index(
            "ix_work_item_orphan",
            "connection_id",
            sqlite_where=sa.text("parent_pending"),
            postgresql_where=sa.text("parent_pending"),
        ),
        sa.Index(
            "ix_work_item_in_progress",
            "state",
            sqlite_where=sa.text("state = 'in_progress'"),
            postgresql_where=sa.text("state = 'in_progress'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    scope_id: int = Field(foreign_key="scope.id")
    external_id: str
    key: str
    key_folded: str
    url: str
    title: str
    title_folded: str
    type: str | None = None
    type_folded: str | None = None
    level: str
    """initiative, epic, issue or subtask: ours, from the tool's hierarchy, type and labels."""
    state: str
    """todo, in_progress, done or cancelled: ours, by `counting`."""
    category: str
    status: str | None = None
    resolution: str | None = None
    self_reported: bool = False
    tool_level: str | None = None
    parent_ref_id: str | None = None
    parent_ref_key: str | None = None
    parent_ref_folded: str | None = None
    parent_pending: bool = False
    """The parent named by the tool was not looked up since it last changed, or is not stored (yet)."""
    parent_id: int | None = None
    estimate: float | None = None
    team_word: str | None = None
    """The tool's own team field."""
    team_id: int | None = None
    """Our team: by the tool's field or by the first `owns` selector that matches. Set by the linking."""
    created_at: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None
    updated_at: datetime | None = None
    due_on: date | None = None
    presence: str = "present"
    """present, not_visible or deleted."""
    content_hash: int = Field(sa_type=sa.BigInteger)


class WorkAlias(Row, table=True):
    """A key that an item had before it moved."""

    __tablename__ = "work_alias"

    connection_id: int = Field(foreign_key="connection.id", primary_key=True)
    key_folded: str = Field(primary_key=True)
    item_id: int = Field(index=True)


class Tag(Row, table=True):
    """The vocabulary of an item's plain words. `kind`: label, component, assignee, trailer, field."""

    __table_args__ = (sa.UniqueConstraint("kind", "value"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    value: str
    folded: str = Field(index=True)


class WorkTag(Row, table=True):
    __tablename__ = "work_tag"
    __table_args__ = (sa.Index("ix_work_tag_tag_id", "tag_id", "item_id"), {"sqlite_with_rowid": False})

    item_id: int = Field(primary_key=True)
    tag_id: int = Field(primary_key=True)


class Container(Row, table=True):
    """A milestone, version or sprint. `listed` is false for one known only from an item's reference."""

    __table_args__ = (sa.UniqueConstraint("connection_id", "kind", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    scope_id: int | None = Field(default=None, index=True)
    external_id: str
    kind: str
    title: str
    title_folded: str
    state: str | None = None
    url: str | None = None
    starts_on: date | None = None
    due_on: date | None = None
    closed_at: datetime | None = None
    listed: bool = False


class WorkContainer(Row, table=True):
    __tablename__ = "work_container"
    __table_args__ = (
        sa.Index("ix_work_container_container_id", "container_id", "item_id"),
        {"sqlite_with_rowid": False},
    )

    item_id: int = Field(primary_key=True)
    container_id: int = Field(primary_key=True)


class Dependency(Row, table=True):
    """`item_id` is blocked by the item with `blocker_key`, which may lie outside what is synced."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    item_id: int = Field(primary_key=True)
    blocker_key: str = Field(primary_key=True)


class Dirty(Row, table=True):
    """Items whose links may be out of date: new, changed, gone, or the former parent of one that moved."""

    item_id: int = Field(primary_key=True)


class Membership(Row, table=True):
    """The items that a `jql` selector matched at the last sync, by the query's text."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    connection_id: int = Field(foreign_key="connection.id", primary_key=True)
    query: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)


# --- what the user wrote --------------------------------------------------------------------------------------------


class Team(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    name: str
    lead: str | None = None
    parent_id: int | None = Field(default=None, foreign_key="team.id")
    archived: bool = False


class Theme(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    title: str
    archived: bool = False


class Cycle(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    starts_on: date
    ends_on: date
    archived: bool = False


class Objective(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    title: str
    cycle_id: int = Field(foreign_key="cycle.id")
    team_id: int | None = Field(default=None, foreign_key="team.id")
    owner: str | None = None
    theme_id: int | None = Field(default=None, foreign_key="theme.id")
    kind: str
    position: int
    archived: bool = False


class KeyResult(Row, table=True):
    __tablename__ = "key_result"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    title: str
    objective_id: int = Field(foreign_key="objective.id")
    team_id: int | None = Field(default=None, foreign_key="team.id")
    owner: str | None = None
    weight: float
    position: int
    definition: dict[str, Any] = Field(sa_type=JSON)
    """metric, value, expected and delivery as written, for the formulas."""
    archived: bool = False


class Support(Row, table=True):
    """`objective_id` supports the objective or key result with `target_key`, one level up."""

    objective_id: int = Field(foreign_key="objective.id", primary_key=True)
    target_key: str = Field(primary_key=True)


class CheckIn(Row, table=True):
    """A recorded value. `origin`: `file` (the configuration's list) or `cli`."""

    __tablename__ = "check_in"

    id: int | None = Field(default=None, primary_key=True)
    key_result_id: int = Field(foreign_key="key_result.id", index=True)
    day: date
    value: float | None = None
    confidence: float | None = None
    note: str | None = None
    origin: str
    position: int = 0
    recorded_at: datetime


class Mapping(Row, table=True):
    """One source of links. `via`: mapping, label, trailer, field (these link), or intentional.

    `position` orders the sources of a key result: its mappings as listed, then the conventions.
    """

    id: int | None = Field(default=None, primary_key=True)
    key_result_id: int | None = Field(default=None, foreign_key="key_result.id", index=True)
    via: str
    position: int
    share: float | None = None
    text: str
    """The selector as people read it: `epic SHOP-12, SHOP-40 in jira`; or the label; or why it is intentional."""
    selector: dict[str, Any] = Field(sa_type=JSON)
    matched: int = 0
    """How many items it matches, descendants included. Set by the linking."""
    covered_by: int | None = None
    """Another mapping of the same key result that matches all that this one does. Set by the linking."""


# --- what follows from both -----------------------------------------------------------------------------------------


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
    state and dates stand here once more, so that counting the links of a key result reads nothing else.
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
        {"sqlite_with_rowid": False},
    )

    key_result_id: int = Field(primary_key=True)
    item_id: int = Field(primary_key=True)
    mapping_id: int
    direct: bool
    role: str
    counted: bool = False
    size: float | None = None
    imputed: bool = False
    state: str
    moved_at: datetime | None = None
    finished_at: datetime | None = None


class Tally(Row, table=True):
    """The links of a key result, counted by mapping, role and state: what the formulas and findings start from.

    `role` as in `link`. `finished_at`: the latest end of a done item. Instants are None where the tool gave none.
    """

    __table_args__ = ({"sqlite_with_rowid": False},)

    key_result_id: int = Field(primary_key=True)
    mapping_id: int = Field(primary_key=True)
    role: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
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
    """What alerts read. `change`: opened, escalated, eased, resolved."""

    __tablename__ = "finding_change"

    id: int | None = Field(default=None, primary_key=True)
    finding_id: int = Field(foreign_key="finding.id", index=True)
    change: str
    severity: str
    at: datetime


# --- what the program did -------------------------------------------------------------------------------------------


class Run(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str = "running"
    """running, ok, partial, failed or interrupted."""


class RunScope(Row, table=True):
    __tablename__ = "run_scope"

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    scope_id: int | None = Field(default=None, foreign_key="scope.id")
    connection_id: int = Field(foreign_key="connection.id")
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str = "running"
    read: int = 0
    changed: int = 0
    set_aside: int = 0
    requests: int = 0
    not_modified: int = 0
    waited_s: float = 0.0
    error: str | None = None


class Quarantine(Row, table=True):
    """A record, or a part of one, that could not be read. Gone once the record reads well again."""

    __table_args__ = (sa.UniqueConstraint("scope_id", "external_id", "reason"),)

    id: int | None = Field(default=None, primary_key=True)
    scope_id: int = Field(foreign_key="scope.id")
    external_id: str
    reason: str
    excerpt: str
    whole: bool = True
    first_seen_at: datetime
    last_seen_at: datetime
