"""What waits is sent, once where nothing goes wrong, and again where something does."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from alerts import channel
from alerts.message import Words, plain
from alerts.send import Sent, send_alerts
from config import Quiet
from store import tables, voice
from tests.alerts.office import Office, configured
from tests.alerts.receiver import Receiver, receiving


def told(receiver: Receiver) -> list[list[tuple[str, str]]]:
    """For each message what it says of which subject."""
    return [[(one["subject"], one["told"]) for one in message["alerts"]] for message in receiver.got]


def watching(office: Office, receiver: Receiver, **more: Any) -> Any:
    """A configuration whose channel has heard how things stand, which was quiet."""
    config = configured({"hook": receiver.url}, **more)
    id_ = office.open("OLD.1")
    office.send(configured({"hook": receiver.url}))
    assert [one["greeting"] for one in receiver.got] == [True]
    receiver.got.clear()
    del id_
    return config


def test_a_change_is_told_once_with_all_that_there_is_to_say(office: Office, receiver: Receiver) -> None:
    config = configured({"hook": receiver.url}, url="https://northing.example/n/")
    office.send(config)
    office.open("GROW.1", "STR301", "critical", "commerce", summary="Nobody holds the levers")
    office.pass_(minutes=1)
    sent = office.send(config)
    assert (sent.routed, sent.messages, sent.failed, sent.quiet) == (1, 1, 0, False)
    assert office.send(config).messages == 0
    [message] = receiver.got
    assert {key: message[key] for key in ("id", "title", "type", "repetition", "greeting", "url")} == {
        "id": "hook-1",
        "title": "Northing is watching: 1 finding is open",
        "type": "failure",
        "repetition": False,
        "greeting": True,
        "url": "https://northing.example/n/findings",
    }
    assert message["alerts"] == [
        {
            "id": 1,
            "code": "STR301",
            "subject_kind": "key_result",
            "subject": "GROW.1",
            "severity": "critical",
            "change": "opened",
            "told": "opened",
            "summary": "Nobody holds the levers",
            "reason": None,
            "teams": ["commerce"],
            "at": "2026-11-24T12:00:00Z",
            "since": "2026-11-24T12:00:00Z",
            "who": None,
            "words": None,
            "ends": "What ends STR301.",
            "caused_by": None,
            "url": "https://northing.example/n/findings/STR301/GROW.1",
        }
    ]


def test_the_whole_course_is_told_and_repetitions_are_not(office: Office, receiver: Receiver) -> None:
    config = watching(office, receiver)
    one = office.open("GROW.1")
    office.send(config)
    for kind in ("eased", "acknowledged", "escalated", "decided", "suppressed"):
        office.change(one, kind, who="Dana")
        office.send(config)
    office.change(one, "resolved")
    office.send(config)
    office.back(one)
    office.change(one, "resolved")
    office.send(config)
    office.change(one, "opened")
    office.send(config)
    assert told(receiver) == [
        [("GROW.1", "opened")],
        [("GROW.1", "escalated")],
        [("GROW.1", "decided")],
        [("GROW.1", "resolved")],
        [("GROW.1", "opened")],
    ]
    assert office.rows(tables.FindingChange, "routed_at").count((None,)) == 0


def test_whoever_heard_of_the_beginning_hears_of_the_end(office: Office, receiver: Receiver) -> None:
    with receiving() as other:
        config = configured(
            {"leads": receiver.url, "all": other.url}, {"to": "leads", "severity": "critical"}, {"to": "all"}
        )
        office.send(config)
        grave, mild = office.open("GROW.1", severity="critical"), office.open("GROW.2")
        office.send(config)
        office.change(grave, "eased", "warning")
        for one in (grave, mild):
            office.change(one, "resolved", "warning")
        office.send(config)
        assert told(receiver) == [[("GROW.1", "opened")], [("GROW.1", "resolved")]]
        assert told(other) == [
            [("GROW.1", "opened"), ("GROW.2", "opened")],
            [("GROW.1", "resolved"), ("GROW.2", "resolved")],
        ]


def test_a_new_channel_hears_how_things_stand_and_not_how_they_came_about(office: Office, receiver: Receiver) -> None:
    with receiving() as later:
        office.change(office.open("GROW.1"), "resolved")
        office.change(office.open("GROW.2"), "escalated", "critical")
        for number in range(30):
            office.open(f"GROW.{number + 3}")
        office.send(configured({"hook": receiver.url}))
        office.open("SHOP.1")
        office.send(configured({"hook": receiver.url, "later": later.url}))
    assert [(one["title"], len(one["alerts"])) for one in receiver.got + later.got] == [
        ("Northing is watching: 31 findings are open", 31),
        ("Warning: SHOP.1, key result with no delivery work behind it (COV101)", 1),
        ("Northing is watching: 32 findings are open", 32),
    ]
    assert receiver.got[0]["message"].splitlines()[0].startswith("🔴 Critical, open: GROW.2 · COV101")
    assert "and 29 more: GROW.11, GROW.12, GROW.13, GROW.14" in receiver.got[0]["message"]


def test_a_change_that_no_route_takes_is_done_with(office: Office, receiver: Receiver) -> None:
    config = configured({"hook": receiver.url}, {"to": "hook", "codes": "SYN"})
    office.send(config)
    office.open("GROW.1")
    office.send(config)
    assert office.rows(tables.FindingChange, "routed_at") == [(office.now,)]
    office.open("SHOP", "SYN502", kind="scope")
    office.send(config)
    assert told(receiver) == [[("SHOP", "opened")]]


def test_quiet_hours_hold_back_what_is_told_together_afterwards(office: Office, receiver: Receiver) -> None:
    config = watching(office, receiver, quiet=Quiet.model_validate({"from": "12:30", "to": "14:00"}))
    office.pass_(minutes=30)
    one, two, three = (office.open(f"GROW.{number}") for number in (1, 2, 3))
    assert office.send(config).quiet
    office.change(one, "resolved")
    office.change(two, "escalated", "critical")
    office.change(three, "suppressed")
    office.pass_(minutes=59)
    assert office.send(config).quiet
    assert receiver.got == []
    office.pass_(minutes=31)
    office.send(config)
    assert told(receiver) == [
        [("GROW.1", "passed"), ("GROW.2", "opened"), ("GROW.1", None), ("GROW.2", None), ("GROW.3", None)]
    ]
    assert receiver.got[0]["title"] == "1 critical opened, 1 began and ended meanwhile"


def test_one_cause_is_one_message(office: Office, receiver: Receiver) -> None:
    config = watching(office, receiver)
    office.open("jira", "SYN501", "critical", kind="connection")
    for key in ("SHOP", "PLAT", "TEAM"):
        office.open(key, "SYN502", kind="scope", connection="jira")
    office.open("acme/shop", "SYN502", kind="scope", connection="github")
    office.send(config)
    [message] = receiver.got
    assert [(one["subject"], one["caused_by"]) for one in message["alerts"]] == [
        ("jira", None),
        *((key, {"code": "SYN501", "subject": "jira"}) for key in ("SHOP", "PLAT", "TEAM")),
        ("acme/shop", None),
    ]
    assert "It brings with it: 3 × scope's data is old (SYN502): PLAT, SHOP, TEAM" in message["message"]


@pytest.mark.parametrize("status", [410, 503])
def test_a_channel_that_refuses_is_tried_again_with_growing_waits_and_holds_up_no_other(
    office: Office, receiver: Receiver, status: int
) -> None:
    with receiving() as well:
        config = configured({"hook": receiver.url, "well": well.url})
        receiver.status = status
        office.open("GROW.1")
        assert office.send(config).failed == 1
        assert len(well.got) == 1
        assert office.rows(tables.AlertChannel, "name", "attempts", "refused", "failing_since") == [
            ("hook", 1, True, office.now),
            ("well", 0, False, None),
        ]
        [row] = [row for row in office.rows(tables.AlertChannel, "name", "error") if row[0] == "hook"]
        assert f"error={status}" in row[1]
        assert office.send(config).failed == 0
        attempts = 1
        for _minute in range(10):
            office.pass_(minutes=1)
            attempts += office.send(config).failed
        assert 4 <= attempts <= 6
        receiver.status = 200
        office.open("GROW.2")
        office.pass_(hours=1)
        assert office.send(config).messages == 3
    assert receiver.messages == ["hook-1"] * (attempts + 1) + ["hook-2"]
    assert {one["repetition"] for one in receiver.got} == {False}
    assert office.rows(tables.AlertChannel, "name", "attempts", "refused", "failing_since", "error") == [
        ("hook", 0, False, None, None),
        ("well", 0, False, None, None),
    ]


def test_waits_never_end_and_never_grow_beyond_an_hour() -> None:
    from alerts.outbox import wait

    for attempts in range(200):
        longest = min(timedelta(hours=1), timedelta(seconds=30) * 2 ** min(attempts, 20))
        assert longest * 0.8 <= wait(attempts) <= longest


def test_a_message_without_an_answer_is_repeated_under_the_same_number_and_says_so(
    office: Office, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "TIME_LIMIT_S", 0.3)
    config = configured({"hook": receiver.url})
    answering = threading.Event()
    receiver.before = answering.wait
    office.open("GROW.1")
    assert office.send(config).failed == 1
    office.pass_(minutes=1)
    # The first one still hangs, and a second one does not join it.
    assert office.send(config).failed == 1
    assert receiver.messages == ["hook-1"]
    answering.set()
    for thread in threading.enumerate():
        if thread.name == "alerts to hook":
            thread.join()
    office.open("GROW.2")
    office.pass_(minutes=5)
    assert office.send(config).messages == 2
    assert [(one["id"], one["repetition"]) for one in receiver.got] == [
        ("hook-1", False),
        ("hook-1", True),
        ("hook-2", False),
    ]
    assert receiver.got[1]["message"].startswith(
        "This may be a repetition: message hook-1 was perhaps sent before.\n\n🟠 Warning, open: GROW.1"
    )


def test_a_service_that_stops_begins_nothing_and_waits_little_for_what_is_under_way(
    office: Office, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.send.GRACE_S", 0.2)
    config = configured({"hook": receiver.url})
    stop, answering = threading.Event(), threading.Event()

    def held() -> None:
        stop.set()
        answering.wait()

    receiver.before = held
    office.open("GROW.1")
    sent = office.send(config, stop)
    answering.set()
    assert (sent.messages, sent.failed) == (0, 1)
    assert office.send(config, stop) == type(sent)(0, 0, 0)


def test_a_crash_while_sending_leaves_a_claim_that_ends(office: Office, receiver: Receiver) -> None:
    config = configured({"hook": receiver.url})
    office.open("GROW.1")

    def crash() -> None:
        raise KeyboardInterrupt

    office.send(configured({"hook": receiver.url}, {"to": "hook", "codes": "SYN"}))
    office.open("SYN")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alerts.send.compose", lambda *_args, **_more: crash())
        with pytest.raises(KeyboardInterrupt):
            office.send(config)
    assert office.send(config).messages == 0
    office.pass_(minutes=1)
    assert office.send(config).messages == 1
    assert [one["repetition"] for one in receiver.got] == [True]


def test_two_processes_send_a_message_once(office: Office, receiver: Receiver) -> None:
    config = configured({"hook": receiver.url})
    office.open("GROW.1")
    found: list[int] = []

    def other() -> None:
        receiver.before = lambda: None
        found.append(office.send(config).messages)

    receiver.before = other
    assert (office.send(config).messages, found, receiver.messages) == (1, [0], ["hook-1"])


def test_a_channel_that_left_the_configuration_is_forgotten_after_a_day(office: Office, receiver: Receiver) -> None:
    receiver.status = 500
    office.open("GROW.1")
    office.send(configured({"hook": receiver.url}))
    office.pass_(hours=2)
    office.send(configured({}))
    assert office.rows(tables.Delivery, "channel", "state") == [("hook", "waiting")]
    office.pass_(hours=25)
    office.send(configured({}))
    assert office.rows(tables.AlertChannel, "name") == []
    assert office.rows(tables.Delivery, "channel", "state") == [("hook", "dropped")]


def test_an_address_that_cannot_be_used_is_kept_without_its_secrets(office: Office) -> None:
    office.open("GROW.1")
    office.send(configured({"one": "slack://t0ps3cret", "two": "slak://t0ps3cret/hidden", "three": "t0ps3cret"}))
    rows = office.rows(tables.AlertChannel, "name", "refused", "error")
    assert [(row[0], row[1]) for row in rows] == [("one", True), ("three", True), ("two", True)]
    for row in rows:
        assert row[2].startswith("The address cannot be used.")
        assert "t0ps3cret" not in row[2]
        assert "hidden" not in row[2]


def test_an_objection_and_its_withdrawal_are_told_to_both_teams(office: Office, receiver: Receiver) -> None:
    rows: list[tuple[type[tables.Row], dict[str, Any]]] = [
        (tables.Team, {"id": 1, "key": "commerce", "name": "Commerce", "archived": False}),
        (tables.Team, {"id": 2, "key": "platform", "name": "Platform", "archived": False}),
        (
            tables.Cycle,
            {
                "id": 1,
                "key": "2026-Q4",
                "starts_on": date(2026, 10, 1),
                "ends_on": date(2026, 12, 31),
                "starts_at": office.now,
                "ends_at": office.now,
                "archived": False,
            },
        ),
        (
            tables.Objective,
            {"id": 1, "key": "GROW", "title": "Grow", "cycle_id": 1, "team_id": 1, "kind": "committed", "position": 0}
            | {"archived": False},
        ),
        (
            tables.KeyResult,
            {"id": 1, "key": "GROW.1", "title": "Sell <more>", "objective_id": 1, "position": 0, "weight": 1.0}
            | {"definition": {}, "archived": False},
        ),
    ]
    with office.engine.begin() as conn:
        for table, values in rows:
            conn.execute(sa.insert(table.__table__).values(**values))
    with receiving() as other:
        routes = ({"to": "commerce", "team": "product", "codes": "STR"}, {"to": "platform", "team": "platform"})
        config = configured({"commerce": receiver.url, "platform": other.url}, *routes)
        office.send(config)
        with office.engine.begin() as conn:
            voice.object_to(conn, "GROW.1", "capacity", "platform", "Ari", "No room", office.now, office.now.date())
        office.send(config)
        with office.engine.begin() as conn:
            voice.withdraw(conn, "GROW.1", "platform", "Ari", "Room found", office.now)
        office.send(config)
        assert [one["title"] for one in other.got] == [one["title"] for one in receiver.got]
    assert [one["title"] for one in receiver.got] == [
        "Northing is watching: 1 finding is open",
        "Withdrawn: GROW.1, objection",
    ]
    alert = receiver.got[0]["alerts"][0]
    assert (alert["code"], alert["subject_kind"], alert["subject"]) == ("objection", "key_result", "GROW.1")
    assert (alert["change"], alert["severity"], alert["who"]) == ("objected", "warning", "Ari")
    assert alert["teams"] == ["commerce", "platform"]
    assert alert["summary"] == "platform objects to GROW.1 (Sell <more>), kind capacity: No room"
    assert "Ari: Room found" in receiver.got[1]["message"]


def test_what_waits_is_left_alone_while_a_digest_is_sent_to_the_channel(office: Office, receiver: Receiver) -> None:
    config = configured({"hook": receiver.url})
    answering = threading.Event()
    receiver.before = answering.wait
    done: list[channel.Outcome] = []
    digest = plain("Digest", "", "digest-1", {"id": "digest-1", "alerts": []})
    assert channel.start("hook", receiver.url, digest, done.append)
    receiver.wait_for(1)
    office.open("GROW.1")
    sent = office.send(config)
    assert (sent.messages, sent.failed) == (0, 0)
    answering.set()
    assert channel.deliver("hook", receiver.url, digest) == channel.Outcome(True)
    assert office.send(config).messages == 1
    assert (receiver.messages, done) == (["digest-1", "digest-1", "hook-1"], [channel.Outcome(True)])


def test_a_webhook_gets_many_changes_in_several_messages_each_once(office: Office, receiver: Receiver) -> None:
    for number in range(450):
        office.open(f"GROW.{number}", summary="x" * 1000)
    receiver.status = 500
    config = configured({"hook": receiver.url})
    assert office.send(config).failed == 1
    receiver.status = 200
    office.pass_(minutes=1)
    assert office.send(config) == Sent(messages=3)
    assert [(one["id"], one["greeting"], len(one["alerts"])) for one in receiver.got[1:]] == [
        ("hook-1", True, 200),
        ("hook-201", False, 200),
        ("hook-401", False, 50),
    ]
    assert len({alert["id"] for one in receiver.got[1:] for alert in one["alerts"]}) == 450


def test_what_cannot_be_written_holds_up_no_other_channel(office: Office, receiver: Receiver) -> None:
    office.open("GROW.1", team="commerce")
    office.open("GROW.2", code="HYG999", team="platform")
    config = configured(
        {"all": receiver.url, "hook": receiver.url}, {"to": ["all"]}, {"to": ["hook"], "team": "commerce"}
    )

    def some(code: str) -> Words:
        return {"COV101": Words("Why.", "Ends.")}[code]

    sent = send_alerts(
        office.engine, config, now=lambda: office.now, stop=threading.Event(), words=some, hide=lambda text: text
    )
    assert (sent.messages, sent.failed, receiver.messages) == (1, 1, ["hook-1"])
    assert ("all", True, "KeyError while it was written.") in office.rows(
        tables.AlertChannel, "name", "refused", "error"
    )


def test_of_an_end_hears_whoever_heard_of_its_own_beginning_and_nobody_else(office: Office, receiver: Receiver) -> None:
    config = configured({"hook": receiver.url}, {"to": "hook", "severity": "critical"})
    office.send(config)
    silenced = office.open("GROW.1", severity="critical")
    office.change(silenced, "suppressed", "critical")
    office.send(config)
    told_once = office.open("GROW.2", severity="critical")
    office.send(config)
    office.change(told_once, "resolved", "critical")
    office.send(config)
    assert told(receiver) == [[("GROW.2", "opened")], [("GROW.2", "resolved")]]
    office.change(told_once, "opened", "info")
    office.send(config)
    for finding in (silenced, told_once):
        office.change(finding, "resolved", "info")
    office.send(config)
    assert len(receiver.got) == 2


def test_a_new_channel_hears_nothing_of_what_passed_before_though_others_do(office: Office, receiver: Receiver) -> None:
    with receiving() as later:
        office.send(configured({"hook": receiver.url}))
        office.change(office.open("GROW.1"), "resolved")
        office.send(configured({"hook": receiver.url, "later": later.url}))
        assert (receiver.messages, later.got) == (["hook-1"], [])


def test_a_refusal_says_nothing_of_an_attempt_before_it_that_may_have_arrived(
    office: Office, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured({"hook": receiver.url})
    office.open("GROW.1")
    for outcome in (channel.Outcome(False), channel.Outcome(False, refused=True)):
        monkeypatch.setattr(channel, "send", lambda _url, _message, outcome=outcome: outcome)
        assert office.send(config).failed == 1
        office.pass_(minutes=5)
    monkeypatch.undo()
    assert office.send(config).messages == 1
    assert [one["repetition"] for one in receiver.got] == [True]


def test_a_channel_is_not_greeted_again_after_a_service_was_off_for_days(office: Office, receiver: Receiver) -> None:
    config = configured({"hook": receiver.url})
    office.open("GROW.1")
    office.send(config)
    office.pass_(days=3)
    office.open("GROW.2")
    office.send(config)
    assert [(one["greeting"], len(one["alerts"])) for one in receiver.got] == [(True, 1), (False, 1)]
