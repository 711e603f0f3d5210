"""What was known of each key result on each day."""

from datetime import date

from sqlmodel import Field

from store.tables.base import Row


class Snapshot(Row, table=True):
    """The numbers of a key result at the end of a day, as measured on it; of today, as last measured.

    Columns as in `measure`. `rebuilt`: worked out later, from what is known of that day, as nothing was measured on it.
    """

    __table_args__ = ({"sqlite_with_rowid": False},)

    key_result_id: int = Field(primary_key=True)
    day: date = Field(primary_key=True)
    outcome: float | None = None
    outcome_value: float | None = None
    delivery: float | None = None
    expected: float | None = None
    confidence: float | None = None
    health: str
    work_total: int
    work_done: int
    work_in_progress: int
    work_descoped: int
    size_total: float
    size_done: float
    chance_by_end: float | None = None
    rebuilt: bool = False
