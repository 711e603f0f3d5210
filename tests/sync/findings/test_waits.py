"""STR307: work that waits for a team outside its key result."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.records import Item
from tests.mapping.databases import conn, migrated_engine, tracker
from tests.mapping.tracker import NOW, Tracker, item
from tests.sync.office import remove
from tests.sync.structure.company import company, evidence, found, numbered, store

__all__ = ["conn", "migrated_engine", "tracker"]

MAPPED = [{"key_result": "SALES.1", "work": {"label": "x"}}]


def waiting(*blockers: str, **more: Any) -> Item:
    """Work of SALES.1 that cannot go on."""
    return item("SHOP-1", labels=("x",), blocked_by=blockers, **more)


def test_work_that_waits_for_a_team_outside(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, waiting("CRM-1", "CRM-2"), item("SHOP-2", labels=("x",), blocked_by=("crm-1",)), *numbered("CRM", 2))
    said = "2 items of SALES.1 are blocked by open work of Sales Tooling, which takes no part in it"
    assert found(conn, company(mappings=MAPPED), "STR307") == [
        ("STR307", "SALES.1", f"{said}: SHOP-1 by CRM-1, SHOP-1 by CRM-2, SHOP-2 by CRM-1")
    ]
    assert evidence(conn, "STR307") == {
        "title": "$10M of product X",
        "count": 2,
        "items": ["SHOP-1", "SHOP-2"],
        "pairs": [
            "SHOP-1 is blocked by CRM-1 (tooling)",
            "SHOP-1 is blocked by CRM-2 (tooling)",
            "SHOP-2 is blocked by CRM-1 (tooling)",
        ],
        "teams": {"tooling": 2},
    }


def test_a_blocker_is_found_by_a_former_key(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, waiting("OLD-7"), item("OLD-7", external_id="7"))
    tracker.save(item("CRM-1", external_id="7"))
    [(_, _, said)] = found(conn, company(mappings=MAPPED), "STR307")
    assert said.endswith("SHOP-1 by CRM-1")


@pytest.mark.parametrize(
    "blocker",
    [
        item("CRM-1", category="done"),
        item("CRM-1", category="done", resolution="Won't Do"),
        item("OPS-1"),
        item("SHOP-9", labels=("pay",)),
        item("CRM-1", labels=("x",)),
        item("CRM-2"),
    ],
    ids=["done", "cancelled", "of nobody", "of a team below", "part of the key result", "another item"],
)
def test_what_is_no_wait_for_others(conn: sa.Connection, tracker: Tracker, blocker: Item) -> None:
    named = "CRM-1" if blocker.key == "CRM-2" else blocker.key
    store(tracker, waiting(named), blocker)
    assert found(conn, company(mappings=MAPPED), "STR307") == []


def test_an_epic_waits_for_its_children_too(conn: sa.Connection, tracker: Tracker) -> None:
    epic = waiting("CRM-1", level="epic")
    store(tracker, epic, item("SHOP-2", parent="SHOP-1"), item("CRM-1", level="epic"), item("CRM-2", parent="CRM-1"))
    [(_, _, said)] = found(conn, company(mappings=MAPPED), "STR307")
    assert said.endswith("SHOP-1 by CRM-1")


def test_a_wait_ends_with_the_blocker_or_with_the_work(conn: sa.Connection, tracker: Tracker) -> None:
    config = company(mappings=MAPPED)
    store(tracker, waiting("CRM-1"), item("CRM-1"))
    assert len(found(conn, config, "STR307")) == 1
    remove(conn, "CRM-1")
    assert found(conn, config, "STR307", now=NOW + timedelta(hours=1)) == []
    tracker.save(item("CRM-1"), waiting("CRM-1", category="done"))
    assert found(conn, config, "STR307", now=NOW + timedelta(hours=2)) == []
