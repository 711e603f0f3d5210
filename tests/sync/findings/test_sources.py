"""SYN501 to SYN505, SYN508: connections, scopes and files that are not what they should be."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from config import Config, ConnectionOptions
from connectors.base import Listing
from connectors.errors import Refused
from store import configuration, tables
from sync.findings import Hit, rules
from sync.findings.rule import Subject
from sync.findings.world import World
from sync.refused import keep
from tests.sync.findings.making import NOW, Stored, config


class Options(ConnectionOptions):
    """A connection of the tests, which asks for some scopes."""

    kind: str = "jira"
    projects: tuple[str, ...] = ("SHOP", "team*")

    def scope_patterns(self) -> list[str]:
        return list(self.projects)


def settings(**sections: object) -> Config:
    return config(**sections).model_copy(update={"connections": {"jira": Options()}})


def find(conn: sa.Connection, code: str, open_now: frozenset[Subject] = frozenset()) -> list[Hit]:
    found = rules()[code].find(World(conn, settings(), [], NOW), open_now)
    return [hit for hit in found if isinstance(hit, Hit)]


def brief(hits: list[Hit]) -> list[tuple[str, str, str | None, str]]:
    return [(hit.subject_kind, hit.subject, hit.reason, hit.severity) for hit in hits]


def minutes_ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


class TestFailingConnection:
    """SYN501."""

    @pytest.mark.parametrize("minutes, fires", [(299, False), (301, True)])
    def test_when_it_fails_is_configuration(
        self, conn: sa.Connection, stored: Stored, minutes: int, fires: bool
    ) -> None:
        stored.connection(last_ok_at=minutes_ago(minutes))
        slow = settings(thresholds={"source_intervals": 5}, schedule={"sync": "every 1 hour"})

        hits = list(rules()["SYN501"].find(World(conn, slow, [], NOW), frozenset()))

        assert len(hits) == fires

    def test_a_refused_connection_says_what_happened_and_since_when(self, conn: sa.Connection, stored: Stored) -> None:
        stored.connection(error="the token was refused (401)", failed_at=minutes_ago(1), last_ok_at=minutes_ago(16))

        assert find(conn, "SYN501") == [
            Hit(
                subject_kind="connection",
                subject="jira",
                severity="critical",
                reason="refused",
                summary=("Connection jira failed: the token was refused (401) (last success: 2026-11-24 11:44 UTC)"),
                evidence={
                    "error": "the token was refused (401)",
                    "failed_at": "2026-11-24T11:59:00+00:00",
                    "last_ok_at": "2026-11-24T11:44:00+00:00",
                },
            )
        ]

    @pytest.mark.parametrize("age, failing", [(45, False), (46, True)])
    def test_no_success_in_three_intervals_is_a_failure(
        self, conn: sa.Connection, stored: Stored, age: int, failing: bool
    ) -> None:
        stored.connection(last_ok_at=minutes_ago(age))

        assert brief(find(conn, "SYN501")) == [("connection", "jira", "no_success", "critical")] * failing

    def test_an_open_one_ends_only_at_an_easier_threshold(self, conn: sa.Connection, stored: Stored) -> None:
        stored.connection(last_ok_at=minutes_ago(44))
        stored.connection("other", last_ok_at=minutes_ago(42))
        both_open = frozenset({("connection", "jira"), ("connection", "other")})

        assert brief(find(conn, "SYN501", both_open)) == [("connection", "jira", "no_success", "critical")]

    def test_one_that_was_never_tried_or_left_the_configuration_is_not_judged(
        self, conn: sa.Connection, stored: Stored
    ) -> None:
        stored.connection(last_ok_at=None)
        stored.connection("former", error="refused", archived=True)

        assert find(conn, "SYN501") == []


class TestOldScope:
    """SYN502."""

    def test_scopes_are_judged_by_their_own_last_reading(self, conn: sa.Connection, stored: Stored) -> None:
        connection_id = stored.connection()
        stored.scope(connection_id, "SHOP", last_ok_at=minutes_ago(46), error="answer 502")
        stored.scope(connection_id, "TEAM1", last_ok_at=minutes_ago(44))
        stored.scope(connection_id, "TEAM2", last_ok_at=None, error="answer 500")
        stored.scope(connection_id, "TEAM3", last_ok_at=None)
        stored.scope(connection_id, "TEAM4", last_ok_at=minutes_ago(90), visible=False)

        hits = find(conn, "SYN502")

        assert brief(hits) == [("scope", "SHOP", "old", "warning"), ("scope", "TEAM2", "never_read", "warning")]
        assert [hit.summary for hit in hits] == [
            "SHOP in jira was last read 2026-11-24 11:14 UTC: answer 502",
            "TEAM2 in jira was never read to the end: answer 500",
        ]

    def test_an_open_one_ends_only_at_an_easier_threshold(self, conn: sa.Connection, stored: Stored) -> None:
        stored.scope(stored.connection(), last_ok_at=minutes_ago(44))

        assert brief(find(conn, "SYN502", frozenset({("scope", "SHOP")}))) == [("scope", "SHOP", "old", "warning")]


class TestNoLongerVisible:
    """SYN503."""

    def test_a_scope_that_is_still_asked_for_and_gone_from_the_list(self, conn: sa.Connection, stored: Stored) -> None:
        connection_id = stored.connection()
        stored.scope(connection_id, "TEAM1", visible=False)
        stored.scope(connection_id, "OTHER", visible=False)

        assert brief(find(conn, "SYN503")) == [("scope", "TEAM1", "scope", "warning")]

    def test_items_that_cannot_be_seen_are_counted_and_named(self, conn: sa.Connection, stored: Stored) -> None:
        scope = stored.scope(stored.connection())
        stored.item(scope, "SHOP-2", presence="not_visible")
        stored.item(scope, "SHOP-1", presence="not_visible")
        stored.item(scope, "SHOP-3", presence="deleted")
        stored.item(scope, "SHOP-4")

        assert find(conn, "SYN503") == [
            Hit(
                subject_kind="scope",
                subject="SHOP",
                severity="warning",
                reason="items",
                summary="2 items of SHOP can no longer be seen: SHOP-1, SHOP-2",
                evidence={"connection": "jira", "count": 2, "items": ["SHOP-1", "SHOP-2"]},
            )
        ]

    def test_what_a_connection_refuses_is_told_with_the_reason(self, conn: sa.Connection, stored: Stored) -> None:
        connection_id = stored.connection()
        stored.scope(connection_id, "TEAM1", visible=False)
        stored.scope(connection_id, "TEAM2")
        scopes = [("TEAM1", "may not browse it"), ("SHOP", "there is none"), ("FORMER", "there is none")]
        keep(conn, "jira", connection_id, Listing([], [(words, Refused(said)) for words, said in scopes]))

        assert [(hit.subject, hit.reason, hit.summary) for hit in find(conn, "SYN503")] == [
            ("TEAM1", "scope", "TEAM1 is no longer visible to connection jira: may not browse it"),
            (
                "jira:SHOP",
                "named",
                "SHOP, which the configuration names, is not visible to connection jira: there is none",
            ),
        ]

    def test_an_owner_whose_list_is_denied_is_told_though_one_of_it_is_seen(
        self, conn: sa.Connection, stored: Stored
    ) -> None:
        connection_id = stored.connection()
        stored.scope(connection_id, "TEAM1")
        keep(conn, "jira", connection_id, Listing([], [("team*", Refused("the list is denied"))]))

        assert brief(find(conn, "SYN503")) == [("scope", "jira:team*", "named", "warning")]

    def test_what_is_seen_again_is_told_no_more(self, conn: sa.Connection, stored: Stored) -> None:
        connection_id = stored.connection()
        keep(conn, "jira", connection_id, Listing([], [("SHOP", Refused("there is none"))]))
        keep(conn, "jira", connection_id, Listing([]))

        assert find(conn, "SYN503") == []


class TestSetAside:
    """SYN504."""

    def test_records_set_aside_are_counted_by_scope(self, conn: sa.Connection, stored: Stored) -> None:
        connection_id = stored.connection()
        scope = stored.scope(connection_id)
        stored.scope(connection_id, "TEAM1")
        for external_id, whole in (("10002", True), ("10001", False)):
            stored.add(
                tables.Quarantine,
                scope_id=scope,
                external_id=external_id,
                reason="no status",
                excerpt="{}",
                whole=whole,
                first_seen_at=NOW,
                last_seen_at=NOW,
            )

        assert find(conn, "SYN504") == [
            Hit(
                subject_kind="scope",
                subject="SHOP",
                severity="warning",
                summary="2 records of SHOP set aside, 1 of them whole: 10001: no status",
                evidence={
                    "connection": "jira",
                    "count": 2,
                    "whole": 1,
                    "records": ["10001: no status", "10002: no status"],
                },
            )
        ]


class TestExpiringCredentials:
    """SYN505."""

    def test_credentials_that_end_soon_say_when(self, conn: sa.Connection, stored: Stored) -> None:
        stored.connection(credentials_end_at=NOW + timedelta(days=13, hours=12))

        assert find(conn, "SYN505") == [
            Hit(
                subject_kind="connection",
                subject="jira",
                severity="warning",
                reason="weeks",
                summary="The credentials of connection jira end in 13 days (2026-12-08 00:00 UTC)",
                evidence={"ends_at": "2026-12-08T00:00:00+00:00", "days": 13.5},
            )
        ]

    @pytest.mark.parametrize(
        "left, reason",
        [
            (timedelta(days=14), None),
            (timedelta(days=14) - timedelta(seconds=1), "weeks"),
            (timedelta(days=3), "weeks"),
            (timedelta(days=3) - timedelta(seconds=1), "days"),
            (timedelta(seconds=1), "days"),
            (timedelta(), "ended"),
            (timedelta(days=-40), "ended"),
        ],
    )
    def test_the_nearer_the_end_the_graver(
        self, conn: sa.Connection, stored: Stored, left: timedelta, reason: str | None
    ) -> None:
        stored.connection(credentials_end_at=NOW + left)
        severity = "warning" if reason == "weeks" else "critical"

        assert brief(find(conn, "SYN505")) == [("connection", "jira", reason, severity)] * (reason is not None)

    def test_what_nobody_tells_and_what_left_the_configuration_is_not_judged(
        self, conn: sa.Connection, stored: Stored
    ) -> None:
        stored.connection(credentials_end_at=None)
        stored.connection("former", credentials_end_at=NOW, archived=True)

        assert find(conn, "SYN505") == []


class TestRefusedConfiguration:
    """SYN508."""

    ERRORS = ("northing.yaml:3:1: nonsense: unknown key", "teams/a.yaml:7:5: teams[0]: no `key`")

    def test_changed_files_that_cannot_be_applied_are_told_with_all_their_errors(self, conn: sa.Connection) -> None:
        assert find(conn, "SYN508") == []
        configuration.note_refused(conn, "northing.yaml", self.ERRORS, NOW)
        summary = (
            "The changed configuration has 2 errors and is not applied: the one before stays in force."
            " northing.yaml:3:1: nonsense: unknown key"
        )
        assert find(conn, "SYN508") == [
            Hit(
                subject_kind="configuration",
                subject="northing.yaml",
                severity="critical",
                summary=summary,
                evidence={"errors": list(self.ERRORS), "since": NOW.isoformat()},
            )
        ]

    def test_it_ends_once_the_files_are_right_again(self, conn: sa.Connection) -> None:
        for make_right in (
            configuration.forget_refusal,
            lambda conn: configuration.note_applied(conn, configuration.Applied("f", "host:1", NOW)),
        ):
            configuration.note_refused(conn, "northing.yaml", self.ERRORS, NOW)
            make_right(conn)
            assert find(conn, "SYN508") == []
