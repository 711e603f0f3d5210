"""When an item was last taken up again after it had been done: what is kept of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.records import Category, Change, Item
from store.tables import WorkItem
from tests.store.samples import Shop, item

BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
UPDATED = datetime(2026, 11, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return BEGIN + timedelta(days=number)


def moved(*categories: Category | None, **more: Any) -> Item:
    """An item whose status was set once a day, with an estimate set in between."""
    steps = [Change(at=day(number), kind="status", category=one) for number, one in enumerate(categories)]
    steps.insert(1, Change(at=BEGIN, kind="estimate", before="1", after="2"))
    return item(1, changes=tuple(steps), updated_at=UPDATED, **more)


@pytest.mark.parametrize(
    "given, expected",
    [
        (item(1), None),
        (moved("in_progress", "done", category="done"), None),
        (moved("done", "in_progress", category="in_progress"), day(1)),
        (moved("done", "todo", "done", category="done"), day(1)),
        (moved("done", "todo", "done", "done", "in_progress", category="in_progress"), day(4)),
        # A status that the tool no longer knows is neither done nor taken up again.
        (moved("done", None, "done", category="done"), None),
        (moved("done", None, "todo"), day(2)),
        # A tool without histories only says that it was.
        (item(1, resolution="reopened", updated_at=UPDATED), UPDATED),
        (item(1, resolution="reopened", category="done", updated_at=UPDATED), None),
    ],
)
def test_it_is_the_last_step_out_of_a_done_status(shop: Shop, given: Item, expected: datetime | None) -> None:
    shop.save(given)
    with shop.engine.connect() as conn:
        assert conn.execute(sa.select(WorkItem.__table__.c.reopened_at)).scalar_one() == expected
