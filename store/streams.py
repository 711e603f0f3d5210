"""Where the reading of each stream of each scope stands."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.bulk import Bulk
from store.tables import StreamState as Row

_TABLE = Row.__table__
_FIELDS = ("watermark", "validators", "resume", "resume_since", "resume_clock")
# A page costs a save: see `store.bulk`.
_KNOWN = """
    SELECT watermark, CAST(validators AS TEXT), resume, resume_since, resume_clock FROM stream_state
    WHERE scope_id = ? AND stream = ?
"""
_UPSERT = f"""
    INSERT INTO stream_state (scope_id, stream, {", ".join(_FIELDS)}) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (scope_id, stream) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _FIELDS)}
"""


class Overtaken(Exception):
    """What is known of a stream changed under a reading: it is to begin anew, or somebody else reads it."""


@dataclass(frozen=True)
class StreamState:
    """`watermark`: up to when all is read, None before the first reading ended. `validators`: ETag by URL.

    `resume`, `resume_since` (its watermark) and `resume_clock` (the tool's time at its begin) are set while a reading
    is unfinished.
    """

    watermark: datetime | None = None
    validators: dict[str, str] = field(default_factory=dict)
    resume: str | None = None
    resume_since: datetime | None = None
    resume_clock: datetime | None = None


def load(conn: sa.Connection, scope_id: int, stream: str) -> StreamState:
    """The state of a stream (`items`, `containers`); an empty one before its first reading."""
    row = conn.execute(
        sa.select(*(_TABLE.c[name] for name in _FIELDS)).where(_TABLE.c.scope_id == scope_id, _TABLE.c.stream == stream)
    ).first()
    return StreamState(**row._asdict()) if row else StreamState()


def save(conn: sa.Connection, scope_id: int, stream: str, state: StreamState, known: StreamState | None = None) -> None:
    """Keep the state of a stream. Nothing is written where it is as it was.

    `known`: the state that the reading last left, or began with. Raises Overtaken where another one is stored.
    """
    bulk = Bulk(conn)
    rows = bulk.rows(_KNOWN, scope_id, stream)
    stored = (rows[0][0], json.loads(rows[0][1]), *rows[0][2:]) if rows else None
    if known is not None and (stored or _values(bulk, StreamState())) != _values(bulk, known):
        raise Overtaken
    values = _values(bulk, state)
    if stored != values:
        watermark, validators, *resume = values
        bulk.run(_UPSERT, scope_id, stream, watermark, json.dumps(validators), *resume)


def _values(bulk: Bulk, state: StreamState) -> tuple[Any, ...]:
    return (
        bulk.instant(state.watermark),
        dict(state.validators),
        state.resume,
        bulk.instant(state.resume_since),
        bulk.instant(state.resume_clock),
    )
