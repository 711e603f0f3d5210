"""What people had said by a day is what the rewound store knows of it."""

from datetime import timedelta

import sqlalchemy as sa

from config import Config
from store import voice
from sync.history import as_of
from tests.mapping.tracker import Tracker, item
from tests.sync.history.test_snapshot import SHOP, day, sync
from tests.sync.office import config

ONE = [{"key": "A.1", "title": "One", "value": {"from": "delivery"}, "team": "product"}]
TEAMS = [{"key": "product"}, {"key": "platform", "owns": [{"project": "SHOP"}]}]


def configured(tracker: Tracker) -> Config:
    """Platform does all the work of a key result that Product answers for."""
    tracker.save(item("SHOP-1", created_at=day(1)))
    configuration = config(SHOP, key_results=ONE, teams=TEAMS)
    sync(tracker.conn, configuration, day(12))
    return configuration


def unheard(conn: sa.Connection) -> list[str]:
    """Teams that never said that they know of a key result."""
    query = "SELECT subject FROM finding WHERE code = 'HYG408' AND resolved_at IS NULL"
    return list(conn.execute(sa.text(query)).scalars())


def standing(conn: sa.Connection) -> list[tuple[str, str]]:
    """Subject and state of the objections."""
    query = "SELECT subject, state FROM northing_barriers WHERE code = 'objection'"
    return [(row.subject, row.state) for row in conn.execute(sa.text(query))]


def test_a_team_that_had_objected_by_then_knew_of_the_key_result(tracker: Tracker) -> None:
    conn, configuration = tracker.conn, configured(tracker)
    assert unheard(conn) == ["platform"]
    voice.object_to(conn, "A.1", "capacity", "platform", "Dana", None, day(15), day(15).date())
    voice.withdraw(conn, "A.1", "platform", "Dana", None, day(18))
    sync(conn, configuration, day(20))
    assert unheard(conn) == []
    for at, teams, objections in (
        (14, ["platform"], []),
        (16, [], [("A.1", "raised")]),
        (19, [], [("A.1", "ended")]),
    ):
        with conn.begin_nested() as then:
            as_of(conn, configuration, day(at))
            assert (unheard(conn), standing(conn)) == (teams, objections), at
            then.rollback()
    assert standing(conn) == [("A.1", "ended")]


def test_what_was_said_to_an_objection_later_is_not_known_then(tracker: Tracker) -> None:
    conn, configuration = tracker.conn, configured(tracker)
    voice.object_to(conn, "A.1", "capacity", "platform", "Dana", None, day(15), day(15).date())
    voice.decide(conn, voice.about(conn, "objection", "A.1"), "lend", "Kim", None, None, day(17), (day(17)).date())
    for at, state in ((day(17) - timedelta(hours=1), "raised"), (day(17) + timedelta(hours=1), "decided")):
        with conn.begin_nested() as then:
            as_of(conn, configuration, at)
            assert standing(conn) == [("A.1", state)]
            then.rollback()
