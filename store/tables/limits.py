"""What all processes know together of the limits of tools."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from store.tables.base import Row


class RateBudget(Row, table=True):
    """The limits of one account with a tool, as `connectors.budget` has them. On PostgreSQL, where workers share it."""

    __tablename__ = "rate_budget"

    # Written at each request: where the new row fits on the page of the old one, no index is written for it.
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    account: str = Field(primary_key=True)
    """The tool's address, and a fingerprint of what tells its users apart."""
    limits: str = Field(sa_type=sa.Text)
    """JSON."""
    at: datetime
