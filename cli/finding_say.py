"""Recording what people say to findings, and saying what was recorded."""

import getpass
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from cli.days import day_of
from cli.session import Failure, Session

if TYPE_CHECKING:
    import sqlalchemy as sa

    from config import Config
    from store.voice import Objection, Verdict


@dataclass(frozen=True)
class _Floor:
    """Who has the floor: a transaction on the database, and the moment, with its day in the configured zone."""

    conn: "sa.Connection"
    now: datetime
    day: date


def acknowledge(at: Session, code: str, subject: str, team: str | None, by: str | None, note: str | None) -> None:
    """Somebody has seen a finding or an objection."""
    from store import voice

    who, note = _who(by), _note(note)
    if team is not None and code.lower() != voice.OBJECTION:
        raise Failure(
            f"--team does not go with the finding {code}.",
            f"Leave it out, or write `ack KR --team {team}` where the team works for a key result.",
        )
    with _floor(at) as floor:
        found = voice.about(floor.conn, code, subject, team)
        voice.acknowledge(floor.conn, found, who, note, floor.now)
    _tell(at, [f"Acknowledged {one.called}, by {who}." for one in found], "acknowledged", who, note)


def acknowledge_work(at: Session, key: str, team: str, by: str | None, note: str | None) -> None:
    """A team says that it works for a key result, and what follows from that is found anew."""
    from config.codes import CODES
    from store import voice
    from store.transactions import alone
    from sync.engine import count

    who, note = _who(by), _note(note)
    if key.upper() in CODES:
        raise Failure(f"What {key} is about is missing.", f"Write it behind the code: `ack {key} SUBJECT`.")
    with _opened(at) as (config, engine, now):
        with alone(engine) as conn:
            new = voice.acknowledge_work(conn, key, team, who, note, now)
        if new:
            count(engine, config, now=lambda: now)
    told = f"{team} works for {key}: acknowledged by {who}." if new else f"{team} had acknowledged {key} before."
    _tell(at, [told], "acknowledged" if new else "known", who, note, key_result=key, team=team)


def decide(
    at: Session,
    code: str,
    subject: str,
    verdict: "Verdict",
    until: str | None,
    team: str | None,
    by: str | None,
    note: str | None,
) -> None:
    """Something was decided about a finding or an objection."""
    from store import voice

    who, note = _who(by), _note(note)
    last = day_of(until) if until is not None else None
    if team is not None and code.lower() != voice.OBJECTION:
        raise Failure(f"--team does not go with the finding {code}.", "It tells objections of several teams apart.")
    with _floor(at) as floor:
        found = voice.about(floor.conn, code, subject, team)
        voice.decide(floor.conn, found, verdict, who, last, note, floor.now, floor.day)
    when = f", until {last}" if last else ""
    lines = [f"Decided on {one.called}, by {who}: {verdict}{when}." for one in found]
    _tell(at, lines, "decided", who, note, decision=verdict, until=last)


def object_to(at: Session, key: str, kind: "Objection", team: str, by: str | None, note: str | None) -> None:
    """A team objects to a key result."""
    from store import voice

    who, note = _who(by), _note(note)
    with _floor(at) as floor:
        voice.object_to(floor.conn, key, kind, team, who, note, floor.now, floor.day)
    lines = [f"{team} objects to {key} ({kind}). `northing finding barriers` counts it."]
    _tell(at, lines, "objected", who, note, key_result=key, team=team, kind=kind)


def withdraw(at: Session, key: str, team: str, by: str | None, note: str | None) -> None:
    """A team withdraws all that it objects to a key result."""
    from store import voice

    who, note = _who(by), _note(note)
    with _floor(at) as floor:
        found = voice.withdraw(floor.conn, key, team, who, note, floor.now)
    _tell(at, [f"Withdrawn: {one.called}." for one in found], "withdrawn", who, note, key_result=key, team=team)


@contextmanager
def _opened(at: Session) -> "Generator[tuple[Config, sa.Engine, datetime]]":
    """The configuration, the database and the moment. What does not fit what is stored becomes a Failure."""
    from cli.wiring import database, loaded, now
    from store.voice import Unfit

    config = loaded(at).config
    with database(config.database) as engine:
        try:
            yield config, engine, now()
        except Unfit as error:
            raise Failure(error.message, error.advice) from None


@contextmanager
def _floor(at: Session) -> Generator[_Floor]:
    from store.transactions import alone

    with _opened(at) as (config, engine, now), alone(engine) as conn:
        yield _Floor(conn, now, now.astimezone(config.zone).date())


def _who(by: str | None) -> str:
    try:
        who = (getpass.getuser() if by is None else by).strip()
    except (KeyError, OSError, ImportError):  # a user without a name, as in many containers
        who = ""
    if not who:
        raise Failure("Nobody knows who says this.", "Give a name with --by.")
    return who


def _note(note: str | None) -> str | None:
    return note.strip() or None if note is not None else None


def _tell(at: Session, lines: list[str], change: str, who: str, note: str | None, **more: Any) -> None:
    if at.json:
        at.data({"change": change, "by": who, "note": note, **more})
    elif not at.quiet:
        for line in lines:
            at.say(line)
