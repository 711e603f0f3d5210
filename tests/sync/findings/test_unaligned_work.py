"""COV102: work in progress that serves no key result, grouped under what it belongs to."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store import tables
from sync.findings import Hit, Unjudged, rules
from sync.findings.world import World
from tests.sync.findings.making import NOW, Stored, config


def find(conn: sa.Connection) -> list[Hit | Unjudged]:
    return list(rules()["COV102"].find(World(conn, config(), [], NOW), frozenset()))


def subjects(conn: sa.Connection) -> dict[tuple[str, str], list[str]]:
    """Items by kind and key of the subject."""
    return {(hit.subject_kind, hit.subject): hit.evidence["items"] for hit in find(conn) if isinstance(hit, Hit)}


@pytest.fixture
def scope(stored: Stored) -> int:
    return stored.scope(stored.connection())


def test_items_are_grouped_under_their_topmost_ancestor(conn: sa.Connection, stored: Stored, scope: int) -> None:
    top = stored.item(scope, "SHOP-1", level="initiative", state="todo")
    epic = stored.item(scope, "SHOP-2", level="epic", parent_id=top)
    stored.item(scope, "SHOP-3", parent_id=epic)
    stored.item(scope, "SHOP-4", parent_id=top)
    stored.item(scope, "SHOP-5", parent_id=epic, state="todo")

    assert find(conn) == [
        Hit(
            subject_kind="item",
            subject="SHOP-1",
            severity="warning",
            reason="epic",
            summary="2 items in progress below SHOP-1 (Title of SHOP-1) serve no key result: SHOP-3, SHOP-4",
            evidence={"title": "Title of SHOP-1", "count": 2, "size": 2, "items": ["SHOP-3", "SHOP-4"], "teams": {}},
        )
    ]


def test_an_ancestor_that_is_linked_is_not_the_subject(conn: sa.Connection, stored: Stored, scope: int) -> None:
    top = stored.item(scope, "SHOP-1", level="initiative")
    epic = stored.item(scope, "SHOP-2", level="epic", parent_id=top)
    stored.item(scope, "SHOP-3", parent_id=epic)
    stored.link(stored.key_result("GROW.1"), top)

    assert subjects(conn) == {("item", "SHOP-2"): ["SHOP-3"]}


def test_nor_is_one_that_is_intentional_without_what_lies_below_it(
    conn: sa.Connection, stored: Stored, scope: int
) -> None:
    top = stored.item(scope, "SHOP-1", level="initiative")
    epic = stored.item(scope, "SHOP-2", level="epic", parent_id=top)
    stored.item(scope, "SHOP-3", parent_id=epic)
    stored.intend(top)

    assert subjects(conn) == {("item", "SHOP-2"): ["SHOP-3"]}


def test_a_link_to_a_key_result_of_another_cycle_does_not_align(
    conn: sa.Connection, stored: Stored, scope: int
) -> None:
    epic = stored.item(scope, "SHOP-1", level="epic")
    item = stored.item(scope, "SHOP-2", parent_id=epic)
    last_quarter = stored.key_result("OLD.1", date(2026, 7, 1), date(2026, 9, 30))
    stored.link(last_quarter, epic, item)

    assert subjects(conn) == {("item", "SHOP-1"): ["SHOP-2"]}


def test_without_an_ancestor_the_milestone_is_the_subject_and_then_the_scope(
    conn: sa.Connection, stored: Stored, scope: int
) -> None:
    first, second = stored.item(scope, "SHOP-1"), stored.item(scope, "SHOP-2")
    stored.item(scope, "SHOP-3")
    stored.milestone(scope, "v2", first, second)
    stored.milestone(scope, "v1", second)

    assert subjects(conn) == {
        ("milestone", "SHOP: v2"): ["SHOP-1"],
        ("milestone", "SHOP: v1"): ["SHOP-2"],
        ("scope", "SHOP"): ["SHOP-3"],
    }


def test_an_epic_without_children_stands_for_itself(conn: sa.Connection, stored: Stored, scope: int) -> None:
    stored.item(scope, "SHOP-1", level="epic")

    [hit] = find(conn)

    assert isinstance(hit, Hit)
    assert (hit.subject_kind, hit.subject, hit.reason) == ("item", "SHOP-1", "epic")
    assert hit.summary == "SHOP-1 (Title of SHOP-1) is in progress and serves no key result"


def test_what_is_linked_intentional_finished_or_ignored_is_no_finding(
    conn: sa.Connection, stored: Stored, scope: int
) -> None:
    linked, intended = stored.item(scope, "SHOP-1"), stored.item(scope, "SHOP-2")
    stored.item(scope, "SHOP-3", state="done")
    stored.item(scope, "SHOP-4", level="subtask", parent_id=linked)
    stored.item(scope, "SHOP-5", presence="deleted")
    stored.link(stored.key_result("GROW.1"), linked)
    stored.intend(intended)

    assert find(conn) == []


def test_the_team_with_most_of_the_size_is_named(conn: sa.Connection, stored: Stored, scope: int) -> None:
    shop, platform = (stored.add(tables.Team, key=key, name=key, archived=False) for key in ("shop", "platform"))
    stored.item(scope, "SHOP-1", team_id=shop)
    stored.item(scope, "SHOP-2", team_id=platform)
    stored.item(scope, "SHOP-3", team_id=platform)
    stored.item(scope, "SHOP-4")

    [hit] = find(conn)

    assert isinstance(hit, Hit)
    assert hit.team == "platform"
    assert hit.evidence["teams"] == {"platform": 2, "shop": 1}


@pytest.mark.parametrize("given", [{"error": "token refused"}, {"last_ok_at": NOW - timedelta(hours=1)}])
def test_work_of_a_failing_connection_is_left_unjudged(
    conn: sa.Connection, stored: Stored, given: dict[str, Any]
) -> None:
    stored.item(stored.scope(stored.connection(**given)), "SHOP-1")

    assert find(conn) == [Unjudged("scope", "SHOP")]


def test_a_scope_that_was_never_read_to_the_end_is_left_unjudged(conn: sa.Connection, stored: Stored) -> None:
    stored.item(stored.scope(stored.connection(), last_ok_at=None), "SHOP-1")

    assert find(conn) == [Unjudged("scope", "SHOP")]


def test_scopes_of_one_key_in_two_connections_are_told_apart(conn: sa.Connection, stored: Stored) -> None:
    for name in ("east", "west"):
        stored.item(stored.scope(stored.connection(name)), "SHOP-1")

    assert subjects(conn) == {("scope", "east:SHOP"): ["SHOP-1"], ("scope", "west:SHOP"): ["SHOP-1"]}


def test_parents_in_a_circle_come_to_an_end(conn: sa.Connection, stored: Stored, scope: int) -> None:
    one = stored.item(scope, "SHOP-1", level="epic", state="todo")
    other = stored.item(scope, "SHOP-2", level="epic", state="todo", parent_id=one)
    conn.execute(sa.text("UPDATE work_item SET parent_id = :other WHERE id = :one"), {"other": other, "one": one})
    stored.item(scope, "SHOP-3", parent_id=other)

    [((kind, subject), items)] = subjects(conn).items()

    assert kind == "item"
    assert subject in ("SHOP-1", "SHOP-2")
    assert items == ["SHOP-3"]
