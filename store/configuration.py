"""Which configuration the database follows, and what is wrong with one that cannot be applied."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store import meta

_APPLIED, _REFUSED = "configuration", "configuration refused"


@dataclass(frozen=True)
class Applied:
    """The configuration that was applied last by the service: its fingerprint, by which process, and when."""

    fingerprint: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Refusal:
    """A changed configuration that cannot be applied: its main file's name, all errors with file and line, and when."""

    file: str
    errors: tuple[str, ...]
    at: datetime


def applied(conn: sa.Connection) -> Applied | None:
    """What was applied last; None where the service never was here."""
    told = meta.read(conn, _APPLIED)
    if told is None:
        return None
    row = json.loads(told)
    return Applied(row["fingerprint"], row["by"], datetime.fromisoformat(row["at"]))


def note_applied(conn: sa.Connection, one: Applied) -> None:
    """Keeps what was applied. Nothing is refused any more."""
    row = {"fingerprint": one.fingerprint, "by": one.by, "at": one.at.isoformat()}
    meta.write(conn, {_APPLIED: json.dumps(row)})
    forget_refusal(conn)


def forget_applied(conn: sa.Connection) -> None:
    """Whichever process comes next decides."""
    _forget(conn, _APPLIED)


def refused(conn: sa.Connection) -> Refusal | None:
    """What is wrong with the files as they are now; None where they are what was applied."""
    told = meta.read(conn, _REFUSED)
    if told is None:
        return None
    row = json.loads(told)
    return Refusal(row["file"], tuple(row["errors"]), datetime.fromisoformat(row["at"]))


def note_refused(conn: sa.Connection, file: str, errors: Sequence[str], now: datetime) -> None:
    """Keeps why changed files cannot be applied. `errors` hold no secrets."""
    row = {"file": file, "errors": list(errors), "at": now.isoformat()}
    meta.write(conn, {_REFUSED: json.dumps(row, ensure_ascii=False)})


def forget_refusal(conn: sa.Connection) -> None:
    """The files are right again."""
    _forget(conn, _REFUSED)


def _forget(conn: sa.Connection, key: str) -> None:
    conn.execute(sa.text("DELETE FROM meta WHERE key = :key"), {"key": key})
