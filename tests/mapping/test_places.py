"""Words within projects, which many selectors name and which are resolved in one join."""

import sqlalchemy as sa

from mapping.places import MOST_SCOPES
from tests.mapping.tracker import Tracker, container, item, matched_by_all


def test_a_word_within_a_project_matches_what_bears_it_there_and_all_below(
    conn: sa.Connection, tracker: Tracker
) -> None:
    tracker.save(
        item("SHOP-1", labels=("pay 1", "pay 2")),
        item("SHOP-2", parent="SHOP-1"),
        item("SHOP-3", containers=(container("version", "1.0"),)),
        item("SHOP-4", labels=("pay 1",), type="Bug"),
        item("PLAT-1", labels=("pay 1",)),
    )
    other = Tracker(conn, "other")
    other.save(item("SHOP-9", labels=("pay 1",)))
    assert matched_by_all(
        conn,
        [
            {"project": "SHOP", "label": "pay*"},
            {"connection": "tool", "project": "SHOP", "label": "pay*", "not": {"type": "bug"}},
            {"connection": "other", "project": "SHOP", "label": "pay 1"},
            {"project": ["SHOP", "PLAT"], "label": "pay 2", "descend": False},
            {"project": "SHOP", "version": "1.0"},
            {"project": "PLAT", "version": "1.0"},
            {"project": "SHOP", "label": "pay 1", "version": "1.0"},
        ],
    ) == [
        {"SHOP-1": True, "SHOP-2": False, "SHOP-4": True, "SHOP-9": True},
        {"SHOP-1": True, "SHOP-2": False},
        {"SHOP-9": True},
        {"SHOP-1": True},
        {"SHOP-3": True},
        {},
        {},
    ]


def test_a_word_within_many_projects_matches_in_all_of_them(conn: sa.Connection, tracker: Tracker) -> None:
    keys = [f"P{number}-1" for number in range(MOST_SCOPES + 1)]
    tracker.save(*(item(key, labels=("pay",)) for key in keys), item("OTHER-1", labels=("pay",)))
    assert matched_by_all(conn, [{"project": "P*", "label": "pay"}, {"project": "P1*", "label": "pay"}]) == [
        dict.fromkeys(keys, True),
        {key: True for key in keys if key.startswith("P1")},
    ]
