"""What is scheduled by a configuration and the scopes that are known."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from config import Config, ConnectionOptions
from connectors.registry import connector
from store.known_scopes import Known
from sync.jobs.job import Job
from sync.jobs.schedule import SPREAD, schedule

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def known(*keys: str, archived: bool = False) -> list[Known]:
    return [Known(key, key, archived, None, None) for key in keys]


def config(**more: Any) -> Config:
    plain = ConnectionOptions(kind="fake")
    return Config(connections={"fake": plain, "other": plain}, **more)


def test_the_list_of_what_is_done_and_how_often() -> None:
    found = schedule(
        config(
            schedule={"sync": "every 5 minutes", "reconcile": "sat 04:00", "digest": "mon 08:00"},
            alerts={
                "channels": {"leads": "json://127.0.0.1"},
                "digests": [{"to": "leads"}, {"to": "leads", "at": "fri 16:00"}],
            },
        ),
        {"fake": [*known("A"), *known("Z", archived=True)]},
    )
    assert [(one.job, one.when) for one in found] == [
        (Job("list", "fake"), "every 5 minutes"),
        (Job("read", "fake", "A"), "every 5 minutes"),
        (Job("sweep", "fake", "A"), "sat 04:00"),
        (Job("read", "fake", "Z"), "every 5 minutes"),
        (Job("list", "other"), "every 5 minutes"),
        (Job("count"), "every 5 minutes"),
        (Job("count"), "daily at 23:59"),
        (Job("alerts"), "every 1 minute"),
        (Job("digest", name="company to leads at mon 08:00"), "mon 08:00"),
        (Job("digest", name="company to leads at fri 16:00"), "fri 16:00"),
        (Job("retain"), "daily at 03:45"),
    ]


def test_questions_and_values_are_scheduled_where_there_are_some() -> None:
    quarter = {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"}
    results = [{"key": "A.1", "title": "Sell", "value": {"http": "https://numbers.example", "path": "n"}}]
    found = schedule(
        Config.model_validate(
            {
                "connections": {"fake": ConnectionOptions(kind="fake"), "other": ConnectionOptions(kind="fake")},
                "cycles": [quarter],
                "objectives": [{"key": "A", "title": "A", "cycle": "Q4", "key_results": results}],
                "mappings": [{"key_result": "A.1", "work": {"connection": "other", "jql": "x"}}],
            }
        ),
        {},
    )
    assert [one.job for one in found if one.job.kind in ("ask", "values")] == [Job("ask", "other"), Job("values")]


def test_a_question_to_no_connection_by_name_is_asked_of_all() -> None:
    found = schedule(config(intentional=[{"reason": "Upkeep", "work": {"jql": "x"}}]), {})
    assert [one.job for one in found if one.job.kind == "ask"] == [Job("ask", "fake"), Job("ask", "other")]


def test_hints_are_looked_for_where_a_connection_has_a_secret_to_know_them_by() -> None:
    def kinds(**more: Any) -> set[str]:
        kind = connector("github").options_model
        options = kind.model_validate({"kind": "github", "repositories": ["acme/*"], "auth": {"token": "t"}, **more})
        return {one.job.kind for one in schedule(Config(connections={"github": options}), {})}

    assert kinds(webhook_secret="s3cret") - kinds() == {"hints", "missed"}


def test_scopes_are_read_one_after_another_and_each_at_its_own_distance() -> None:
    scopes = {"fake": known(*(f"P{number}" for number in range(400)))}
    reads = [one for one in schedule(config(), scopes) if one.job.kind == "read"]
    interval, since = timedelta(minutes=15), datetime(2026, 11, 24, 12, tzinfo=UTC)
    later = [one.next(since) - one.slot(one.next(since)) for one in reads]
    assert {one.slot(one.next(since)) for one in reads} == {since}
    assert min(later) < interval * 0.02
    assert interval * SPREAD > max(later) > interval * 0.36
    in_a_tenth = Counter(int(one / (interval * SPREAD / 10)) for one in later)
    assert min(in_a_tenth.values()) > 15
    assert schedule(config(), scopes) == schedule(config(), scopes)


def test_a_reading_once_a_day_is_late_by_minutes_at_most() -> None:
    found = schedule(config(schedule={"sync": "every 1 day"}), {"fake": known(*"ABCDEFGH")})
    late = [one.next(NOW) - one.slot(one.next(NOW)) for one in found if one.when == "every 1 day"]
    assert max(late) <= timedelta(minutes=10)
