"""Fixtures that every room's tests share: databases, a fixed clock, recorded answers of real servers."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from tests.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent

# The same examples on every run, and none of them fails because the machine is busy.
hypothesis.settings.register_profile("northing", derandomize=True, deadline=None)
hypothesis.settings.load_profile("northing")


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


def _migrate(url: str) -> str:
    # Imported late, so that the tests of rooms below `store` do not load it.
    import store

    engine = store.connect(url)
    store.migrate(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy; do not write to it."""
    file = tmp_path_factory.mktemp("template") / "northing.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated PostgreSQL database to copy; do not connect to it."""
    with postgres.database() as url:
        yield _migrate(url).rpartition("/")[2].partition("?")[0]


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As `database_url`, with all tables and views in place. Copied, which is much quicker than migrating each time."""
    if request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "northing.db")
        yield f"sqlite:///{file}"
    else:
        template = request.getfixturevalue("migrated_postgres")
        with request.getfixturevalue("postgres").database(template) as url:
            yield url


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of recorded answers of real servers; without it the test is skipped.

    It is not part of the repository: it lies beside it in `shared/realdata`, or where `NORTHING_REALDATA` says.
    """
    folder = recorded_data()
    if folder is None:
        pytest.skip("no recorded data; set NORTHING_REALDATA to its folder")
    return folder


def recorded_data() -> Path | None:
    """The folder that `realdata` gives; None where it is not there."""
    folder = Path(os.environ.get("NORTHING_REALDATA") or ROOT.parent / "shared" / "realdata")
    return folder if folder.is_dir() else None
