"""The past of random organisations: a rebuilt day is that day's plain recomputation, and what `--as-of` measures."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import store
from config import Config
from store.tables import Snapshot, WorkItem
from sync.history import as_of, snapshot
from sync.history.effort import Effort, effort
from sync.history.load import end_of
from sync.history.report import bounds, history, moves
from sync.link import link
from sync.measure import measure
from tests.sync.history.pasts import Told, counted_at, organisations
from tests.sync.organisations import NOW, apply, configs, store_work

START, ZONE = date(2026, 10, 1), ZoneInfo("UTC")
ORGANISATIONS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    max_examples=400 if "NORTHING_LONG" in os.environ else 5,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
NUMBERS = (
    "outcome", "outcome_value", "delivery", "expected", "confidence", "health", "work_total", "work_done",
    "work_in_progress", "work_descoped", "size_total", "size_done",
)  # fmt: skip
DAYS = (NOW.date() - START).days


@pytest.fixture
def engine(migrated_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(migrated_url)
    yield engine
    engine.dispose()


def fill(conn: sa.Connection, told: Told, config: Config) -> None:
    apply(conn, config)
    store_work(conn, told.work, config)
    items = WorkItem.__table__
    for key, gone in told.gone.items():
        conn.execute(sa.update(items).where(items.c.external_id == key).values(gone_at=gone))
    link(conn, config)
    measure(conn, config, NOW)


def days_of(conn: sa.Connection) -> dict[tuple[str, date], dict[str, Any]]:
    table = Snapshot.__table__
    keys = dict(conn.execute(sa.text("SELECT id, key FROM key_result")).all())
    rows = conn.execute(sa.select(table)).mappings()
    return {(keys[row["key_result_id"]], row["day"]): dict(row) for row in rows}


def numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {name: pytest.approx(row[name]) if isinstance(row[name], float) else row[name] for name in NUMBERS}


@given(told=organisations(), config=configs())
@ORGANISATIONS
def test_every_rebuilt_day_is_that_of_a_plain_recomputation(engine: sa.Engine, told: Told, config: Config) -> None:
    with engine.connect() as conn, conn.begin() as transaction:
        fill(conn, told, config)
        snapshot(conn, config, NOW)
        rows = days_of(conn)
        assert sorted(rows) == [(key, START + timedelta(n)) for key in ("A.1", "A.2") for n in range(DAYS + 1)]
        for (key, day), row in rows.items():
            expected = counted_at(told, config, key, end_of(day, ZONE))
            found = {name: row[f"work_{name}"] for name in ("total", "done", "in_progress", "descoped")}
            found |= {name: pytest.approx(row[name]) for name in ("size_total", "size_done")}
            assert asdict(expected) == found, (key, day)
            assert row["rebuilt"] == (day < NOW.date())
        transaction.rollback()


@given(told=organisations(), config=configs(), data=st.data())
@ORGANISATIONS
def test_a_rebuilt_day_is_what_the_rewound_store_measures(
    engine: sa.Engine, told: Told, config: Config, data: st.DataObject
) -> None:
    with engine.connect() as conn, conn.begin() as transaction:
        fill(conn, told, config)
        snapshot(conn, config, NOW)
        rebuilt = days_of(conn)
        for number in data.draw(st.lists(st.integers(0, DAYS - 1), min_size=1, max_size=3)):
            day = START + timedelta(number)
            with conn.begin_nested() as rewound:
                as_of(conn, config, end_of(day, ZONE))
                then = days_of(conn)
                for key in ("A.1", "A.2"):
                    assert then[key, day]["rebuilt"] is False
                    assert {name: then[key, day][name] for name in NUMBERS} == numbers(rebuilt[key, day]), (key, day)
                    assert max(day for _, day in then) == day
                rewound.rollback()
            assert days_of(conn) == rebuilt
        transaction.rollback()


def alignment(conn: sa.Connection) -> list[Effort]:
    rows = conn.execute(sa.text("SELECT cycle, team, kind, objective, size FROM northing_team_alignment"))
    return sorted((Effort(*row) for row in rows), key=str)


@given(told=organisations(), config=configs(), back=st.integers(0, DAYS))
@ORGANISATIONS
def test_effort_of_a_day_is_what_the_view_says_of_the_store_as_of_then(
    engine: sa.Engine, told: Told, config: Config, back: int
) -> None:
    moment = end_of(NOW.date() - timedelta(days=back), ZONE)
    with engine.connect() as conn, conn.begin() as transaction:
        fill(conn, told, config)
        before = alignment(conn)
        found = sorted(effort(conn, config, moment), key=str)
        assert alignment(conn) == before
        as_of(conn, config, moment)
        assert found == alignment(conn)
        transaction.rollback()


@given(told=organisations(), config=configs(), back=st.integers(0, DAYS))
@ORGANISATIONS
def test_the_moves_of_all_key_results_are_the_history_of_each(
    engine: sa.Engine, told: Told, config: Config, back: int
) -> None:
    start, end = NOW.date() - timedelta(days=back), NOW.date()
    with engine.connect() as conn, conn.begin() as transaction:
        fill(conn, told, config)
        snapshot(conn, config, NOW)
        found = moves(conn, config, ["A.1", "A.2", "NONE.1"], start, end)
        assert sorted(found) == ["A.1", "A.2"]
        for key, move in found.items():
            of = bounds(conn, key)
            assert of is not None
            whole = history(conn, config, of, start, end)
            assert (move.waterfall, move.items) == (whole.waterfall, whole.items)
        transaction.rollback()
