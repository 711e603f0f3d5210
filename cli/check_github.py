"""Findings as workflow commands of GitHub Actions, which shows them at the lines of a pull request."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cli.check_places import spot

if TYPE_CHECKING:
    from config import Loaded

_LEVELS = {"critical": "error", "warning": "warning", "info": "notice"}


def commands(rows: list[dict[str, Any]], places: "Loaded") -> Iterator[str]:
    """A line for each finding: `::error file=okrs.yaml,line=7,title=COV101 GROW.1::what is wrong`."""
    from cli.check import said

    for row in rows:
        at = spot(row, places)
        fields = {"file": at.file.as_posix(), "line": str(at.line)} if at else {}
        fields["title"] = f"{row['code']} {row['subject']}"
        words = ",".join(f"{name}={_field(value)}" for name, value in fields.items())
        yield f"::{_LEVELS[row['severity']]} {words}::{_text(row['summary'] + said(row))}"


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _field(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
