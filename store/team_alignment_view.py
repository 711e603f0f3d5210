"""The public view of what teams' work counts toward."""

from store.dialect import Dialect
from store.view_parts import IS_INTENTIONAL, SIZE, counts


def team_alignment(d: Dialect) -> str:
    """What each team has in progress or closed in a cycle, by objective, each item shared among its key results.

    In one pass over all work, in the same steps on both databases: `container` are the items above what counts; `busy`
    the leaves that belong to a cycle; `served` each of these once for each link, with how many there are and how many
    of them lead to a key result of the cycle.
    """
    return f"""
    WITH RECURSIVE container(id) AS (
        SELECT i.parent_id FROM work_item i WHERE i.parent_id IS NOT NULL AND {counts("i")}
        UNION SELECT i.parent_id FROM container c JOIN work_item i ON i.id = c.id WHERE i.parent_id IS NOT NULL),
    busy AS (
        SELECT cy.id AS cycle_id, w.id, w.team_id, {SIZE} AS size
        FROM work_item w CROSS JOIN cycle cy
        WHERE w.team_id IS NOT NULL AND NOT cy.archived AND (
            (w.state = 'in_progress' AND {d.active_day()} BETWEEN cy.starts_on AND cy.ends_on)
            OR (w.state = 'done' AND w.closed_at >= cy.starts_at AND w.closed_at < cy.ends_at))
            AND {counts("w")} AND NOT EXISTS (SELECT 1 FROM container c WHERE c.id = w.id)),
    served AS (
        SELECT w.cycle_id, w.id, w.team_id, w.size, o.id AS objective_id,
            count(*) OVER item AS links, count(o.id) OVER item AS key_results
        FROM busy w
        LEFT JOIN link l ON l.item_id = w.id
        LEFT JOIN key_result k ON k.id = l.key_result_id AND NOT k.archived
        LEFT JOIN objective o ON o.id = k.objective_id AND o.cycle_id = w.cycle_id
        WINDOW item AS (PARTITION BY w.cycle_id, w.id)),
    piece AS (
        SELECT w.cycle_id, w.team_id, w.objective_id,
            CASE WHEN w.objective_id IS NOT NULL THEN 'objective' WHEN {IS_INTENTIONAL} THEN 'intentional'
                 ELSE 'unaligned' END AS kind,
            w.size / CASE WHEN w.key_results > 0 THEN w.key_results ELSE w.links END AS size
        FROM served w WHERE w.objective_id IS NOT NULL OR w.key_results = 0),
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
