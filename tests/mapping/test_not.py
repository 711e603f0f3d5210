"""`not`: what it takes away, and what a `not` inside it gives back."""

import pytest
import sqlalchemy as sa

from tests.mapping.tracker import Tracker, item, matched, matched_by_all


@pytest.fixture(autouse=True)
def tree(tracker: Tracker) -> None:
    """An epic with two stories; below the labelled one a task, below that a labelled bug; and an orphan."""
    tracker.save(
        item("SHOP-1", type="Epic"),
        item("SHOP-2", type="Story", parent="SHOP-1"),
        item("SHOP-3", type="Story", parent="SHOP-1", labels=("later",)),
        item("SHOP-4", type="Task", parent="SHOP-3"),
        item("SHOP-5", type="Bug", parent="SHOP-4", labels=("now",)),
        item("SHOP-6", type="Bug", labels=("later", "now")),
    )


def test_not_takes_away_what_comes_by_descent(conn: sa.Connection) -> None:
    assert matched(conn, {"epic": "SHOP-1", "not": {"label": "later"}}) == {"SHOP-1": True, "SHOP-2": False}


def test_not_takes_away_all_below_what_it_matches_though_that_matches_itself(conn: sa.Connection) -> None:
    assert matched(conn, {"project": "SHOP", "not": {"label": "later"}}) == {"SHOP-1": True, "SHOP-2": True}


def test_not_without_descent_takes_away_the_items_alone(conn: sa.Connection) -> None:
    assert matched(conn, {"epic": "SHOP-1", "not": {"label": "later", "descend": False}}) == {
        "SHOP-1": True,
        "SHOP-2": False,
        "SHOP-4": False,
        "SHOP-5": False,
    }


def test_not_without_descent_on_an_epic_still_means_all_below(conn: sa.Connection) -> None:
    assert matched(conn, {"epic": "SHOP-1", "not": {"epic": "SHOP-3", "descend": False}}) == {
        "SHOP-1": True,
        "SHOP-2": False,
    }


def test_a_not_inside_a_not_gives_back(conn: sa.Connection) -> None:
    assert matched(conn, {"epic": "SHOP-1", "not": {"label": "later", "not": {"label": "now"}}}) == {
        "SHOP-1": True,
        "SHOP-2": False,
        "SHOP-5": False,
    }


def test_a_third_not_takes_away_again(conn: sa.Connection) -> None:
    selector = {"epic": "SHOP-1", "not": {"label": "later", "not": {"label": "now", "not": {"type": "bug"}}}}
    assert matched(conn, selector) == {"SHOP-1": True, "SHOP-2": False}


def test_a_list_of_selectors_in_not_takes_away_what_any_matches(conn: sa.Connection) -> None:
    assert matched(conn, {"epic": "SHOP-1", "not": [{"issue": "SHOP-2"}, {"type": "task"}]}) == {
        "SHOP-1": True,
        "SHOP-3": False,
    }


def test_all_keys_inside_a_not_must_hold(conn: sa.Connection) -> None:
    assert matched(conn, {"type": "bug", "not": {"label": "now", "issue": "SHOP-6"}}) == {"SHOP-5": True}


def test_a_not_that_matches_nothing_takes_nothing_away(conn: sa.Connection) -> None:
    assert matched(conn, {"type": "bug", "not": {"label": "never seen"}}) == {"SHOP-5": True, "SHOP-6": True}


def test_a_not_that_takes_all_leaves_nothing(conn: sa.Connection) -> None:
    assert matched(conn, {"type": "bug", "not": {"project": "SHOP"}}) == {}


def test_a_selector_that_another_has_in_its_not_still_matches_for_itself(conn: sa.Connection) -> None:
    assert matched_by_all(
        conn,
        [
            {"label": "now", "descend": False},
            {"type": "bug", "not": {"label": "now", "descend": False}},
            {"epic": "SHOP-4", "not": {"label": "now", "descend": False}},
        ],
    ) == [{"SHOP-5": True, "SHOP-6": True}, {}, {"SHOP-4": True}]
