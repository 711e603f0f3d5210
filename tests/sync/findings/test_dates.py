"""DRF207 and HYG406: dates that have passed, and dates beyond the cycle, on both databases."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store import tables
from sync.findings import Hit, Unjudged, rules
from sync.findings.world import World
from tests.sync.findings.making import END, NOW, START, Stored, config, key_result, work

TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
AFTER = END + timedelta(days=1)


def find(code: str, stored: Stored, *facts: Any) -> list[Hit | Unjudged]:
    return list(rules()[code].find(World(stored.conn, config(), facts, NOW), frozenset()))


def subjects(code: str, stored: Stored, *facts: Any) -> list[tuple[str, str]]:
    return [(hit.subject_kind, hit.subject) for hit in find(code, stored, *facts)]


def team(stored: Stored, key: str) -> int:
    return stored.add(tables.Team, key=key, name=key, archived=False)


class TestPast:
    """DRF207."""

    def test_a_milestone_past_its_day_with_open_work_of_a_key_result(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection("github"), "acme/shop")
        one, other, done = (
            stored.item(scope, "acme/shop#1", team_id=team(stored, "web")),
            stored.item(scope, "acme/shop#2", state="todo"),
            stored.item(scope, "acme/shop#3", state="done"),
        )
        stored.milestone(scope, "v2", one, other, done, due_on=YESTERDAY, state="open")
        stored.link(stored.key_result("GROW.1"), one, other)

        assert find("DRF207", stored) == [
            Hit(
                subject_kind="milestone",
                subject="acme/shop: v2",
                severity="warning",
                reason="milestone",
                summary=(
                    f"Milestone acme/shop: v2 was due on {YESTERDAY}, and 2 items of it are open:"
                    " acme/shop#1, acme/shop#2"
                ),
                evidence={
                    "due_on": YESTERDAY.isoformat(),
                    "days": 1,
                    "state": "open",
                    "count": 2,
                    "items": ["acme/shop#1", "acme/shop#2"],
                    "key_results": ["GROW.1"],
                },
                team="web",
                cycle_end=END,
            )
        ]

    @pytest.mark.parametrize("due_on, past", [(YESTERDAY, True), (TODAY, False), (None, False)])
    def test_a_version_is_past_from_the_day_after_its_release_date(
        self, stored: Stored, due_on: date | None, past: bool
    ) -> None:
        scope = stored.scope(stored.connection())
        item = stored.item(scope, "SHOP-1")
        stored.milestone(scope, "1.0", item, kind="version", due_on=due_on, state="released")
        stored.link(stored.key_result("GROW.1", team_id=team(stored, "commerce")), item)

        found = find("DRF207", stored)

        assert [(hit.subject_kind, hit.subject, hit.team) for hit in found if isinstance(hit, Hit)] == [
            ("version", "SHOP: 1.0", "commerce")
        ] * past

    @pytest.mark.parametrize("other, late", [(YESTERDAY - timedelta(days=1), True), (TODAY, False), (None, False)])
    def test_an_item_that_was_carried_over_stands_in_the_last_of_its_versions(
        self, stored: Stored, other: date | None, late: bool
    ) -> None:
        scope = stored.scope(stored.connection())
        item = stored.item(scope, "SHOP-1")
        stored.milestone(scope, "1.0", item, kind="version", due_on=YESTERDAY)
        stored.milestone(scope, "1.1", item, kind="version", due_on=other)
        stored.link(stored.key_result("GROW.1"), item)

        assert subjects("DRF207", stored) == [("version", "SHOP: 1.0")] * late

    def test_of_two_versions_of_one_day_one_is_named(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        item = stored.item(scope, "SHOP-1")
        stored.milestone(scope, "1.0 web", item, kind="version", due_on=YESTERDAY)
        stored.milestone(scope, "1.0", item, kind="version", due_on=YESTERDAY)
        stored.link(stored.key_result("GROW.1"), item)

        assert subjects("DRF207", stored) == [("version", "SHOP: 1.0 web")]

    @pytest.mark.parametrize(
        "state, due_on, told",
        [
            ("released", START - timedelta(days=1), False),
            ("closed", START - timedelta(days=1), False),
            ("archived", START - timedelta(days=1), False),
            ("released", START, True),
            ("unreleased", START - timedelta(days=1), True),
            (None, START - timedelta(days=1), True),
        ],
    )
    def test_what_was_over_before_the_cycle_began_is_history(
        self, stored: Stored, state: str | None, due_on: date, told: bool
    ) -> None:
        scope = stored.scope(stored.connection())
        item = stored.item(scope, "SHOP-1")
        stored.milestone(scope, "1.0", item, kind="version", due_on=due_on, state=state)
        stored.link(stored.key_result("GROW.1"), item)

        assert subjects("DRF207", stored) == [("version", "SHOP: 1.0")] * told

    def test_sprints_are_not_asked(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        item = stored.item(scope, "SHOP-1")
        stored.milestone(scope, "Sprint 7", item, kind="sprint", due_on=YESTERDAY)
        stored.link(stored.key_result("GROW.1"), item)

        assert find("DRF207", stored) == []

    @pytest.mark.parametrize(
        "item, link",
        [
            ({"state": "done"}, {"state": "done"}),
            ({"state": "cancelled"}, {"role": "descoped", "state": "cancelled"}),
            ({"presence": "deleted"}, {"role": "descoped"}),
            ({"level": "subtask"}, {"role": "subtask"}),
        ],
    )
    def test_what_is_over_or_does_not_count_holds_no_date_open(
        self, stored: Stored, item: dict[str, Any], link: dict[str, Any]
    ) -> None:
        scope = stored.scope(stored.connection())
        one = stored.item(scope, "SHOP-1", due_on=YESTERDAY, **item)
        stored.milestone(scope, "v2", one, due_on=YESTERDAY)
        stored.link(stored.key_result("GROW.1"), one, **link)

        assert find("DRF207", stored) == []

    def test_work_of_no_running_key_result_is_not_looked_at(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        free, coming = stored.item(scope, "SHOP-1", due_on=YESTERDAY), stored.item(scope, "SHOP-2", due_on=YESTERDAY)
        stored.milestone(scope, "v2", free, coming, due_on=YESTERDAY)
        stored.link(stored.key_result("NEXT.1", AFTER, AFTER + timedelta(days=90)), coming)

        assert find("DRF207", stored) == []

    def test_an_item_past_its_own_day(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        late = stored.item(scope, "SHOP-1", due_on=date(2026, 11, 14), team_id=team(stored, "web"))
        stored.item(scope, "SHOP-2", due_on=TODAY)
        stored.link(stored.key_result("GROW.1"), late)
        stored.link(stored.key_result("GROW.2"), late)

        assert find("DRF207", stored) == [
            Hit(
                subject_kind="item",
                subject="SHOP-1",
                severity="warning",
                reason="item",
                summary="SHOP-1 was due on 2026-11-14, 10 days ago, and is open: it counts for GROW.1, GROW.2",
                evidence={
                    "title": "Title of SHOP-1",
                    "due_on": "2026-11-14",
                    "days": 10,
                    "key_results": ["GROW.1", "GROW.2"],
                },
                team="web",
                cycle_end=END,
            )
        ]

    def test_an_epic_past_its_day_is_named_itself(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        epic = stored.item(scope, "SHOP-1", level="epic", due_on=YESTERDAY)
        stored.link(stored.key_result("GROW.1"), epic, role="container")

        assert subjects("DRF207", stored) == [("item", "SHOP-1")]

    def test_of_many_items_twenty_are_named(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        items = [stored.item(scope, f"SHOP-{number}") for number in range(23)]
        stored.milestone(scope, "v2", *items, due_on=YESTERDAY)
        stored.link(stored.key_result("GROW.1"), *items)

        [hit] = find("DRF207", stored)

        assert isinstance(hit, Hit)
        assert (hit.evidence["count"], hit.evidence["items"]) == (23, [f"SHOP-{number}" for number in range(20)])

    def test_it_is_left_as_it_is_while_its_scope_cannot_be_read(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection(error="401"))
        item = stored.item(scope, "SHOP-1", due_on=YESTERDAY)
        stored.milestone(scope, "v2", item, due_on=YESTERDAY)
        stored.link(stored.key_result("GROW.1"), item)

        assert find("DRF207", stored) == [Unjudged("milestone", "SHOP: v2"), Unjudged("item", "SHOP-1")]

    def test_what_left_the_configuration_is_not_asked(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection(archived=True))
        item = stored.item(scope, "SHOP-1", due_on=YESTERDAY)
        stored.milestone(scope, "v2", item, due_on=YESTERDAY)
        stored.link(stored.key_result("GROW.1"), item)

        assert find("DRF207", stored) == []


class TestBeyondTheCycle:
    """HYG406."""

    @pytest.mark.parametrize("due_on, beyond", [(AFTER, True), (END, False), (START - timedelta(days=9), False)])
    def test_open_work_planned_for_a_milestone_after_the_cycle(
        self, stored: Stored, due_on: date, beyond: bool
    ) -> None:
        scope = stored.scope(stored.connection())
        one, done = stored.item(scope, "SHOP-1", state="todo"), stored.item(scope, "SHOP-2", state="done")
        stored.milestone(scope, "v3", one, done, due_on=due_on)
        stored.link(stored.key_result("GROW.1"), one, done)

        found = find("HYG406", stored, key_result())

        assert (
            found
            == [
                Hit(
                    subject_kind="key_result",
                    subject="GROW.1",
                    severity="info",
                    reason="container",
                    summary=(
                        "GROW.1 counts open work that is planned for v3 (2027-01-01), after its cycle ends (2026-12-31)"
                    ),
                    evidence={
                        "cycle_end": "2026-12-31",
                        "containers": ["v3 (2027-01-01)"],
                        "open_in_containers": 1,
                        "items": [],
                        "count": 0,
                        "open": 2,
                        "check_ins": [],
                    },
                    team="commerce",
                    cycle_end=END,
                )
            ]
            * beyond
        )

    @pytest.mark.parametrize("todo, beyond", [(10, False), (9, True)])
    def test_an_item_with_a_day_of_its_own_and_a_milestones_is_one(
        self, stored: Stored, todo: int, beyond: bool
    ) -> None:
        scope = stored.scope(stored.connection())
        item = stored.item(scope, "SHOP-1", due_on=AFTER)
        stored.milestone(scope, "v3", item, due_on=AFTER)
        stored.link(stored.key_result("GROW.1"), item)

        found = find("HYG406", stored, key_result(parts=(work(todo=todo),)))

        assert [(hit.reason, hit.evidence["count"]) for hit in found if isinstance(hit, Hit)] == [("container", 1)] * (
            beyond
        )

    @pytest.mark.parametrize("first, beyond", [(END, False), (AFTER, True), (None, True)])
    def test_work_that_is_planned_for_several_is_planned_for_the_first(
        self, stored: Stored, first: date | None, beyond: bool
    ) -> None:
        scope = stored.scope(stored.connection())
        item = stored.item(scope, "SHOP-1")
        stored.milestone(scope, "v3", item, kind="version", due_on=first)
        stored.milestone(scope, "v4", item, kind="version", due_on=AFTER + timedelta(days=30))
        stored.link(stored.key_result("GROW.1"), item)

        found = find("HYG406", stored, key_result())

        assert [hit.evidence["open_in_containers"] for hit in found if isinstance(hit, Hit)] == [1] * beyond

    def test_open_items_due_after_the_cycle(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        items = [
            stored.item(scope, "SHOP-1", due_on=AFTER + timedelta(days=4)),
            stored.item(scope, "SHOP-2", due_on=AFTER),
            stored.item(scope, "SHOP-3", due_on=AFTER, state="done"),
            stored.item(scope, "SHOP-4", due_on=END),
        ]
        stored.link(stored.key_result("GROW.1"), *items)

        [hit] = find("HYG406", stored, key_result())

        assert isinstance(hit, Hit)
        assert (hit.reason, hit.evidence["items"], hit.evidence["count"]) == ("item", ["SHOP-2", "SHOP-1"], 2)
        assert hit.summary == (
            "GROW.1 counts 2 open items due from SHOP-2 (2027-01-01), after its cycle ends (2026-12-31)"
        )

    @pytest.mark.parametrize("number, fires, stays", [(1, False, True), (2, True, True)])
    def test_more_than_a_tenth_of_the_open_work_lies_beyond(
        self, stored: Stored, number: int, fires: bool, stays: bool
    ) -> None:
        scope = stored.scope(stored.connection())
        items = [stored.item(scope, f"SHOP-{n}", due_on=AFTER) for n in range(number)]
        stored.link(stored.key_result("GROW.1"), *items)
        given = key_result(parts=(work(done=90, todo=10),))
        world = World(stored.conn, config(), [given], NOW)

        assert (find("HYG406", stored, given) != []) is fires
        assert (list(rules()["HYG406"].find(world, frozenset({("key_result", "GROW.1")}))) != []) is stays

    @pytest.mark.parametrize("of_its_own", [True, False])
    def test_each_key_result_is_held_against_its_own_cycle(self, stored: Stored, of_its_own: bool) -> None:
        scope = stored.scope(stored.connection())
        item = stored.item(scope, "SHOP-1", due_on=AFTER if of_its_own else None)
        stored.milestone(scope, "v3", *([] if of_its_own else [item]), due_on=AFTER)
        year = date(2027, 12, 31)
        stored.link(stored.key_result("GROW.1"), item)
        stored.link(stored.key_result("YEAR.1", START, year), item)

        found = subjects("HYG406", stored, key_result(), key_result("YEAR.1", cycle_end=year))

        assert found == [("key_result", "GROW.1")]

    def test_a_check_in_from_the_future_is_named_first(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        item = stored.item(scope, "SHOP-1", due_on=AFTER)
        key = stored.key_result("GROW.1")
        stored.link(key, item)
        for day in (date(2027, 11, 2), END, START - timedelta(days=1)):
            stored.add(tables.CheckIn, key_result_id=key, day=day, value=1, origin="file", position=0, recorded_at=NOW)

        [hit] = find("HYG406", stored, key_result())

        assert isinstance(hit, Hit)
        assert (hit.reason, hit.evidence["check_ins"]) == ("check_in", ["2027-11-02"])
        assert hit.summary == "GROW.1 has check-ins for 2027-11-02, after its cycle ends (2026-12-31)"

    def test_it_is_left_as_it_is_while_the_work_cannot_be_read(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        stored.link(stored.key_result("GROW.1"), stored.item(scope, "SHOP-1", due_on=AFTER))

        assert find("HYG406", stored, replace(key_result(), readable=False)) == [Unjudged("key_result", "GROW.1")]

    def test_a_key_result_that_does_not_run_is_not_asked(self, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        ended = date(2026, 9, 30)
        stored.link(stored.key_result("OLD.1", date(2026, 7, 1), ended), stored.item(scope, "SHOP-1", due_on=AFTER))

        assert find("HYG406", stored, key_result("OLD.1", active=False, cycle_end=ended)) == []


def test_days_are_compared_in_the_configured_zone(stored: Stored, conn: sa.Connection) -> None:
    """At noon in UTC it is the next day in Kiritimati."""
    scope = stored.scope(stored.connection())
    stored.link(stored.key_result("GROW.1"), stored.item(scope, "SHOP-1", due_on=TODAY))
    there = World(conn, config(timezone="Pacific/Kiritimati"), [], NOW)

    assert find("DRF207", stored) == []
    assert len(list(rules()["DRF207"].find(there, frozenset()))) == 1
