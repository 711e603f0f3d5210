"""Gathering what a digest tells, from the public views, a few tables, and what the engine is asked."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from alerts.digest.facts import (
    Asked,
    Barrier,
    CycleDay,
    Effort,
    Facts,
    Finding,
    KeyResult,
    Objective,
    Row,
    Source,
)
from alerts.digest.gather_team import waits, works_for
from config import Config

GRAVITY = {"critical": 0, "warning": 1, "info": 2}
BARRIER_CODES = "STR"
OF_OBJECTIONS = "warning"
"""How grave an objection is, as `finding_change` has it."""

_TEAMS = "SELECT id, key, name, parent_id FROM team WHERE NOT archived ORDER BY key"
_CYCLES = "SELECT key, starts_on, ends_on FROM cycle WHERE NOT archived ORDER BY starts_on, key"
_OBJECTIVES = """
    SELECT v.*, o.id FROM northing_objectives v JOIN objective o ON o.key = v.objective ORDER BY o.position, o.id
"""
_SUPPORTS = "SELECT s.objective_id, s.target_key FROM support s ORDER BY s.target_key"
_KEY_RESULTS = """
    SELECT v.*, k.definition FROM northing_key_results v JOIN key_result k ON k.key = v.key_result
    JOIN objective o ON o.id = k.objective_id ORDER BY o.position, k.position, k.id
"""
_DAYS = "SELECT key_result, health, outcome FROM northing_key_result_days WHERE day = :day"
_EFFORT = "SELECT cycle, team, kind, sum(size) AS size FROM northing_team_alignment GROUP BY cycle, team, kind"
_FINDINGS = "SELECT * FROM northing_findings WHERE resolved_at IS NULL"
_RESOLVED = "SELECT team, resolved_at FROM northing_findings WHERE resolved_at IS NOT NULL"
_BARRIERS = """
    SELECT b.*, (SELECT min(f.severity) FROM finding f WHERE f.code = b.code AND f.subject_kind = b.subject_kind
        AND f.subject = b.subject) AS severity FROM northing_barriers b ORDER BY b.raised_at, b.code, b.subject
"""
_SCOPES = "SELECT connection, name, state, last_ok_at FROM northing_scopes ORDER BY connection, name"


class UnknownTeam(Exception):
    """A digest was asked for a team that there is not. `known`: keys of those that there are."""

    def __init__(self, team: str, known: Sequence[str]) -> None:
        super().__init__(f"There is no team {team!r}.")
        self.team = team
        self.known = known


def counted_day(conn: sa.Connection) -> date | None:
    """The day as of which the last count was made; None where nothing was counted so far."""
    found = conn.execute(sa.text("SELECT value FROM meta WHERE key = 'active_day'")).scalar()
    return None if found is None else date.fromisoformat(found)


def gather(conn: sa.Connection, config: Config, asked: Asked, *, team: str | None, since: date, now: datetime) -> Facts:
    """What a digest of the company, or of a team and those below it, tells.

    `conn` is of `store.reading(engine, scratch=True)`, of a database in which something was counted. `since`: the day
    at whose end the comparison begins; a later one than the last counted day is that day. Raises UnknownTeam.
    """
    day = counted_day(conn)
    assert day is not None
    since = min(since, day)
    moment = _end_of(since, config)
    rows = conn.execute(sa.text(_TEAMS)).all()
    teams, below = {row.key: row.name for row in rows}, _below(rows, team)
    cycles = [_cycle(row, day) for row in _rows(conn, _CYCLES)]
    running = [cycle for cycle in cycles if cycle.starts_on <= day <= cycle.ends_on]
    names = {cycle.key for cycle in running}
    objectives = [one for one in _objectives(conn) if one.cycle in names]
    key_results = [one for one in _key_results(conn, since) if one.cycle in names]
    groups = works_for(conn, below, [one.key for one in key_results]) if below is not None else []
    ours = _ours(key_results, below, {group.key_result for group in groups})
    shown = [one for one in key_results if below is None or one.team in below]
    effort_then = [one for one in asked.effort(conn, config, since) if one.cycle in names] if since < day else []
    unaligned = asked.unaligned(conn, config, day) if running else ()
    findings = _findings(conn)
    return Facts(
        team=team,
        day=day,
        since=since,
        since_moment=moment,
        counted_at=max((row["measured_at"] for row in _rows(conn, _MEASURED) if row["measured_at"]), default=None),
        overdue=_is_overdue(day, config, now),
        cycles=running,
        next_cycle=next((cycle for cycle in cycles if cycle.starts_on > day), None),
        last_cycle=max((one for one in cycles if one.ends_on < day), key=lambda one: one.ends_on, default=None),
        sources=_sources(conn, config, now),
        key_results=shown,
        objectives=[one for one in objectives if below is None or one.team in below or _holds(one, shown)],
        moves=asked.moves(conn, config, [one.key for one in ours], since, day) if since < day else {},
        effort=_of_teams([one for one in _effort(conn) if one.cycle in names], below),
        effort_then=_of_teams(effort_then, below),
        findings=[one for one in findings if below is None or one.team in below],
        resolved=_resolved(conn, moment, below),
        barriers=[one for one in _barriers(conn) if below is None or _concerns(one, below, shown)],
        unaligned=[one for one in unaligned if below is None or one.team in below],
        titles={one.key: one.title for one in (*objectives, *key_results)},
        teams=teams,
        above={one.key: one for one in objectives},
        all_key_results={one.key: one for one in key_results},
        works_for=groups,
        waits=waits(conn, below, key_results, rows) if below is not None else (),
        measure="items" if config.counting.measure == "count" else config.counting.measure,
    )


_MEASURED = "SELECT max(measured_at) AS measured_at FROM northing_key_results"


# --- reading ---------------------------------------------------------------------------------------------------------


def _rows(conn: sa.Connection, query: str, **params: Any) -> list[dict[str, Any]]:
    """Rows by column; instants and days as such on both databases."""
    text = sa.text(query).bindparams(
        *(sa.bindparam(name, value, sa.Date) for name, value in params.items() if isinstance(value, date))
    )
    return [{name: _typed(name, value) for name, value in row.items()} for row in conn.execute(text).mappings()]


def _typed(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, str) and name.endswith("_at"):
        return datetime.fromisoformat(value).astimezone(UTC)
    if isinstance(value, str) and (name.endswith(("_on", "_until")) or name == "day"):
        return date.fromisoformat(value)
    return value


def _end_of(day: date, config: Config) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), config.zone) - timedelta(microseconds=1)


def _below(rows: Sequence[Any], team: str | None) -> set[str] | None:
    if team is None:
        return None
    found = {row.id for row in rows if row.key == team}
    if not found:
        raise UnknownTeam(team, [row.key for row in rows])
    while more := {row.id for row in rows if row.parent_id in found} - found:
        found |= more
    return {row.key for row in rows if row.id in found}


def _cycle(row: Row, day: date) -> CycleDay:
    return CycleDay(row["key"], row["starts_on"], row["ends_on"], (day - row["starts_on"]).days + 1)


def _objectives(conn: sa.Connection) -> list[Objective]:
    supports: dict[int, list[str]] = defaultdict(list)
    for row in conn.execute(sa.text(_SUPPORTS)):
        supports[row.objective_id].append(row.target_key)
    return [
        Objective(
            row["objective"],
            row["title"],
            row["cycle"],
            row["team"],
            row["outcome"],
            row["delivery"],
            row["health"] or "unknown",
            row["key_results"],
            row["key_results_without_work"],
            supports[row["id"]],
        )
        for row in _rows(conn, _OBJECTIVES)
    ]


def _key_results(conn: sa.Connection, since: date) -> list[KeyResult]:
    then = {row["key_result"]: row for row in _rows(conn, _DAYS, day=since)}
    nothing = {"health": None, "outcome": None}
    return [
        KeyResult(
            key=row["key_result"],
            title=row["title"],
            cycle=row["cycle"],
            objective=row["objective"],
            team=row["team"],
            owner=row["owner"],
            outcome=row["outcome"],
            delivery=row["delivery"],
            expected=row["expected"],
            confidence=row["confidence"],
            health=row["health"] or "unknown",
            health_reason=row["health_reason"] or "not counted yet",
            was=then.get(row["key_result"], nothing)["health"],
            outcome_was=then.get(row["key_result"], nothing)["outcome"],
            work_total=row["work_total"] or 0,
            work_done=row["work_done"] or 0,
            open_findings=row["open_findings"],
            on_purpose=_on_purpose(row["definition"]),
        )
        for row in _rows(conn, _KEY_RESULTS)
    ]


def _on_purpose(definition: Any) -> str | None:
    found = json.loads(definition) if isinstance(definition, str) else definition
    delivery = found.get("delivery")
    return delivery.get("none") if isinstance(delivery, Mapping) else None


def _effort(conn: sa.Connection) -> list[Effort]:
    return [Effort(row["cycle"], row["team"], row["kind"], float(row["size"])) for row in _rows(conn, _EFFORT)]


def _of_teams(found: Sequence[Effort], below: Collection[str] | None) -> list[Effort]:
    return [one for one in found if below is None or one.team in below]


def _findings(conn: sa.Connection) -> list[Finding]:
    """The open ones, the gravest first."""
    found = [
        Finding(
            row["code"],
            row["severity"],
            row["subject"],
            row["team"],
            row["summary"],
            row["opened_at"],
            row["acknowledged_by"],
            row["decision"],
        )
        for row in _rows(conn, _FINDINGS)
    ]
    return sorted(found, key=lambda one: (GRAVITY[one.severity], one.code, one.subject))


def _resolved(conn: sa.Connection, moment: datetime, below: Collection[str] | None) -> int:
    rows = _rows(conn, _RESOLVED)
    return sum(row["resolved_at"] > moment and (below is None or row["team"] in below) for row in rows)


def _barriers(conn: sa.Connection) -> list[Barrier]:
    return [
        Barrier(
            code=row["code"],
            subject=row["subject"],
            team=row["team"],
            summary=row["summary"],
            state=row["state"],
            severity=row["severity"] or OF_OBJECTIONS,
            raised_at=row["raised_at"],
            raised_by=row["raised_by"],
            days_left=row["days_left_when_raised"],
            decision=row["decision"],
            decided_by=row["decided_by"],
            decided_at=row["decided_at"],
            decided_until=row["decided_until"],
            ended_at=row["ended_at"],
        )
        for row in _rows(conn, _BARRIERS)
    ]


def _sources(conn: sa.Connection, config: Config, now: datetime) -> list[Source]:
    """What was not read as it should be, or not for longer than `thresholds.source_intervals` sync intervals."""
    oldest = now - _patience(config)
    found = []
    for row in _rows(conn, _SCOPES):
        state, last = row["state"], row["last_ok_at"]
        if state == "ok" and last is not None and last < oldest:
            state = "old"
        if state != "ok":
            found.append(Source(row["connection"], row["name"], state, last))
    return found


def _patience(config: Config) -> timedelta:
    return config.schedule.sync_interval * config.thresholds.source_intervals


def _is_overdue(day: date, config: Config, now: datetime) -> bool:
    """Whether the day of the last count is over for longer than counting may rest."""
    return now > _end_of(day, config) + _patience(config)


# --- of a team -------------------------------------------------------------------------------------------------------


def _ours(key_results: Sequence[KeyResult], below: Collection[str] | None, worked_for: set[str]) -> list[KeyResult]:
    """Those that the team holds or works for; all of the company."""
    return [one for one in key_results if below is None or one.team in below or one.key in worked_for]


def _holds(objective: Objective, shown: Sequence[KeyResult]) -> bool:
    return any(one.objective == objective.key for one in shown)


def _concerns(barrier: Barrier, below: Collection[str], shown: Sequence[KeyResult]) -> bool:
    """Raised about or by the team, or about a key result that it holds."""
    return barrier.team in below or any(one.key == barrier.subject for one in shown)
