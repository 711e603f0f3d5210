"""Which scheduled jobs were had done, however many processes schedule them."""

from datetime import datetime

from sqlmodel import Field

from store.tables.base import Row


class Firing(Row, table=True):
    """The newest moment of a job's schedule for which it was had done."""

    job: str = Field(primary_key=True)
    """All that tells the job from others, as text."""
    slot: datetime
