"""Barriers: findings of the STR group and objections, with what people said to them, in the views and as changes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store import meta, tables, voice
from sync.findings import Hit
from tests.sync.findings.making import NOW, Stored, config
from tests.sync.findings.town import Town, hit

DAY = timedelta(days=1)
TODAY = date(2026, 11, 24)


@pytest.fixture
def town(conn: sa.Connection, stored: Stored) -> Town:
    """One key result, GROW.1, and two teams."""
    stored.key_result("GROW.1")
    for key in ("commerce", "platform"):
        stored.add(tables.Team, key=key, name=key.title(), archived=False)
    return Town(conn, code="STR301")


def view(town: Town, name: str) -> list[dict[str, Any]]:
    """The rows of a view, with instants and days as SQLite writes them."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value.isoformat() if isinstance(value, date) else value

    rows = town.conn.execute(sa.text(f"SELECT * FROM {name}")).mappings()
    found = [{column: plain(value) for column, value in row.items()} for row in rows]
    return sorted(found, key=lambda row: str(row.get("raised_at")))


def barriers(town: Town, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in view(town, "northing_barriers")]


def decide(town: Town, verdict: voice.Verdict, *, now: datetime = NOW, **given: Any) -> None:
    about = voice.about(town.conn, "STR301", "GROW.1")
    voice.decide(town.conn, about, verdict, "Dana", given.get("until"), given.get("note"), now, now.date())


def decision(town: Town) -> tuple[str | None, str | None, str | None]:
    [row] = view(town, "northing_findings")
    return row["decision"], row["decided_by"], row["decided_until"]


def changes(town: Town) -> list[tuple[str, str, str | None, str | None]]:
    rows = town.conn.execute(sa.select(tables.FindingChange.__table__).order_by(tables.FindingChange.__table__.c.id))
    return [(row.change, row.severity, row.who, row.words) for row in rows]


def test_a_structural_finding_is_a_barrier_of_its_key_results_cycle(town: Town) -> None:
    town.evaluate(hit(team="commerce", reason=None))

    assert view(town, "northing_barriers") == [
        {
            "cycle": "cycle of GROW.1",
            "code": "STR301",
            "subject_kind": "key_result",
            "subject": "GROW.1",
            "team": "commerce",
            "reason": None,
            "summary": "said",
            "state": "raised",
            "raised_at": "2026-11-24T12:00:00Z",
            "raised_by": None,
            "days_left_when_raised": 37,
            "acknowledged_by": None,
            "acknowledged_at": None,
            "decision": None,
            "decided_by": None,
            "decided_at": None,
            "decided_until": None,
            "days_to_decision": None,
            "ended_at": None,
        }
    ]


def test_other_findings_are_no_barriers(town: Town) -> None:
    town.code = "COV101"
    town.evaluate(hit())

    assert view(town, "northing_barriers") == []


def test_the_day_of_raising_is_that_of_the_configured_zone(town: Town) -> None:
    town.settings = config(timezone="Pacific/Auckland")
    town.evaluate(hit())

    assert barriers(town, "days_left_when_raised") == [(36,)]


def test_a_barrier_is_discussed_then_decided_then_ended(town: Town) -> None:
    def step() -> list[tuple[Any, ...]]:
        return barriers(town, "state", "acknowledged_by", "decision", "days_to_decision", "ended_at")

    town.evaluate(hit())
    voice.acknowledge(town.conn, voice.about(town.conn, "str301", "GROW.1"), "Eva", "on Monday", NOW + DAY)
    assert step() == [("discussed", "Eva", None, None, None)]

    decide(town, "rescope", now=NOW + 3 * DAY)
    decide(town, "lend", now=NOW + 5 * DAY, until=date(2026, 12, 24), note="two people")
    assert step() == [("decided", "Eva", "lend", 3, None)]

    town.evaluate(now=NOW + 6 * DAY)
    assert step() == [("ended", "Eva", "lend", 3, "2026-11-30T12:00:00Z")]
    assert changes(town) == [
        ("opened", "warning", None, None),
        ("acknowledged", "warning", "Eva", "on Monday"),
        ("decided", "warning", "Dana", "rescope"),
        ("decided", "warning", "Dana", "lend until 2026-12-24: two people"),
        ("resolved", "warning", None, None),
    ]


def test_the_finding_shows_the_latest_decision_and_acknowledgement(town: Town) -> None:
    town.evaluate(hit())
    decide(town, "rescope")
    decide(town, "accept", until=date(2026, 12, 1))
    voice.acknowledge(town.conn, voice.about(town.conn, "STR301", "GROW.1"), "Eva", None, NOW)

    [row] = view(town, "northing_findings")
    assert decision(town) == ("accept", "Dana", "2026-12-01")
    assert (row["acknowledged_by"], row["acknowledged_at"]) == ("Eva", "2026-11-24T12:00:00Z")


@pytest.mark.parametrize("day, state, shown", [("2026-12-01", "decided", "accept"), ("2026-12-02", "expired", None)])
def test_a_decision_holds_until_the_end_of_its_day(town: Town, day: str, state: str, shown: str | None) -> None:
    town.evaluate(hit())
    decide(town, "accept", until=date(2026, 12, 1))
    meta.write(town.conn, {"active_day": day})

    assert barriers(town, "state", "decision", "decided_until") == [(state, "accept", "2026-12-01")]
    assert decision(town)[0] == shown


def test_a_finding_that_opens_anew_is_neither_acknowledged_nor_decided(town: Town) -> None:
    town.evaluate(hit())
    decide(town, "accept")
    voice.acknowledge(town.conn, voice.about(town.conn, "STR301", "GROW.1"), "Eva", None, NOW)
    town.evaluate(now=NOW + DAY)
    town.evaluate(hit(), now=NOW + 3 * DAY)

    [row] = view(town, "northing_findings")
    assert (row["decision"], row["acknowledged_by"]) == (None, None)
    assert barriers(town, "state", "raised_at", "days_left_when_raised", "decision", "ended_at") == [
        ("raised", "2026-11-24T12:00:00Z", 37, None, None)
    ]


def test_one_that_comes_back_within_a_day_keeps_what_was_said(town: Town) -> None:
    town.evaluate(hit())
    decide(town, "accept")
    town.evaluate(now=NOW + DAY)
    town.evaluate(hit(), now=NOW + DAY + timedelta(hours=3))

    assert decision(town) == ("accept", "Dana", None)
    assert barriers(town, "state", "ended_at") == [("decided", None)]


def test_the_barrier_of_a_team_is_raised_anew_in_another_cycle(town: Town, stored: Stored) -> None:
    for key, start, end in (("2027-Q1", (2027, 1, 1), (2027, 3, 31)), ("2027", (2027, 1, 1), (2027, 12, 31))):
        bounds = {"starts_at": datetime(*start, tzinfo=UTC), "ends_at": datetime(*end, tzinfo=UTC) + DAY}
        stored.add(tables.Cycle, key=key, starts_on=date(*start), ends_on=date(*end), archived=False, **bounds)
    of_team = Hit(subject_kind="team", subject="platform", severity="critical", summary="too much", team="platform")
    town.evaluate(of_team)
    about = voice.about(town.conn, "STR301", "platform")
    voice.decide(town.conn, about, "lend", "Dana", None, None, NOW + 2 * DAY, TODAY + 2 * DAY)
    town.evaluate(now=NOW + 10 * DAY)
    town.evaluate(of_team, now=NOW + 40 * DAY)

    about = voice.about(town.conn, "STR301", "platform")
    voice.decide(town.conn, about, "accept", "Dana", None, None, NOW + 45 * DAY, TODAY + 45 * DAY)

    assert barriers(town, "cycle", "state", "days_left_when_raised", "decision", "days_to_decision", "ended_at") == [
        ("cycle of GROW.1", "ended", 37, "lend", 2, "2026-12-04T12:00:00Z"),
        ("2027-Q1", "decided", 87, "accept", 5, None),
    ]


def test_a_barrier_outside_of_all_cycles_has_none(town: Town) -> None:
    lonely = Hit(subject_kind="item", subject="SHOP-1", severity="warning", summary="said")
    town.evaluate(lonely, now=NOW + 60 * DAY)

    assert barriers(town, "cycle", "days_left_when_raised") == [(None, None)]


def test_no_cycle_that_left_the_configuration_takes_a_barrier(town: Town, stored: Stored) -> None:
    stored.cycle("other", TODAY - DAY, TODAY + DAY)
    of_team = Hit(subject_kind="team", subject="platform", severity="critical", summary="too much", team="platform")
    town.conn.execute(sa.text("UPDATE cycle SET archived = TRUE WHERE key = 'other'"))
    town.evaluate(of_team)

    assert barriers(town, "cycle", "days_left_when_raised") == [("cycle of GROW.1", 37)]


def test_a_team_may_object_until_the_last_day_of_the_cycle(town: Town) -> None:
    last = date(2026, 12, 31)
    at = datetime(2026, 12, 31, 22, tzinfo=UTC)
    with pytest.raises(voice.Unfit, match=r"The cycle of GROW\.1 ended on 2026-12-31\."):
        voice.object_to(town.conn, "GROW.1", "metric", "platform", "Dana", None, at + DAY, last + DAY)
    voice.object_to(town.conn, "GROW.1", "metric", "platform", "Dana", None, at, last)

    assert barriers(town, "subject", "state", "days_left_when_raised") == [("GROW.1", "raised", 0)]


def test_a_suppressed_barrier_has_ended(town: Town) -> None:
    town.evaluate(hit())
    one = {"code": "STR", "subject": "GROW.1", "until": "2026-12-24", "reason": "on loan"}
    town.settings = config(findings={"suppress": [one]})
    town.evaluate(hit(), now=NOW + DAY)

    assert barriers(town, "state", "ended_at") == [("ended", "2026-11-25T12:00:00Z")]
    assert changes(town)[-1] == ("suppressed", "warning", None, None)


def test_an_objection_is_a_barrier_by_hand(town: Town) -> None:
    voice.object_to(town.conn, "GROW.1", "metric", "commerce", "Eva", "not ours", NOW, TODAY)

    assert view(town, "northing_barriers") == [
        {
            "cycle": "cycle of GROW.1",
            "code": "objection",
            "subject_kind": "key_result",
            "subject": "GROW.1",
            "team": "commerce",
            "reason": "metric",
            "summary": "commerce objects to GROW.1 (metric): not ours",
            "state": "raised",
            "raised_at": "2026-11-24T12:00:00Z",
            "raised_by": "Eva",
            "days_left_when_raised": 37,
            "acknowledged_by": None,
            "acknowledged_at": None,
            "decision": None,
            "decided_by": None,
            "decided_at": None,
            "decided_until": None,
            "days_to_decision": None,
            "ended_at": None,
        }
    ]
    assert view(town, "northing_findings") == []


def test_an_objection_is_acknowledged_decided_and_withdrawn_by_key_result_and_team(town: Town) -> None:
    for team in ("commerce", "platform"):
        voice.object_to(town.conn, "GROW.1", "capacity", team, "Eva", None, NOW, TODAY)
    about = voice.about(town.conn, "objection", "GROW.1", "platform")
    voice.acknowledge(town.conn, about, "Dana", None, NOW + DAY)
    voice.decide(town.conn, about, "lend", "Dana", None, "one person", NOW + 2 * DAY, TODAY + 2 * DAY)
    town.evaluate()  # does not touch it
    assert barriers(town, "team", "state", "days_to_decision") == [
        ("commerce", "raised", None),
        ("platform", "decided", 2),
    ]

    voice.withdraw(town.conn, "GROW.1", "platform", "Eva", "thanks", NOW + 3 * DAY)
    assert barriers(town, "team", "state", "ended_at") == [
        ("commerce", "raised", None),
        ("platform", "ended", "2026-11-27T12:00:00Z"),
    ]
    assert changes(town) == [
        ("objected", "warning", "Eva", "capacity"),
        ("objected", "warning", "Eva", "capacity"),
        ("acknowledged", "warning", "Dana", None),
        ("decided", "warning", "Dana", "lend: one person"),
        ("withdrawn", "warning", "Eva", "thanks"),
    ]


def test_a_team_may_object_for_several_reasons_and_again_after_it_withdrew(town: Town) -> None:
    def object_to(kind: voice.Objection, days: int) -> None:
        moment = NOW + days * DAY
        voice.object_to(town.conn, "GROW.1", kind, "commerce", "Eva", None, moment, moment.date())

    object_to("metric", 0)
    object_to("capacity", 1)
    withdrawn = voice.withdraw(town.conn, "GROW.1", "commerce", "Eva", None, NOW + 2 * DAY)
    object_to("metric", 3)

    assert [one.called for one in withdrawn] == [
        "commerce's objection to GROW.1 (metric)",
        "commerce's objection to GROW.1 (capacity)",
    ]
    assert barriers(town, "reason", "state") == [("metric", "ended"), ("capacity", "ended"), ("metric", "raised")]


class TestRefusals:
    """What does not fit says why and what to do, and leaves nothing behind."""

    @pytest.mark.parametrize(
        "code, subject, team, message",
        [
            ("STR399", "GROW.1", None, "No finding has the code STR399. Did you mean `STR309`?"),
            ("STR301", "GROW.2", None, "There is no STR301 about GROW.2. Did you mean `GROW.1`?"),
            ("STR302", "GROW.1", None, "There is no open STR302, about GROW.1 or anything else."),
            ("STR301", "OLD.1", None, "STR301 about OLD.1 is not open: it ended on 2026-11-24."),
            ("objection", "GROW.1", None, "Several teams object to GROW.1: commerce, platform."),
            ("objection", "GROW.1", "comerce", "There is no team 'comerce'. Did you mean `commerce`?"),
            ("objection", "GROW.1", "others", "others does not object to GROW.1."),
            ("objection", "GROW.2", None, "No team objects to GROW.2."),
            ("objection", "GROWTH.1", None, "There is no key result 'GROWTH.1'. Did you mean `GROW.1`?"),
        ],
    )
    def test_about_what_is_not_there(
        self, town: Town, stored: Stored, code: str, subject: str, team: str | None, message: str
    ) -> None:
        stored.key_result("GROW.2")
        stored.add(tables.Team, key="others", name="Others", archived=False)
        for one in ("commerce", "platform"):
            voice.object_to(town.conn, "GROW.1", "conflict", one, "Eva", None, NOW, TODAY)
        town.evaluate(hit("OLD.1"), hit())
        town.evaluate(hit())

        with pytest.raises(voice.Unfit) as caught:
            voice.about(town.conn, code, subject, team)
        assert caught.value.message == message
        assert caught.value.advice

    def test_a_decision_for_days_that_have_passed(self, town: Town) -> None:
        town.evaluate(hit())
        with pytest.raises(voice.Unfit, match="2026-11-23 has passed: today is 2026-11-24"):
            decide(town, "accept", until=date(2026, 11, 23))
        assert [change for change, *_ in changes(town)] == ["opened"]
        decide(town, "accept", until=TODAY)
        meta.write(town.conn, {"active_day": TODAY.isoformat()})
        assert decision(town) == ("accept", "Dana", "2026-11-24")

    def test_one_to_a_key_result_that_left_the_configuration_can_be_withdrawn(self, town: Town) -> None:
        voice.object_to(town.conn, "GROW.1", "metric", "platform", "Eva", None, NOW, TODAY)
        town.conn.execute(sa.text("UPDATE key_result SET archived = TRUE"))
        voice.withdraw(town.conn, "GROW.1", "platform", "Eva", None, NOW + DAY)

        assert barriers(town, "state", "ended_at") == [("ended", "2026-11-25T12:00:00Z")]

    @pytest.mark.parametrize(
        "key, team, day, message",
        [
            ("GROW.9", "commerce", TODAY, "There is no key result 'GROW.9'. Did you mean `GROW.1`?"),
            ("GONE.1", "commerce", TODAY, "Key result GONE.1 left the configuration."),
            ("GROW.1", "sales", TODAY, "There is no team 'sales'. Known: commerce, platform."),
            ("GROW.1", "commerce", date(2027, 1, 1), "The cycle of GROW.1 ended on 2026-12-31."),
            ("GROW.1", "platform", TODAY, "platform objects to GROW.1 (metric) since 2026-11-24 already."),
        ],
    )
    def test_an_objection_that_cannot_be(
        self, town: Town, stored: Stored, key: str, team: str, day: date, message: str
    ) -> None:
        stored.key_result("GONE.1")
        town.conn.execute(sa.text("UPDATE key_result SET archived = TRUE WHERE key = 'GONE.1'"))
        voice.object_to(town.conn, "GROW.1", "metric", "platform", "Eva", None, NOW, TODAY)

        with pytest.raises(voice.Unfit) as caught:
            voice.object_to(town.conn, key, "metric", team, "Eva", None, NOW, day)
        assert caught.value.message == message
        assert len(changes(town)) == 1
