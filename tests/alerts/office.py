"""Findings that open and end, and a service that tells of them."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerts.message import Words
from alerts.send import Sent, send_alerts
from config import Alerts, Config, Quiet, Route, Team
from config.settings import Severity
from store import tables

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TEAMS = (
    Team(key="product", name="Product"),
    Team(key="commerce", name="Commerce", parent="product"),
    Team(key="checkout", name="Checkout", parent="commerce"),
    Team(key="platform", name="Platform"),
)


def words(code: str) -> Words:
    return Words(why=f"Why {code} matters.", ends=f"What ends {code}.", reasons={"old": "It is too old."})


def configured(
    channels: Mapping[str, str], *routes: Mapping[str, Any], quiet: Quiet | None = None, url: str | None = None
) -> Config:
    """A configuration with these channels; without routes, all of them hear of everything."""
    alerts = Alerts(
        channels=dict(channels),
        routes=tuple(Route.model_validate(one) for one in routes or [{"to": list(channels)}] * bool(channels)),
        quiet=quiet,
    )
    return Config(teams=TEAMS, alerts=alerts, service={"url": url} if url else {})


class Office:
    """One installation: its database, and the moment it is."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.now = NOW

    def pass_(self, **time: float) -> None:
        """Time goes by, as `timedelta` takes it."""
        self.now += timedelta(**time)

    def send(self, config: Config, stop: threading.Event | None = None) -> Sent:
        return send_alerts(
            self.engine,
            config,
            now=lambda: self.now,
            stop=stop or threading.Event(),
            words=words,
            hide=lambda text: text.replace("hidden", "***"),
        )

    def open(
        self,
        subject: str,
        code: str = "COV101",
        severity: Severity = "warning",
        team: str | None = None,
        kind: str = "key_result",
        summary: str | None = None,
        **evidence: Any,
    ) -> int:
        """A finding opens; its id."""
        values = {
            "code": code,
            "subject_kind": kind,
            "subject": subject,
            "severity": severity,
            "team": team,
            "summary": summary or f"{subject} has {code}",
            "evidence": evidence,
            "opened_at": self.now,
            "last_seen_at": self.now,
        }
        finding = tables.Finding.__table__
        with self.engine.begin() as conn:
            id_ = conn.execute(sa.insert(finding).values(**values).returning(finding.c.id)).scalar_one()
            self._change(conn, id_, "opened", severity)
        return id_

    def change(self, finding: int, kind: str, severity: Severity = "warning", **said: str) -> int:
        """Something happens to a finding; the id of the change."""
        table = tables.Finding.__table__
        ended = {"resolved_at": self.now if kind in ("resolved", "suppressed") else None}
        if kind == "opened":
            ended["opened_at"] = self.now
        with self.engine.begin() as conn:
            if kind != "decided":
                update = sa.update(table).where(table.c.id == finding).values(severity=severity, **ended)
                conn.execute(update)
            return self._change(conn, finding, kind, severity, **said)

    def back(self, finding: int) -> None:
        """A finding that ended is there again within 24 hours, which is announced to nobody."""
        table = tables.Finding.__table__
        with self.engine.begin() as conn:
            conn.execute(sa.update(table).where(table.c.id == finding).values(resolved_at=None))

    def _change(self, conn: sa.Connection, finding: int, kind: str, severity: str, **said: str) -> int:
        table = tables.FindingChange.__table__
        values = {"finding_id": finding, "change": kind, "severity": severity, "at": self.now, **said}
        return conn.execute(sa.insert(table).values(**values).returning(table.c.id)).scalar_one()

    def rows(self, table: type[tables.Row], *columns: str) -> list[tuple[Any, ...]]:
        """All rows, in order; of some columns."""
        chosen = [table.__table__.c[name] for name in columns]
        with self.engine.connect() as conn:
            return sorted(tuple(row) for row in conn.execute(sa.select(*chosen)))
