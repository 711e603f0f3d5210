"""A database in which one rule finds what a test says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from config import Config
from store.tables import Finding, Suppressed
from sync.findings import FindingsResult, Hit, Rule, Unjudged, evaluate
from sync.findings.rule import Severity, Subject
from sync.findings.world import World
from tests.sync.findings.making import NOW, config


@dataclass
class Town:
    """A database in which one rule finds what the test says."""

    conn: sa.Connection
    finds: list[Hit | Unjudged] = field(default_factory=list)
    was_open: frozenset[Subject] = frozenset()
    settings: Config = field(default_factory=config)
    code: str = "COV101"

    def find(self, world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
        self.was_open = open_now
        yield from self.finds

    def evaluate(self, *finds: Hit | Unjudged, now: datetime = NOW) -> FindingsResult:
        self.finds = list(finds)
        rule = Rule(code=self.code, severity="critical", finds="", why="", computed="", ends="", find=self.find)
        return evaluate(self.conn, self.settings, [], now, {self.code: rule})

    def rows(self) -> list[dict[str, Any]]:
        """The stored findings, without their ids."""
        table = Finding.__table__
        columns = [column for column in table.c if column.name != "id"]
        return [dict(row) for row in self.conn.execute(sa.select(*columns).order_by(table.c.subject)).mappings()]

    def open(self) -> list[str]:
        """Subjects of the open findings."""
        return [row["subject"] for row in self.rows() if row["resolved_at"] is None]

    def suppressed(self) -> list[dict[str, Any]]:
        """What is kept of the suppressed findings."""
        return [dict(row) for row in self.conn.execute(sa.select(Suppressed.__table__)).mappings()]

    def changes(self) -> list[tuple[str, str, str]]:
        query = (
            "SELECT f.subject, c.change, c.severity FROM finding_change c JOIN finding f ON f.id = c.finding_id"
            " ORDER BY c.id"
        )
        return [(subject, change, severity) for subject, change, severity in self.conn.execute(sa.text(query))]


def hit(subject: str = "GROW.1", severity: Severity = "warning", **given: Any) -> Hit:
    usual: dict[str, Any] = {"reason": "only_done", "summary": "said", "cycle_end": date(2026, 12, 31)}
    return Hit(subject_kind="key_result", subject=subject, severity=severity, **usual | given)
