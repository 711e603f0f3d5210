"""How all objectives stand, as the views have it: what `status` shows, before it is drawn."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from cli.check import GRAVITY
from cli.reader import Reader, Row
from cli.status import unknown

OBJECTIVES = (
    "SELECT v.*, o.owner, o.kind FROM northing_objectives v JOIN objective o ON o.key = v.objective ORDER BY o.position"
)
KEY_RESULTS = """
    SELECT v.* FROM northing_key_results v JOIN key_result k ON k.key = v.key_result
    JOIN objective o ON o.id = k.objective_id ORDER BY o.position, k.position, k.id
"""
SUPPORTS = "SELECT o.key, s.target_key FROM support s JOIN objective o ON o.id = s.objective_id ORDER BY s.target_key"
OPEN = "SELECT code, severity, subject, team FROM northing_findings WHERE resolved_at IS NULL ORDER BY code"
UNALIGNED = "SELECT team, count(*) AS items, sum(size) AS size FROM northing_unaligned_work GROUP BY team"
CYCLES = "SELECT key, starts_on, ends_on FROM cycle WHERE NOT archived ORDER BY starts_on, key"


@dataclass
class Standing:
    """`objectives` as rows of their view, each with `supports` and `key_results`; the rest stands around them.

    `findings`: (severity, code) by subject, the gravest first. `day`: the day as of which all was measured. `open` (how
    many findings by severity) and `unaligned` are those of `team` and the teams below it, where it is given.
    """

    objectives: list[Row]
    findings: dict[str, list[tuple[str, str]]]
    cycles: dict[str, Row]
    day: str
    scopes: list[Row] = field(default_factory=list)
    unaligned: Row = field(default_factory=dict)
    open: Counter[str] = field(default_factory=Counter)
    team: str | None = None


def standing(reader: Reader, *, cycle: str | None = None, team: str | None = None) -> Standing:
    """Reads how things stand, in one cycle or of one team and those below it. Raises Failure where there is no such."""
    cycles = {row["key"]: row for row in reader.rows(CYCLES)}
    if cycle is not None and cycle not in cycles:
        raise unknown("cycle", cycle, list(cycles))
    teams = subtree(reader, team) if team is not None else None
    key_results: dict[str, list[Row]] = defaultdict(list)
    for row in reader.rows(KEY_RESULTS):
        if teams is None or row["team"] in teams:
            key_results[row["objective"]].append(row)
    supports: dict[str, list[str]] = defaultdict(list)
    for row in reader.rows(SUPPORTS):
        supports[row["key"]].append(row["target_key"])
    objectives = [
        {**row, "supports": supports[row["objective"]], "key_results": key_results[row["objective"]]}
        for row in reader.rows(OBJECTIVES)
        if (cycle is None or row["cycle"] == cycle)
        and (teams is None or row["team"] in teams or key_results[row["objective"]])
    ]
    findings: dict[str, list[tuple[str, str]]] = defaultdict(list)
    rows = reader.rows(OPEN)
    for row in rows:
        findings[row["subject"]].append((row["severity"], row["code"]))
    for found in findings.values():
        found.sort(key=lambda one: GRAVITY[one[0]])
    unaligned = [row for row in reader.rows(UNALIGNED) if teams is None or row["team"] in teams]
    [day] = reader.rows("SELECT value FROM meta WHERE key = 'active_day'")
    return Standing(
        objectives,
        findings,
        cycles,
        day["value"],
        scopes=reader.rows("SELECT connection, name, age_s, state FROM northing_scopes ORDER BY connection, name"),
        unaligned={name: sum(row[name] for row in unaligned) for name in ("items", "size")},
        open=Counter(row["severity"] for row in rows if teams is None or row["team"] in teams),
        team=team,
    )


def nested(objectives: list[Row]) -> list[tuple[int, Row]]:
    """Objectives in the order of the tree, each with its depth: below the first that it supports and that is shown."""
    owner: dict[str, str] = {row["objective"]: row["objective"] for row in objectives}
    owner |= {one["key_result"]: row["objective"] for row in objectives for one in row["key_results"]}
    below: dict[str | None, list[Row]] = defaultdict(list)
    for row in objectives:
        above = next(
            (owner[key] for key in row["supports"] if owner.get(key, row["objective"]) != row["objective"]), None
        )
        below[above].append(row)
    found: list[tuple[int, Row]] = []

    def add(above: str | None, depth: int) -> None:
        for row in below[above]:
            found.append((depth, row))
            add(row["objective"], depth + 1)

    add(None, 0)
    return found


def subtree(reader: Reader, team: str) -> set[str]:
    """Keys of a team and of all below it. Raises Failure where there is no such team."""
    rows: list[dict[str, Any]] = reader.rows("SELECT id, key, parent_id FROM team WHERE NOT archived ORDER BY key")
    found = {row["id"] for row in rows if row["key"] == team}
    if not found:
        raise unknown("team", team, [row["key"] for row in rows])
    while more := {row["id"] for row in rows if row["parent_id"] in found} - found:
        found |= more
    return {row["key"] for row in rows if row["id"] in found}
