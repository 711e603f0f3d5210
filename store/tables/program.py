"""What the program did: runs, what it set aside, and what it keeps to go on."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from store.tables.base import JSON, Row


class Run(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str = "running"
    """running, ok, partial, failed or interrupted."""
    lock: str | None = None
    """The lock that a job of the service holds while it runs. None: a whole sync."""


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


class Credential(Row, table=True):
    """A credential that the tool replaces at each use (a rotating refresh token), sealed with a key kept elsewhere."""

    connection: str = Field(primary_key=True)
    """Name of the connection."""
    sealed: str
    updated_at: datetime


class Hint(Row, table=True):
    """A tool's word (a webhook) that something changed: what to read anew, and nothing of the content itself.

    A delivery is kept once, by the tool's own id, and stays after it is done, so that it is known when it comes again.
    """

    __table_args__ = (
        sa.Index(
            "ix_hint_waiting",
            "connection",
            "received_at",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        ),
    )

    connection: str = Field(primary_key=True)
    delivery: str = Field(primary_key=True)
    event: str
    about: dict[str, Any] = Field(sa_type=JSON)
    received_at: datetime
    attempts: int = 0
    error: str | None = None
    done_at: datetime | None = None
