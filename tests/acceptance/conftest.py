"""The program as its users call it, in a folder of its own, with made-up minimal tools behind it."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.program import Result, call


@dataclass(frozen=True)
class Northing:
    """The program with one configuration and its SQLite database."""

    folder: Path

    def write(self, text: str, name: str = "northing.yaml") -> None:
        """Writes a file of the configuration."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def __call__(self, *args: str) -> Result:
        """Calls a command with `--config`."""
        return call("--config", str(self.folder / "northing.yaml"), *args)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """What a query gives, read from the file as any other program would."""
        connection = sqlite3.connect(self.folder / "northing.db")
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]
        finally:
            connection.close()

    def row(self, query: str, *values: object) -> dict[str, Any]:
        """The only row of a query."""
        (found,) = self.rows(query, *values)
        return found

    def reasons(self, code: str) -> dict[str, str | None]:
        """Reason by subject of the open findings of a code."""
        query = "SELECT subject, reason FROM northing_findings WHERE code = ? AND resolved_at IS NULL"
        return {row["subject"]: row["reason"] for row in self.rows(query, code)}


@pytest.fixture
def northing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Northing:
    """The program in an empty folder. `JIRA_TOKEN` and `GITHUB_TOKEN` hold the right token."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JIRA_TOKEN", "right")
    monkeypatch.setenv("GITHUB_TOKEN", "right")
    monkeypatch.delenv("NORTHING_CONFIG", raising=False)
    return Northing(tmp_path)
