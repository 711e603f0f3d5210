"""Linking: which items serve a key result, through what, and what each is there; the same after small changes."""

from typing import Any

import pytest
import sqlalchemy as sa

from sync.link import link
from tests.mapping.tracker import Tracker, item
from tests.sync.office import Linked, config, link_anew, links, remove, roles, sizes

DONE: dict[str, Any] = {"category": "done"}
CANCELLED: dict[str, Any] = {"category": "done", "resolution": "Won't Do"}
EPIC = {"work": {"epic": "SHOP-1"}}


# --- links ------------------------------------------------------------------------------------------------------------


def test_a_link_is_direct_or_inherited(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"), item("SHOP-3"))
    link_anew(conn, config(EPIC))
    assert links(conn) == {
        "A.1": {"SHOP-1": Linked("mapping", True, "container"), "SHOP-2": Linked("mapping", False, "counted")}
    }


def test_an_item_is_linked_once_and_directly_if_any_mapping_names_it(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, config(EPIC, {"work": {"issue": "SHOP-2"}}))
    assert links(conn)["A.1"]["SHOP-2"] == Linked("mapping", True, "counted")


def test_an_item_may_serve_several_key_results(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"))
    link_anew(conn, config(EPIC, {"key_result": "A.2", "work": {"project": "SHOP"}}))
    one = {"SHOP-1": Linked("mapping", True, "counted")}
    assert links(conn) == {"A.1": one, "A.2": one}


def position_of(conn: sa.Connection, key: str) -> int:
    query = "SELECT m.position FROM link l JOIN mapping m ON m.id = l.mapping_id JOIN work_item i ON i.id = l.item_id"
    return conn.execute(sa.text(f"{query} WHERE i.key = :key"), {"key": key}).scalar_one()


def test_an_item_that_several_mappings_match_counts_in_the_first_listed(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1", labels=("a",)))
    by_descent, by_label = EPIC, {"work": {"label": "a"}}
    link_anew(conn, config(by_label, by_descent))
    assert (position_of(conn, "SHOP-1"), position_of(conn, "SHOP-2")) == (1, 0)
    link_anew(conn, config(by_descent, by_label))
    assert (position_of(conn, "SHOP-1"), position_of(conn, "SHOP-2")) == (0, 0)


def test_a_mapping_that_leaves_the_configuration_unlinks(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2"))
    link_anew(conn, config(EPIC, {"work": {"issue": "SHOP-2"}}))
    link_anew(conn, config({"work": {"issue": "SHOP-2"}}))
    assert links(conn) == {"A.1": {"SHOP-2": Linked("mapping", True, "counted")}}


def test_a_key_result_that_leaves_the_configuration_has_no_links(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"))
    link_anew(conn, config(EPIC, {"key_result": "A.2", "work": {"issue": "SHOP-1"}}))
    link_anew(conn, config(EPIC, key_results=[{"key": "A.1", "title": "One"}]))
    assert links(conn) == {"A.1": {"SHOP-1": Linked("mapping", True, "counted")}}


def test_intentional_work_is_matched_and_serves_no_key_result(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", labels=("security",)), item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, config(intentional=[{"reason": "Lights on", "work": {"label": "security"}}]))
    assert links(conn) == {}
    assert mappings(conn) == [("intentional", "Lights on", 2, None)]


# --- roles ------------------------------------------------------------------------------------------------------------

FOREST = [
    pytest.param([item("SHOP-1")], {"SHOP-1": "counted"}, id="an epic without children counts as one item"),
    pytest.param(
        [item("SHOP-1"), item("SHOP-2", parent="SHOP-1"), item("SHOP-3", parent="SHOP-2")],
        {"SHOP-1": "container", "SHOP-2": "container", "SHOP-3": "counted"},
        id="only leaves count",
    ),
    pytest.param(
        [item("SHOP-1"), item("SHOP-2", parent="SHOP-1", **CANCELLED)],
        {"SHOP-1": "counted", "SHOP-2": "descoped"},
        id="a parent whose children are all cancelled counts again",
    ),
    pytest.param(
        [item("SHOP-1"), item("SHOP-2", parent="SHOP-1", **CANCELLED), item("SHOP-3", parent="SHOP-1")],
        {"SHOP-1": "container", "SHOP-2": "descoped", "SHOP-3": "counted"},
        id="a cancelled child leaves the count",
    ),
    pytest.param(
        [item("SHOP-1", **CANCELLED), item("SHOP-2", parent="SHOP-1")],
        {"SHOP-1": "dropped", "SHOP-2": "counted"},
        id="children of a cancelled parent count",
    ),
    pytest.param(
        [item("SHOP-1", **CANCELLED), item("SHOP-2", parent="SHOP-1", **CANCELLED)],
        {"SHOP-1": "dropped", "SHOP-2": "descoped"},
        id="of a cancelled tree only the leaf is descoped",
    ),
    pytest.param(
        [item("SHOP-1"), item("SHOP-2", parent="SHOP-1", **CANCELLED), item("SHOP-3", parent="SHOP-2")],
        {"SHOP-1": "container", "SHOP-2": "dropped", "SHOP-3": "counted"},
        id="an item far below makes a container, too",
    ),
    pytest.param(
        [item("SHOP-1"), item("SHOP-2", parent="SHOP-1", level="subtask")],
        {"SHOP-1": "counted", "SHOP-2": "subtask"},
        id="sub-tasks do not count and make no container",
    ),
    pytest.param(
        [item("SHOP-1"), item("SHOP-2", parent="SHOP-1", level="subtask", **CANCELLED)],
        {"SHOP-1": "counted", "SHOP-2": "subtask"},
        id="a cancelled sub-task is not descoped",
    ),
    pytest.param(
        [item("SHOP-1", **CANCELLED), item("SHOP-2", parent="SHOP-1", level="subtask")],
        {"SHOP-1": "descoped", "SHOP-2": "subtask"},
        id="a cancelled parent of ignored sub-tasks is descoped",
    ),
    pytest.param(
        [item("SHOP-1", category="in_progress", status="Declined")],
        {"SHOP-1": "counted"},
        id="only finished work can be cancelled",
    ),
    pytest.param(
        [item("SHOP-1", category="done", resolution="DUPLICATE"), item("SHOP-2", parent="SHOP-1", **DONE)],
        {"SHOP-1": "dropped", "SHOP-2": "counted"},
        id="cancelled words compare without case",
    ),
]


@pytest.mark.parametrize("items, wanted", FOREST)
def test_roles_in_the_linked_forest(
    conn: sa.Connection, tracker: Tracker, items: list[Any], wanted: dict[str, str]
) -> None:
    tracker.save(*items)
    link_anew(conn, config(EPIC))
    assert roles(conn) == wanted


def test_counted_sub_tasks_make_their_parent_a_container(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1"),
        item("SHOP-2", parent="SHOP-1", level="subtask"),
        item("SHOP-3", parent="SHOP-1", level="subtask", **CANCELLED),
    )
    link_anew(conn, config(EPIC, counting={"subtasks": "count"}))
    assert roles(conn) == {"SHOP-1": "container", "SHOP-2": "counted", "SHOP-3": "descoped"}


def test_a_parent_of_cancelled_sub_tasks_counts_where_sub_tasks_do(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1", level="subtask", **CANCELLED))
    link_anew(conn, config(EPIC, counting={"subtasks": "count"}))
    assert roles(conn) == {"SHOP-1": "counted", "SHOP-2": "descoped"}


def test_another_way_of_counting_sub_tasks_links_anew(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1", level="subtask"))
    link_anew(conn, config(EPIC))
    link_anew(conn, config(EPIC, counting={"subtasks": "count"}))
    assert roles(conn) == {"SHOP-1": "container", "SHOP-2": "counted"}
    link_anew(conn, config(EPIC))
    assert roles(conn) == {"SHOP-1": "counted", "SHOP-2": "subtask"}


def test_a_grandparent_is_a_container_though_the_item_between_is_not_linked(
    conn: sa.Connection, tracker: Tracker
) -> None:
    tracker.save(
        item("SHOP-1", labels=("a",)), item("SHOP-2", parent="SHOP-1"), item("SHOP-3", parent="SHOP-2", labels=("a",))
    )
    link_anew(conn, config({"work": {"label": "a", "descend": False}}))
    assert roles(conn) == {"SHOP-1": "container", "SHOP-3": "counted"}


def test_children_that_are_not_linked_make_no_container(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, config({"work": {"issue": "SHOP-1", "descend": False}}))
    assert roles(conn) == {"SHOP-1": "counted"}


def test_an_item_may_be_a_container_for_one_key_result_and_count_for_another(
    conn: sa.Connection, tracker: Tracker
) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, config(EPIC, {"key_result": "A.2", "work": {"issue": "SHOP-1", "descend": False}}))
    assert (roles(conn, "A.1"), roles(conn, "A.2")) == (
        {"SHOP-1": "container", "SHOP-2": "counted"},
        {"SHOP-1": "counted"},
    )


def test_an_item_no_longer_visible_keeps_counting(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"))
    conn.execute(sa.text("UPDATE work_item SET presence = 'not_visible'"))
    link_anew(conn, config(EPIC))
    assert roles(conn) == {"SHOP-1": "counted"}


# --- what mappings match ----------------------------------------------------------------------------------------------


def mappings(conn: sa.Connection) -> list[tuple[str, str, int, int | None]]:
    """Via, text, number of items matched and position of the covering mapping, in order."""
    rows = conn.execute(
        sa.text(
            "SELECT m.via, m.text, m.matched, o.position FROM mapping m LEFT JOIN mapping o ON o.id = m.covered_by"
            " ORDER BY m.position, m.id"
        )
    )
    return [(via, text, matched, covered_by) for via, text, matched, covered_by in rows]


def test_a_mapping_within_another_of_its_key_result_is_covered(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"), item("SHOP-3"))
    link_anew(
        conn,
        config(
            {"work": {"issue": "SHOP-2"}},
            EPIC,
            {"work": {"issue": "SHOP-3"}},
            {"work": {"issue": "SHOP-404"}},
            {"key_result": "A.2", "work": {"issue": "SHOP-1"}},
        ),
    )
    assert mappings(conn) == [
        ("mapping", "issue SHOP-2", 1, 1),
        ("mapping", "epic SHOP-1", 2, None),
        ("mapping", "issue SHOP-3", 1, None),
        ("mapping", "issue SHOP-404", 0, None),
        ("mapping", "issue SHOP-1", 2, None),
    ]


def test_of_two_equal_mappings_the_later_is_covered(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"))
    link_anew(conn, config(EPIC, {"work": {"project": "SHOP"}}))
    assert mappings(conn) == [("mapping", "epic SHOP-1", 1, None), ("mapping", "project SHOP", 1, 0)]


def test_a_mapping_is_not_covered_by_two_others_together(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2"), item("SHOP-3"), item("SHOP-4"))
    link_anew(
        conn,
        config(
            {"work": {"issue": ["SHOP-1", "SHOP-2"]}},
            {"work": {"issue": ["SHOP-2", "SHOP-3"]}},
            {"work": {"issue": ["SHOP-3", "SHOP-4"]}},
        ),
    )
    assert [covered_by for *_, covered_by in mappings(conn)] == [None, None, None]


# --- small changes ----------------------------------------------------------------------------------------------------


def test_an_item_that_loses_its_label_loses_its_link_and_those_below_it(conn: sa.Connection, tracker: Tracker) -> None:
    configuration = config({"work": {"label": "a"}})
    tracker.save(item("SHOP-1", labels=("a",)), item("SHOP-2", parent="SHOP-1"), item("SHOP-3", labels=("a",)))
    link_anew(conn, configuration)
    tracker.save(item("SHOP-1"))
    link(conn, configuration)
    assert roles(conn) == {"SHOP-3": "counted"}
    assert mappings(conn) == [("mapping", "label a", 1, None)]


def test_an_item_that_gets_a_label_is_linked_with_those_below_it(conn: sa.Connection, tracker: Tracker) -> None:
    configuration = config({"work": {"label": "a"}})
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, configuration)
    tracker.save(item("SHOP-1", labels=("A",)))
    link(conn, configuration)
    assert links(conn) == {
        "A.1": {"SHOP-1": Linked("mapping", True, "container"), "SHOP-2": Linked("mapping", False, "counted")}
    }


def test_a_former_parent_becomes_a_leaf_again_and_the_new_one_a_container(
    conn: sa.Connection, tracker: Tracker
) -> None:
    configuration = config({"work": {"issue": "SHOP-?"}})
    tracker.save(item("SHOP-1"), item("SHOP-2"), item("SHOP-3", parent="SHOP-1"))
    link_anew(conn, configuration)
    assert roles(conn) == {"SHOP-1": "container", "SHOP-2": "counted", "SHOP-3": "counted"}
    tracker.save(item("SHOP-3", parent="SHOP-2"))
    link(conn, configuration)
    assert roles(conn) == {"SHOP-1": "counted", "SHOP-2": "container", "SHOP-3": "counted"}


def test_an_item_that_moves_out_of_an_epic_loses_its_link(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"), item("SHOP-3", parent="SHOP-2"))
    link_anew(conn, config(EPIC))
    tracker.save(item("SHOP-2"))
    link(conn, config(EPIC))
    assert roles(conn) == {"SHOP-1": "counted"}


def test_a_parent_that_is_read_after_its_child_brings_it(conn: sa.Connection, tracker: Tracker) -> None:
    configuration = config({"work": {"label": "a"}})
    tracker.save(item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, configuration)
    assert links(conn) == {}
    tracker.save(item("SHOP-1", labels=("a",)))
    link(conn, configuration)
    assert roles(conn) == {"SHOP-1": "container", "SHOP-2": "counted"}


def test_the_epic_of_deleted_children_counts_again(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, config(EPIC))
    remove(conn, "SHOP-2")
    link(conn, config(EPIC))
    assert roles(conn) == {"SHOP-1": "counted", "SHOP-2": "descoped"}


def test_children_of_a_deleted_parent_still_count(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, config(EPIC))
    remove(conn, "SHOP-1")
    link(conn, config(EPIC))
    assert roles(conn) == {"SHOP-1": "dropped", "SHOP-2": "counted"}


def test_a_deleted_item_that_comes_back_counts_again(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, config(EPIC))
    remove(conn, "SHOP-2")
    link(conn, config(EPIC))
    tracker.save(item("SHOP-2", parent="SHOP-1"))
    link(conn, config(EPIC))
    assert roles(conn) == {"SHOP-1": "container", "SHOP-2": "counted"}


def test_a_child_that_is_cancelled_gives_its_parent_back(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"), item("SHOP-3", parent="SHOP-2"))
    link_anew(conn, config(EPIC))
    tracker.save(item("SHOP-3", parent="SHOP-2", **CANCELLED))
    link(conn, config(EPIC))
    assert roles(conn) == {"SHOP-1": "container", "SHOP-2": "counted", "SHOP-3": "descoped"}


def test_a_label_inside_not_takes_a_changed_item_away(conn: sa.Connection, tracker: Tracker) -> None:
    configuration = config({"work": {"epic": "SHOP-1", "not": {"label": "later"}}})
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, configuration)
    tracker.save(item("SHOP-2", parent="SHOP-1", labels=("later",)))
    link(conn, configuration)
    assert roles(conn) == {"SHOP-1": "counted"}


def test_an_item_that_a_query_finds_anew_is_linked(conn: sa.Connection, tracker: Tracker) -> None:
    configuration = config({"work": {"jql": "q"}})
    tracker.save(item("SHOP-1"), item("SHOP-2"))
    tracker.answers("q", "SHOP-1")
    link_anew(conn, configuration)
    tracker.answers("q", "SHOP-2")
    link(conn, configuration)
    assert roles(conn) == {"SHOP-2": "counted"}


# --- sizes ------------------------------------------------------------------------------------------------------------

POINTS: dict[str, Any] = {"counting": {"measure": "points"}}


def test_every_counted_item_has_size_1_unless_measured_in_points(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1", estimate=5))
    link_anew(conn, config(EPIC))
    assert sizes(conn) == {"SHOP-2": (1, False)}


def test_a_missing_estimate_is_the_median_of_the_key_results_counted_items(
    conn: sa.Connection, tracker: Tracker
) -> None:
    tracker.save(
        item("SHOP-1", estimate=100),
        item("SHOP-2", parent="SHOP-1", estimate=1),
        item("SHOP-3", parent="SHOP-1", estimate=2),
        item("SHOP-4", parent="SHOP-1", estimate=9),
        item("SHOP-5", parent="SHOP-1", estimate=50, **CANCELLED),
        item("SHOP-6", parent="SHOP-1"),
        item("SHOP-7", estimate=70),
    )
    link_anew(conn, config(EPIC, **POINTS))
    assert sizes(conn) == {"SHOP-2": (1, False), "SHOP-3": (2, False), "SHOP-4": (9, False), "SHOP-6": (2, True)}


def test_the_median_of_an_even_count_is_the_mean_of_the_middle_two(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1"),
        *(item(f"SHOP-{at}", parent="SHOP-1", estimate=size) for at, size in ((2, 8), (3, 1), (4, 3), (5, 4))),
        item("SHOP-6", parent="SHOP-1"),
    )
    link_anew(conn, config(EPIC, **POINTS))
    assert sizes(conn)["SHOP-6"] == (3.5, True)


def test_an_estimate_of_0_is_an_estimate(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1", estimate=0), item("SHOP-3", parent="SHOP-1"))
    link_anew(conn, config(EPIC, **POINTS))
    assert sizes(conn) == {"SHOP-2": (0, False), "SHOP-3": (0, True)}


def test_without_any_estimate_in_the_key_result_the_items_own_connection_gives_the_median(
    conn: sa.Connection, tracker: Tracker
) -> None:
    other = Tracker(conn, "other")
    tracker.save(item("SHOP-1"), item("SHOP-2", estimate=3), item("SHOP-3", estimate=5, **CANCELLED))
    tracker.save(item("SHOP-4", estimate=1000))
    remove(conn, "SHOP-4")
    other.save(item("PLAT-1"), item("PLAT-2", estimate=20))
    link_anew(conn, config({"work": {"issue": ["SHOP-1", "PLAT-1"]}}, **POINTS))
    assert sizes(conn) == {"SHOP-1": (4, True), "PLAT-1": (20, True)}


def test_without_any_estimate_at_all_the_size_is_1(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"))
    link_anew(conn, config(EPIC, **POINTS))
    assert sizes(conn) == {"SHOP-1": (1, True)}


def test_a_new_estimate_elsewhere_in_the_connection_moves_imputed_sizes(conn: sa.Connection, tracker: Tracker) -> None:
    configuration = config(EPIC, **POINTS)
    tracker.save(item("SHOP-1"), item("SHOP-9", estimate=3))
    link_anew(conn, configuration)
    tracker.save(item("SHOP-8", estimate=7))
    link(conn, configuration)
    assert sizes(conn) == {"SHOP-1": (5, True)}


def test_a_small_change_leaves_sizes_in_other_key_results_as_they_are(conn: sa.Connection, tracker: Tracker) -> None:
    configuration = config(EPIC, {"key_result": "A.2", "work": {"issue": "SHOP-1", "descend": False}}, **POINTS)
    tracker.save(item("SHOP-1", estimate=8), item("SHOP-2", parent="SHOP-1", estimate=3))
    link_anew(conn, configuration)
    assert sizes(conn, "A.2") == {"SHOP-1": (8, False)}
    tracker.save(item("SHOP-2", parent="SHOP-1", estimate=3, title="Another"))
    link(conn, configuration)
    assert (sizes(conn, "A.1"), sizes(conn, "A.2")) == ({"SHOP-2": (3, False)}, {"SHOP-1": (8, False)})


def test_counting_instead_of_points_gives_every_item_size_1_again(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", estimate=8))
    link_anew(conn, config(EPIC, **POINTS))
    link_anew(conn, config(EPIC))
    assert sizes(conn) == {"SHOP-1": (1, False)}
