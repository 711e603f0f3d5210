"""Comparing a scope with all that its tool lists."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from connectors.records import Category, Ref
from store.bulk import Bulk
from store.tables import Scope, SweepSeen

_SCOPE = Scope.__table__
_SEEN = SweepSeen.__table__

_LISTED = "EXISTS (SELECT 1 FROM sweep_seen s WHERE s.scope_id = w.scope_id AND s.external_id = w.external_id)"
# Only counted: where a whole scope seems to be gone, its items are not worth the memory.
_COUNTS = f"""
    SELECT count(*) FILTER (WHERE w.presence = 'present') AS present,
        count(*) FILTER (WHERE w.presence = 'present' AND NOT {_LISTED}) AS missing,
        count(*) FILTER (WHERE w.presence = 'not_visible' AND NOT {_LISTED}) AS hidden
    FROM work_item w WHERE w.scope_id = :scope_id
"""
_MISSING = f"""
    SELECT w.external_id, w.key FROM work_item w
    WHERE w.scope_id = :scope_id AND w.presence = 'present' AND NOT {_LISTED}
    ORDER BY w.external_id
"""
_HIDDEN = f"""
    SELECT w.external_id, w.key FROM work_item w
    WHERE w.scope_id = :scope_id AND w.presence = 'not_visible' AND NOT {_LISTED}
    ORDER BY w.external_id LIMIT :most OFFSET :start
"""
# Whoever was listed by a reading (`category` is null) was stored or set aside by it.
_UNKNOWN = """
    SELECT s.external_id, coalesce(w.key, '') AS key FROM sweep_seen s
    LEFT JOIN work_item w ON w.connection_id = :connection_id AND w.external_id = s.external_id
    WHERE s.scope_id = :scope_id AND (s.category IS NOT NULL OR w.id IS NOT NULL)
        AND (w.id IS NULL OR w.presence <> 'present' OR w.scope_id <> s.scope_id OR w.category <> s.category)
    ORDER BY s.external_id
"""


@dataclass(frozen=True)
class Comparison:
    """A scope held against its list. `present`: how many of its items count as present.

    `missing`: how many of them the list lacks; `hidden`: how many were out of sight before and are not listed either.
    """

    present: int
    missing: int
    hidden: int


def forget(conn: sa.Connection, scope_id: int) -> None:
    """Drop what an earlier list of the scope named."""
    conn.execute(sa.delete(_SEEN).where(_SEEN.c.scope_id == scope_id))


def note(conn: sa.Connection, scope_id: int, listed: Mapping[str, Category] | Collection[str]) -> None:
    """Keep what a page of the list names: external ids, with the category of each where the tool tells."""
    categories = listed if isinstance(listed, Mapping) else dict.fromkeys(listed)
    columns = {"scope_id": "integer", "external_id": "text", "category": "text"}
    Bulk(conn).insert(
        "sweep_seen", columns, ((scope_id, external_id, category) for external_id, category in categories.items())
    )


def compare(conn: sa.Connection, scope_id: int) -> Comparison:
    """Hold the stored items of a scope against the list that was noted, which must be complete."""
    row = conn.execute(sa.text(_COUNTS), {"scope_id": scope_id}).one()
    return Comparison(present=row.present, missing=row.missing, hidden=row.hidden)


def doubtful(conn: sa.Connection, connection_id: int, scope_id: int, hidden: slice) -> list[Ref]:
    """The items that stored rows and list disagree about, and of those that are out of sight the `hidden` ones.

    First those that the list lacks, then those that it names and that are not stored, or stored as gone, elsewhere or
    in another category.
    """
    named = {"connection_id": connection_id, "scope_id": scope_id}
    some = {"start": hidden.start, "most": hidden.stop - hidden.start}
    rows = [
        row
        for statement, more in ((_MISSING, {}), (_UNKNOWN, {}), (_HIDDEN, some))
        for row in conn.execute(sa.text(statement), {**named, **more})
    ]
    return [Ref(external_id=row.external_id, key=row.key) for row in rows]


def finish(conn: sa.Connection, scope_id: int, held_back: int | None, now: datetime) -> None:
    """Note that a scope was compared. `held_back`: how many items were missed, where that was not believed."""
    forget(conn, scope_id)
    conn.execute(sa.update(_SCOPE).where(_SCOPE.c.id == scope_id).values(swept_at=now, held_back=held_back))
