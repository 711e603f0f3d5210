"""A rehearsal: all may be tried on it, and nothing of it stays."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

import store
from store.rehearsal import rehearsal

COUNT = sa.text("SELECT count(*) FROM meta")
ADD = sa.text("INSERT INTO meta (key, value) VALUES (:key, 'x')")


@pytest.fixture
def engine(migrated_url: str) -> Iterator[sa.Engine]:
    found = store.connect(migrated_url)
    with found.begin() as conn:
        conn.execute(ADD, {"key": "before"})
    yield found
    found.dispose()


def count(engine: sa.Engine) -> int:
    with engine.connect() as conn:
        return conn.execute(COUNT).scalar_one()


def add(engine: sa.Engine, *keys: str) -> None:
    """Adds rows in one transaction."""
    with engine.begin() as conn:
        for key in keys:
            conn.execute(ADD, {"key": key})


def test_what_is_tried_is_seen_and_does_not_stay(engine: sa.Engine) -> None:
    before = count(engine)
    with rehearsal(engine) as tried:
        assert count(tried) == before
        add(tried, "a")
        add(tried, "b")
        assert (count(tried), count(engine)) == (before + 2, before)
    assert count(engine) == before


def test_a_transaction_that_fails_takes_back_only_its_own_changes(engine: sa.Engine) -> None:
    before = count(engine)
    with rehearsal(engine) as tried:
        add(tried, "a")
        with pytest.raises(IntegrityError):
            add(tried, "b", "a")
        assert count(tried) == before + 1


def test_others_go_on_after_a_rehearsal_that_failed(engine: sa.Engine) -> None:
    before = count(engine)
    with pytest.raises(IntegrityError), rehearsal(engine) as tried:
        add(tried, "a", "a")
    add(engine, "a")
    assert count(engine) == before + 1
