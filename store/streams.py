"""Where the reading of each stream of each scope stands."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from store.tables import StreamState as Row

_TABLE = Row.__table__
_FIELDS = ("watermark", "validators", "resume", "resume_since", "resume_clock")


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


def save(conn: sa.Connection, scope_id: int, stream: str, state: StreamState) -> None:
    """Keep the state of a stream. Nothing is written where it is as it was."""
    values = {name: getattr(state, name) for name in _FIELDS}
    here = (_TABLE.c.scope_id == scope_id, _TABLE.c.stream == stream)
    known = conn.execute(sa.select(*(_TABLE.c[name] for name in _FIELDS)).where(*here)).first()
    if known is None:
        conn.execute(sa.insert(_TABLE).values(scope_id=scope_id, stream=stream, **values))
    elif known._asdict() != values:
        conn.execute(sa.update(_TABLE).where(*here).values(**values))
