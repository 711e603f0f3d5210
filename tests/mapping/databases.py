"""Fixtures: a transaction on a migrated database of either kind, taken back after each test."""

import shutil
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import store
from tests.mapping.tracker import Tracker

__all__ = ["conn", "migrated_engine", "tracker"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def migrated_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A database with all tables, one for all tests of a module: they leave nothing behind."""
    if request.param == "sqlite":
        template = request.getfixturevalue("migrated_sqlite")
        engine = store.connect(f"sqlite:///{shutil.copy(template, tmp_path_factory.mktemp('work') / 'northing.db')}")
        yield engine
        engine.dispose()
    else:
        template = request.getfixturevalue("migrated_postgres")
        with request.getfixturevalue("postgres").database(template) as url:
            engine = store.connect(url)
            yield engine
            engine.dispose()


@pytest.fixture
def conn(migrated_engine: sa.Engine) -> Iterator[sa.Connection]:
    """An open transaction on an empty database."""
    with migrated_engine.connect() as conn, conn.begin() as transaction:
        yield conn
        transaction.rollback()


@pytest.fixture
def tracker(conn: sa.Connection) -> Tracker:
    """A connection named `tool` without work."""
    return Tracker(conn)
