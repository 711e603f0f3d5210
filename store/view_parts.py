"""Conditions on item `w` that several public views share. They count as the last measure did."""

_IGNORES = "coalesce((SELECT value FROM meta WHERE key = 'subtasks'), 'ignore') = 'ignore'"
_COUNTS_ITEMS = "coalesce((SELECT value FROM meta WHERE key = 'measure'), 'count') = 'count'"

SIZE = f"CASE WHEN {_COUNTS_ITEMS} THEN 1.0 ELSE coalesce(w.estimate, 1.0) END"
"""Size of the item by itself, whatever key results it serves: 1 where it has no estimate."""

IS_INTENTIONAL = """EXISTS (
            SELECT 1 FROM match ma JOIN mapping mp ON mp.id = ma.mapping_id AND mp.via = 'intentional'
            WHERE ma.item_id = w.id)"""


def _counts(item: str) -> str:
    """Neither cancelled nor deleted, and no ignored sub-task."""
    return (
        f"{item}.state <> 'cancelled' AND {item}.presence <> 'deleted'"
        f" AND NOT ({item}.level = 'subtask' AND {_IGNORES})"
    )


# Most items have nothing below them. A recursion is begun only for the others: for each it costs as much as the rest.
IS_LEAF = f"""{_counts("w")}
        AND (NOT EXISTS (SELECT 1 FROM work_item b WHERE b.parent_id = w.id) OR NOT EXISTS (
            WITH RECURSIVE below(id, counts) AS (
                SELECT b.id, {_counts("b")} FROM work_item b WHERE b.parent_id = w.id
                UNION SELECT b.id, {_counts("b")} FROM below JOIN work_item b ON b.parent_id = below.id)
            SELECT 1 FROM below WHERE counts))"""
"""It counts itself, as nothing below it does."""
