"""DRF205, DRF206 and DRF208: what changed since the cycle began, and since yesterday, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from store import tables
from sync.facts import MappingFacts, Part
from sync.findings import Hit, Unjudged, rules
from sync.findings.rule import Subject
from sync.findings.world import World
from tests.sync.findings.making import END, NOW, START, Stored, config, key_result, work

TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
IN_CYCLE = datetime(2026, 10, 20, tzinfo=UTC)
OPEN: frozenset[Subject] = frozenset({("key_result", "GROW.1")})


def find(code: str, stored: Stored, *facts: Any, open_now: frozenset[Subject] = frozenset()) -> list[Hit | Unjudged]:
    return list(rules()[code].find(World(stored.conn, config(), facts, NOW), open_now))


def day(stored: Stored, key_result_id: int, of: date, **given: Any) -> None:
    usual = {
        "health": "on_track",
        "work_total": 0,
        "work_done": 0,
        "work_in_progress": 0,
        "work_descoped": 0,
        "size_total": 0.0,
        "size_done": 0.0,
        "rebuilt": False,
    }
    stored.add(tables.Snapshot, key_result_id=key_result_id, day=of, **usual | given)


def part(total: float, done: float = 0, **given: Any) -> Part:
    return Part(
        mapping_id=1,
        position=0,
        via="mapping",
        total=int(total),
        size_total=total,
        size_done=done,
        done=int(done),
        **given,
    )


class TestGrowth:
    """DRF205."""

    def test_work_that_was_added_is_told_by_size_and_by_keys(self, stored: Stored) -> None:
        identity = stored.key_result("GROW.1")
        day(stored, identity, START, size_total=10.0)
        scope = stored.scope(stored.connection())
        old = stored.item(scope, "SHOP-1", created_at=datetime(2026, 10, 1, 23, 59, tzinfo=UTC))
        new = stored.item(scope, "SHOP-2", created_at=datetime(2026, 10, 2, tzinfo=UTC))
        newest = stored.item(scope, "SHOP-3", created_at=NOW)
        stored.link(identity, old, new, newest)

        assert find("DRF205", stored, key_result(id=identity, parts=(part(9), part(4)))) == [
            Hit(
                subject_kind="key_result",
                subject="GROW.1",
                severity="warning",
                summary=(
                    "The work of GROW.1 grew by 30 % since its cycle began: from 10 to 13; 2 items came later:"
                    " SHOP-3, SHOP-2"
                ),
                evidence={
                    "size_at_start": 10.0,
                    "size": 13.0,
                    "growth": pytest.approx(0.3),
                    "added": 2,
                    "items": ["SHOP-3", "SHOP-2"],
                },
                team="commerce",
                cycle_end=END,
            )
        ]

    @pytest.mark.parametrize(
        "size, was_open, found", [(12, False, 0), (12, True, 1), (11.9, True, 0), (12.1, False, 1)]
    )
    def test_a_fifth_is_no_finding_and_one_that_is_open_ends_a_little_lower(
        self, stored: Stored, size: float, was_open: bool, found: int
    ) -> None:
        identity = stored.key_result("GROW.1")
        day(stored, identity, START, size_total=10.0, rebuilt=True)
        fact = key_result(id=identity, parts=(part(size),))
        assert len(find("DRF205", stored, fact, open_now=OPEN if was_open else frozenset())) == found

    def test_nothing_is_said_where_the_first_day_is_unknown_or_had_no_work(self, stored: Stored) -> None:
        bare, unknown = stored.key_result("GROW.1"), stored.key_result("GROW.2")
        day(stored, bare, START)
        day(stored, unknown, START + timedelta(days=1), size_total=1.0)
        facts = [key_result(id=bare, parts=(part(5),)), key_result("GROW.2", id=unknown, parts=(part(5),))]
        assert find("DRF205", stored, *facts) == []

    def test_what_cannot_be_read_is_not_judged(self, stored: Stored) -> None:
        assert find("DRF205", stored, key_result(readable=False)) == [Unjudged("key_result", "GROW.1")]


class TestReopened:
    """DRF206."""

    def test_open_again_or_reopened_in_the_cycle_counts(self, stored: Stored) -> None:
        identity = stored.key_result("GROW.1")
        scope = stored.scope(stored.connection())
        before = datetime(2026, 9, 30, 23, 59, tzinfo=UTC)
        stored.link(
            identity,
            stored.item(scope, "SHOP-1", state="in_progress", reopened_at=before),
            stored.item(scope, "SHOP-2", state="done", reopened_at=IN_CYCLE),
            stored.item(scope, "SHOP-3", state="done", reopened_at=before),
            stored.item(scope, "SHOP-4", state="done"),
        )
        stored.link(identity, stored.item(scope, "SHOP-5", reopened_at=IN_CYCLE), counted=False, role="container")

        assert find("DRF206", stored, key_result(id=identity, parts=(work(done=3, in_progress=1),))) == [
            Hit(
                subject_kind="key_result",
                subject="GROW.1",
                severity="warning",
                summary="2 items of GROW.1 had been done and were taken up again, beside 3 done: SHOP-2, SHOP-1",
                evidence={"reopened": 2, "done": 3, "share": 2 / 3, "items": ["SHOP-2", "SHOP-1"]},
                team="commerce",
                cycle_end=END,
            )
        ]

    @pytest.mark.parametrize(
        "done, was_open, found", [(10, False, 0), (9, False, 1), (10, True, 1), (11, True, 0), (0, False, 1)]
    )
    def test_a_tenth_is_no_finding_and_one_that_is_open_ends_a_little_lower(
        self, stored: Stored, done: int, was_open: bool, found: int
    ) -> None:
        identity = stored.key_result("GROW.1")
        stored.link(identity, stored.item(stored.scope(stored.connection()), "SHOP-1", reopened_at=IN_CYCLE))
        fact = key_result(id=identity, parts=(work(done=done, todo=1),))
        assert len(find("DRF206", stored, fact, open_now=OPEN if was_open else frozenset())) == found

    def test_what_cannot_be_read_is_not_judged(self, stored: Stored) -> None:
        assert find("DRF206", stored, key_result(readable=False)) == [Unjudged("key_result", "GROW.1")]


class TestJump:
    """DRF208."""

    @pytest.fixture
    def identity(self, stored: Stored) -> int:
        return stored.key_result("GROW.1")

    def test_delivery_that_leaps_without_work_done(self, stored: Stored, identity: int) -> None:
        day(stored, identity, START)
        day(stored, identity, YESTERDAY - timedelta(days=3), delivery=0.2)
        day(stored, identity, YESTERDAY, delivery=0.7, rebuilt=True)
        day(stored, identity, TODAY, delivery=0.75)

        assert find("DRF208", stored, key_result(id=identity, delivery=0.75, parts=(part(4, 3),))) == [
            Hit(
                subject_kind="key_result",
                subject="GROW.1",
                severity="info",
                summary=(
                    "The delivery of GROW.1 went from 20 % on 2026-11-20 to 75 %, and 55 points of that are not from"
                    " work done: mappings or scope changed"
                ),
                evidence={"before": 0.2, "before_day": "2026-11-20", "delivery": 0.75, "jump": 0.55, "by_work": 0.0},
                team="commerce",
                cycle_end=END,
            )
        ]

    @pytest.mark.parametrize(
        "before, was_open, found",
        [(0.5, False, 0), (0.49, False, 1), (0.51, True, 1), (0.52, True, 0), (1.0, False, 0)],
    )
    def test_25_points_are_no_finding_and_one_that_is_open_ends_a_little_lower(
        self, stored: Stored, identity: int, before: float, was_open: bool, found: int
    ) -> None:
        day(stored, identity, YESTERDAY, delivery=before)
        fact = key_result(id=identity, delivery=0.75, parts=(part(4, 3),))
        assert len(find("DRF208", stored, fact, open_now=OPEN if was_open else frozenset())) == found

    def test_what_was_done_since_explains_it(self, stored: Stored, identity: int) -> None:
        day(stored, identity, YESTERDAY, delivery=0.0)
        self.link(stored, identity, 3, state="done", finished_at=datetime.combine(TODAY, NOW.time(), UTC))
        assert find("DRF208", stored, key_result(id=identity, delivery=0.75, parts=(part(4, 3),))) == []

    def test_what_was_done_yesterday_does_not(self, stored: Stored, identity: int) -> None:
        day(stored, identity, YESTERDAY, delivery=0.0)
        self.link(stored, identity, 3, state="done", finished_at=datetime.combine(YESTERDAY, NOW.time(), UTC))
        [hit] = find("DRF208", stored, key_result(id=identity, delivery=0.75, parts=(part(4, 3),)))
        assert isinstance(hit, Hit)
        assert hit.evidence["jump"] == 0.75

    def test_work_that_came_back_explains_a_fall(self, stored: Stored, identity: int) -> None:
        day(stored, identity, YESTERDAY, delivery=0.75)
        self.link(stored, identity, 3, reopened_at=NOW, state="todo")
        assert find("DRF208", stored, key_result(id=identity, delivery=0.0, parts=(part(4),))) == []

    def test_work_that_was_begun_explains_what_is_credited_for_it(self, stored: Stored, identity: int) -> None:
        day(stored, identity, YESTERDAY, delivery=0.0)
        scope = stored.scope(stored.connection())
        for number, started in enumerate((NOW, NOW, NOW, IN_CYCLE)):
            item = stored.item(scope, f"SHOP-{number}", started_at=started)
            stored.add(
                tables.Link, key_result_id=identity, item_id=item, mapping_id=1, direct=True, role="counted",
                counted=True, imputed=False, state="in_progress", size=1.0,
            )  # fmt: skip
        fact = key_result(id=identity, delivery=0.5, parts=(part(4, in_progress=4, size_in_progress=4.0),))
        credited = config(counting={"in_progress_credit": 0.5})
        assert list(rules()["DRF208"].find(World(stored.conn, credited, [fact], NOW), frozenset())) == []

    def test_work_that_two_conventions_link_is_one_part(self, stored: Stored, identity: int) -> None:
        day(stored, identity, YESTERDAY, delivery=0.0)
        self.link(stored, identity, 3, state="done", finished_at=NOW)
        label = MappingFacts(mapping_id=7, position=1, via="label", text="label kr:GROW.1", matched=1)
        trailer = MappingFacts(mapping_id=1, position=2, via="trailer", text="Key-Result: GROW.1", matched=3)
        one = replace(part(4, 3), mapping_id=7, position=1, via="convention")
        fact = key_result(id=identity, delivery=0.75, parts=(one,), mappings=(label, trailer))
        assert find("DRF208", stored, fact) == []

    def test_much_new_work_is_a_change_of_scope(self, stored: Stored, identity: int) -> None:
        day(stored, identity, YESTERDAY, delivery=0.75)
        [hit] = find("DRF208", stored, key_result(id=identity, delivery=0.3, parts=(part(10, 3),)))
        assert isinstance(hit, Hit)
        assert hit.evidence["jump"] == -0.45

    def test_nothing_is_said_before_an_earlier_day_was_measured(self, stored: Stored, identity: int) -> None:
        day(stored, identity, YESTERDAY, delivery=0.0, rebuilt=True)
        day(stored, identity, TODAY, delivery=1.0)
        assert find("DRF208", stored, key_result(id=identity, delivery=1.0, parts=(part(4, 4),))) == []

    def test_what_cannot_be_read_is_not_judged(self, stored: Stored) -> None:
        assert find("DRF208", stored, key_result(readable=False)) == [Unjudged("key_result", "GROW.1")]

    def link(
        self, stored: Stored, identity: int, count: int, *, state: str, reopened_at: Any = None, **given: Any
    ) -> None:
        scope = stored.scope(stored.connection())
        for number in range(count):
            item = stored.item(scope, f"SHOP-{number}", state=state, reopened_at=reopened_at)
            stored.add(
                tables.Link, key_result_id=identity, item_id=item, mapping_id=1, direct=True, role="counted",
                counted=True, imputed=False, state=state, size=1.0, **given,
            )  # fmt: skip
