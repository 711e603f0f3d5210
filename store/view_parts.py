"""Conditions on item `w` that several public views share. They count as the last measure did."""

from store.dialect import Dialect

_IGNORES = "coalesce((SELECT value FROM meta WHERE key = 'subtasks'), 'ignore') = 'ignore'"
_COUNTS_ITEMS = "coalesce((SELECT value FROM meta WHERE key = 'measure'), 'count') = 'count'"

SIZE = f"CASE WHEN {_COUNTS_ITEMS} THEN 1.0 ELSE coalesce(w.estimate, 1.0) END"
"""Size of the item by itself, whatever key results it serves: 1 where it has no estimate."""

# IS TRUE keeps PostgreSQL from making a join of the list, which it would then walk for each item.
IS_INTENTIONAL = """EXISTS (
            SELECT 1 FROM match ma WHERE ma.item_id = w.id
            AND (ma.mapping_id IN (SELECT mp.id FROM mapping mp WHERE mp.via = 'intentional')) IS TRUE)"""


def counts(item: str) -> str:
    """Neither cancelled nor deleted, and no ignored sub-task."""
    return (
        f"{item}.state <> 'cancelled' AND {item}.presence <> 'deleted'"
        f" AND NOT ({item}.level = 'subtask' AND {_IGNORES})"
    )


def is_leaf(d: Dialect) -> str:
    """Whether item `w` counts itself, as nothing below it does. For a few items: for each a search begins."""
    item = f"SELECT b.id, {counts('b')} FROM work_item b"
    step = f"{item} JOIN below ON b.parent_id = below.id"
    if not d.sqlite:
        # PostgreSQL would read all items for each search. OFFSET keeps it from making a join of this, too.
        step = f"SELECT s.* FROM below CROSS JOIN LATERAL ({item} WHERE b.parent_id = below.id OFFSET 0) s"
    return f"""{counts("w")}
        AND (NOT EXISTS (SELECT 1 FROM work_item b WHERE b.parent_id = w.id) OR NOT EXISTS (
            WITH RECURSIVE below(id, counts) AS ({item} WHERE b.parent_id = w.id UNION {step})
            SELECT 1 FROM below WHERE counts))"""


def is_linked(d: Dialect, *, few: bool = False) -> str:
    """Whether item `w` serves a key result that is active as of the last measure.

    `few`: it is asked of few items, so that PostgreSQL is to look each up, not to read all links.
    """
    apart = " OFFSET 0" if few and not d.sqlite else ""
    return f"""EXISTS (
            SELECT 1 FROM link l WHERE l.item_id = w.id AND (l.key_result_id IN (
                SELECT k.id FROM key_result k
                JOIN objective o ON o.id = k.objective_id
                JOIN cycle cy ON cy.id = o.cycle_id AND {d.active_day()} BETWEEN cy.starts_on AND cy.ends_on
                WHERE NOT k.archived)) IS TRUE{apart})"""


def is_unaligned(d: Dialect) -> str:
    """Whether item `w` is work in progress that serves no active key result, and not on purpose."""
    # IS NOT TRUE keeps PostgreSQL from making joins of these, too, for which it would sort all links and matches.
    served = f"({is_linked(d, few=True)}) IS NOT TRUE AND ({IS_INTENTIONAL}) IS NOT TRUE"
    return f"w.state = 'in_progress' AND {served} AND {is_leaf(d)}"
