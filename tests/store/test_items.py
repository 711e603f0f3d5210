"""Pages of items: what is new or changed is written, what is as before is not."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Session, select

from config import Counting
from connectors.records import Page
from store import work
from store.tables import WorkItem
from store.work import Saved
from tests.store.samples import NOW, Shop, execute, item, milestone, rows, scope_record

FULL = item(
    7,
    title="  Straße NACH Süd ",
    category="done",
    status="Erledigt",
    resolution="Won't Do",
    type="Bug",
    level="issue",
    parent_id="id-1",
    parent_key="ACME/shop#1",
    estimate=3.5,
    team="Commerce",
    labels=("a", "B"),
    created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    started_at=datetime(2026, 1, 2, 23, 30, tzinfo=timezone(timedelta(hours=-2))),
    closed_at=datetime(2026, 2, 1, tzinfo=UTC),
    updated_at=datetime(2026, 2, 1, 0, 0, 0, 5000, tzinfo=UTC),
    due_on=date(2026, 2, 28),
)


def stored(shop: Shop) -> list[WorkItem]:
    with Session(shop.engine) as session:
        return list(session.exec(select(WorkItem).order_by(WorkItem.__table__.c.id)))


def writes(engine: sa.Engine) -> list[str]:
    """From now on, the statements that would write; on SQLite and PostgreSQL alike."""
    seen: list[str] = []

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "BEGIN", "PRAGMA")):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    return seen


def test_a_new_item_is_kept_whole(shop: Shop) -> None:
    assert shop.save(FULL) == Saved(read=1, changed=1, set_aside=0)
    (row,) = stored(shop)
    content_hash = row.content_hash
    assert row.model_dump() == {
        "id": row.id,
        "connection_id": shop.connection_id,
        "scope_id": shop.id,
        "external_id": "id-7",
        "key": "acme/shop#7",
        "key_folded": "acme/shop#7",
        "url": "https://code.example/acme/shop/issues/7",
        "title": "  Straße NACH Süd ",
        "title_folded": "strasse nach süd",
        "type": "Bug",
        "type_folded": "bug",
        "level": "issue",
        "state": "cancelled",
        "category": "done",
        "status": "Erledigt",
        "resolution": "Won't Do",
        "self_reported": False,
        "tool_level": "issue",
        "parent_ref_id": "id-1",
        "parent_ref_key": "ACME/shop#1",
        "parent_ref_folded": "acme/shop#1",
        "parent_pending": True,
        "parent_id": None,
        "estimate": 3.5,
        "team_word": "Commerce",
        "team_id": None,
        "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "started_at": datetime(2026, 1, 3, 1, 30, tzinfo=UTC),
        "closed_at": datetime(2026, 2, 1, tzinfo=UTC),
        "updated_at": datetime(2026, 2, 1, 0, 0, 0, 5000, tzinfo=UTC),
        "due_on": date(2026, 2, 28),
        "presence": "present",
        "gone_at": None,
        "reopened_at": None,
        "content_hash": content_hash,
    }
    assert shop.dirty() == ["acme/shop#7"]


def test_a_page_that_was_kept_before_writes_nothing(shop: Shop) -> None:
    page = (FULL, item(1, labels=("a",), containers=(milestone("5", "M"),), blocked_by=("acme/shop#7",)))
    shop.save(*page)
    shop.dirty()
    seen = writes(shop.engine)
    assert shop.save(*page) == Saved(read=2, changed=0, set_aside=0)
    assert seen == []
    assert shop.dirty() == []


def test_a_changed_item_keeps_its_row_and_what_we_found_out_about_it(shop: Shop) -> None:
    shop.save(item(1), item(2, parent_key="acme/shop#1"))
    shop.resolve()
    before = stored(shop)
    shop.dirty()
    assert shop.save(item(1), item(2, parent_key="acme/shop#1", title="New", category="done")).changed == 1
    after = stored(shop)
    assert after[0].model_dump() == before[0].model_dump()
    assert after[1].model_dump() == before[1].model_dump() | {
        "title": "New",
        "title_folded": "new",
        "category": "done",
        "state": "done",
        "content_hash": after[1].content_hash,
    }
    assert (after[1].parent_id, after[1].parent_pending) == (before[0].id, False)
    assert shop.dirty() == ["acme/shop#2"]


def test_an_item_that_a_page_names_twice_is_as_named_last(shop: Shop) -> None:
    assert shop.save(item(1, title="first", labels=("a",)), item(1, title="last", labels=("b",))).read == 2
    assert ([row.title for row in stored(shop)], shop.labels(1)) == (["last"], ["b"])


def test_an_empty_page_is_fine(shop: Shop) -> None:
    assert shop.save() == Saved(read=0, changed=0, set_aside=0)


def test_an_instant_without_a_zone_is_refused(shop: Shop) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the point
    with pytest.raises(ValueError, match="has no time zone"):
        shop.save(item(1, created_at=naive))


@pytest.mark.parametrize("presence", ["not_visible", "deleted"])
def test_an_item_that_is_read_again_is_present_again(shop: Shop, presence: str) -> None:
    shop.save(item(1), item(2))
    shop.dirty()
    execute(shop.engine, f"UPDATE work_item SET presence = '{presence}' WHERE external_id = 'id-1'")
    assert shop.save(item(1), item(2)).changed == 1
    assert [row.presence for row in stored(shop)] == ["present", "present"]
    assert shop.dirty() == ["acme/shop#1"]


def test_a_page_that_is_rolled_back_leaves_nothing_behind(shop: Shop) -> None:
    one = item(1, labels=("new",), containers=(milestone("5", "M"),))
    with shop.engine.connect() as conn, conn.begin() as transaction:
        work.save_page(conn, shop.connection_id, shop.id, Page(items=[one]), Counting(), NOW)
        transaction.rollback()
    shop.save(item(2, labels=("other",)))
    shop.save(one)
    assert (shop.labels(1), shop.labels(2)) == (["new"], ["other"])
    assert shop.rows("SELECT x.title FROM work_container w JOIN container x ON x.id = w.container_id") == [("M",)]


def test_text_is_kept_as_it_is_in_any_script(shop: Shop) -> None:
    title = "С++ 数 🚀 %_[x] 'q' \"d\" \\ \t"
    shop.save(item(1, title=title, labels=(title,), status=title))
    (row,) = stored(shop)
    assert (row.title, row.status, shop.labels(1)) == (title, title, [title])


def test_a_word_that_is_too_long_to_index_is_cut(shop: Shop) -> None:
    shop.save(item(1, key_results=(("trailer", "ß" * 5000),)))
    assert shop.rows("SELECT kind, value FROM tag") == [("trailer", "ß" * 400)]


def test_an_item_that_moved_keeps_its_row_and_answers_to_its_old_key(shop: Shop) -> None:
    other = Shop.in_new(shop.engine, "code", scope_record("2", "acme/web"))
    shop.save(item(1), item(2, parent_key="acme/shop#1"))
    shop.resolve()
    identity = [row.id for row in stored(shop)]
    shop.dirty()
    other.save(item(1, key="acme/web#9", scope="2"))
    assert [(row.id, row.key, row.scope_id) for row in stored(shop)] == [
        (identity[0], "acme/web#9", other.id),
        (identity[1], "acme/shop#2", shop.id),
    ]
    assert shop.rows("SELECT connection_id, key_folded, item_id FROM work_alias") == [
        (shop.connection_id, "acme/shop#1", identity[0])
    ]
    assert shop.dirty() == ["acme/web#9"]


def test_an_older_word_from_the_former_scope_does_not_bring_a_moved_item_back(shop: Shop) -> None:
    other = Shop.in_new(shop.engine, "code", scope_record("2", "acme/web"))
    early, late = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    other.save(item(1, key="acme/web#9", scope="2", updated_at=late))
    assert shop.save(item(1, updated_at=early)).changed == 0
    assert [(row.key, row.scope_id) for row in stored(shop)] == [("acme/web#9", other.id)]
    assert shop.save(item(1, updated_at=late + timedelta(minutes=1))).changed == 1
    assert [(row.key, row.scope_id) for row in stored(shop)] == [("acme/shop#1", shop.id)]


def test_an_old_key_goes_when_its_item_returns_or_another_takes_it(shop: Shop) -> None:
    shop.save(item(1), item(2))
    shop.save(item(1, key="acme/shop#11"), item(2, key="acme/shop#12"))
    aliases = "SELECT a.key_folded, w.key FROM work_alias a JOIN work_item w ON w.id = a.item_id ORDER BY 1"
    assert shop.rows(aliases) == [("acme/shop#1", "acme/shop#11"), ("acme/shop#2", "acme/shop#12")]
    shop.save(item(1), item(3, key="acme/shop#2"))
    assert shop.rows(aliases) == [("acme/shop#11", "acme/shop#1")]


def test_two_items_that_change_keys_need_no_old_ones(shop: Shop) -> None:
    shop.save(item(1), item(2))
    shop.save(item(1, key="acme/shop#2"), item(2, key="acme/shop#1"))
    assert shop.rows("SELECT * FROM work_alias") == []


def test_two_connections_may_use_the_same_ids_and_keys(shop: Shop) -> None:
    twin = Shop.in_new(shop.engine, "mirror", scope_record("1", "acme/shop"))
    shop.save(item(1, title="ours"), item(2))
    twin.save(item(1, title="theirs"))
    assert rows(shop.engine, "SELECT connection, key, title FROM northing_work ORDER BY 1, 2") == [
        ("code", "acme/shop#1", "ours"),
        ("code", "acme/shop#2", "Issue 2"),
        ("mirror", "acme/shop#1", "theirs"),
    ]


def test_a_change_of_counting_is_worked_out_from_what_is_stored(shop: Shop) -> None:
    shop.save(
        item(1, category="done", resolution="Fixed"),
        item(2, self_reported=True, labels=("Started",)),
        item(3, type="Saga"),
        item(4, labels=("big",)),
        item(5, self_reported=True, assignees=("dana",)),
        item(6),
    )
    shop.dirty()
    counting = Counting(
        cancelled=("fixed",),
        in_progress_labels=("STARTED",),
        epic_types=("saga",),
        epic_labels=("BIG",),
        assigned_is_in_progress=True,
    )
    with shop.engine.begin() as conn:
        assert work.reclassify(conn, counting) == 5
    assert [(row.state, row.level) for row in stored(shop)] == [
        ("cancelled", "issue"),
        ("in_progress", "issue"),
        ("todo", "epic"),
        ("todo", "epic"),
        ("in_progress", "issue"),
        ("todo", "issue"),
    ]
    assert shop.dirty() == [f"acme/shop#{number}" for number in range(1, 6)]
    with shop.engine.begin() as conn:
        assert (work.reclassify(conn, counting), work.reclassify(conn, Counting())) == (0, 5)


def test_reading_anew_and_a_change_of_counting_come_to_the_same(shop: Shop) -> None:
    items = [
        item(number, category=category, resolution=resolution, labels=labels, self_reported=True, type=type_)
        for number, (category, resolution, labels, type_) in enumerate(
            (c, r, labels, t)
            for c in ("todo", "in_progress", "done")
            for r in (None, "Dropped")
            for labels in ((), ("wip",), ("saga", "wip"))
            for t in (None, "Story")
        )
    ]
    counting = Counting(cancelled=("dropped",), epic_labels=("saga",), epic_types=("story",))
    shop.save(*items)
    with shop.engine.begin() as conn:
        work.reclassify(conn, counting)
    changed = [(row.state, row.level) for row in stored(shop)]
    execute(shop.engine, "UPDATE work_item SET content_hash = 0")
    shop.save(*items, counting=counting)
    assert [(row.state, row.level) for row in stored(shop)] == changed
