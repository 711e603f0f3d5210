"""Telling people regularly: which digest went to which channel, and which still waits."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from store.tables.base import Row


class DigestDelivery(Row, table=True):
    """A digest that a channel is to get for a moment of its schedule, once.

    `digest` is its name, `team` its team (None: the company). `state`: waiting, sent, or dropped (a later one took its
    place). Whoever sends holds the claim on it, until `claimed_until` at most.
    `uncertain`: an attempt began, and whether it arrived is not known. `error` is that of the last attempt.
    """

    __tablename__ = "digest_delivery"
    __table_args__ = (sa.Index("ix_digest_delivery_channel", "channel", "team", "slot"),)

    digest: str = Field(primary_key=True)
    slot: datetime = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    team: str | None = None
    state: str = "waiting"
    attempts: int = 0
    uncertain: bool = False
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    next_try_at: datetime | None = None
    error: str | None = None
    sent_at: datetime | None = None
