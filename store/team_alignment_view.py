"""The public view of what teams' work counts toward."""

from store.dialect import Dialect
from store.view_parts import IS_INTENTIONAL, IS_LEAF, SIZE


def team_alignment(d: Dialect) -> str:
    """What each team has in progress or closed in a cycle, by objective, each item shared among its key results."""
    # CROSS JOIN keeps SQLite from going through all of the work once for each cycle, or for each key result.
    return f"""
    WITH busy AS (
        SELECT cy.id AS cycle_id, w.id, w.team_id, {SIZE} AS size
        FROM work_item w CROSS JOIN cycle cy
        WHERE w.team_id IS NOT NULL AND NOT cy.archived AND (
            (w.state = 'in_progress' AND {d.active_day()} BETWEEN cy.starts_on AND cy.ends_on)
            OR (w.state = 'done' AND w.closed_at >= cy.starts_at AND w.closed_at < cy.ends_at)) AND {IS_LEAF}),
    served AS (
        SELECT w.cycle_id, w.id, w.team_id, o.id AS objective_id,
            w.size / count(*) OVER (PARTITION BY w.cycle_id, w.id) AS size
        FROM busy w CROSS JOIN link l CROSS JOIN key_result k CROSS JOIN objective o
        WHERE l.item_id = w.id AND k.id = l.key_result_id AND NOT k.archived
            AND o.id = k.objective_id AND o.cycle_id = w.cycle_id),
    piece AS (
        SELECT cycle_id, team_id, 'objective' AS kind, objective_id, size FROM served
        UNION ALL
        SELECT w.cycle_id, w.team_id, CASE WHEN {IS_INTENTIONAL} THEN 'intentional' ELSE 'unaligned' END, NULL, w.size
        FROM busy w
        WHERE NOT EXISTS (SELECT 1 FROM served s WHERE s.cycle_id = w.cycle_id AND s.id = w.id)),
    part AS (
        SELECT cycle_id, team_id, kind, objective_id, sum(size) AS size FROM piece
        GROUP BY cycle_id, team_id, kind, objective_id)
    SELECT cy.key AS cycle, t.key AS team, p.kind, o.key AS objective, p.size,
        p.size / nullif(sum(p.size) OVER (PARTITION BY p.cycle_id, p.team_id), 0) AS share
    FROM part p
    JOIN cycle cy ON cy.id = p.cycle_id
    JOIN team t ON t.id = p.team_id
    LEFT JOIN objective o ON o.id = p.objective_id
    """
