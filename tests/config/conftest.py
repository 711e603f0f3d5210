"""Two small tools with the keys of real ones, and ways to load texts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

import config
from config import ConnectionOptions, Loaded, Model, Secret


class Login(Model):
    email: str | None = None
    token: Secret


class BoardOptions(ConnectionOptions):
    """A tool with projects."""

    url: str
    """Where it is."""
    auth: Login
    projects: tuple[str, ...]
    estimate: str | None = None
    boards: bool | None = None

    def scope_patterns(self) -> list[str]:
        return list(self.projects)

    def urls(self) -> list[str]:
        return [self.url]


class ForgeOptions(ConnectionOptions):
    """A tool with repositories."""

    selector_key: ClassVar[str] = "repository"
    url: str = "https://api.github.com"
    auth: Login
    repositories: tuple[str, ...]
    projects: tuple[str, ...] = ()

    def scope_patterns(self) -> list[str]:
        return list(self.repositories)

    def urls(self) -> list[str]:
        return [self.url]


KINDS: dict[str, type[ConnectionOptions]] = {"jira": BoardOptions, "github": ForgeOptions}


HEAD = """\
cycles: [{key: Q, start: 2026-10-01, end: 2026-12-31}]
teams: [{key: a}, {key: b, parent: a}]
connections:
  board: {kind: jira, url: "https://x", auth: {token: "${T}"}, projects: [SHOP, "TEAM*"]}
  forge: {kind: github, auth: {token: "${T}"}, repositories: [acme/shop, "acme/web-*"]}
objectives:
  - key: O
    title: t
    cycle: Q
    key_results:
      - {key: O.1, title: t}
      - {key: O.2, title: t}
"""


@pytest.fixture
def head() -> str:
    """Twelve lines without an error. A thirteenth may go on with the key results, the objectives, or at the top."""
    return HEAD


Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]


@pytest.fixture
def kinds() -> Mapping[str, type[ConnectionOptions]]:
    return KINDS


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads `northing.yaml` with the text given, beside the files given as name=text."""

    def loaded(text: str | bytes, env: Mapping[str, str] | None = None, **files: str) -> Loaded:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_yaml", ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        main = tmp_path / "northing.yaml"
        main.write_bytes(text if isinstance(text, bytes) else text.encode())
        return config.load(main, env=env or {}, kinds=KINDS)

    return loaded


@pytest.fixture
def problems(load: Load, tmp_path: Path) -> Problems:
    """Loads as `load` does and gives what is wrong, without the folder's name; warnings where nothing is wrong."""

    def found(text: str | bytes, env: Mapping[str, str] | None = None, **files: str) -> list[str]:
        try:
            listed = load(text, env, **files).warnings
        except config.ConfigError as error:
            listed = error.problems
        return [str(one).replace(f"{tmp_path}/", "") for one in listed]

    return found
