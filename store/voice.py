"""What people say to findings: acknowledge, decide, object, withdraw. Each is a row, with a change row beside it.

What was said to a finding holds for its present occurrence: one that resolved and opened anew was not acknowledged, nor
decided. A decision with a last day is none any more after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from config.codes import CODES
from config.problems import did_you_mean
from store import tables

Verdict = Literal["restructure", "rescope", "lend", "accept"]
"""What may be decided: change the teams, change the key result, lend people, or live with it."""
Objection = Literal["structure", "dependency", "capacity", "metric", "conflict"]
"""Why a team objects to a key result."""
OBJECTIONS: tuple[str, ...] = get_args(Objection)
OBJECTION = "objection"
"""Stands where a finding has its code: `decide objection GROW.1 …`."""
SEVERITY_OF_OBJECTIONS = "warning"

_BARRIER = tables.Barrier.__table__
_CHANGE = tables.FindingChange.__table__
_CYCLE = tables.Cycle.__table__
_FINDING = tables.Finding.__table__
_KEY_RESULT = tables.KeyResult.__table__
_OBJECTIVE = tables.Objective.__table__
_TEAM = tables.Team.__table__
_OF_TEAM = tables.TeamAcknowledgement.__table__


class Unfit(Exception):
    """What was said does not fit what is stored. `message` says what is wrong, `advice` what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


@dataclass(frozen=True)
class About:
    """What a word is about: a finding or an objection, by its id, and how people call it."""

    finding_id: int | None
    barrier_id: int | None
    severity: str
    called: str


def about(conn: sa.Connection, code: str, subject: str, team: str | None = None) -> list[About]:
    """The open findings, or standing objections, with this code (or `objection`) and subject.

    `team` tells objections of several teams apart. Raises Unfit where there is none, or where objections of several
    teams stand and none is named.
    """
    if code.lower() == OBJECTION:
        return _objections(conn, subject, team)
    code = code.upper()
    if code not in CODES:
        raise Unfit(
            f"No finding has the code {code}.{did_you_mean(code, CODES)}", "`northing finding list` lists them."
        )
    rows = conn.execute(sa.select(_FINDING).where(_FINDING.c.code == code).order_by(_FINDING.c.id)).all()
    found = [row for row in rows if row.subject == subject]
    standing = [row for row in found if row.resolved_at is None]
    if not standing:
        raise _not_open(code, subject, found, [row.subject for row in rows if row.resolved_at is None])
    return [About(row.id, None, row.severity, f"{code} of {subject}") for row in standing]


def _not_open(code: str, subject: str, found: list[Any], open_subjects: list[str]) -> Unfit:
    advice = "`northing finding list` lists what is open."
    if found:
        return Unfit(f"{code} about {subject} is not open: it ended on {found[-1].resolved_at:%Y-%m-%d}.", advice)
    if not open_subjects:
        return Unfit(f"There is no open {code}, about {subject} or anything else.", advice)
    return Unfit(f"There is no {code} about {subject}.{did_you_mean(subject, open_subjects)}", advice)


def _objections(conn: sa.Connection, key: str, team: str | None) -> list[About]:
    key_result = _key_result(conn, key, archived=True)
    query = (
        sa.select(_BARRIER.c.id, _BARRIER.c.kind, _TEAM.c.key)
        .join(_TEAM, _TEAM.c.id == _BARRIER.c.team_id)
        .where(_BARRIER.c.key_result_id == key_result.id, _BARRIER.c.ended_at.is_(None))
        .order_by(_BARRIER.c.id)
    )
    rows = conn.execute(query).all()
    teams = list(dict.fromkeys(row.key for row in rows))
    if not rows:
        raise Unfit(f"No team objects to {key}.", f"`northing finding object {key} KIND --team TEAM` does.")
    if team is None and len(teams) > 1:
        raise Unfit(f"Several teams object to {key}: {', '.join(teams)}.", "Say which one's with --team.")
    if team is not None and team not in teams:
        _team(conn, team)
        raise Unfit(f"{team} does not object to {key}.", f"These do: {', '.join(teams)}.")
    return [
        About(None, row.id, SEVERITY_OF_OBJECTIONS, f"{row.key}'s objection to {key} ({row.kind})")
        for row in rows
        if team in (None, row.key)
    ]


def acknowledge(conn: sa.Connection, what: Iterable[About], who: str, note: str | None, now: datetime) -> None:
    """Notes that somebody has seen it and has taken it up."""
    for one in what:
        values = {"finding_id": one.finding_id, "barrier_id": one.barrier_id, "who": who, "note": note, "at": now}
        conn.execute(sa.insert(tables.Acknowledgement.__table__).values(**values))
        _note(conn, one, "acknowledged", who, note, now)


def decide(
    conn: sa.Connection,
    what: Iterable[About],
    verdict: Verdict,
    who: str,
    until: date | None,
    note: str | None,
    now: datetime,
    day: date,
) -> None:
    """Notes a decision, which replaces the one before.

    `until` is the last day on which it holds, `day` that of `now` in the configured zone. Raises Unfit where `until`
    has passed.
    """
    if until is not None and until < day:
        raise Unfit(f"{until} has passed: today is {day}.", "`--until` is the last day on which the decision holds.")
    words = verdict + (f" until {until}" if until else "") + (f": {note}" if note else "")
    for one in what:
        conn.execute(
            sa.insert(tables.Decision.__table__).values(
                finding_id=one.finding_id,
                barrier_id=one.barrier_id,
                decision=verdict,
                who=who,
                until=until,
                note=note,
                at=now,
                day=day,
            )
        )
        _note(conn, one, "decided", who, words, now)


def object_to(
    conn: sa.Connection, key: str, kind: Objection, team: str, who: str, note: str | None, now: datetime, day: date
) -> None:
    """A team objects to a key result, which opens a barrier by hand. `day` is that of `now` in the configured zone.

    Raises Unfit where there is no such key result or team, its cycle is over, or that team objects so already.
    """
    key_result, team_id = _key_result(conn, key), _team(conn, team)
    if day > key_result.ends_on:
        raise Unfit(f"The cycle of {key} ended on {key_result.ends_on}.", "Object to a key result that still runs.")
    same = (_BARRIER.c.key_result_id == key_result.id, _BARRIER.c.team_id == team_id, _BARRIER.c.kind == kind)
    before = conn.execute(sa.select(_BARRIER.c.raised_on).where(*same, _BARRIER.c.ended_at.is_(None))).scalar()
    if before is not None:
        raise Unfit(
            f"{team} objects to {key} ({kind}) since {before} already.",
            f"To say it anew: `northing finding withdraw {key} --team {team}` first.",
        )
    inserted = conn.execute(
        sa.insert(_BARRIER)
        .values(
            key_result_id=key_result.id,
            team_id=team_id,
            kind=kind,
            who=who,
            note=note,
            cycle_id=key_result.cycle_id,
            raised_at=now,
            raised_on=day,
            days_left=(key_result.ends_on - day).days,
        )
        .returning(_BARRIER.c.id)
    ).scalar_one()
    one = About(None, inserted, SEVERITY_OF_OBJECTIONS, "")
    _note(conn, one, "objected", who, kind + (f": {note}" if note else ""), now)


def withdraw(conn: sa.Connection, key: str, team: str, who: str, note: str | None, now: datetime) -> list[About]:
    """Ends all that a team objects to a key result, and gives it. Raises Unfit where it does not object."""
    found = _objections(conn, key, team)
    for one in found:
        conn.execute(sa.update(_BARRIER).where(_BARRIER.c.id == one.barrier_id).values(ended_at=now))
        _note(conn, one, "withdrawn", who, note, now)
    return found


def acknowledge_work(conn: sa.Connection, key: str, team: str, who: str, note: str | None, now: datetime) -> bool:
    """A team says that it works for a key result. False where it had said so before, which stays as it was.

    Raises Unfit where there is no such key result or team.
    """
    key_result, team_id = _key_result(conn, key), _team(conn, team)
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    values = {"key_result_id": key_result.id, "team_id": team_id, "who": who, "note": note, "at": now}
    # Of two who say it in one moment, the second waits here, and has nothing to add.
    new = insert(_OF_TEAM).values(**values).on_conflict_do_nothing().returning(_OF_TEAM.c.at)
    return conn.execute(new).first() is not None


def _key_result(conn: sa.Connection, key: str, *, archived: bool = False) -> Any:
    """The row of a key result, with the end of its cycle; only on demand of one that is archived."""
    query = (
        sa.select(_KEY_RESULT.c.id, _KEY_RESULT.c.key, _KEY_RESULT.c.archived, _OBJECTIVE.c.cycle_id, _CYCLE.c.ends_on)
        .join(_OBJECTIVE, _OBJECTIVE.c.id == _KEY_RESULT.c.objective_id)
        .join(_CYCLE, _CYCLE.c.id == _OBJECTIVE.c.cycle_id)
    )
    row = conn.execute(query.where(_KEY_RESULT.c.key == key)).first()
    if row is None:
        known = conn.execute(sa.select(_KEY_RESULT.c.key).where(~_KEY_RESULT.c.archived)).scalars().all()
        raise Unfit(
            f"There is no key result {key!r}.{did_you_mean(key, known)}",
            "`northing status` lists them. One that was just written is there after the next `northing sync`.",
        )
    if row.archived and not archived:
        raise Unfit(f"Key result {key} left the configuration.", "Put it back first.")
    return row


def _team(conn: sa.Connection, key: str) -> int:
    teams = dict(conn.execute(sa.select(_TEAM.c.key, _TEAM.c.id).where(~_TEAM.c.archived)).all())
    if key not in teams:
        raise Unfit(f"There is no team {key!r}.{did_you_mean(key, sorted(teams))}", "Teams stand under `teams:`.")
    return teams[key]


def _note(conn: sa.Connection, one: About, change: str, who: str, words: str | None, now: datetime) -> None:
    conn.execute(
        sa.insert(_CHANGE).values(
            finding_id=one.finding_id,
            barrier_id=one.barrier_id,
            change=change,
            severity=one.severity,
            at=now,
            who=who,
            words=words,
        )
    )
