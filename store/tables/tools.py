"""What the tools say: connections, scopes, and the work in them."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from store.tables.base import JSON, Row


class Connection(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    kind: str
    archived: bool = False
    error: str | None = None
    """Why the connection as a whole failed at its last attempt; None while it works."""
    failed_at: datetime | None = None
    last_ok_at: datetime | None = None
    credentials_end_at: datetime | None = None
    """When the token or key stops being accepted, where the tool tells."""


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
    swept_at: datetime | None = None
    """When its items were last compared with all that the tool lists."""
    held_back: int | None = None
    """How many items the last sweep missed, where that was too many to believe; None where it was applied."""


class SweepSeen(Row, table=True):
    """The items that an unfinished sweep of a scope has met, so that it can go on after an interruption."""

    __tablename__ = "sweep_seen"
    __table_args__ = ({"sqlite_with_rowid": False},)

    scope_id: int = Field(foreign_key="scope.id", primary_key=True)
    external_id: str = Field(primary_key=True)
    category: str | None = None
    """As the list tells it; None where the item itself was read for the list."""


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
        sa.Index("ix_work_item_parent_id", "parent_id", "state"),
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
        sa.Index(
            "ix_work_item_open",
            "due_on",
            "id",
            sqlite_where=sa.text("state IN ('todo', 'in_progress')"),
            postgresql_where=sa.text("state IN ('todo', 'in_progress')"),
        ),
        sa.Index(
            "ix_work_item_epic",
            "level",
            "id",
            sqlite_where=sa.text("level IN ('epic', 'initiative')"),
            postgresql_where=sa.text("level IN ('epic', 'initiative')"),
        ),
        sa.Index(
            "ix_work_item_not_visible",
            "scope_id",
            sqlite_where=sa.text("presence = 'not_visible'"),
            postgresql_where=sa.text("presence = 'not_visible'"),
        ),
        sa.Index(
            "ix_work_item_reopened",
            "reopened_at",
            sqlite_where=sa.text("reopened_at IS NOT NULL"),
            postgresql_where=sa.text("reopened_at IS NOT NULL"),
        ),
        # Linking writes the team of each item once it is stored. Where the new row fits on the page of the old one,
        # PostgreSQL writes no index for it, and that is seven times as fast.
        {"postgresql_with": {"fillfactor": 50}},
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
    gone_at: datetime | None = None
    """When it was found to be not visible or deleted; None while it is present."""
    reopened_at: datetime | None = None
    """When it was last taken up again after it had been done; where the tool tells only that, when it changed last."""
    content_hash: int = Field(sa_type=sa.BigInteger)


class WorkAlias(Row, table=True):
    """A key that an item had before it moved."""

    __tablename__ = "work_alias"

    connection_id: int = Field(foreign_key="connection.id", primary_key=True)
    key_folded: str = Field(primary_key=True)
    item_id: int = Field(index=True)


class ScopeAlias(Row, table=True):
    """A name that a project or repository had before it was renamed."""

    __tablename__ = "scope_alias"

    connection_id: int = Field(foreign_key="connection.id", primary_key=True)
    key_folded: str = Field(primary_key=True)
    scope_id: int = Field(foreign_key="scope.id")


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
    blocker_folded: str


class WorkChange(Row, table=True):
    """A step in an item's history, as the tool kept it. Replaced as a set with the item.

    `kind`: status, estimate or sprint; `before` and `after` are the tool's words. `category`, of a status: what the
    tool counts `after` as.
    """

    __tablename__ = "work_change"
    __table_args__ = ({"sqlite_with_rowid": False},)

    item_id: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    """From 0, by time."""
    at: datetime
    kind: str
    before: str | None = None
    after: str | None = None
    category: str | None = None


class Dirty(Row, table=True):
    """Items whose links may be out of date: new, changed, gone, or the former parent of one that moved."""

    item_id: int = Field(primary_key=True)


class Membership(Row, table=True):
    """The items that a `jql` selector matched at the last sync, by the query's text."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    connection_id: int = Field(foreign_key="connection.id", primary_key=True)
    query: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
