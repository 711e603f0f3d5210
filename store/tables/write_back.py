"""What was written into the tools, and where a tool refused it."""

from datetime import datetime

from sqlmodel import Field

from store.tables.base import Row


class Written(Row, table=True):
    """What we wrote at an item. A row stands from before the writing on, so that none is forgotten by a crash.

    `moved_at` is when the item had changed last, by anyone but us; changes that the tool dates after it and until
    `echo_at` are ours.
    """

    item_id: int = Field(primary_key=True)
    form: str = Field(primary_key=True)
    external_id: str | None = None
    content_hash: str | None = None
    """None while it is not known whether it was written."""
    serves: bool = True
    """Whether the item served a running key result when it was written."""
    at: datetime
    moved_at: datetime | None = None
    echo_at: datetime | None = None


class WrittenShared(Row, table=True):
    """What we wrote once for all items of a scope, by name."""

    __tablename__ = "written_shared"

    scope_id: int = Field(foreign_key="scope.id", primary_key=True)
    name: str = Field(primary_key=True)
    content_hash: str | None = None
    """None while it is not known whether it was written."""
    at: datetime


class WriteRefusal(Row, table=True):
    """A scope to which the last run could not write: how many items, and why not the first of them."""

    __tablename__ = "write_refusal"

    scope_id: int = Field(foreign_key="scope.id", primary_key=True)
    items: int
    message: str
    advice: str
    at: datetime
