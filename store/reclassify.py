"""Reading all stored work anew after `counting` changed."""

from collections.abc import Iterable
from functools import cache

import sqlalchemy as sa

from config import Counting
from store.bulk import Bulk
from store.classify import Reader
from store.tables import Tag, WorkItem, WorkTag

_ITEM = WorkItem.__table__
_TAG = Tag.__table__
_MEMBER = WorkTag.__table__


def reclassify(conn: sa.Connection, counting: Counting) -> int:
    """Work out state and level of all items again; how many changed. Those become dirty."""
    reader = Reader(counting)
    epic = _labelled(conn, reader.epic_labels)
    in_progress = _labelled(conn, reader.in_progress_labels)
    assigned = _assigned(conn) if reader.assigned_is_in_progress else frozenset()
    state, level = cache(reader.state), cache(reader.level)
    columns = ("id", "category", "resolution", "status", "self_reported", "type_folded", "tool_level", "state", "level")
    rows = conn.execute(sa.select(*(_ITEM.c[name] for name in columns)), execution_options={"stream_results": True})
    changed = []
    for row in rows:
        id_, category, resolution, status, self_reported, type_folded, tool_level, *old = row
        # Which of the listed labels an item has does not matter, only whether it has one.
        working = tuple(reader.in_progress_labels) if id_ in in_progress else ()
        new_state = state(category, resolution, status, working, assigned=id_ in assigned, self_reported=self_reported)
        new_level = level(type_folded, tool_level, tuple(reader.epic_labels) if id_ in epic else ())
        if [new_state, new_level] != old:
            changed.append((new_state, new_level, id_))
    bulk = Bulk(conn)
    bulk.run_many("UPDATE work_item SET state = ?, level = ? WHERE id = ?", changed)
    bulk.mark_dirty(id_ for _, _, id_ in changed)
    return len(changed)


def _labelled(conn: sa.Connection, folded: Iterable[str]) -> frozenset[int]:
    members = (
        sa.select(_MEMBER.c.item_id)
        .join(_TAG, _TAG.c.id == _MEMBER.c.tag_id)
        .where(_TAG.c.kind == "label", _TAG.c.folded.in_(list(folded)))
    )
    return frozenset(conn.execute(members).scalars())


def _assigned(conn: sa.Connection) -> frozenset[int]:
    members = sa.select(_MEMBER.c.item_id).join(_TAG, _TAG.c.id == _MEMBER.c.tag_id).where(_TAG.c.kind == "assignee")
    return frozenset(conn.execute(members).scalars())
