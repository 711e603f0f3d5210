"""Runs the rules and keeps what they find: opening, escalation, easing, resolving, each with a change row for alerts.

The fingerprint of a finding is (code, kind of subject, subject). One that comes back within 24 hours is the old finding
again and is not announced anew.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from config import Config, FindingRules, Suppression
from store.tables import Finding, FindingChange, Suppressed
from sync.facts import KeyResultFacts
from sync.findings import barriers
from sync.findings.registry import rules
from sync.findings.rule import SEVERITIES, Hit, Rule, Subject, Unjudged
from sync.findings.world import World
from sync.uncollected import uncollected

SAME_AGAIN = timedelta(hours=24)
CHUNK = 1000
"""Rows named in one statement, below every database's limit."""

_content_of = attrgetter("severity", "team", "reason", "summary", "evidence")
"""What is kept of a hit."""

Fingerprint = tuple[str, str, str]

_FINDING = Finding.__table__
_CHANGE = FindingChange.__table__


@dataclass(frozen=True)
class FindingsResult:
    """How many findings changed in one evaluation, and how many are open after it. `opened` leaves out those that came
    back within 24 hours. `suppressed`: those that were open and are silenced by the configuration now.
    """

    opened: int
    escalated: int
    eased: int
    resolved: int
    open: int
    suppressed: int = 0


@uncollected
def evaluate(
    conn: sa.Connection,
    config: Config,
    facts: Sequence[KeyResultFacts],
    now: datetime,
    known: Mapping[str, Rule] | None = None,
) -> FindingsResult:
    """Brings the findings up to date in the caller's transaction.

    `known` are the rules by code, all of them by default. What `findings.ignore` names, and what `findings.suppress`
    names until the end of its day, counts as not found: it does not open, and where it is open it ends as `suppressed`,
    which is no news of a solution. What is suppressed is kept apart, with why and until when.
    """
    world = World(conn, config, facts, now)
    before = {(row.code, row.subject_kind, row.subject): row for row in conn.execute(sa.select(_FINDING)).all()}
    found = _run(world, before, known or rules())
    writer = _Writer(conn, world, before)
    for fingerprint, hit in found.hits.items():
        writer.found(fingerprint, hit)
    for fingerprint, row in before.items():
        if row.resolved_at is None and fingerprint not in found.hits and fingerprint not in found.unjudged:
            silenced = fingerprint in found.silenced or row.code.startswith(config.findings.ignore)
            writer.gone(row, "suppressed" if silenced else "resolved")
    writer.flush()
    _keep_suppressed(conn, config, found.silenced)
    barriers.register(conn, config)
    return FindingsResult(
        opened=writer.changes["opened"],
        escalated=writer.changes["escalated"],
        eased=writer.changes["eased"],
        resolved=writer.changes["resolved"],
        open=len(found.hits) + sum(1 for key in found.unjudged if key in before and before[key].resolved_at is None),
        suppressed=writer.changes["suppressed"],
    )


@dataclass(frozen=True)
class _Found:
    """What the rules gave: what holds, what cannot be judged, and what the configuration silences, with its words."""

    hits: dict[Fingerprint, Hit] = field(default_factory=dict)
    unjudged: set[Fingerprint] = field(default_factory=set)
    silenced: dict[Fingerprint, tuple[Hit | Unjudged, Suppression]] = field(default_factory=dict)


def _run(world: World, before: Mapping[Fingerprint, Any], known: Mapping[str, Rule]) -> _Found:
    result = _Found()
    open_now: dict[str, set[Subject]] = defaultdict(set)
    for (code, kind, subject), row in before.items():
        if row.resolved_at is None:
            open_now[code].add((kind, subject))
    for code, rule in known.items():
        if code.startswith(world.config.findings.ignore):
            continue
        for found in rule.find(world, frozenset(open_now[code])):
            fingerprint = (code, found.subject_kind, found.subject)
            if suppression := _suppression(world, code, found.subject):
                result.silenced[fingerprint] = found, suppression
            elif isinstance(found, Hit):
                result.hits[fingerprint] = found
            else:
                result.unjudged.add(fingerprint)
    return result


def _suppression(world: World, code: str, subject: str) -> Suppression | None:
    """What silences this finding today; of several, the one that holds longest."""
    fitting = [
        one
        for one in world.config.findings.suppress
        if code.startswith(one.code) and one.subject == subject and world.day <= one.until
    ]
    return max(fitting, key=lambda one: one.until, default=None)


def _keep_suppressed(
    conn: sa.Connection, config: Config, silenced: Mapping[Fingerprint, tuple[Hit | Unjudged, Suppression]]
) -> None:
    """Writes what is suppressed where it differs from what is stored. What cannot be judged stays as it was."""
    table = Suppressed.__table__
    before = {(row.code, row.subject_kind, row.subject): tuple(row) for row in conn.execute(sa.select(table))}
    wanted = {}
    for (code, kind, subject), (found, suppression) in silenced.items():
        if isinstance(found, Hit):
            severity = _severity(config.findings, code, found)
            words = (severity, found.team, found.summary, suppression.reason, suppression.until)
            wanted[code, kind, subject] = (code, kind, subject, *words)
        elif (code, kind, subject) in before:
            wanted[code, kind, subject] = before[code, kind, subject]
    if wanted != before:
        conn.execute(sa.delete(table))
        if wanted:
            conn.execute(sa.insert(table), [dict(zip(table.c.keys(), row, strict=True)) for row in wanted.values()])


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
        if row.resolved_at is not None or _content_of(row) != tuple(content.values()):
            kept = {"opened_at": row.opened_at, "days_left_when_opened": row.days_left_when_opened}
            self._changed.append({"of": row.id, **content, **opening, **kept})
        rise = SEVERITIES.index(severity) - SEVERITIES.index(row.severity)
        if rise:
            self._note(row.id, "escalated" if rise > 0 else "eased", severity)

    def gone(self, row: Any, change: str) -> None:
        self._gone.append(row.id)
        self._note(row.id, change, row.severity)

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
