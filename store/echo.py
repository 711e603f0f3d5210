"""Telling our own writings from people's changes: a tool dates both alike."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from store.tables import WorkItem, Written

_WRITTEN = Written.__table__
_ITEM = WorkItem.__table__
_AT_ONCE = 500

Span = tuple[datetime, datetime]
"""Changes after the first instant, and until the second, are ours."""


def spans(conn: sa.Connection, connection_id: int, external_ids: Collection[str]) -> Mapping[str, list[Span]]:
    """When we changed these items of a connection, by external id."""
    found: dict[str, list[Span]] = defaultdict(list)
    wanted = sorted(external_ids)
    for at in range(0, len(wanted), _AT_ONCE):
        query = (
            sa.select(_ITEM.c.external_id, _WRITTEN.c.moved_at, _WRITTEN.c.echo_at)
            .join(_ITEM, _ITEM.c.id == _WRITTEN.c.item_id)
            .where(_ITEM.c.connection_id == connection_id, _ITEM.c.external_id.in_(wanted[at : at + _AT_ONCE]))
        )
        for external_id, moved_at, echo_at in conn.execute(query):
            if moved_at is not None and echo_at is not None:
                found[external_id].append((moved_at, echo_at))
    return found


def moved_at(updated_at: datetime | None, ours: Sequence[Span]) -> datetime | None:
    """When an item that a tool says to have changed at `updated_at` was changed last by anyone but us."""
    if updated_at is None:
        return None
    return min((moved for moved, echo in ours if moved < updated_at <= echo), default=updated_at)
