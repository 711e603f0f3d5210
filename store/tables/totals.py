"""What the service has done in all, for its metrics: counts that only grow, whatever is removed of the past."""

import sqlalchemy as sa
from sqlmodel import Field

from store.tables.base import Row


class ScopeTotal(Row, table=True):
    """What reading a scope has come to since it is known, and how its last reading went.

    `scope_id` 0: listing the connection's scopes, and asking for what its queries match.
    """

    __tablename__ = "scope_total"
    __table_args__ = ({"sqlite_with_rowid": False, "postgresql_with": {"fillfactor": 50}},)

    connection_id: int = Field(primary_key=True)
    scope_id: int = Field(primary_key=True)
    ok: int = Field(default=0, sa_type=sa.BigInteger)
    failed: int = Field(default=0, sa_type=sa.BigInteger)
    """Readings that ended in any other way: refused, failed, interrupted."""
    requests: int = Field(default=0, sa_type=sa.BigInteger)
    not_modified: int = Field(default=0, sa_type=sa.BigInteger)
    waited_s: float = 0.0
    read: int = Field(default=0, sa_type=sa.BigInteger)
    changed: int = Field(default=0, sa_type=sa.BigInteger)
    last_took_s: float = 0.0


class JobTotal(Row, table=True):
    """The jobs of a kind that were done by all processes."""

    __tablename__ = "job_total"
    __table_args__ = ({"sqlite_with_rowid": False, "postgresql_with": {"fillfactor": 50}},)

    kind: str = Field(primary_key=True)
    done: int = Field(default=0, sa_type=sa.BigInteger)
    failed: int = Field(default=0, sa_type=sa.BigInteger)
    took_s: float = 0.0


class ChannelTotal(Row, table=True):
    """The messages to a channel: those that were sent, and attempts that failed."""

    __tablename__ = "channel_total"
    __table_args__ = ({"sqlite_with_rowid": False, "postgresql_with": {"fillfactor": 50}},)

    channel: str = Field(primary_key=True)
    sent: int = Field(default=0, sa_type=sa.BigInteger)
    failed: int = Field(default=0, sa_type=sa.BigInteger)
