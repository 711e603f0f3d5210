"""Finding the database without loading all of the configuration: what only reads the database starts at once.

What is written plainly is read here. Anything else (a variable, an include that may name the database, a file that cannot
be read) is left to the loader's own parts, which take half a second to import.
"""

import os
from pathlib import Path

import yaml

from cli.session import Session

_DEFAULT = "sqlite:///northing.db"


def database_url(session: Session) -> str:
    """The URL of the database that the configuration names. Raises ConfigError where it cannot be read."""
    named = session.config or (Path(value) if (value := os.environ.get("NORTHING_CONFIG")) else Path("northing.yaml"))
    path = Path.cwd() / named
    return _plainly(path) or _thoroughly(session)


def _plainly(path: Path) -> str | None:
    try:
        data = yaml.load(path.read_bytes(), Loader=yaml.CBaseLoader)  # noqa: S506 - knows texts, lists and mappings only
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
    from config import find
    from config.database import resolve
    from config.files import Files
    from config.problems import ConfigError, Problem
    from config.secrets import References, Unresolved

    path = find(session.config, os.environ, Path.cwd())
    references = References(os.environ, path.absolute().parent)
    session.hide = references.hide
    files = Files(references)
    root = files.join(path).root
    errors = [problem for problem in files.problems if problem.severity == "error"]
    if errors:
        raise ConfigError(errors)
    for key, value in root.value:
        if key.value == "database" and isinstance(value, yaml.ScalarNode):
            try:
                return resolve(references.fill(value.value), path.absolute().parent)
            except (Unresolved, ValueError) as error:
                mark = value.start_mark
                file = Path(mark.name)
                raise ConfigError([Problem(file, mark.line + 1, mark.column + 1, "database", str(error))]) from None
    return resolve(_DEFAULT, path.absolute().parent)
