"""What teams' work counts toward: northing_team_alignment."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from config import Config
from sync.measure import measure
from tests.mapping.tracker import NOW, Tracker, item
from tests.sync.office import remove
from tests.sync.structure.company import applied, company, store

Row = tuple[str, str, str, str | None]
CYCLES = [
    {"key": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
    {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"},
    {"key": "2026", "start": "2026-01-01", "end": "2026-12-31"},
]


def objective(key: str, *labels: str, cycle: str = "Q4") -> dict[str, Any]:
    results = [{"key": f"{key}.{label}", "title": label} for label in labels]
    return {"key": key, "title": key, "cycle": cycle, "key_results": results}


def office(*objectives: dict[str, Any], **more: Any) -> Config:
    """Key results get the work with their label: A.x that with label x."""
    keys = [one["key"] for each in objectives for one in each["key_results"]]
    mappings = [{"key_result": key, "work": {"label": key.split(".")[1]}} for key in keys]
    sections = {"cycles": CYCLES[1:2], "mappings": mappings, **more}
    return company(objectives=list(objectives), **sections)


def alignment(conn: sa.Connection, config: Config, now: datetime = NOW) -> dict[Row, tuple[float, float | None]]:
    """Size and share by cycle, team, kind and objective."""
    applied(conn, config)
    measure(conn, config, now)
    rows = conn.execute(sa.text("SELECT cycle, team, kind, objective, size, share FROM northing_team_alignment")).all()
    found = {(row.cycle, row.team, row.kind, row.objective): (row.size, row.share) for row in rows}
    assert len(found) == len(rows)
    return found


def doing(key: str, *labels: str, **more: Any) -> Any:
    return item(key, labels=labels, category="in_progress", **more)


def closed(key: str, at: datetime, *labels: str) -> Any:
    return item(key, labels=labels, category="done", closed_at=at)


def test_work_counts_for_each_objective_by_its_key_results_and_else_as_intentional_or_unaligned(
    conn: sa.Connection, tracker: Tracker
) -> None:
    three = doing("SHOP-1", "x", "y", "z")
    store(tracker, three, doing("SHOP-2", "ops", "x"), doing("SHOP-3", "ops"), doing("SHOP-4"), doing("CRM-1", "z"))
    intentional = [{"reason": "Keep the lights on", "work": {"label": "ops"}}]
    config = office(objective("A", "x", "y"), objective("B", "z"), intentional=intentional)
    assert alignment(conn, config) == {
        ("Q4", "product", "objective", "A"): (pytest.approx(5 / 3), pytest.approx(5 / 12)),
        ("Q4", "product", "objective", "B"): (pytest.approx(1 / 3), pytest.approx(1 / 12)),
        ("Q4", "product", "intentional", None): (1, 0.25),
        ("Q4", "product", "unaligned", None): (1, 0.25),
        ("Q4", "tooling", "objective", "B"): (1, 1),
    }


def test_only_leaves_that_are_in_progress_or_closed_and_belong_to_a_team_are_shared_out(
    conn: sa.Connection, tracker: Tracker
) -> None:
    now = {"category": "in_progress"}
    store(
        tracker,
        item("SHOP-1"),
        item("SHOP-2", category="done", closed_at=NOW, resolution="Won't Do"),
        item("SHOP-3", **now),
        item("SHOP-4", parent="SHOP-3", **now),
        item("SHOP-5", parent="SHOP-4", level="subtask", **now),
        item("SHOP-6", **now),
        item("SHOP-7", parent="SHOP-6", category="done", resolution="Won't Do"),
        item("SHOP-8", **now),
        item("OPS-1", **now),
    )
    remove(conn, "SHOP-8")
    assert alignment(conn, office(objective("A", "x"))) == {("Q4", "product", "unaligned", None): (2, 1)}
    counted = office(objective("A", "x"), counting={"subtasks": "count"})
    assert alignment(conn, counted) == {("Q4", "product", "unaligned", None): (2, 1)}


def test_closed_work_counts_to_the_cycle_whose_days_hold_the_instant_in_the_configured_zone(
    conn: sa.Connection, tracker: Tracker
) -> None:
    store(
        tracker,
        closed("SHOP-1", datetime(2026, 9, 30, 21, 59, 59, tzinfo=UTC), "x"),
        closed("SHOP-2", datetime(2026, 9, 30, 22, tzinfo=UTC), "x"),
        closed("CRM-1", datetime(2026, 12, 31, 23, tzinfo=UTC), "x"),
        item("CRM-2", labels=("x",), category="done"),
        doing("CRM-3", "x"),
    )
    objectives = [objective("A", "x", cycle="Q3"), objective("B", "x", cycle="Q4")]
    zurich = office(*objectives, cycles=CYCLES[:2], timezone="Europe/Zurich")
    before = {
        ("Q3", "product", "objective", "A"): (1, 1),
        ("Q4", "product", "objective", "B"): (1, 1),
        ("Q4", "tooling", "objective", "B"): (1, 1),
    }
    assert alignment(conn, zurich) == before
    utc = office(*objectives, cycles=CYCLES[:2])
    assert alignment(conn, utc) == {
        ("Q3", "product", "objective", "A"): (2, 1),
        ("Q4", "tooling", "objective", "B"): (2, 1),
    }
    longer = [CYCLES[0], CYCLES[1] | {"start": "2026-09-30"}]
    assert alignment(conn, office(*objectives, cycles=longer))["Q4", "product", "objective", "B"] == (2, 1)


def test_each_cycle_shares_work_out_among_its_own_key_results(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, doing("SHOP-1", "x", "y"), doing("SHOP-2", "y"))
    config = office(objective("A", "x", cycle="Q4"), objective("B", "y", cycle="2026"), cycles=CYCLES[1:])
    assert alignment(conn, config) == {
        ("Q4", "product", "objective", "A"): (1, 0.5),
        ("Q4", "product", "unaligned", None): (1, 0.5),
        ("2026", "product", "objective", "B"): (2, 1),
    }


def test_work_in_progress_belongs_to_the_cycles_of_the_measured_day(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, doing("SHOP-1"))
    config = office(objective("A", "x"), cycles=CYCLES[:2])
    in_summer = datetime(2026, 8, 1, tzinfo=UTC)
    assert list(alignment(conn, config, in_summer)) == [("Q3", "product", "unaligned", None)]


def test_sizes_are_estimates_where_these_are_measured(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, doing("SHOP-1", "x", estimate=3.0), doing("SHOP-2"), doing("CRM-1", estimate=0.0))
    assert alignment(conn, office(objective("A", "x"), counting={"measure": "points"})) == {
        ("Q4", "product", "objective", "A"): (3, 0.75),
        ("Q4", "product", "unaligned", None): (1, 0.25),
        ("Q4", "tooling", "unaligned", None): (0, None),
    }
