"""People who say the same thing in one moment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

import store
from store import tables, voice
from tests.sync.findings.making import NOW, Stored


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """A database with the key result GROW.1 and the team commerce."""
    engine = store.connect(database_url)
    store.migrate(engine)
    with engine.begin() as conn:
        stored = Stored(conn)
        stored.key_result("GROW.1")
        stored.add(tables.Team, key="commerce", name="Commerce", archived=False)
    yield engine
    engine.dispose()


def test_two_who_acknowledge_for_one_team_at_once_are_one_acknowledgement(engine: sa.Engine) -> None:
    def acknowledge(who: str) -> bool:
        with engine.begin() as conn:
            return voice.acknowledge_work(conn, "GROW.1", "commerce", who, None, NOW)

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as conn:
            first = voice.acknowledge_work(conn, "GROW.1", "commerce", "Eva", None, NOW)
            second = pool.submit(acknowledge, "Dan")
            # On PostgreSQL the second has begun by now and waits for the first's row; on SQLite for its transaction.
            with pytest.raises(TimeoutError):
                second.result(timeout=0.2)
        assert (first, second.result(timeout=10)) == (True, False)
    with engine.connect() as conn:
        assert conn.execute(sa.text("SELECT who FROM team_acknowledgement")).scalars().all() == ["Eva"]
