"""COV101, COV103, COV104 and COV105: what follows from the facts of key results alone."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sync.findings import Hit, Unjudged
from tests.sync.findings.making import END, METRIC, bare, config, find, found, key_result, mapping, work

OUTPUT = {"metric": None, "value": {"from": "delivery"}, "expected": "linear", "delivery": "expected"}


class TestNoDeliveryWork:
    """COV101."""

    @pytest.mark.parametrize(
        "given, reason, severity",
        [
            ({"parts": (), "linked": 0, "mappings": ()}, "no_mapping", "critical"),
            ({"parts": (), "linked": 0}, "matches_nothing", "critical"),
            ({"parts": (), "linked": 2, "cancelled": 2}, "only_cancelled", "critical"),
            ({"parts": (), "linked": 3, "cancelled": 1, "ignored_subtasks": 2}, "only_cancelled", "critical"),
            ({"parts": (), "linked": 2, "ignored_subtasks": 2}, "only_subtasks", "warning"),
            ({"parts": (work(done=2),), "outcome": 0.99}, "only_done", "warning"),
            ({"parts": (work(done=2),), "outcome": None}, "only_done", "warning"),
            ({"parts": (work(done=1, in_progress=2, todo=1),), "stale_count": 2}, "only_stale", "warning"),
            ({"parts": (work(done=1, todo=1),)}, "nothing_in_progress", "warning"),
        ],
    )
    def test_each_reason_has_its_severity(self, given: dict[str, Any], reason: str, severity: str) -> None:
        assert found("COV101", key_result(**given)) == [("GROW.1", reason, severity)]

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"parts": (work(done=2),), "outcome": 1.0},
            {"parts": (work(done=2),), "outcome": None, "definition": OUTPUT},
            {"parts": (work(in_progress=2),), "stale_count": 1},
            {"parts": (work(done=1, todo=1),), "finished_recently": True},
            {"parts": (), "linked": 0, "active": False},
        ],
    )
    def test_work_that_goes_on_or_has_reached_its_end_is_no_finding(self, given: dict[str, Any]) -> None:
        assert find("COV101", key_result(**given)) == []

    def test_a_key_result_that_needs_no_work_may_be_bare(self) -> None:
        definition = {"metric": METRIC, "value": "manual", "delivery": {"none": "a market number"}}

        assert find("COV101", bare(definition=definition)) == []

    def test_it_is_left_unjudged_while_its_sources_cannot_be_read(self) -> None:
        assert find("COV101", bare(readable=False)) == [Unjudged("key_result", "GROW.1")]

    @pytest.mark.parametrize("day, late", [(23, False), (24, True)])
    def test_nothing_in_progress_is_said_only_after_a_quarter_of_the_cycle(self, day: int, late: bool) -> None:
        """The 23rd of 92 days is exactly a quarter."""
        given = key_result(parts=(work(todo=1),))
        now = datetime(2026, 10, day, 12, tzinfo=UTC)

        assert [reason for _, reason, _ in found("COV101", given, now=now)] == ["nothing_in_progress"] * late

    def test_the_day_is_that_of_the_configured_zone(self) -> None:
        given = key_result(parts=(work(todo=1),))
        late_evening = datetime(2026, 10, 23, 23, tzinfo=UTC)

        assert found("COV101", given, now=late_evening, settings=config(timezone="UTC")) == []
        assert len(found("COV101", given, now=late_evening, settings=config(timezone="Europe/Zurich"))) == 1

    def test_a_convention_alone_is_no_mapping(self) -> None:
        by_label = replace(mapping(text="label kr:GROW.1", matched=0), via="label")

        assert found("COV101", bare(mappings=(by_label,))) == [("GROW.1", "no_mapping", "critical")]

    def test_it_says_why_with_numbers_and_keys(self) -> None:
        [hit] = find(
            "COV101",
            key_result(parts=(work(done=1, in_progress=2),), stale_count=2, stale_items=("SHOP-1", "SHOP-2")),
        )

        assert hit == Hit(
            subject_kind="key_result",
            subject="GROW.1",
            severity="warning",
            reason="only_stale",
            summary=(
                "GROW.1 has no delivery work behind it: nothing in progress has moved for 14 days: SHOP-1, SHOP-2"
            ),
            evidence={
                "mappings": ["epic SHOP-12 in jira"],
                "linked": 3,
                "counted": 3,
                "done": 1,
                "in_progress": 2,
                "cancelled": 0,
                "ignored_subtasks": 0,
                "outcome": None,
                "items": ["SHOP-1", "SHOP-2"],
            },
            team="commerce",
            cycle_end=END,
        )


class TestStaleWork:
    """COV103."""

    def test_it_names_the_items_that_did_not_move(self) -> None:
        given = key_result(
            stale_count=1,
            stale_size=3.0,
            stale_items=("SHOP-1",),
            open_moved_at=datetime(2026, 11, 1, 8, tzinfo=UTC),
        )

        assert find("COV103", given) == [
            Hit(
                subject_kind="key_result",
                subject="GROW.1",
                severity="warning",
                summary="1 item in progress for GROW.1 did not move for 14 days: SHOP-1",
                evidence={
                    "items": ["SHOP-1"],
                    "count": 1,
                    "size": 3.0,
                    "in_progress": 1,
                    "moved_at": "2026-11-01T08:00:00+00:00",
                },
                team="commerce",
                cycle_end=END,
            )
        ]

    def test_work_that_moves_is_no_finding(self) -> None:
        assert find("COV103", key_result(), key_result("GROW.2", active=False, stale_count=3)) == []

    def test_it_is_left_unjudged_while_its_sources_cannot_be_read(self) -> None:
        assert find("COV103", key_result(readable=False, stale_count=1)) == [Unjudged("key_result", "GROW.1")]


class TestIdleMappings:
    """COV104."""

    def test_mappings_are_numbered_within_their_key_result(self) -> None:
        given = key_result(mappings=(mapping(9, "label x", matched=0), mapping(4), mapping(7, "type Bug", matched=0)))

        assert found("COV104", given) == [
            ("GROW.1#2", "matches_nothing", "warning"),
            ("GROW.1#3", "matches_nothing", "warning"),
        ]

    def test_a_covered_mapping_names_the_one_that_covers_it(self) -> None:
        [hit] = find("COV104", key_result(mappings=(mapping(4), mapping(6, "epic SHOP-13", 2, covered_by=4))))

        assert hit == Hit(
            subject_kind="mapping",
            subject="GROW.1#2",
            severity="warning",
            reason="covered",
            summary="Mapping 2 of GROW.1 is wholly covered by mapping 1 (2 items): epic SHOP-13",
            evidence={"mapping": "epic SHOP-13", "matched": 2, "covered_by": "GROW.1#1"},
            team="commerce",
            cycle_end=END,
        )

    def test_it_is_left_unjudged_before_its_scopes_were_read(self) -> None:
        given = key_result(mappings=(mapping(0, matched=0, scopes_read=False), mapping(1)))

        assert find("COV104", given) == [Unjudged("mapping", "GROW.1#1")]

    def test_a_key_result_of_another_cycle_is_not_judged(self) -> None:
        assert find("COV104", key_result(active=False, mappings=(mapping(matched=0),))) == []


class TestBareObjective:
    """COV105."""

    def test_all_key_results_lack_work(self) -> None:
        assert find("COV105", bare("GROW.1"), bare("GROW.2"), key_result("PLAT.1")) == [
            Hit(
                subject_kind="objective",
                subject="GROW",
                severity="critical",
                summary="No key result of GROW has any work that counts: GROW.1, GROW.2",
                evidence={"title": "Grow", "key_results": ["GROW.1", "GROW.2"]},
                team="product",
                cycle_end=END,
            )
        ]

    def test_one_key_result_with_work_is_enough(self) -> None:
        assert find("COV105", bare("GROW.1"), key_result("GROW.2"), bare("GROW.3", readable=False)) == []

    def test_key_results_that_need_no_work_are_left_out(self) -> None:
        definition = {"metric": METRIC, "value": "manual", "delivery": {"none": "a market number"}}

        assert find("COV105", bare("GROW.1", definition=definition)) == []
        assert [
            subject for subject, _, _ in found("COV105", bare("GROW.1", definition=definition), bare("GROW.2"))
        ] == ["GROW"]

    def test_it_is_left_unjudged_while_one_of_them_cannot_be_read(self) -> None:
        assert find("COV105", bare("GROW.1"), bare("GROW.2", readable=False)) == [Unjudged("objective", "GROW")]
