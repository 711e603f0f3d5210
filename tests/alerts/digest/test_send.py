"""A digest is sent once for each moment of its schedule, and again, visibly, where it may not have arrived."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

import store
from alerts import channel
from alerts.channel import Outcome
from alerts.digest import Report
from alerts.digest.document import Document
from alerts.digest.outbox import Waiting
from alerts.digest.send import Sent, message, send_digest, send_waiting
from config import Config
from config.service import Service as ServiceSettings
from store.tables import AlertChannel, DigestDelivery
from tests.alerts.digest.organisation import Answers, counted
from tests.alerts.receiver import Receiver, receiving

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
NAME = "company to hook at mon 08:00"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


class Service:
    """Sends digests at the moment that it is."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.now = MONDAY
        self.answers = Answers()

    def send(self, config: Config, name: str = NAME) -> Sent:
        return send_digest(self.engine, config, name, self.answers, **self._more())

    def again(self, config: Config) -> Sent:
        return send_waiting(self.engine, config, self.answers, **self._more())

    def _more(self) -> dict[str, Any]:
        return {"now": lambda: self.now, "stop": threading.Event(), "hide": lambda text: text.replace("secret", "***")}

    def rows(self) -> list[tuple[Any, ...]]:
        table = DigestDelivery.__table__
        query = sa.select(table.c.digest, table.c.slot, table.c.channel, table.c.state).order_by(table.c.slot)
        with self.engine.connect() as conn:
            return [tuple(row) for row in conn.execute(query)]


@pytest.fixture
def service(migrated_url: str) -> Iterator[Service]:
    engine = store.connect(migrated_url)
    counted(engine)
    yield Service(engine)
    engine.dispose()


def configured(receiver: Receiver, *digests: dict[str, Any], **more: Any) -> Config:
    alerts = {"channels": {"hook": receiver.url, "other": receiver.url}, **more}
    return Config(alerts={**alerts, "digests": digests or [{"to": "hook", "at": "mon 08:00"}]})


def test_a_digest_is_sent_once_for_each_monday(service: Service, receiver: Receiver) -> None:
    config = configured(receiver)
    assert service.send(config) == Sent(messages=1)
    assert (service.send(config), service.again(config)) == (Sent(), Sent())
    service.now += timedelta(days=7, minutes=1)
    assert service.send(config) == Sent(messages=1)
    assert receiver.messages == ["hook-20261123-0800", "hook-20261130-0800"]
    assert [row[3] for row in service.rows()] == ["sent", "sent"]


def test_a_hook_is_told_in_words_and_in_numbers(service: Service, receiver: Receiver) -> None:
    service.send(configured(receiver))
    [got] = receiver.got
    assert got["title"] == "OKR digest, 23 November 2026"
    assert got["message"].splitlines()[:6] == [
        "2026-Q4, day 54 of 92, 38 days left.",
        "",
        "• Health: of 1 key result 1 behind. Since 16 November: 1 worse.",
        "• Coverage: 1 of 1 key results have work behind them.",
        "• Effort: the company has nothing in progress or finished in this cycle.",
        "• Barriers: none stands.",
    ]
    assert {name: got[name] for name in ("id", "repetition", "digest", "team", "day", "since", "key_results")} == {
        "id": "hook-20261123-0800",
        "repetition": False,
        "digest": NAME,
        "team": None,
        "day": "2026-11-23",
        "since": "2026-11-16",
        "key_results": [
            {
                "key_result": "GROW.1",
                "title": "Sell more",
                "health": "behind",
                "health_before": "on_track",
                "outcome": 0.5,
                "delivery": 0.5,
            }
        ],
    }


def test_it_compares_with_the_day_before_the_last_one(service: Service, receiver: Receiver) -> None:
    config = configured(receiver)
    service.send(config)
    service.now += timedelta(days=7)
    service.send(config)
    assert service.answers.since == [date(2026, 11, 16), date(2026, 11, 22)]


def test_what_did_not_arrive_is_tried_again_later_and_the_channel_is_known_to_fail(
    service: Service, receiver: Receiver
) -> None:
    config = configured(receiver)
    with service.engine.begin() as conn:
        row = {"name": "hook", "greeted": True, "attempts": 0, "refused": False, "seen_at": service.now}
        conn.execute(sa.insert(AlertChannel.__table__).values(**row))
    receiver.status = 500
    assert service.send(config) == Sent(failed=1)
    assert service.again(config) == Sent()
    channels = sa.select(AlertChannel.__table__.c.failing_since, AlertChannel.__table__.c.refused)
    with service.engine.connect() as conn:
        assert conn.execute(channels).all() == [(service.now, True)]
    receiver.status = 200
    service.now += timedelta(minutes=1)
    assert service.again(config) == Sent(messages=1)
    with service.engine.connect() as conn:
        assert conn.execute(channels).all() == [(None, False)]
    # The service itself had said no, so nothing had arrived.
    assert [(one["id"], one["repetition"]) for one in receiver.got] == [("hook-20261123-0800", False)] * 2


def test_a_digest_compares_with_the_last_one_of_its_own_team(service: Service, receiver: Receiver) -> None:
    config = configured(receiver, {"to": "hook", "team": "commerce", "at": "daily at 08:00"}, {"to": "hook"})
    team, company = config.digests
    service.send(config, team)
    service.now += timedelta(days=7)
    service.send(config, company)
    assert [one["since"] for one in receiver.got] == ["2026-11-16", "2026-11-23"]


def test_the_day_before_the_last_one_is_that_of_the_zone(service: Service, receiver: Receiver) -> None:
    config = configured(receiver).model_copy(update={"timezone": "Pacific/Auckland"})
    service.now = datetime(2026, 11, 22, 20, tzinfo=UTC)  # Monday morning there
    service.send(config)
    service.now += timedelta(days=7)
    service.send(config)
    assert service.answers.since[-1] == date(2026, 11, 22)


def test_a_digest_leaves_the_waits_of_alerts_to_them_and_is_tried_at_its_own_time(
    service: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(receiver)
    with service.engine.begin() as conn:
        row = {"name": "hook", "greeted": True, "attempts": 2, "refused": True, "error": "no", "seen_at": service.now}
        conn.execute(sa.insert(AlertChannel.__table__).values(**row, failing_since=service.now))
    for outcome in (Outcome(False), Outcome(False, refused=True)):
        monkeypatch.setattr(channel, "deliver", lambda *_args, outcome=outcome: outcome)
        assert service.again(config).failed + service.send(config).failed == 1
        service.now += timedelta(minutes=5)
    monkeypatch.undo()
    assert service.again(config.model_copy(update={"alerts": Config().alerts})) == Sent()
    assert service.again(config) == Sent(messages=1)
    assert [one["repetition"] for one in receiver.got] == [True]
    table = AlertChannel.__table__
    with service.engine.connect() as conn:
        assert conn.execute(sa.select(table.c.refused, table.c.error)).all() == [(True, "no")]


class Killed(BaseException):
    """As a kill: nothing that comes after it runs."""


def test_killed_while_sending_it_is_repeated_with_the_same_id_and_says_so(
    service: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(receiver)
    deliver = channel.deliver

    def killed(*args: Any, **more: Any) -> Outcome:
        deliver(*args, **more)
        raise Killed

    monkeypatch.setattr(channel, "deliver", killed)
    with pytest.raises(Killed):
        service.send(config)
    monkeypatch.setattr(channel, "deliver", deliver)
    assert service.send(config) == Sent()  # whoever died has its claim for a while
    service.now += timedelta(minutes=3)
    assert service.again(config) == Sent(messages=1)
    assert [(one["id"], one["repetition"]) for one in receiver.got] == [
        ("hook-20261123-0800", False),
        ("hook-20261123-0800", True),
    ]
    assert "This may be a repetition: digest hook-20261123-0800 was perhaps sent before." in receiver.got[1]["message"]


def test_quiet_hours_are_waited_for(service: Service, receiver: Receiver) -> None:
    config = configured(receiver, quiet={"from": "19:00", "to": "09:00"})
    assert service.send(config) == Sent(quiet=True)
    service.now += timedelta(hours=1)
    assert service.again(config) == Sent(messages=1)
    assert receiver.messages == ["hook-20261123-0800"]


def test_one_that_waits_gives_way_to_the_next(service: Service, receiver: Receiver) -> None:
    config = configured(receiver)
    receiver.status = 500
    service.send(config)
    receiver.status = 200
    service.now += timedelta(days=7)
    service.send(config)
    assert [(row[1].astimezone(UTC).date(), row[3]) for row in service.rows()] == [
        (date(2026, 11, 23), "dropped"),
        (date(2026, 11, 30), "sent"),
    ]


def test_each_channel_of_a_digest_gets_it_and_each_team_its_own(service: Service, receiver: Receiver) -> None:
    config = configured(receiver, {"to": ["hook", "other"], "team": "commerce", "at": "mon 08:00"}, {"to": "hook"})
    assert list(config.digests) == ["commerce to hook, other at mon 08:00", "company to hook at mon 08:00"]
    assert service.send(config, "commerce to hook, other at mon 08:00") == Sent(messages=2)
    assert [(one["id"], one["team"], one["title"]) for one in receiver.got] == [
        (f"{name}-commerce-20261123-0800", "commerce", "OKR digest for Commerce, 23 November 2026")
        for name in ("hook", "other")
    ]


def test_digests_of_one_moment_to_one_channel_have_ids_of_their_own_and_link_to_their_pages(
    service: Service, receiver: Receiver
) -> None:
    config = configured(receiver, {"to": "hook", "team": "commerce"}, {"to": "hook"})
    config = config.model_copy(update={"service": ServiceSettings(url="https://okr.example/northing")})
    for name in config.digests:
        assert service.send(config, name) == Sent(messages=1)
    assert [(one["id"], one["url"]) for one in receiver.got] == [
        ("hook-commerce-20261123-0800", "https://okr.example/northing/teams/commerce"),
        ("hook-20261123-0800", "https://okr.example/northing"),
    ]
    assert receiver.got[1]["message"].endswith("\n\nDigest hook-20261123-0800. https://okr.example/northing")


def test_a_digest_links_to_its_page_in_every_form_and_its_title_is_one_line() -> None:
    one = Waiting("x", MONDAY, "hook", None, 0, False)
    document = Document("OKR digest for A\r\nBcc: all@acme.example" + "x" * 300, "Quiet.", closing=("All.",))
    facts: Any = SimpleNamespace(team=None, day=MONDAY, since=MONDAY, key_results=(), barriers=(), findings=())
    written = message(Report(document, facts), one, ZoneInfo("UTC"), "https://okr.example")
    assert written.title.startswith("OKR digest for A Bcc: all@acme.example")
    assert len(written.title) == 120
    assert written.slack.endswith("_Digest hook-20261123-0800._ <https://okr.example|Open it>")
    assert written.teams.endswith("Digest hook-20261123-0800. [Open it](https://okr.example)")
    assert 'href="https://okr.example"' in written.html
    assert "Open it" not in message(Report(document, facts), one, ZoneInfo("UTC")).html


def test_a_digest_that_left_the_configuration_sends_nothing(service: Service, receiver: Receiver) -> None:
    assert service.send(configured(receiver), "company to hook at fri 16:00") == Sent()
    assert service.rows() == []


def test_before_anything_was_counted_a_digest_waits(migrated_url: str, receiver: Receiver) -> None:
    engine = store.connect(migrated_url)
    try:
        service = Service(engine)
        assert service.send(configured(receiver)) == Sent()
        counted(engine)
        assert service.again(configured(receiver)) == Sent(messages=1)
    finally:
        engine.dispose()


def test_a_team_that_is_not_counted_yet_holds_up_nobody(service: Service, receiver: Receiver) -> None:
    config = configured(receiver, {"to": "hook", "team": "new"}, {"to": "hook"})
    assert service.send(config, "new to hook at mon 08:00") == Sent()
    assert service.send(config) == Sent(messages=1)
    assert [row[3] for row in service.rows() if row[0] == "new to hook at mon 08:00"] == ["waiting"]


@pytest.mark.parametrize(
    "at, zone, now, slot",
    [
        ("mon 08:00", "UTC", "2026-11-23T08:00+00:00", "2026-11-23T08:00+00:00"),
        ("mon 08:00", "UTC", "2026-11-23T07:59+00:00", "2026-11-16T08:00+00:00"),
        ("daily at 08:00", "Europe/Zurich", "2026-10-25T07:00+00:00", "2026-10-25T07:00+00:00"),
        ("daily at 08:00", "Pacific/Auckland", "2026-11-22T19:30+00:00", "2026-11-22T19:00+00:00"),
        ("every 6 hours", "UTC", "2026-11-23T08:00+00:00", "2026-11-23T06:00+00:00"),
    ],
)
def test_the_moment_of_a_digest_is_that_of_the_services_clock(at: str, zone: str, now: str, slot: str) -> None:
    from alerts.digest.outbox import latest
    from config.times import when
    from sync.jobs.triggers import trigger

    config = Config(timezone=zone, alerts={"channels": {"a": "json://127.0.0.1"}, "digests": [{"to": "a", "at": at}]})
    moment = datetime.fromisoformat(now)
    [digest] = config.digests.values()
    found = latest(digest, config, moment)
    assert found == datetime.fromisoformat(slot) == trigger(when(at), config.zone).latest(moment)
