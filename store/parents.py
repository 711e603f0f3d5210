"""From the parents that tools name to the rows that are stored."""

import sqlalchemy as sa

# An item may come before its parent, or its parent may lie outside what is synced: it then stays pending, and is looked
# up again next time through an index of the pending ones alone. The `+ 0` leaves only the index of keys to find a
# parent by key: on a table that was just filled, and has no statistics yet, PostgreSQL would walk the whole connection.
# A deleted item may have been transferred, and its key then leads to the one that it is now.
_TARGET = """
    SELECT w.id AS id,
           w.parent_ref_id IS NOT NULL OR w.parent_ref_folded IS NOT NULL AS named,
           w.parent_id AS former,
           coalesce(
               (SELECT p.id FROM work_item p
                WHERE p.connection_id = w.connection_id AND p.external_id = w.parent_ref_id AND p.id <> w.id),
               (SELECT min(p.id) FROM work_item p
                WHERE p.key_folded = w.parent_ref_folded AND p.connection_id + 0 = w.connection_id AND p.id <> w.id
                    AND p.presence <> 'deleted'),
               (SELECT a.item_id FROM work_alias a
                WHERE a.connection_id = w.connection_id AND a.key_folded = w.parent_ref_folded AND a.item_id <> w.id),
               (SELECT min(p.id) FROM work_item p
                WHERE p.key_folded = w.parent_ref_folded AND p.connection_id + 0 = w.connection_id AND p.id <> w.id)
           ) AS target
    FROM work_item w
    WHERE w.connection_id = :connection_id AND w.parent_pending
"""

_FORMER = """
    INSERT INTO dirty (item_id)
    SELECT DISTINCT parent_id FROM work_item
    WHERE connection_id = :connection_id AND parent_pending AND parent_id IS NOT NULL
    ON CONFLICT DO NOTHING
"""

_MOVED = f"""
    INSERT INTO dirty (item_id)
    SELECT x.id FROM ({_TARGET}) AS x
    WHERE coalesce(x.former, 0) <> coalesce(x.target, 0)
    ON CONFLICT DO NOTHING
"""

_SETTLE = f"""
    UPDATE work_item SET parent_id = x.target, parent_pending = x.named AND x.target IS NULL
    FROM ({_TARGET}) AS x
    WHERE work_item.id = x.id AND (x.target IS NOT NULL OR x.former IS NOT NULL OR NOT x.named)
"""


def resolve_parents(conn: sa.Connection, connection_id: int) -> int:
    """Look up the parents of items that are new, changed, or were waiting for theirs. Returns how many were settled.

    An item whose parent changed becomes dirty, and so does its former parent. No item becomes its own parent.
    """
    named = {"connection_id": connection_id}
    for statement in (_FORMER, _MOVED):
        conn.execute(sa.text(statement), named)
    return conn.execute(sa.text(_SETTLE), named).rowcount
