"""The tallied work of each key result: read once, added up by mapping, by team and by role."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from sync.facts import Part, TeamPart

# As text: only the instants that are shown are made from what the database gives, not all that are read.
_BY_MAPPING = sa.text(
    "SELECT key_result_id, mapping_id, role, state, SUM(items) AS items, SUM(size) AS size,"
    " SUM(size_imputed) AS size_imputed, MIN(first_moved_at) AS first_moved_at, MAX(last_moved_at) AS last_moved_at,"
    " MAX(finished_at) AS finished_at FROM tally GROUP BY key_result_id, mapping_id, role, state"
)
_STATES = ("todo", "in_progress", "done")
_BY_TEAM = sa.text(
    "SELECT key_result_id, team_id, "
    + ", ".join(f"SUM(CASE WHEN state = '{s}' THEN {n} ELSE 0 END)" for n in ("items", "size") for s in _STATES)
    + " FROM tally WHERE role = 'counted' GROUP BY key_result_id, team_id"
)


@dataclass
class Counted:
    """The tally rows of one key result, added up: by mapping, by role and by team. Instants as the database gives them.

    `parts` holds items by state (and their "total"), and sizes by "size_" and the state. `teams` are tuples of the
    team's id, items to do, in progress and done, and their sizes.
    """

    parts: dict[int, dict[str, Any]]
    roles: dict[str, int]
    teams: list[tuple[Any, ...]]
    live: int = 0
    moved_at: Any = None
    open_moved_at: Any = None
    open_first_moved_at: Any = None
    finished_at: Any = None


def read_tallies(conn: sa.Connection) -> dict[int, Counted]:
    """What was counted, by id of the key result; nothing for those without links."""
    found: dict[int, Counted] = defaultdict(lambda: Counted({}, defaultdict(int), []))
    # All at once and by place: a row at a time and by name takes three times as long.
    for key_result_id, mapping_id, role, state, items, *counted in conn.execute(_BY_MAPPING).all():
        one = found[key_result_id]
        one.roles[role] += items
        if role in {"counted", "container"}:
            one.live += items
        if role == "subtask" and state != "cancelled":
            one.roles["live_subtask"] += items
        if role == "counted":
            _add_counted(one, mapping_id, state, items, *counted)
    for key_result_id, *team in conn.execute(_BY_TEAM).all():
        found[key_result_id].teams.append(tuple(team))
    return found


def _add_counted(
    one: Counted, mapping_id: int, state: str, items: int, size: float, imputed: float, first: Any, last: Any, end: Any
) -> None:
    part = one.parts.setdefault(mapping_id, defaultdict(float))
    part[state] += items
    part["total"] += items
    part["size_total"] += size
    part["size_imputed"] += imputed
    part[f"size_{state}"] += size
    one.moved_at = _later(one.moved_at, last)
    one.finished_at = _later(one.finished_at, end)
    if state == "in_progress":
        one.open_moved_at = _later(one.open_moved_at, last)
        if first and (one.open_first_moved_at is None or first < one.open_first_moved_at):
            one.open_first_moved_at = first


def parts_of(mappings: list[Any], counted: Counted) -> tuple[Part, ...]:
    """One part for each mapping, and one for all that conventions alone link."""
    parts, by_convention = [], defaultdict(float)
    for mapping in mappings:
        own = counted.parts.get(mapping.id, {})
        if mapping.via == "mapping":
            parts.append(_part(mapping.id, mapping.position, "mapping", mapping.share, own))
        else:
            for name, value in own.items():
                by_convention[name] += value
    if by_convention:
        first = next(mapping for mapping in mappings if mapping.via != "mapping")
        parts.append(_part(first.id, first.position, "convention", None, by_convention))
    return tuple(parts)


def _part(mapping_id: int, position: int, via: str, share: float | None, counted: dict[str, float]) -> Part:
    return Part(
        mapping_id=mapping_id,
        position=position,
        via=via,
        share=share,
        total=int(counted.get("total", 0)),
        done=int(counted.get("done", 0)),
        in_progress=int(counted.get("in_progress", 0)),
        todo=int(counted.get("todo", 0)),
        size_total=counted.get("size_total", 0.0),
        size_done=counted.get("size_done", 0.0),
        size_in_progress=counted.get("size_in_progress", 0.0),
        size_imputed=counted.get("size_imputed", 0.0),
    )


def teams_of(counted: Counted, keys: dict[int, str]) -> tuple[TeamPart, ...]:
    """The counted work by team, the most remaining first. `keys` are those of the teams by id."""
    found = [
        TeamPart(
            team=keys.get(team_id),
            todo=todo,
            in_progress=in_progress,
            done=done,
            size_todo=size_todo,
            size_in_progress=size_in_progress,
            size_done=size_done,
        )
        for team_id, todo, in_progress, done, size_todo, size_in_progress, size_done in counted.teams
    ]
    return tuple(sorted(found, key=lambda part: (-part.size_remaining, part.team or "")))


def _later(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one or other
    return max(one, other)


def instant(value: Any) -> datetime | None:
    """An instant read as text: SQLite gives it as such, in UTC and without saying so."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value
