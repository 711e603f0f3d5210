"""Finding the database without loading all of the configuration: what only reads the database starts at once.

What is written plainly is read here. Anything else (a variable, an include that may name the database, a file that
cannot be read) is left to the loader's own parts, which take half a second to import.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from yaml.cyaml import CBaseLoader

from cli.session import Session

_DEFAULT = "sqlite:///northing.db"


def database_url(session: Session) -> str:
    """The URL of the database that the configuration names. Raises ConfigError where it cannot be read."""
    named = session.config or (Path(value) if (value := os.environ.get("NORTHING_CONFIG")) else Path("northing.yaml"))
    path = Path.cwd() / named
    return _plainly(path) or _thoroughly(session)


def _plainly(path: Path) -> str | None:
    try:
        data = yaml.load(path.read_bytes(), Loader=CBaseLoader)  # noqa: S506 - knows texts, lists and mappings only
    except (OSError, ValueError, yaml.YAMLError):
        return None
    if not isinstance(data, dict):
        return None
    url = data.get("database", None if data.get("include") and _may_be_included(path, data["include"]) else _DEFAULT)
    if not isinstance(url, str) or not url.startswith("sqlite:///") or "$" in url or "?" in url:
        return None
    file = url.removeprefix("sqlite:///")
    return f"sqlite:///{path.absolute().parent / file}" if file and not file.startswith((":", "file:")) else None


def _may_be_included(path: Path, include: object) -> bool:
    patterns = [include] if isinstance(include, str) else include
    if not isinstance(patterns, list):
        return True
    for pattern in patterns:
        if not isinstance(pattern, str) or "$" in pattern or Path(pattern).is_absolute():
            return True
        for file in path.parent.glob(pattern):
            content = file.read_bytes() if file.is_file() else b""
            if b"database" in content or b"include" in content:
                return True
    return False


def _thoroughly(session: Session) -> str:
    from config.database import resolve

    base, value = _value(session, "database")
    try:
        return resolve(_DEFAULT if value is None else value.text, base)
    except ValueError as error:
        raise _wrong(value, "database", str(error)) from None


def credit(session: Session) -> float:
    """What work in progress adds to delivery (`counting.in_progress_credit`), 0..1. Raises ConfigError."""
    _, value = _value(session, "counting", "in_progress_credit")
    try:
        return 0.0 if value is None else float(value.text)
    except ValueError:
        raise _wrong(value, "counting.in_progress_credit", "expected a number") from None


@dataclass(frozen=True)
class _Value:
    text: str
    file: str
    line: int
    column: int


def _value(session: Session, *keys: str) -> tuple[Path, _Value | None]:
    """One text of the joined files, with its references filled, and the folder of the main file."""
    from config import find
    from config.files import Files
    from config.problems import ConfigError
    from config.secrets import References, Unresolved

    path = find(session.config, os.environ, Path.cwd())
    base = path.absolute().parent
    references = References(os.environ, base)
    session.hide = references.hide
    files = Files(references)
    node: yaml.Node | None = files.join(path).root
    if errors := [problem for problem in files.problems if problem.severity == "error"]:
        raise ConfigError(errors)
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((below for name, below in pairs if name.value == key), None)
    if not isinstance(node, yaml.ScalarNode) or node.value in ("", "~", "null"):
        return base, None
    mark = node.start_mark
    assert mark is not None
    value = _Value(node.value, mark.name, mark.line + 1, mark.column + 1)
    try:
        return base, replace(value, text=references.fill(node.value))
    except Unresolved as error:
        raise _wrong(value, ".".join(keys), str(error)) from None


def _wrong(value: _Value | None, path: str, message: str) -> Exception:
    from config.problems import ConfigError, Problem

    assert value is not None
    return ConfigError([Problem(Path(value.file), value.line, value.column, path, message)])
