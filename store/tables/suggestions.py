"""Which key result work that serves none could serve: proposals, never links."""

from sqlmodel import Field

from store.tables.base import Row


class Suggestion(Row, table=True):
    """What was found for an item in progress that serves no key result.

    `title`: the item's at that time; another one is looked at anew. `key_result_id` and `score` (0 to 1) are None where
    nothing fits.
    """

    __table_args__ = ({"sqlite_with_rowid": False},)

    item_id: int = Field(primary_key=True)
    title: str
    key_result_id: int | None = None
    score: float | None = None
