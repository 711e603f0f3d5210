"""Selectors that name an epic of a scope that is not synced: the work below it is there, the epic is not."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.mapping.tracker import Tracker, item, matched


@pytest.fixture
def orphans(tracker: Tracker) -> Tracker:
    """A story and a bug of an epic that is not stored; the story has a sub-task."""
    tracker.save(
        item("SHOP-2", type="Story", parent="PORT-7"),
        item("SHOP-3", level="subtask", parent="SHOP-2"),
        item("SHOP-4", type="Bug", parent="port-7"),
        item("SHOP-5", type="Bug"),
    )
    return tracker


BELOW = {"SHOP-2": True, "SHOP-3": False, "SHOP-4": True}


@pytest.mark.parametrize("selector", [{"epic": "PORT-7"}, {"epic": "port-*"}, {"issue": "Port-7"}])
def test_what_lies_below_it_is_found(conn: sa.Connection, orphans: Tracker, selector: dict[str, Any]) -> None:
    assert matched(conn, selector) == BELOW


def test_the_other_keys_of_the_selector_hold_too(conn: sa.Connection, orphans: Tracker) -> None:
    assert matched(conn, {"epic": "PORT-7", "type": "Bug"}) == {"SHOP-4": True}
    assert matched(conn, {"project": "SHOP", "not": {"epic": "PORT-7"}}) == {"SHOP-5": True}
    assert matched(conn, {"epic": "PORT-7", "connection": "another"}) == {}


def test_the_issue_alone_is_nothing_that_is_stored(conn: sa.Connection, orphans: Tracker) -> None:
    assert matched(conn, {"issue": "PORT-7", "descend": False}) == {}
    assert matched(conn, {"issue": "PORT-7", "type": "Bug"}) == {}


def test_once_it_is_stored_it_stands_above_its_work(conn: sa.Connection, orphans: Tracker) -> None:
    orphans.save(item("PORT-7", type="Epic"))
    assert matched(conn, {"epic": "PORT-7"}) == {"PORT-7": True, "SHOP-2": False, "SHOP-3": False, "SHOP-4": False}
