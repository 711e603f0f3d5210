"""Fetched values of key results: a check-in a day, and how each source did at its last attempt."""

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa

from store.tables import CheckIn, KeyResult, ValueSource

_CHECK_IN = CheckIn.__table__
_KEY_RESULT = KeyResult.__table__
_SOURCE = ValueSource.__table__

ORIGIN = "source"
"""What a fetched check-in's `origin` says."""


def sourced(conn: sa.Connection, keys: Collection[str]) -> dict[str, int]:
    """The ids of the key results that have a source, by key. How other key results' former sources did is forgotten."""
    rows = conn.execute(sa.select(_KEY_RESULT.c.key, _KEY_RESULT.c.id).where(~_KEY_RESULT.c.archived)).all()
    ids = {row.key: row.id for row in rows if row.key in keys}
    kept = set(ids.values())
    for id_ in conn.execute(sa.select(_SOURCE.c.key_result_id)).scalars().all():
        if id_ not in kept:
            conn.execute(sa.delete(_SOURCE).where(_SOURCE.c.key_result_id == id_))
    return ids


def record(conn: sa.Connection, key_result_id: int, place: str, day: date, value: float, now: datetime) -> bool:
    """Notes a value that was fetched: the day's row is made, or changed where the value did. Whether it was written."""
    _note(conn, key_result_id, place=place, error=None, failed_at=None, last_ok_at=now)
    of_day = (_CHECK_IN.c.key_result_id == key_result_id, _CHECK_IN.c.day == day, _CHECK_IN.c.origin == ORIGIN)
    row = conn.execute(sa.select(_CHECK_IN.c.id, _CHECK_IN.c.value).where(*of_day)).first()
    if row is None:
        conn.execute(
            sa.insert(_CHECK_IN).values(
                key_result_id=key_result_id, day=day, value=value, origin=ORIGIN, position=0, recorded_at=now
            )
        )
    elif row.value != value:
        conn.execute(sa.update(_CHECK_IN).where(_CHECK_IN.c.id == row.id).values(value=value, recorded_at=now))
    else:
        return False
    return True


def fail(conn: sa.Connection, key_result_id: int, place: str, error: str, now: datetime) -> None:
    """Notes why a value could not be fetched. The last one stays, with its day."""
    _note(conn, key_result_id, place=place, error=error, failed_at=now)


def _note(conn: sa.Connection, key_result_id: int, **values: datetime | str | None) -> None:
    where = _SOURCE.c.key_result_id == key_result_id
    if not conn.execute(sa.update(_SOURCE).where(where).values(**values)).rowcount:
        conn.execute(sa.insert(_SOURCE).values(key_result_id=key_result_id, **values))
