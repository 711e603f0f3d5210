"""Why a key result has its lever share: what is left to do by team, and what its levers match, as data."""

from math import fsum

from cli.reader import Reader, Row

LEFT = """
    WITH RECURSIVE within(id) AS (
        SELECT coalesce(k.team_id, o.team_id) FROM key_result k JOIN objective o ON o.id = k.objective_id
        WHERE k.id = :id
        UNION SELECT t.id FROM within JOIN team t ON t.parent_id = within.id)
    SELECT t.key AS team, t.name, sum(y.size) AS size,
        CASE WHEN y.team_id IN (SELECT id FROM within WHERE id IS NOT NULL) THEN 1 ELSE 0 END AS held
    FROM tally y LEFT JOIN team t ON t.id = y.team_id
    WHERE y.key_result_id = :id AND y.role = 'counted' AND y.state <> 'done' GROUP BY t.key, t.name, y.team_id
    ORDER BY size DESC, t.key
"""
LEVERS = """
    SELECT m.id, m.position + 1 AS number, m.text, (SELECT count(*) FROM match x WHERE x.mapping_id = m.id) AS matched
    FROM mapping m WHERE m.lever_of = :id ORDER BY m.position
"""
TEAMS = """
    SELECT m.id, t.key AS team FROM mapping m JOIN match x ON x.mapping_id = m.id JOIN work_item w ON w.id = x.item_id
    JOIN team t ON t.id = w.team_id WHERE m.lever_of = :id AND w.state <> 'cancelled' AND w.presence <> 'deleted'
    GROUP BY m.id, t.key ORDER BY count(*) DESC, t.key
"""


def lever_share(reader: Reader, identity: int, row: Row) -> Row:
    """The lever share of a key result (its id, and its row of the view), with what it is the share of."""
    teams = [{**one, "held": bool(one["held"])} for one in reader.rows(LEFT, id=identity)]
    return {"value": row["lever_share"], "formula": _formula(row, teams), "teams": teams}


def levers(reader: Reader, identity: int) -> list[Row]:
    """Its levers as listed, each with how much it matches and the teams whose work that is, those with most first."""
    teams = reader.rows(TEAMS, id=identity)
    return [
        {
            "number": one["number"],
            "text": one["text"],
            "matched": one["matched"],
            "teams": [each["team"] for each in teams if each["id"] == one["id"]],
        }
        for one in reader.rows(LEVERS, id=identity)
    ]


def _formula(row: Row, teams: list[Row]) -> str:
    if row["lever_share"] is None:
        why = "it belongs to no team" if not row["team"] else "nothing is left to do, or nothing to do it with is named"
        return f"unknown: {why}"
    if not teams:
        return f"share of what its levers match that is work of {row['team']} or of teams below; no work counts yet"
    inside, size = fsum(one["size"] for one in teams if one["held"]), fsum(one["size"] for one in teams)
    others = [f"{one['team'] or 'no team'} {one['size']:g}" for one in teams if not one["held"]]
    rest = f"; {', '.join(others)}" if others else ""
    return f"{row['team']} and the teams below it hold size {inside:g} of {size:g} that is not done{rest}"
