"""Problems of a configuration as lines, with their files as seen from here."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config import Problem


def lines(problems: "Iterable[Problem]") -> list[str]:
    """`file:line:column: path: message` of each."""
    return [str(replace(one, file=seen_from_here(one.file))) for one in problems]


def as_data(problem: "Problem") -> dict[str, Any]:
    """A problem for --json. `line` and `column` are None where it concerns the file as a whole."""
    return {
        "file": str(seen_from_here(problem.file)),
        "line": problem.line or None,
        "column": problem.column or None,
        "path": problem.path,
        "message": problem.message,
        "severity": problem.severity,
    }


def seen_from_here(file: Path) -> Path:
    """A path below the working directory relative to it, any other as it is."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_absolute() and file.is_relative_to(here) else file
