"""Runs the rules and keeps what they find: opening, escalation, easing, resolving, each with a change row for alerts.

The fingerprint of a finding is (code, kind of subject, subject). One that comes back within 24 hours is the old finding
again and is not announced anew.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from config import Config, FindingRules
from store.tables import Finding, FindingChange
from sync.facts import KeyResultFacts
from sync.findings.registry import rules
from sync.findings.rule import SEVERITIES, Hit, Rule, Subject, Unjudged
from sync.findings.world import World

SAME_AGAIN = timedelta(hours=24)
CHUNK = 1000
"""Rows named in one statement, below every database's limit."""

Fingerprint = tuple[str, str, str]

_FINDING = Finding.__table__
_CHANGE = FindingChange.__table__


@dataclass(frozen=True)
class FindingsResult:
    """How many findings changed in one evaluation, and how many are open after it. `opened` leaves out those that came
    back within 24 hours.
    """

    opened: int
    escalated: int
    eased: int
    resolved: int
    open: int


def evaluate(
    conn: sa.Connection,
    config: Config,
    facts: Sequence[KeyResultFacts],
    now: datetime,
    known: Mapping[str, Rule] | None = None,
) -> FindingsResult:
    """Brings the findings up to date in the caller's transaction.

    `known` are the rules by code, all of them by default. What `findings.ignore` names, and what `findings.suppress`
    names until the end of its day, counts as not found: it does not open, and resolves where it is open.
    """
    world = World(conn, config, facts, now)
    before = {(row.code, row.subject_kind, row.subject): row for row in conn.execute(sa.select(_FINDING))}
    hits, unjudged = _run(world, before, known or rules())
    writer = _Writer(conn, world, before)
    for fingerprint, hit in hits.items():
        writer.found(fingerprint, hit)
    for fingerprint, row in before.items():
        if row.resolved_at is None and fingerprint not in hits and fingerprint not in unjudged:
            writer.gone(row)
    writer.flush()
    return FindingsResult(
        opened=writer.changes["opened"],
        escalated=writer.changes["escalated"],
        eased=writer.changes["eased"],
        resolved=writer.changes["resolved"],
        open=len(hits) + sum(1 for key in unjudged if key in before and before[key].resolved_at is None),
    )


def _run(
    world: World, before: Mapping[Fingerprint, Any], known: Mapping[str, Rule]
) -> tuple[dict[Fingerprint, Hit], set[Fingerprint]]:
    hits: dict[Fingerprint, Hit] = {}
    unjudged: set[Fingerprint] = set()
    for code, rule in known.items():
        if code.startswith(world.config.findings.ignore):
            continue
        open_now = frozenset(
            (kind, subject) for (of, kind, subject), row in before.items() if of == code and row.resolved_at is None
        )
        for subject, found in _shown(rule, world, open_now):
            if isinstance(found, Hit):
                hits[code, *subject] = found
            else:
                unjudged.add((code, *subject))
    return hits, unjudged


def _shown(rule: Rule, world: World, open_now: frozenset[Subject]) -> Iterator[tuple[Subject, Hit | Unjudged]]:
    for found in rule.find(world, open_now):
        if not _suppressed(world, rule.code, found.subject):
            yield (found.subject_kind, found.subject), found


def _suppressed(world: World, code: str, subject: str) -> bool:
    return any(
        code.startswith(one.code) and one.subject == subject and world.day <= one.until
        for one in world.config.findings.suppress
    )


def _severity(findings: FindingRules, code: str, hit: Hit) -> str:
    return findings.severity.get(code, hit.severity)


class _Writer:
    """Collects what is to be written, so that thousands of findings cost a few statements."""

    def __init__(self, conn: sa.Connection, world: World, before: Mapping[Fingerprint, Any]) -> None:
        self._conn = conn
        self._world = world
        self._before = before
        self._new: list[dict[str, Any]] = []
        self._changed: list[dict[str, Any]] = []
        self._seen: list[int] = []
        self._gone: list[int] = []
        self._log: list[dict[str, Any]] = []
        self.changes: Counter[str] = Counter()

    def found(self, fingerprint: Fingerprint, hit: Hit) -> None:
        code, kind, subject = fingerprint
        severity = _severity(self._world.config.findings, code, hit)
        content = {
            "severity": severity,
            "team": hit.team,
            "reason": hit.reason,
            "summary": hit.summary,
            "evidence": hit.evidence,
        }
        row = self._before.get(fingerprint)
        opening = {
            "opened_at": self._world.now,
            "last_seen_at": self._world.now,
            "resolved_at": None,
            "days_left_when_opened": (hit.cycle_end - self._world.day).days if hit.cycle_end else None,
        }
        if row is None:
            self._new.append({"code": code, "subject_kind": kind, "subject": subject, **content, **opening})
            self.changes["opened"] += 1
            return
        self._seen.append(row.id)
        if row.resolved_at is not None and self._world.now - row.resolved_at > SAME_AGAIN:
            self._changed.append({"of": row.id, **content, **opening})
            self._note(row.id, "opened", severity)
            return
        if row.resolved_at is not None or any(row._mapping[name] != value for name, value in content.items()):  # noqa: SLF001 -- SQLAlchemy's public name
            kept = {"opened_at": row.opened_at, "days_left_when_opened": row.days_left_when_opened}
            self._changed.append({"of": row.id, **content, **opening, **kept})
        rise = SEVERITIES.index(severity) - SEVERITIES.index(row.severity)
        if rise:
            self._note(row.id, "escalated" if rise > 0 else "eased", severity)

    def gone(self, row: Any) -> None:
        self._gone.append(row.id)
        self._note(row.id, "resolved", row.severity)

    def flush(self) -> None:
        now = self._world.now
        if self._new:
            ids = self._conn.execute(sa.insert(_FINDING).returning(_FINDING.c.id, _FINDING.c.severity), self._new).all()
            self._log += [self._change(id_, "opened", severity) for id_, severity in ids]
        if self._changed:
            names = [name for name in self._changed[0] if name != "of"]
            values = {name: sa.bindparam(f"new_{name}") for name in names}
            self._conn.execute(
                sa.update(_FINDING).where(_FINDING.c.id == sa.bindparam("of")).values(values),
                [{"of": row["of"], **{f"new_{name}": row[name] for name in names}} for row in self._changed],
            )
        self._set(self._seen, last_seen_at=now)
        self._set(self._gone, resolved_at=now)
        if self._log:
            self._conn.execute(sa.insert(_CHANGE), self._log)

    def _set(self, ids: list[int], **values: datetime) -> None:
        for start in range(0, len(ids), CHUNK):
            some = ids[start : start + CHUNK]
            self._conn.execute(sa.update(_FINDING).where(_FINDING.c.id.in_(some)).values(**values))

    def _note(self, finding_id: int, change: str, severity: str) -> None:
        self._log.append(self._change(finding_id, change, severity))
        self.changes[change] += 1

    def _change(self, finding_id: int, change: str, severity: str) -> dict[str, Any]:
        return {"finding_id": finding_id, "change": change, "severity": severity, "at": self._world.now}
