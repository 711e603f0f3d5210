"""A migrated database of either kind, with rows that a test writes in few words."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import store
from tests.sync.findings.making import NOW, Stored


@pytest.fixture
def conn(database_url: str) -> Iterator[sa.Connection]:
    """An open transaction on a fresh database, measured today."""
    engine = store.connect(database_url)
    store.migrate(engine)
    with engine.begin() as conn:
        conn.execute(
            sa.text("INSERT INTO meta (key, value) VALUES ('active_day', :day)"), {"day": NOW.date().isoformat()}
        )
        yield conn
    engine.dispose()


@pytest.fixture
def stored(conn: sa.Connection) -> Stored:
    return Stored(conn)
