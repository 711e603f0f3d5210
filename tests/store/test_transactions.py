"""Transactions of those who write side by side: two that meet both come to their end, and counting is of one moment."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

import store
from config import Counting
from connectors.records import Item, Page
from store import work
from store.transactions import alone, beside
from tests.store.samples import NOW, Shop, execute, rows

ADD = sa.text("INSERT INTO meta (key, value) VALUES (:key, :by) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
LONG_S = 20.0


def test_two_that_lock_the_same_rows_in_opposite_order_both_come_to_their_end(migrated_url: str) -> None:
    engine = store.connect(migrated_url)
    meeting = threading.Barrier(2)
    begun: list[str] = []

    def write(keys: str) -> None:
        def step(conn: sa.Connection) -> None:
            begun.append(keys)
            conn.execute(ADD, {"key": keys[0], "by": keys})
            # Once each has its first row, both want the other's. SQLite lets the second one begin after the first.
            if len(begun) <= 2 and conn.dialect.name == "postgresql":
                meeting.wait(LONG_S)
            conn.execute(ADD, {"key": keys[1], "by": keys})

        beside(engine, step)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ("ab", "ba")))
    assert rows(engine, "SELECT count(*), count(DISTINCT value) FROM meta WHERE key IN ('a', 'b')") == [(2, 1)]
    assert (len(begun) > 2) == (engine.dialect.name == "postgresql")
    engine.dispose()


def test_what_two_add_at_the_same_time_is_there_once(migrated_url: str) -> None:
    engine = store.connect(migrated_url)
    meeting, tried = threading.Barrier(2), []

    def add(name: str) -> int:
        def step(conn: sa.Connection) -> int:
            tried.append(name)
            if len(tried) <= 2 and conn.dialect.name == "postgresql":
                conn.execute(sa.text("SELECT count(*) FROM connection"))
                meeting.wait(LONG_S)
            return work.connection_id(conn, "jira", "jira")

        return beside(engine, step)

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(add, ("one", "other")))) == 1
    engine.dispose()


def test_other_errors_are_raised_at_once(migrated_url: str) -> None:
    engine = store.connect(migrated_url)
    tried: list[int] = []

    def step(conn: sa.Connection) -> None:
        tried.append(1)
        conn.execute(sa.text("SELECT * FROM nowhere"))

    with pytest.raises(DBAPIError):
        beside(engine, step)
    assert tried == [1]
    engine.dispose()


def test_who_is_alone_waits_for_those_under_way_and_keeps_others_waiting(migrated_url: str) -> None:
    engine = store.connect(migrated_url)
    order: list[str] = []
    writing, goes_on, counting, counted = (threading.Event() for _ in range(4))

    def page(name: str) -> None:
        def step(conn: sa.Connection) -> None:
            order.append(f"{name} begins")
            if name == "first":
                writing.set()
                assert goes_on.wait(LONG_S)
            order.append(f"{name} ends")
            conn.execute(ADD, {"key": name, "by": "page"})

        beside(engine, step)

    def count() -> None:
        with alone(engine) as conn:
            order.append("count")
            counting.set()
            assert counted.wait(LONG_S)
            found = conn.execute(sa.text("SELECT count(*) FROM meta WHERE value = 'page'")).scalar_one()
            order.append(f"count of {found}")

    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(page, "first")]
        assert writing.wait(LONG_S)
        done.append(pool.submit(count))
        goes_on.set()
        assert counting.wait(LONG_S)
        done.append(pool.submit(page, "second"))
        counted.set()
        for one in done:
            one.result(LONG_S)
    assert order[:4] == ["first begins", "first ends", "count", "count of 1"]
    engine.dispose()


@pytest.mark.parametrize("late", ["older", "newer"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "new"])
def test_an_item_that_two_scopes_name_at_once_is_as_it_was_last(shop: Shop, late: str, known: bool) -> None:
    """The one that is stored later began to store before the other one had committed."""
    execute(
        shop.engine,
        "INSERT INTO scope (id, connection_id, external_id, key, key_folded, name, kind, url, archived, visible)"
        f" SELECT 77, connection_id, '77', 'acme/base', 'acme/base', 'base', 'repository', '', archived, visible"
        f" FROM scope WHERE id = {shop.id}",
    )
    before = Item(external_id="1", key="S-1", scope="S", url="", title="Before", category="todo", updated_at=NOW)
    old, new = (
        Item(
            external_id="1", key=f"{key}-1", scope=key, url="", title=key, category="todo", labels=(key, "both"),
            updated_at=NOW + timedelta(hours=hours),
        )
        for key, hours in (("OLD", 1), ("NEW", 2))
    )  # fmt: skip
    first, second = ((old, shop.id), (new, 77)) if late == "newer" else ((new, 77), (old, shop.id))
    if known:
        with shop.engine.begin() as conn:
            work.save_page(conn, shop.connection_id, shop.id, Page(items=[before]), Counting(), NOW)
    began = threading.Event()

    def save(pair: tuple[Item, int]) -> None:
        def step(conn: sa.Connection) -> None:
            began.set()
            work.save_page(conn, shop.connection_id, pair[1], Page(items=[pair[0]]), Counting(), NOW)

        beside(shop.engine, step)

    with ThreadPoolExecutor(1) as pool:
        with shop.engine.begin() as conn:
            work.save_page(conn, shop.connection_id, first[1], Page(items=[first[0]]), Counting(), NOW)
            done = pool.submit(save, second)
            if shop.engine.dialect.name == "postgresql":
                assert began.wait(LONG_S)
                waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                assert any(rows(shop.engine, waits) != [(0,)] for _ in range(5000))
        done.result(LONG_S)
    assert rows(shop.engine, "SELECT title, scope_id FROM work_item") == [("NEW", 77)]
    labels = "SELECT value FROM tag t JOIN work_tag w ON w.tag_id = t.id WHERE kind = 'label' ORDER BY 1"
    assert rows(shop.engine, labels) == [("NEW",), ("both",)]
