"""The queue of hints, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.hooks import About, Hint
from connectors.records import Ref
from store import hints
from store.hints import DELAYS, KEPT, Waiting
from store.tables import Hint as Row

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ABOUT = About(
    scope="1", scope_key="acme/shop", refs=(Ref(external_id="7", key="acme/shop#7"),), deleted=("7",), containers=True
)


def put(
    engine: sa.Engine, delivery: str, *, connection: str = "code", about: About = ABOUT, at: datetime = NOW
) -> bool:
    with engine.begin() as conn:
        return hints.put(conn, connection, Hint(delivery=delivery, event="issues.edited", about=about), at)


def take(engine: sa.Engine, at: datetime = NOW, **more: Any) -> list[Waiting]:
    with engine.begin() as conn:
        return hints.take(conn, "code", at, **more)


def fail(engine: sa.Engine, at: datetime, error: str = "down") -> int:
    with engine.begin() as conn:
        return hints.failed(conn, "code", {"d-1"}, error, at)


def rows(engine: sa.Engine) -> list[dict[str, Any]]:
    with engine.connect() as conn:
        return [dict(row._mapping) for row in conn.execute(sa.select(Row.__table__))]


def test_a_hint_comes_back_as_it_was_put(engine: sa.Engine) -> None:
    assert put(engine, "d-1")
    assert take(engine) == [Waiting("d-1", ABOUT)]


def test_a_delivery_is_kept_once_for_each_connection(engine: sa.Engine) -> None:
    assert put(engine, "d-1")
    assert not put(engine, "d-1", about=About(scopes=True))
    assert put(engine, "d-1", connection="tracker")
    assert take(engine) == [Waiting("d-1", ABOUT)]


def test_a_delivery_that_is_done_is_known_when_it_comes_again(engine: sa.Engine) -> None:
    put(engine, "d-1")
    with engine.begin() as conn:
        hints.done(conn, "code", {"d-1"}, NOW)
    assert take(engine) == []
    assert not put(engine, "d-1")
    assert take(engine) == []


def test_hints_come_by_when_they_were_received(engine: sa.Engine) -> None:
    for number in (3, 1, 2):
        put(engine, f"d-{number}", at=NOW - timedelta(seconds=number))
    assert [one.delivery for one in take(engine)] == ["d-3", "d-2", "d-1"]
    assert [one.delivery for one in take(engine, limit=1)] == ["d-3"]


def test_what_fails_is_due_later_and_later_and_then_given_up(engine: sa.Engine) -> None:
    put(engine, "d-1")
    for delay in DELAYS[1:]:
        assert fail(engine, NOW, "do\x00wn") == 0
        assert take(engine, NOW + delay - timedelta(seconds=1)) == []
        assert len(take(engine, NOW + delay)) == 1
    assert fail(engine, NOW) == 1
    assert take(engine, NOW + timedelta(days=300)) == []
    [row] = rows(engine)
    assert (row["attempts"], row["error"], row["done_at"]) == (len(DELAYS), "down", NOW)


def test_thousands_are_settled_at_once(engine: sa.Engine) -> None:
    names = {f"d-{number}" for number in range(1200)}
    with engine.begin() as conn:
        for name in names:
            hints.put(conn, "code", Hint(delivery=name, event="e", about=ABOUT), NOW)
        hints.done(conn, "code", names, NOW)
        assert hints.take(conn, "code", NOW) == []


@pytest.mark.parametrize("age, left", [(KEPT, 2), (KEPT + timedelta(seconds=1), 1)])
def test_what_was_done_long_ago_is_forgotten_and_what_waits_is_not(
    engine: sa.Engine, age: timedelta, left: int
) -> None:
    put(engine, "d-1", at=NOW - age)
    put(engine, "d-2", at=NOW - timedelta(days=300))
    with engine.begin() as conn:
        hints.done(conn, "code", {"d-1"}, NOW - age)
        assert hints.purge(conn, NOW) == 2 - left
    assert len(rows(engine)) == left
