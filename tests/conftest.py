"""Fixtures that every room's tests share: databases, a fixed clock, recorded answers of real servers."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def now() -> datetime:
    """The moment at which tests take place: a Tuesday in the fourth quarter of 2026."""
    return datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL, one per test process, started by the first test that asks for it."""
    with Postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh PostgreSQL database."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The SQLAlchemy URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'northing.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The SQLAlchemy URL of a fresh database: the test runs once on SQLite and once on PostgreSQL."""
    return request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of recorded answers of real servers; without it the test is skipped.

    It is not part of the repository: it lies beside it in `shared/realdata`, or where `NORTHING_REALDATA` says.
    """
    folder = Path(os.environ.get("NORTHING_REALDATA") or ROOT.parent / "shared" / "realdata")
    if not folder.is_dir():
        pytest.skip(f"no recorded data in {folder}; set NORTHING_REALDATA to its folder")
    return folder
