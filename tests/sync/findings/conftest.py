"""A migrated database of either kind, with rows that a test writes in few words."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import store
from tests.postgres import Postgres
from tests.sync.findings.making import NOW, Stored


def prepared(url: str) -> sa.Engine:
    """An engine on a migrated database that was measured today."""
    engine = store.connect(url)
    store.migrate(engine)
    with engine.begin() as conn:
        day = {"day": NOW.date().isoformat()}
        conn.execute(sa.text("INSERT INTO meta (key, value) VALUES ('active_day', :day)"), day)
    return engine


@pytest.fixture(scope="session")
def sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    engine = prepared(f"sqlite:///{tmp_path_factory.mktemp('findings') / 'northing.db'}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_engine(postgres: Postgres) -> Iterator[sa.Engine]:
    with postgres.database() as url:
        engine = prepared(url)
        yield engine
        engine.dispose()


@pytest.fixture(params=["sqlite_engine", "postgres_engine"])
def conn(request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    """A transaction on an empty database, undone after the test, which runs once on SQLite and once on PostgreSQL."""
    engine: sa.Engine = request.getfixturevalue(request.param)
    with engine.connect() as conn, conn.begin() as transaction:
        yield conn
        transaction.rollback()


@pytest.fixture
def stored(conn: sa.Connection) -> Stored:
    """Writes rows into the test's database."""
    return Stored(conn)
