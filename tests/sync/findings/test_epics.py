"""HYG405: epics and their children, on both databases."""

from typing import Any

import pytest

from config import Config
from store import tables
from sync.findings import Hit, Unjudged, rules
from sync.findings.world import World
from tests.sync.findings.making import END, NOW, Stored, config


def find(stored: Stored, settings: Config | None = None) -> list[Hit | Unjudged]:
    return list(rules()["HYG405"].find(World(stored.conn, settings or config(), [], NOW), frozenset()))


def epic(stored: Stored, state: str, *children: dict[str, Any], **given: Any) -> int:
    """An epic of a running key result, with children."""
    scope = stored.scope(stored.connection())
    parent = stored.item(scope, "SHOP-1", level="epic", state=state, **given)
    for number, child in enumerate(children, start=2):
        stored.item(scope, f"SHOP-{number}", parent_id=parent, **child)
    stored.link(stored.key_result("GROW.1"), parent, role="container", state=state)
    return parent


def test_an_epic_closed_over_open_children(stored: Stored) -> None:
    epic(stored, "done", {"state": "todo"}, {"state": "in_progress"}, {"state": "done"})

    assert find(stored) == [
        Hit(
            subject_kind="item",
            subject="SHOP-1",
            severity="info",
            reason="open_children",
            summary="SHOP-1 is closed, and 2 children of it are open: SHOP-2, SHOP-3",
            evidence={
                "title": "Title of SHOP-1",
                "state": "done",
                "count": 2,
                "items": ["SHOP-2", "SHOP-3"],
                "key_results": ["GROW.1"],
            },
            cycle_end=END,
        )
    ]


def test_an_epic_left_open_when_all_below_it_is_done(stored: Stored) -> None:
    epic(stored, "in_progress", {"state": "done"}, {"state": "cancelled"})

    [hit] = find(stored)

    assert isinstance(hit, Hit)
    assert (hit.reason, hit.severity) == ("all_closed", "info")
    assert hit.summary == "SHOP-1 is open, and nothing below it is: 1 child done"
    assert hit.evidence["items"] == ["SHOP-2"]


@pytest.mark.parametrize(
    "state, children",
    [
        ("done", ["done", "cancelled"]),
        ("done", []),
        ("todo", []),
        ("todo", ["done", "todo"]),
        ("in_progress", ["cancelled"]),
    ],
)
def test_an_epic_that_says_what_its_children_say_is_fine(stored: Stored, state: str, children: list[str]) -> None:
    epic(stored, state, *({"state": child} for child in children))

    assert find(stored) == []


def test_a_cancelled_epic_has_no_open_children(stored: Stored) -> None:
    epic(stored, "cancelled", {"state": "todo"})

    [hit] = find(stored)

    assert isinstance(hit, Hit)
    assert hit.summary == "SHOP-1 is cancelled, and 1 child of it is open: SHOP-2"


@pytest.mark.parametrize("child", [{"presence": "deleted"}, {"level": "subtask"}])
def test_deleted_children_and_subtasks_say_nothing(stored: Stored, child: dict[str, Any]) -> None:
    epic(stored, "done", {"state": "todo", **child})

    assert find(stored) == []


def test_subtasks_that_count_are_children(stored: Stored) -> None:
    epic(stored, "done", {"state": "todo", "level": "subtask"})

    assert len(find(stored, settings=config(counting={"subtasks": "count"}))) == 1


@pytest.mark.parametrize("given", [{"level": "issue"}, {"presence": "deleted"}])
def test_only_epics_that_are_there_are_asked(stored: Stored, given: dict[str, Any]) -> None:
    scope = stored.scope(stored.connection())
    parent = stored.item(scope, "SHOP-1", **{"level": "epic", "state": "done"} | given)
    stored.item(scope, "SHOP-2", parent_id=parent)
    stored.link(stored.key_result("GROW.1"), parent)

    assert find(stored) == []


def test_epics_that_serve_no_running_key_result_are_not_asked(stored: Stored) -> None:
    scope = stored.scope(stored.connection())
    parent = stored.item(scope, "SHOP-1", level="epic", state="done")
    stored.item(scope, "SHOP-2", parent_id=parent)

    assert find(stored) == []


def test_it_belongs_to_the_epics_team_else_the_key_results(stored: Stored) -> None:
    team = stored.add(tables.Team, key="web", name="Web", archived=False)
    epic(stored, "done", {"state": "todo"}, team_id=team)

    [hit] = find(stored)

    assert isinstance(hit, Hit)
    assert hit.team == "web"


def test_it_is_left_as_it_is_while_its_scope_cannot_be_read(stored: Stored) -> None:
    epic(stored, "done", {"state": "todo"})
    stored.conn.execute(tables.Connection.__table__.update().values(error="401"))

    assert find(stored) == [Unjudged("item", "SHOP-1")]
