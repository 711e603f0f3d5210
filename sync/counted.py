"""The tallied work of each key result: read once, added up by mapping, by team and by role."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from sync.facts import Part, TeamPart

# As text: only the instants that are shown are made from what the database gives, not the tens of thousands read.
_TALLIES = sa.text(
    "SELECT key_result_id, mapping_id, role, state, team_id, items, size, size_imputed, first_moved_at, last_moved_at,"
    " finished_at FROM tally"
)


@dataclass
class Counted:
    """The tally rows of one key result, added up: by mapping, by role and by team. Instants as the database gives them.

    `parts` and `teams` hold items by state (and their "total"), and sizes by "size_" and the state.
    """

    parts: dict[int, dict[str, Any]]
    roles: dict[str, int]
    teams: dict[int, dict[str, Any]]
    live: int = 0
    moved_at: Any = None
    open_moved_at: Any = None
    open_first_moved_at: Any = None
    finished_at: Any = None


def read_tallies(conn: sa.Connection) -> dict[int, Counted]:
    """What was counted, by id of the key result; nothing for those without links."""
    found: dict[int, Counted] = defaultdict(lambda: Counted({}, defaultdict(int), {}))
    for row in conn.execute(_TALLIES):
        one = found[row.key_result_id]
        one.roles[row.role] += row.items
        if row.role in {"counted", "container"}:
            one.live += row.items
        if row.role == "subtask" and row.state != "cancelled":
            one.roles["live_subtask"] += row.items
        if row.role == "counted":
            _add_counted(one, row)
    return found


def _add_counted(one: Counted, row: Any) -> None:
    part = one.parts.setdefault(row.mapping_id, defaultdict(float))
    part[row.state] += row.items
    part["total"] += row.items
    part["size_total"] += row.size
    part["size_imputed"] += row.size_imputed
    part[f"size_{row.state}"] += row.size
    team = one.teams.setdefault(row.team_id, defaultdict(float))
    team[row.state] += row.items
    team[f"size_{row.state}"] += row.size
    one.moved_at = _later(one.moved_at, row.last_moved_at)
    one.finished_at = _later(one.finished_at, row.finished_at)
    if row.state == "in_progress":
        one.open_moved_at = _later(one.open_moved_at, row.last_moved_at)
        first = row.first_moved_at
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
            todo=int(own.get("todo", 0)),
            in_progress=int(own.get("in_progress", 0)),
            done=int(own.get("done", 0)),
            size_todo=own.get("size_todo", 0.0),
            size_in_progress=own.get("size_in_progress", 0.0),
            size_done=own.get("size_done", 0.0),
        )
        for team_id, own in counted.teams.items()
    ]
    return tuple(sorted(found, key=lambda part: (-part.size_remaining, part.team or "")))


def _later(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one or other
    return max(one, other)


def instant(value: Any) -> datetime | None:
    """An instant read as text: SQLite gives it as such, in UTC and without saying so."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value
