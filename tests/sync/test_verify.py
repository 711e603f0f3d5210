"""Verifying: the stored mirror held against the tool, and every way in which they may differ."""

import random
import threading
from datetime import timedelta
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa

from config import Retention
from connectors.errors import Refused
from connectors.records import Change
from store.retention import retain
from sync.verify import Difference, Verdict, verify
from tests.sync.fake import Fake, Tool, World, world


@pytest.fixture(params=["by ids", "by items"])
def shop(request: pytest.FixtureRequest, migrated_url: str) -> World:
    """A project of three items, read once, through a tool that lists ids or that does not."""
    tool = Tool()
    tool.fill("SHOP", 3)
    tool.put("SHOP", 3, category="done", status="Ended", labels=("b", "a"))
    fake = Fake(tool)
    if request.param == "by items":
        fake.ids = lambda scope, usage: None
    here = world(migrated_url, fake)
    here.sync()
    return here


def verdict(here: World, sample: int = 100) -> Verdict:
    try:
        [found] = verify(
            here.engine,
            here.config,
            here.fakes,
            stop=threading.Event(),
            sample=sample,
            pick=random.Random(1),
        )
    finally:
        here.engine.dispose()
    return found


def run(here: World, statement: str) -> None:
    with here.engine.begin() as conn:
        assert conn.execute(sa.text(statement)).rowcount == 1
    here.engine.dispose()


def tool_of(here: World) -> Tool:
    return here.fakes["fake"].tool


def test_a_true_mirror_shows_no_difference(shop: World) -> None:
    found = verdict(shop)
    assert (found.connection, found.scope, found.error, found.same) == ("fake", "SHOP", None, True)
    assert found.counts == {"todo": (2, 2), "in_progress": (0, 0), "done": (1, 1)}
    assert found.compared == 3


@pytest.mark.parametrize(
    "column, value, field, told",
    [
        ("title", "Other", "title", "Item 3"),
        ("status", "Open", "status", "Ended"),
        ("tool_level", "epic", "level", None),
        ("state", "todo", "our state", "done"),
        ("estimate", "2", "estimate", None),
    ],
)
def test_a_field_that_was_changed_behind_our_back_is_named(
    shop: World, column: str, value: str, field: str, told: object
) -> None:
    run(shop, f"UPDATE work_item SET {column} = '{value}' WHERE key = 'SHOP-3'")
    stored = 2.0 if column == "estimate" else value
    assert verdict(shop).differences == (Difference("SHOP-3", field, stored, told, since=False),)


def test_a_label_that_is_not_stored_is_named(shop: World) -> None:
    run(shop, "DELETE FROM work_tag WHERE tag_id = (SELECT id FROM tag WHERE value = 'a')")
    assert verdict(shop).differences == (Difference("SHOP-3", "labels", ("b",), ("a", "b"), since=False),)


def test_an_item_that_was_never_stored_is_named(shop: World) -> None:
    run(shop, "DELETE FROM work_item WHERE key = 'SHOP-1'")
    found = verdict(shop, sample=0)
    assert found.differences == (Difference("SHOP-1", "presence", "absent", "present", since=False),)
    assert found.counts["todo"] == (1, 2)


def test_an_item_that_is_gone_from_the_tool_is_named(shop: World) -> None:
    del tool_of(shop).projects["SHOP"].items["SHOP/2"]
    assert verdict(shop, sample=0).differences == (
        Difference("SHOP-2", "presence", "present", "not_visible", since=False),
    )


def test_steps_that_retention_removed_are_no_difference(shop: World) -> None:
    def step(days: int, word: str) -> Change:
        return Change(at=shop.now - timedelta(days=days), kind="status", before="a", after=word, category="todo")

    tool_of(shop).put("SHOP", 2, changes=(step(90, "a"), step(80, "b"), step(70, "c"), step(1, "d")))
    shop.sync(full=True)
    assert retain(shop.engine, Retention(changes="60 days"), shop.now).changes == 2
    assert verdict(shop).same
    run(shop, "DELETE FROM work_change WHERE after = 'd'")
    [difference] = verdict(shop).differences
    assert (difference.key, difference.field) == ("SHOP-2", "changes")


def test_what_changed_since_it_was_read_is_told_apart_and_goes_with_the_next_sync(shop: World) -> None:
    tool_of(shop).clock += timedelta(hours=1)
    tool_of(shop).put("SHOP", 1, category="in_progress")
    found = verdict(shop, sample=0)
    assert {(one.key, one.since) for one in found.differences} == {("SHOP-1", True)}
    assert {one.field for one in found.differences} == {"category", "our state", "updated_at"}
    shop.sync()
    assert verdict(shop).same


def test_a_scope_that_was_never_read_lacks_everything(shop: World) -> None:
    tool_of(shop).fill("NEW", 2)
    found = verify(shop.engine, shop.config, shop.fakes, stop=threading.Event(), pick=random.Random(1))
    shop.engine.dispose()
    assert [(one.scope, one.counts["todo"]) for one in found] == [("NEW", (0, 2)), ("SHOP", (2, 2))]
    assert [one.key for one in found[0].differences] == ["NEW-1", "NEW-2"]


def test_a_scope_that_cannot_be_read_has_no_verdict(shop: World) -> None:
    def refuse(*_: object) -> NoReturn:
        raise Refused("No.", advice="Ask.")

    fake: Any = shop.fakes["fake"]
    fake.trap = fake.look = refuse
    found = verdict(shop)
    assert (found.scope, found.error) == ("SHOP", "No. Ask.")


def test_nothing_is_written(shop: World) -> None:
    before = shop.picture()
    verdict(shop)
    assert shop.picture() == before
