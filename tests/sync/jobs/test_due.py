"""What is due when the service starts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

import store
from config import Config, ConnectionOptions
from store.known_scopes import known
from store.tables import Connection, Scope
from sync.jobs.due import due, note
from sync.jobs.job import Job
from sync.jobs.schedule import schedule

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CONFIG = Config.model_validate(
    {
        "connections": {"fake": ConnectionOptions(kind="fake")},
        "alerts": {"channels": {"leads": "json://127.0.0.1"}, "digests": [{"to": "leads", "at": "mon 08:00"}]},
        "intentional": [{"reason": "Upkeep", "work": {"jql": "x"}}],
    }
)


def fill(
    conn: sa.Connection, listed: timedelta | None, scopes: Mapping[str, tuple[timedelta | None, timedelta | None]]
) -> None:
    """A connection that was listed so long ago, with scopes that were read and compared so long ago."""
    table = Connection.__table__
    last = NOW - listed if listed is not None else None
    identity = conn.execute(
        sa.insert(table).values(name="fake", kind="fake", archived=False, last_ok_at=last).returning(table.c.id)
    ).scalar_one()
    for key, (read, swept) in scopes.items():
        ages = {"last_ok_at": read, "swept_at": swept}
        values = {name: NOW - age if age is not None else None for name, age in ages.items()}
        plain = {"external_id": key, "key": key, "key_folded": key.lower(), "name": key, "kind": "project", "url": ""}
        conn.execute(
            sa.insert(Scope.__table__).values(
                connection_id=identity, archived=key.startswith("Z"), visible=not key.startswith("Y"), **plain, **values
            )
        )


def jobs(
    url: str, listed: timedelta | None, scopes: Mapping[str, tuple[timedelta | None, timedelta | None]]
) -> list[Job]:
    engine = store.connect(url)
    with engine.begin() as conn:
        fill(conn, listed, scopes)
        there = known(conn)
        found = [one.job for one in due(conn, schedule(CONFIG, there), there, NOW)]
    engine.dispose()
    return found


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_a_restart_after_two_minutes_reads_only_what_was_not_read_to_the_end(migrated_url: str) -> None:
    found = jobs(
        migrated_url,
        minutes(2),
        {"A": (minutes(2), minutes(60)), "B": (None, None), "C": (minutes(2), None), "Y": (None, None)},
    )
    assert found == [Job("ask", "fake"), Job("read", "fake", "B")]


def test_after_a_night_all_is_read_and_a_comparison_takes_the_place_of_a_reading(migrated_url: str) -> None:
    night = minutes(60 * 14)
    scopes = {"A": (night, night), "B": (night, None), "C": (night, minutes(1)), "Z": (night, None)}
    assert jobs(migrated_url, night, scopes) == [
        Job("list", "fake"),
        Job("ask", "fake"),
        Job("sweep", "fake", "A"),
        Job("sweep", "fake", "B"),
        Job("read", "fake", "C"),
        Job("read", "fake", "Z"),
    ]


def test_a_digest_whose_time_passed_while_nothing_ran_is_made_up_for_once(migrated_url: str) -> None:
    [digest] = [one.job for one in schedule(CONFIG, {}) if one.job.kind == "digest"]
    engine = store.connect(migrated_url)

    def is_due(now: datetime) -> bool:
        with engine.begin() as conn:
            return digest in [one.job for one in due(conn, schedule(CONFIG, {}), {}, now)]

    assert not is_due(NOW), "nothing was missed before the first start"
    assert not is_due(NOW + timedelta(days=5))
    assert is_due(NOW + timedelta(days=7))
    with engine.begin() as conn:
        note(conn, digest, NOW + timedelta(days=7))
    assert not is_due(NOW + timedelta(days=12))
    assert is_due(NOW + timedelta(days=13))
    engine.dispose()


def test_a_connection_that_failed_a_moment_ago_is_not_listed_again_at_each_start(migrated_url: str) -> None:
    engine = store.connect(migrated_url)
    with engine.begin() as conn:
        fill(conn, minutes(60 * 14), {})
        conn.execute(sa.update(Connection.__table__).values(failed_at=NOW - minutes(2)))
        found = [one.job.kind for one in due(conn, schedule(CONFIG, {}), {}, NOW)]
    engine.dispose()
    assert "list" not in found
