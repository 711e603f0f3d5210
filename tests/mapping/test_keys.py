"""Selectors that name items by key, and what lies below these."""

import pytest
import sqlalchemy as sa

from tests.mapping.tracker import Tracker, item, matched


@pytest.fixture
def tree(tracker: Tracker) -> Tracker:
    """An epic with a story with a sub-task, and a story beside it."""
    tracker.save(
        item("SHOP-1", type="Epic"),
        item("SHOP-2", type="Story", parent="SHOP-1"),
        item("SHOP-3", type="Bug", level="subtask", parent="SHOP-2"),
        item("SHOP-40", type="Bug"),
        item("PLAT-1", type="Bug"),
    )
    return tracker


BELOW_THE_EPIC = {"SHOP-1": True, "SHOP-2": False, "SHOP-3": False}


def test_an_epic_brings_everything_below_it(conn: sa.Connection, tree: Tracker) -> None:
    assert matched(conn, {"epic": "SHOP-1"}) == BELOW_THE_EPIC


def test_an_epic_stands_for_everything_below_it_even_without_descent(conn: sa.Connection, tree: Tracker) -> None:
    assert matched(conn, {"epic": "SHOP-1", "descend": False}) == BELOW_THE_EPIC


def test_an_issue_brings_what_lies_below_it_too(conn: sa.Connection, tree: Tracker) -> None:
    assert matched(conn, {"issue": "SHOP-1"}) == BELOW_THE_EPIC


def test_an_issue_without_descent_is_that_issue_alone(conn: sa.Connection, tree: Tracker) -> None:
    assert matched(conn, {"issue": "SHOP-1", "descend": False}) == {"SHOP-1": True}


def test_any_item_may_be_named_as_an_epic(conn: sa.Connection, tree: Tracker) -> None:
    assert matched(conn, {"epic": "SHOP-2"}) == {"SHOP-2": True, "SHOP-3": False}


def test_a_list_of_keys_means_any_of_them(conn: sa.Connection, tree: Tracker) -> None:
    assert matched(conn, {"epic": ["SHOP-2", "PLAT-1", "SHOP-999"]}) == {
        "SHOP-2": True,
        "SHOP-3": False,
        "PLAT-1": True,
    }


def test_keys_compare_without_case_and_outer_blanks(conn: sa.Connection, tree: Tracker) -> None:
    assert matched(conn, {"epic": " shop-2 "}) == {"SHOP-2": True, "SHOP-3": False}


def test_keys_may_be_globs(conn: sa.Connection, tree: Tracker) -> None:
    assert matched(conn, {"issue": ["SHOP-?", "plat*"], "descend": False}) == {
        "SHOP-1": True,
        "SHOP-2": True,
        "SHOP-3": True,
        "PLAT-1": True,
    }
    assert matched(conn, {"epic": "*-2"}) == {"SHOP-2": True, "SHOP-3": False}


def test_an_issue_of_a_repository_is_named_with_its_repository(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("acme/shop#1"), item("acme/shop#2", parent="acme/shop#1"), item("acme/platform#1"))
    assert matched(conn, {"epic": "Acme/Shop#1"}) == {"acme/shop#1": True, "acme/shop#2": False}
    assert matched(conn, {"epic": "#1"}) == {}


def test_an_epic_with_another_key_means_the_items_below_it_for_which_that_holds(
    conn: sa.Connection, tree: Tracker
) -> None:
    assert matched(conn, {"epic": "SHOP-1", "type": "bug"}) == {"SHOP-3": True}
    assert matched(conn, {"epic": "SHOP-1", "type": ["epic", "story"], "descend": False}) == {
        "SHOP-1": True,
        "SHOP-2": True,
    }


def test_an_epic_by_glob_with_another_key_looks_below_each(conn: sa.Connection, tree: Tracker) -> None:
    assert matched(conn, {"epic": "SHOP-*", "type": "bug"}) == {"SHOP-3": True, "SHOP-40": True}


# --- items that moved -------------------------------------------------------------------------------------------------


@pytest.fixture
def moved(tree: Tracker) -> Tracker:
    """The same, after the epic moved to another project."""
    tree.save(item("CORE-7", external_id="id of SHOP-1", type="Epic"))
    return tree


MOVED_EPIC = {"CORE-7": True, "SHOP-2": False, "SHOP-3": False}


@pytest.mark.parametrize(
    "selector",
    [{"epic": "SHOP-1"}, {"epic": "shop-1", "descend": False}, {"epic": "CORE-7"}, {"issue": "SHOP-1"}],
    ids=str,
)
def test_an_item_that_moved_answers_to_its_old_and_its_new_key(
    conn: sa.Connection, moved: Tracker, selector: dict[str, object]
) -> None:
    assert matched(conn, selector) == MOVED_EPIC


def test_globs_find_an_item_by_its_old_key(conn: sa.Connection, moved: Tracker) -> None:
    assert matched(conn, {"issue": "SH*-1", "descend": False}) == {"CORE-7": True}
    assert matched(conn, {"epic": "SH*-1"}) == MOVED_EPIC


def test_an_old_key_works_together_with_other_keys(conn: sa.Connection, moved: Tracker) -> None:
    assert matched(conn, {"epic": "SHOP-1", "type": "bug"}) == {"SHOP-3": True}
    assert matched(conn, {"project": "SHOP", "not": {"epic": "SHOP-1"}}) == {"SHOP-40": True}


def test_an_old_key_that_another_item_got_means_that_item(conn: sa.Connection, moved: Tracker) -> None:
    moved.save(item("SHOP-1", external_id="id of a new one"))
    assert matched(conn, {"issue": "SHOP-1", "descend": False}) == {"SHOP-1": True}


def test_an_item_that_moved_back_answers_to_the_key_it_had_meanwhile(conn: sa.Connection, moved: Tracker) -> None:
    moved.save(item("SHOP-1", type="Epic"))
    assert matched(conn, {"epic": "SHOP-1"}) == BELOW_THE_EPIC
    assert matched(conn, {"epic": "CORE-7"}) == BELOW_THE_EPIC


# --- several connections ----------------------------------------------------------------------------------------------


@pytest.fixture
def two(tree: Tracker) -> Tracker:
    """The same, and a second connection that has items with equal keys."""
    other = Tracker(tree.conn, "other")
    other.save(item("SHOP-1", title="Theirs"), item("SHOP-5", parent="SHOP-1"))
    return other


def test_a_selector_without_a_connection_looks_in_all(conn: sa.Connection, two: Tracker) -> None:
    assert matched(conn, {"epic": "SHOP-1", "not": {"title": "Theirs", "descend": False}}) == {
        **BELOW_THE_EPIC,
        "SHOP-5": False,
    }


@pytest.mark.parametrize("written", ["other", " OTHER ", "oth*", ["other", "third"]], ids=str)
def test_a_selector_with_a_connection_looks_there_alone(conn: sa.Connection, two: Tracker, written: object) -> None:
    assert matched(conn, {"connection": written, "epic": "SHOP-1"}) == {"SHOP-1": True, "SHOP-5": False}


def test_an_item_is_never_below_one_of_another_connection(conn: sa.Connection, two: Tracker) -> None:
    two.save(item("SHOP-6", parent="SHOP-2"))
    assert matched(conn, {"connection": "tool", "epic": "SHOP-2"}) == {"SHOP-2": True, "SHOP-3": False}


def test_a_connection_alone_takes_all_its_work(conn: sa.Connection, two: Tracker) -> None:
    assert matched(conn, {"connection": "other"}) == {"SHOP-1": True, "SHOP-5": True}
    assert matched(conn, {"connection": "none"}) == {}
