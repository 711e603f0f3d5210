"""Telling people: which change goes to which channel, and how each channel does."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from store.tables.base import Row


class Delivery(Row, table=True):
    """A change that a channel is to hear of, once.

    `state`: waiting, sent, or dropped (the channel left the configuration, or the finding was silenced meanwhile).
    `message` is the visible id of the message that holds it, given before that is sent and kept for each repetition.
    `uncertain`: an attempt began, and whether the message arrived is not known.
    """

    __table_args__ = (
        sa.Index(
            "ix_delivery_waiting",
            "channel",
            "change_id",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
    )

    change_id: int = Field(
        sa_column=sa.Column(sa.Integer, sa.ForeignKey("finding_change.id", ondelete="CASCADE"), primary_key=True)
    )
    channel: str = Field(primary_key=True)
    state: str = "waiting"
    message: str | None = None
    attempts: int = 0
    uncertain: bool = False
    sent_at: datetime | None = None


class AlertChannel(Row, table=True):
    """How a channel of the configuration does, from the first time that it was used.

    Whoever sends holds the claim on it, until `claimed_until` at most. `attempts`, `next_try_at`, `error` and
    `failing_since` are those of the message that does not get through now. `refused`: the service itself said no, or
    the channel's address cannot be used.
    """

    __tablename__ = "alert_channel"

    name: str = Field(primary_key=True)
    greeted: bool = False
    """Whether a message that says how things stand has reached it."""
    seen_at: datetime
    """When it stood in the configuration last, to the hour."""
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    attempts: int = 0
    next_try_at: datetime | None = None
    failing_since: datetime | None = None
    refused: bool = False
    error: str | None = None
    last_sent_at: datetime | None = None
