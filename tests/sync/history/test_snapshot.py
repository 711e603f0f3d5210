"""What is kept of each day, and what the rewound store says of one."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from config import Config
from connectors.records import Change
from store import okrs
from store.tables import CheckIn, Connection, Container, Finding, Quarantine, Scope, Snapshot, WorkItem
from sync.findings import evaluate
from sync.forecast.step import forecast
from sync.history import as_of, snapshot
from sync.link import link
from sync.measure import measure
from tests.mapping.tracker import Tracker, container, item
from tests.sync.office import config

START = datetime(2026, 10, 1, 12, tzinfo=UTC)
ONE = [{"key": "A.1", "title": "One", "value": {"from": "delivery"}}]
SHOP = {"work": {"project": "SHOP"}}


def day(number: int) -> datetime:
    """Noon of the cycle's day with this number, from 1."""
    return START + timedelta(days=number - 1)


def sync(conn: sa.Connection, configuration: Config, now: datetime) -> None:
    """What a sync does once all is read."""
    okrs.apply(conn, configuration, now)
    link(conn, configuration)
    forecast(conn, configuration, now)
    facts = measure(conn, configuration, now)
    snapshot(conn, configuration, now)
    evaluate(conn, configuration, facts, now)


def kept(conn: sa.Connection) -> list[dict[str, Any]]:
    table = Snapshot.__table__
    rows = conn.execute(sa.select(table).order_by(table.c.key_result_id, table.c.day)).mappings()
    return [{name: value for name, value in row.items() if name != "key_result_id"} for row in rows]


def told(conn: sa.Connection) -> list[tuple[int, float | None, bool]]:
    """Of each day its number in the cycle, the delivery and whether it was rebuilt."""
    return [((row["day"] - START.date()).days + 1, row["delivery"], row["rebuilt"]) for row in kept(conn)]


def test_the_days_before_the_first_sync_are_rebuilt_whole(tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", created_at=day(1), category="done", closed_at=day(3)),
        item("SHOP-2", created_at=day(2), category="in_progress", started_at=day(3)),
        item("SHOP-3", created_at=day(1), category="done", resolution="Duplicate", closed_at=day(2)),
    )
    checked = {"key_result": "A.1", "date": "2026-10-02", "value": 5, "confidence": 0.5}
    metric = [{"key": "A.1", "title": "One", "metric": {"start": 0, "target": 10}}]
    sync(tracker.conn, config(SHOP, key_results=metric, checkins=[checked]), day(4))

    usual = {"health": "unknown", "chance_by_end": None, "outcome": 0.5, "outcome_value": 5.0, "confidence": 0.5}
    nothing = {"outcome": None, "outcome_value": None, "confidence": None}
    assert kept(tracker.conn) == [
        usual | nothing | {
            "day": date(2026, 10, 1), "delivery": 0.0, "expected": pytest.approx(1 / 92), "work_total": 2,
            "work_done": 0, "work_in_progress": 0, "work_descoped": 0, "size_total": 2.0, "size_done": 0.0,
            "rebuilt": True,
        },
        usual | {
            "day": date(2026, 10, 2), "delivery": 0.0, "expected": pytest.approx(2 / 92), "work_total": 2,
            "work_done": 0, "work_in_progress": 0, "work_descoped": 1, "size_total": 2.0, "size_done": 0.0,
            "rebuilt": True,
        },
        usual | {
            "day": date(2026, 10, 3), "delivery": 0.5, "expected": pytest.approx(3 / 92), "work_total": 2,
            "work_done": 1, "work_in_progress": 1, "work_descoped": 1, "size_total": 2.0, "size_done": 1.0,
            "rebuilt": True,
        },
        usual | {
            "day": date(2026, 10, 4), "delivery": 0.5, "expected": pytest.approx(4 / 92), "work_total": 2,
            "work_done": 1, "work_in_progress": 1, "work_descoped": 1, "size_total": 2.0, "size_done": 1.0,
            "rebuilt": False,
        },
    ]  # fmt: skip


def test_days_end_in_the_configured_zone(tracker: Tracker) -> None:
    late = datetime(2026, 10, 1, 20, tzinfo=UTC)  # in Auckland it is nine in the morning of the second
    tracker.save(item("SHOP-1", created_at=day(1) - timedelta(days=9), category="done", closed_at=late))
    sync(tracker.conn, config(SHOP, key_results=ONE, timezone="Pacific/Auckland"), day(3))
    assert told(tracker.conn) == [(1, 0.0, True), (2, 1.0, True), (3, 1.0, True), (4, 1.0, False)]


def test_of_a_day_the_last_sync_stays_and_an_idle_one_writes_nothing(tracker: Tracker) -> None:
    configuration = config(SHOP, key_results=ONE)
    tracker.save(item("SHOP-1", created_at=day(1)))
    sync(tracker.conn, configuration, day(1))
    tracker.save(item("SHOP-1", created_at=day(1), category="done", closed_at=day(1)))
    sync(tracker.conn, configuration, day(1) + timedelta(hours=1))
    assert told(tracker.conn) == [(1, 1.0, False)]

    changes = "SELECT total_changes()" if tracker.conn.dialect.name == "sqlite" else "SELECT xmin, cmin FROM snapshot"
    before = tracker.conn.execute(sa.text(changes)).all()
    snapshot(tracker.conn, configuration, day(1) + timedelta(hours=2))
    assert tracker.conn.execute(sa.text(changes)).all() == before


def test_days_on_which_nothing_was_measured_are_filled(tracker: Tracker) -> None:
    configuration = config(SHOP, key_results=ONE)
    tracker.save(item("SHOP-1", created_at=day(1)), item("SHOP-2", created_at=day(1)))
    sync(tracker.conn, configuration, day(1))
    tracker.save(item("SHOP-1", created_at=day(1), category="done", closed_at=day(3)))
    sync(tracker.conn, configuration, day(4))
    assert told(tracker.conn) == [(1, 0.0, False), (2, 0.0, True), (3, 0.5, True), (4, 0.5, False)]


def test_the_chance_of_the_day_is_kept(tracker: Tracker) -> None:
    done = [item(f"SHOP-{n}", created_at=day(1), category="done", closed_at=day(n)) for n in range(1, 9)]
    tracker.save(*done, *(item(f"SHOP-{n}", created_at=day(1)) for n in range(20, 90)))
    sync(tracker.conn, config(SHOP, key_results=ONE), day(10))
    chance = tracker.conn.execute(sa.text("SELECT chance FROM forecast")).scalar_one()
    assert 0 < chance < 1
    query = sa.text("SELECT chance_by_end FROM northing_key_result_days ORDER BY day")
    assert tracker.conn.execute(query).scalars().all() == [None] * 9 + [chance]


def test_an_epic_holds_what_lies_below_a_cancelled_child(tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", created_at=day(1)),
        item("SHOP-2", created_at=day(1), parent="SHOP-1", category="done", resolution="Duplicate", closed_at=day(1)),
        item("SHOP-3", created_at=day(1), parent="SHOP-2", category="done", closed_at=day(1)),
    )
    sync(tracker.conn, config(SHOP, key_results=ONE), day(2))
    assert [(row["work_total"], row["work_done"]) for row in kept(tracker.conn)] == [(1, 1), (1, 1)]


def test_a_mapping_that_changes_does_not_change_what_was_known(tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", created_at=day(1), category="done", closed_at=day(1)), item("PLAT-1", created_at=day(1))
    )
    sync(tracker.conn, config(SHOP, key_results=ONE), day(2))
    more = config(SHOP, {"work": {"project": "PLAT"}}, key_results=ONE)
    sync(tracker.conn, more, day(4))
    assert told(tracker.conn) == [(1, 1.0, True), (2, 1.0, False), (3, 0.5, True), (4, 0.5, False)]


def test_the_past_waits_until_all_that_it_depends_on_was_read(tracker: Tracker) -> None:
    configuration = config(SHOP, key_results=ONE)
    tracker.save(item("SHOP-1", created_at=day(1)))
    okrs.apply(tracker.conn, configuration, day(3))
    [one] = tracker.conn.execute(sa.text("SELECT id FROM key_result")).scalars()

    def count(number: int, *unread: int) -> list[int]:
        link(tracker.conn, configuration)
        measure(tracker.conn, configuration, day(number))
        snapshot(tracker.conn, configuration, day(number), unread=unread)
        return [there for there, _, _ in told(tracker.conn)]

    assert count(3, one) == [3]
    assert count(4) == [1, 2, 3, 4]
    # Later days are filled, though it fails: what was read last is known of them.
    assert count(6, one) == [1, 2, 3, 4, 5, 6]


def test_the_days_of_a_cycle_that_is_over_are_filled_to_its_end_and_stay(tracker: Tracker) -> None:
    cycles = [{"key": "Q4", "start": "2026-10-01", "end": "2026-10-03"}]
    configuration = config(SHOP, key_results=ONE, cycles=cycles)
    tracker.save(item("SHOP-1", created_at=day(1), category="done", closed_at=day(2)))
    sync(tracker.conn, configuration, day(10))
    assert told(tracker.conn) == [(1, 0.0, True), (2, 1.0, True), (3, 1.0, True)]
    sync(tracker.conn, config(cycles=cycles, objectives=[], mappings=[]), day(11))
    assert told(tracker.conn) == [(1, 0.0, True), (2, 1.0, True), (3, 1.0, True)]


def test_a_cycle_that_has_not_begun_has_no_days(tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", created_at=day(-9)))
    sync(tracker.conn, config(SHOP, key_results=ONE), day(0))
    assert kept(tracker.conn) == []


class TestRewound:
    """The store as of a moment."""

    @pytest.fixture
    def configuration(self) -> Config:
        return config(SHOP, key_results=ONE, checkins=[{"key_result": "A.1", "date": "2026-10-08", "confidence": 0.3}])

    def test_items_are_as_they_were(self, tracker: Tracker, configuration: Config) -> None:
        moves = (
            Change(at=day(2), kind="status", before="Open", after="Doing", category="in_progress"),
            Change(at=day(3), kind="status", before="Doing", after="Done", category="done"),
            Change(at=day(6), kind="status", before="Done", after="Doing", category="in_progress"),
            Change(at=day(8), kind="estimate", before="1", after="5"),
        )
        again = item(
            "SHOP-1", created_at=day(1), started_at=day(2), updated_at=day(8), category="in_progress", status="Doing",
            estimate=5.0, changes=moves,
        )  # fmt: skip
        closed = item(
            "SHOP-2", created_at=day(1), updated_at=day(9), closed_at=day(9), category="done", status="Done",
            resolution="Fixed", parent="SHOP-3",
        )  # fmt: skip
        tracker.save(again, closed, item("SHOP-3", created_at=day(7), updated_at=day(7)))
        sync(tracker.conn, configuration, day(10))
        as_of(tracker.conn, configuration, day(4))

        names = (
            "key", "state", "category", "status", "resolution", "estimate", "started_at", "closed_at", "updated_at",
            "reopened_at",
        )  # fmt: skip
        columns = [WorkItem.__table__.c[name] for name in names]
        rows = [dict(row) for row in tracker.conn.execute(sa.select(*columns).order_by("key")).mappings()]
        assert rows == [
            {
                "key": "SHOP-1", "state": "done", "category": "done", "status": "Done", "resolution": None,
                "estimate": 1.0, "started_at": day(2), "closed_at": day(3), "updated_at": day(3), "reopened_at": None,
            },
            {
                "key": "SHOP-2", "state": "todo", "category": "todo", "status": None, "resolution": None,
                "estimate": None, "started_at": None, "closed_at": None, "updated_at": None, "reopened_at": None,
            },
        ]  # fmt: skip
        [links] = tracker.conn.execute(sa.text("SELECT count(*), max(matched) FROM link, mapping")).all()
        assert tuple(links) == (2, 2)

    def test_what_is_gone_later_is_back_and_a_check_in_is_not_known_yet(
        self, tracker: Tracker, configuration: Config
    ) -> None:
        tracker.save(item("SHOP-1", created_at=day(1), updated_at=day(1)), item("SHOP-2", created_at=day(1)))
        items = WorkItem.__table__
        tracker.conn.execute(sa.update(items).values(presence="deleted", gone_at=day(6)))
        sync(tracker.conn, configuration, day(10))
        as_of(tracker.conn, configuration, day(5))
        assert set(tracker.conn.execute(sa.select(items.c.presence, items.c.gone_at)).all()) == {("present", None)}
        assert tracker.conn.execute(sa.select(CheckIn.__table__)).all() == []
        # Of the days before only the first is needed, with which scope is compared.
        assert [(row["day"].day, row["work_total"], row["rebuilt"]) for row in kept(tracker.conn)] == [
            (1, 2, True),
            (5, 2, False),
        ]

    def test_a_value_of_that_day_is_known_and_one_of_the_next_is_not(self, tracker: Tracker) -> None:
        metric = [{"key": "A.1", "title": "One", "metric": {"start": 0, "target": 10}}]
        values = [{"key_result": "A.1", "date": f"2026-10-0{number}", "value": number} for number in (4, 5, 6)]
        configuration = config(SHOP, key_results=metric, checkins=values)
        tracker.save(item("SHOP-1", created_at=day(1)))
        sync(tracker.conn, configuration, day(10))
        as_of(tracker.conn, configuration, day(5))
        query = sa.text("SELECT outcome_value FROM northing_key_results")
        assert tracker.conn.execute(query).scalar_one() == 5.0

    def test_a_milestone_that_was_closed_later_was_open(self, tracker: Tracker, configuration: Config) -> None:
        first, second = container("milestone", "M1"), container("milestone", "M2")
        tracker.save(item("SHOP-1", created_at=day(1), containers=(first, second)))
        stored = Container.__table__
        for title, closed in (("M1", day(3)), ("M2", day(8))):
            values = {"state": "closed", "closed_at": closed}
            tracker.conn.execute(sa.update(stored).where(stored.c.title == title).values(values))
        sync(tracker.conn, configuration, day(10))
        as_of(tracker.conn, configuration, day(5))
        columns = (stored.c.title, stored.c.state, stored.c.closed_at)
        assert tracker.conn.execute(sa.select(*columns).order_by("title")).all() == [
            ("M1", "closed", day(3)),
            ("M2", None, None),
        ]

    def test_records_that_were_set_aside_later_were_not_yet(self, tracker: Tracker, configuration: Config) -> None:
        tracker.save(item("SHOP-1", created_at=day(1)))
        aside = Quarantine.__table__
        scope = tracker.conn.execute(sa.select(Scope.__table__.c.id)).scalar_one()
        for number in (4, 6):
            values = {"first_seen_at": day(number), "last_seen_at": day(9), "reason": "no status", "excerpt": "{}"}
            tracker.conn.execute(sa.insert(aside).values(scope_id=scope, external_id=str(number), whole=True, **values))
        sync(tracker.conn, configuration, day(10))
        as_of(tracker.conn, configuration, day(5))
        assert tracker.conn.execute(sa.select(aside.c.external_id)).scalars().all() == ["4"]

    def test_failures_of_today_say_nothing_of_then(self, tracker: Tracker, configuration: Config) -> None:
        tracker.save(item("SHOP-1", created_at=day(1)))
        connection, scope = Connection.__table__, Scope.__table__
        broken = {"error": "refused", "last_ok_at": day(10)}
        tracker.conn.execute(sa.update(connection).values(failed_at=day(10), **broken))
        tracker.conn.execute(sa.update(scope).values(visible=False, held_back=5, **broken))
        sync(tracker.conn, configuration, day(10))
        as_of(tracker.conn, configuration, day(5))
        assert tracker.conn.execute(
            sa.select(connection.c.error, connection.c.failed_at, connection.c.last_ok_at)
        ).one() == (None, None, day(5))
        columns = (scope.c.error, scope.c.held_back, scope.c.visible, scope.c.last_ok_at)
        assert tracker.conn.execute(sa.select(*columns)).one() == (None, None, True, day(5))

    def test_the_findings_are_those_of_then(self, tracker: Tracker, configuration: Config) -> None:
        work = item("SHOP-1", created_at=day(20), category="in_progress", updated_at=day(29))
        tracker.save(item("PLAT-1", created_at=day(1)), work)
        sync(tracker.conn, configuration, day(30))
        table = Finding.__table__
        found = sa.select(table.c.code, table.c.reason, table.c.opened_at).where(table.c.code == "COV101")
        assert tracker.conn.execute(found).all() == []
        with tracker.conn.begin_nested() as then:
            as_of(tracker.conn, configuration, day(15))
            assert tracker.conn.execute(found).all() == [("COV101", "matches_nothing", day(15))]
            then.rollback()
        assert tracker.conn.execute(found).all() == []
