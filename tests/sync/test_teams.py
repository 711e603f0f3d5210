"""The team of an item: by the tool's own field, else by the first `owns` that matches; and selectors by team."""

from typing import Any

import pytest
import sqlalchemy as sa

from config import Config
from store import okrs
from sync.facts import TeamPart
from sync.link import link
from tests.mapping.tracker import NOW, Tracker, container, item, matched
from tests.sync.office import config, facts, link_anew, roles, teams


def office(*own: dict[str, Any], **more: Any) -> Config:
    """A configuration with teams."""
    return config(teams=[{"name": one["key"].upper() + " team"} | one for one in own], **more)


@pytest.mark.parametrize("word", ["web", "WEB", " web team ", "Web Team"])
def test_the_tools_own_field_names_a_team_by_key_or_name_without_case(
    conn: sa.Connection, tracker: Tracker, word: str
) -> None:
    tracker.save(item("SHOP-1", team=word))
    link_anew(conn, office({"key": "web"}, {"key": "app", "owns": [{"issue": "SHOP-1"}]}))
    assert teams(conn) == {"SHOP-1": "web"}


def test_a_field_that_names_no_team_leaves_it_to_who_owns_the_work(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", team="Somebody"), item("SHOP-2", team="we*"), item("PLAT-1"))
    link_anew(conn, office({"key": "web"}, {"key": "app", "owns": [{"project": "SHOP"}]}))
    assert teams(conn) == {"SHOP-1": "app", "SHOP-2": "app", "PLAT-1": None}


def test_of_equally_specific_owners_the_first_listed_has_it(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"))
    link_anew(
        conn, office({"key": "web", "owns": [{"project": "SHOP"}]}, {"key": "app", "owns": [{"project": "shop"}]})
    )
    assert teams(conn) == {"SHOP-1": "web"}


SPECIFIC = [
    ({"project": "SHOP"}, {"project": "SHOP", "component": "Cart"}),
    ({"project": "*"}, {"project": "SHOP"}),
    ({"connection": "tool", "project": "*"}, {"project": "SHOP"}),
    ({"project": "SHOP", "component": "C*"}, {"project": "SHOP", "component": "Cart"}),
    ({"project": "SHOP"}, {"project": "SHOP", "not": {"label": "none"}}),
]


@pytest.mark.parametrize("less, more", SPECIFIC, ids=str)
def test_a_more_specific_owner_comes_before_a_less_specific_one(
    conn: sa.Connection, tracker: Tracker, less: dict[str, Any], more: dict[str, Any]
) -> None:
    tracker.save(item("SHOP-1", components=("Cart",)))
    link_anew(conn, office({"key": "wide", "owns": [less]}, {"key": "narrow", "owns": [more]}))
    assert teams(conn) == {"SHOP-1": "narrow"}


def test_a_team_owns_by_any_of_its_selectors(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("acme/shop#1"), item("PLAT-1"))
    link_anew(conn, office({"key": "web", "owns": [{"project": "SHOP"}, {"repository": "acme/shop*"}]}))
    assert teams(conn) == {"SHOP-1": "web", "acme/shop#1": "web", "PLAT-1": None}


def test_sub_tasks_and_children_follow_their_parents(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", components=("Cart",)),
        item("SHOP-2", parent="SHOP-1", level="subtask"),
        item("PLAT-3", parent="SHOP-1"),
        item("SHOP-4"),
    )
    link_anew(conn, office({"key": "web", "owns": [{"component": "Cart"}]}))
    assert teams(conn) == {"SHOP-1": "web", "SHOP-2": "web", "PLAT-3": "web", "SHOP-4": None}


def test_who_owns_an_item_itself_comes_before_who_owns_its_parent(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", components=("Cart",)), item("PLAT-1", parent="SHOP-1"))
    link_anew(
        conn,
        office(
            {"key": "web", "owns": [{"project": "SHOP", "component": "Cart"}]},
            {"key": "platform", "owns": [{"project": "PLAT"}]},
        ),
    )
    assert teams(conn) == {"SHOP-1": "web", "PLAT-1": "platform"}


def test_an_owner_may_leave_out_what_lies_below_and_what_is_not_theirs(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", labels=("web",)), item("SHOP-2", parent="SHOP-1"), item("SHOP-3", labels=("web", "app"))
    )
    link_anew(conn, office({"key": "web", "owns": [{"label": "web", "not": {"label": "app"}, "descend": False}]}))
    assert teams(conn) == {"SHOP-1": "web", "SHOP-2": None, "SHOP-3": None}


def test_work_of_a_team_that_left_the_configuration_has_no_team(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", team="web"), item("SHOP-2"))
    link_anew(conn, office({"key": "web", "owns": [{"project": "SHOP"}]}))
    assert teams(conn) == {"SHOP-1": "web", "SHOP-2": "web"}
    link_anew(conn, config())
    assert teams(conn) == {"SHOP-1": None, "SHOP-2": None}


# --- selectors by team ------------------------------------------------------------------------------------------------

TREE = (
    {"key": "product"},
    {"key": "commerce", "parent": "product", "owns": [{"project": "SHOP"}]},
    {"key": "checkout", "parent": "commerce", "owns": [{"project": "SHOP", "component": "Checkout"}]},
    {"key": "platform", "owns": [{"project": "PLAT"}]},
)


@pytest.mark.parametrize(
    "words, keys",
    [
        ("product", ["SHOP-1", "SHOP-2"]),
        ("COMMERCE", ["SHOP-1", "SHOP-2"]),
        ("Commerce Team", ["SHOP-1", "SHOP-2"]),
        ("checkout", ["SHOP-2"]),
        (["checkout", "platform"], ["SHOP-2", "PLAT-1"]),
        ("*form", ["PLAT-1"]),
        ("none", []),
    ],
    ids=str,
)
def test_a_team_stands_for_itself_and_all_teams_below_it(
    conn: sa.Connection, tracker: Tracker, words: object, keys: list[str]
) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", components=("Checkout",)), item("PLAT-1"), item("DOCS-1"))
    link_anew(conn, office(*TREE))
    assert matched(conn, {"team": words}) == dict.fromkeys(keys, True)


# --- small changes ----------------------------------------------------------------------------------------------------

BY_TEAM = office(*TREE, mappings=[{"key_result": "A.1", "work": {"team": "checkout"}}])


def test_an_item_that_changes_its_team_is_linked_by_its_new_team(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"), item("SHOP-3", components=("Checkout",)))
    link_anew(conn, BY_TEAM)
    assert roles(conn) == {"SHOP-3": "counted"}
    tracker.save(item("SHOP-1", components=("Checkout",)), item("SHOP-3", components=("Cart",)))
    link(conn, BY_TEAM)
    # SHOP-2 matches `project: SHOP` itself, which comes before what its parent brings; it is linked by descent alone.
    assert teams(conn) == {"SHOP-1": "checkout", "SHOP-2": "commerce", "SHOP-3": "commerce"}
    assert roles(conn) == {"SHOP-1": "container", "SHOP-2": "counted"}


def test_children_follow_a_parent_that_changes_its_team(conn: sa.Connection, tracker: Tracker) -> None:
    configuration = office({"key": "web", "owns": [{"label": "web"}]}, {"key": "app", "owns": [{"version": "app *"}]})
    tracker.save(item("SHOP-1", labels=("web",)), item("SHOP-2", parent="SHOP-1"))
    link_anew(conn, configuration)
    assert teams(conn) == {"SHOP-1": "web", "SHOP-2": "web"}
    tracker.save(item("SHOP-1", containers=(container("version", "App 2.0"),)))
    link(conn, configuration)
    assert teams(conn) == {"SHOP-1": "app", "SHOP-2": "app"}


def test_what_a_team_owns_may_change(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("PLAT-1"))
    link_anew(conn, office({"key": "web", "owns": [{"project": "SHOP"}]}))
    link_anew(conn, office({"key": "web", "owns": [{"project": "PLAT"}]}))
    assert teams(conn) == {"SHOP-1": None, "PLAT-1": "web"}


def test_an_item_whose_field_is_set_belongs_to_that_team_from_then_on(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"))
    link_anew(conn, office(*TREE))
    assert teams(conn) == {"SHOP-1": "commerce"}
    tracker.save(item("SHOP-1", team="Platform"))
    link(conn, office(*TREE))
    assert teams(conn) == {"SHOP-1": "platform"}


# --- the work of a key result by team ---------------------------------------------------------------------------------


def test_the_work_of_a_key_result_is_told_by_team_the_most_remaining_first(
    conn: sa.Connection, tracker: Tracker
) -> None:
    configuration = office(
        {"key": "web", "owns": [{"label": "web"}]},
        {"key": "app", "owns": [{"label": "app"}]},
        {"key": "ops", "owns": [{"label": "ops"}]},
        mappings=[{"key_result": "A.1", "work": {"project": "SHOP"}}],
        counting={"measure": "points"},
    )
    tracker.save(
        item("SHOP-1", labels=("web",), estimate=2.0),
        item("SHOP-2", labels=("app",), estimate=3.0, category="in_progress"),
        item("SHOP-3", labels=("app",), estimate=5.0, category="done"),
        item("SHOP-4", estimate=1.0),
        item("SHOP-5", estimate=1.0),
        item("SHOP-6", labels=("ops",), estimate=8.0, category="done", resolution="Won't Do"),
        item("PLAT-1", labels=("ops",), estimate=8.0),
    )
    okrs.apply(conn, configuration, NOW)
    assert facts(conn, configuration)["A.1"].teams == (
        TeamPart(team="app", in_progress=1, done=1, size_in_progress=3, size_done=5),
        TeamPart(team=None, todo=2, size_todo=2),
        TeamPart(team="web", todo=1, size_todo=2),
    )
    assert facts(conn, configuration)["A.2"].teams == ()
