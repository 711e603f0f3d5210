"""The sample company, served on loopback and read once; and a way to call the program."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.session import Session
from cli.wiring import connected, database, loaded
from simulator import GitHubSite, JiraSite, Running, serve
from simulator.company import sites, write_config
from sync.engine import sync
from tests.program import Result, call

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""The day of `merlo`."""


@dataclass(frozen=True)
class Northing:
    """The program with one configuration."""

    folder: Path
    name: str = "northing.yaml"

    @property
    def config(self) -> Path:
        return self.folder / self.name

    def __call__(self, *args: str, typed: str | None = None) -> Result:
        """Calls a command with `--config`. `typed`: what a person would type."""
        return call("--config", str(self.config), *args, typed=typed)

    def edit(self, name: str, old: str, new: str) -> None:
        """Changes a file of the configuration."""
        file = self.folder / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def append(self, name: str, text: str) -> None:
        """Adds lines to a file of the configuration."""
        file = self.folder / name
        file.write_text(file.read_text() + text)


@dataclass(frozen=True)
class Company:
    """The sample company's tools, being served."""

    jira: JiraSite
    github: GitHubSite
    running: Running

    def configured_in(self, folder: Path) -> Northing:
        """A fresh configuration, without a database."""
        urls = self.running.url_of(self.jira), self.running.url_of(self.github)
        write_config(folder, *urls, datetime.now(UTC).date())
        return Northing(folder)


@pytest.fixture(scope="session")
def company() -> Iterator[Company]:
    """The tools, as of now. Do not change them."""
    jira, github = sites(datetime.now(UTC).date(), now=lambda: datetime.now(UTC))
    with serve(jira, github) as running:
        yield Company(jira, github, running)


@pytest.fixture(scope="session")
def synced(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Northing:
    """The company after its first sync. Only for commands that read."""
    northing = company.configured_in(tmp_path_factory.mktemp("merlo"))
    result = northing("sync")
    assert result.code == 0, result.err
    return northing


@pytest.fixture(scope="session")
def merlo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's configuration and database as of `NOW`, to copy. The tools no longer run."""
    folder = tmp_path_factory.mktemp("merlo")
    jira, github = sites(NOW.date())
    with serve(jira, github) as running:
        path = write_config(folder, running.url_of(jira), running.url_of(github), NOW.date())
        config, stop = loaded(Session(config=path, quiet=True)).config, threading.Event()
        with database(config.database) as engine, connected(config, stop, lambda *_: None) as connectors:
            sync(engine, config, connectors, now=lambda: NOW, stop=stop)
    return folder


@pytest.fixture
def northing(synced: Northing, tmp_path: Path) -> Northing:
    """A copy of the synced company to change."""
    shutil.copytree(synced.folder, tmp_path / "merlo")
    return Northing(tmp_path / "merlo")


@pytest.fixture
def fresh(company: Company, tmp_path: Path) -> Northing:
    """The company before its first sync."""
    return company.configured_in(tmp_path)


@pytest.fixture(autouse=True)
def no_variables_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NORTHING_CONFIG", "COLUMNS", "FORCE_COLOR", "NORTHING_DEBUG"):
        monkeypatch.delenv(name, raising=False)
