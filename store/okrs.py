"""Applying the configuration: teams, themes, cycles, objectives, key results, check-ins, mappings."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from config import Config, Cycle, KeyResult, Manual
from config.values import VARIANTS, FromDelivery
from store import meta, tables
from store.database import StoreError
from store.mappings import apply_mappings

_CHECK_IN = tables.CheckIn.__table__
_FINDING = tables.Finding.__table__
_KEY_RESULT = tables.KeyResult.__table__
_OBJECTIVE = tables.Objective.__table__
_SUPPORT = tables.Support.__table__
_TEAM = tables.Team.__table__


def apply(conn: sa.Connection, config: Config, now: datetime) -> bool:
    """Write what the configuration says, where it differs from what is stored.

    What left the files is archived with its history, what came back is taken up again, `was:` renames. Returns whether
    something changed that decides which work serves which key result; then `meta` says `relink`.
    """
    teams, teams_changed = _apply_teams(conn, config)
    themes, _ = _keep(conn, tables.Theme.__table__, {one.key: {"title": one.title} for one in config.themes})
    cycles, _ = _keep(
        conn,
        tables.Cycle.__table__,
        {one.key: _days(one, config.zone) for one in config.cycles},
    )
    key_results, changed = _apply_objectives(conn, config, teams, themes, cycles)
    _apply_check_ins(conn, config, key_results, now)
    mapped = apply_mappings(conn, config, key_results)
    conventions = config.conventions.model_dump_json()
    relink = teams_changed or changed or mapped or meta.read(conn, "conventions") != conventions
    meta.write(conn, {"conventions": conventions})
    if relink:
        meta.write(conn, {"relink": "1"})
    return relink


def add_check_in(
    conn: sa.Connection,
    key: str,
    day: date,
    value: float | None,
    confidence: float | None,
    note: str | None,
    now: datetime,
) -> None:
    """Record a value of a key result. Raises StoreError where no such key result is applied."""
    row = conn.execute(sa.select(_KEY_RESULT.c.id, _KEY_RESULT.c.archived).where(_KEY_RESULT.c.key == key)).first()
    if row is None:
        raise StoreError(
            f"There is no key result {key}.",
            "`northing status` lists them. One that was just written is there after the next `northing sync`.",
        )
    if row.archived:
        raise StoreError(f"Key result {key} left the configuration.", "Put it back before checking in values.")
    conn.execute(
        sa.insert(_CHECK_IN).values(
            key_result_id=row.id,
            day=day,
            value=value,
            confidence=confidence,
            note=note,
            origin="cli",
            position=0,
            recorded_at=now,
        )
    )


def _keep(conn: sa.Connection, table: Any, wanted: dict[str, dict[str, Any]]) -> tuple[dict[str, int], set[str]]:
    """Bring a table with keys up to date: ids by key, and the keys that were added, archived or taken up."""
    known = {row.key: row for row in conn.execute(sa.select(table))}
    turned = {key for key, row in known.items() if row.archived == (key in wanted)}
    turned |= wanted.keys() - known.keys()
    for key, values in wanted.items():
        row = known.get(key)
        if row is not None and (row.archived or any(getattr(row, name) != value for name, value in values.items())):
            conn.execute(sa.update(table).where(table.c.id == row.id).values(archived=False, **values))
    for key, row in known.items():
        if key not in wanted and not row.archived:
            conn.execute(sa.update(table).where(table.c.id == row.id).values(archived=True))
    new = [{"key": key, "archived": False, **values} for key, values in wanted.items() if key not in known]
    if new:
        conn.execute(sa.insert(table), new)
    ids = {row.key: row.id for row in conn.execute(sa.select(table.c.key, table.c.id)) if row.key in wanted}
    return ids, turned


def _days(cycle: Cycle, zone: ZoneInfo) -> dict[str, date | datetime]:
    """First and last day, and the instants between which they lie."""
    # No zone can tell the first and last instants that there are.
    first, last = max(cycle.start, date(2, 1, 1)), min(cycle.end, date(9998, 12, 30))
    starts_at, ends_at = (
        datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last + timedelta(days=1))
    )
    return {"starts_on": cycle.start, "ends_on": cycle.end, "starts_at": starts_at, "ends_at": ends_at}


def _rename(conn: sa.Connection, table: Any, subject_kind: str, former: dict[str, str]) -> bool:
    """Give rows their new keys, by `was:`. One whose new key is known already was renamed before."""
    if not former:
        return False
    known = set(conn.execute(sa.select(table.c.key)).scalars())
    renamed = False
    for key, was in former.items():
        if key in known or was not in known:
            continue
        conn.execute(sa.update(table).where(table.c.key == was).values(key=key))
        conn.execute(
            sa.update(_FINDING)
            .where(_FINDING.c.subject_kind == subject_kind, _FINDING.c.subject == was)
            .values(subject=key)
        )
        # The mappings of a key result are numbered behind its key.
        if subject_kind == "key_result":
            begins = sa.func.substr(_FINDING.c.subject, 1, len(was) + 1) == f"{was}#"
            conn.execute(
                sa.update(_FINDING)
                .where(_FINDING.c.subject_kind == "mapping", begins)
                .values(subject=sa.literal(key) + sa.func.substr(_FINDING.c.subject, len(was) + 1))
            )
        known = (known - {was}) | {key}
        renamed = True
    return renamed


def _apply_teams(conn: sa.Connection, config: Config) -> tuple[dict[str, int], bool]:
    before = conn.execute(sa.select(_TEAM).order_by(_TEAM.c.id)).all()
    ids, _ = _keep(conn, _TEAM, {team.key: {"name": team.label, "lead": team.lead} for team in config.teams})
    for team in config.teams:
        parent_id = ids[team.parent] if team.parent else None
        conn.execute(
            sa.update(_TEAM)
            .where(_TEAM.c.id == ids[team.key], _TEAM.c.parent_id.is_distinct_from(parent_id))
            .values(parent_id=parent_id)
        )
    return ids, conn.execute(sa.select(_TEAM).order_by(_TEAM.c.id)).all() != before


def _apply_objectives(
    conn: sa.Connection, config: Config, teams: dict[str, int], themes: dict[str, int], cycles: dict[str, int]
) -> tuple[dict[str, int], bool]:
    """Ids of key results by key, and whether one was added, archived, taken up or renamed."""
    _rename(conn, _OBJECTIVE, "objective", {one.key: one.was for one in config.objectives if one.was})
    objectives, _ = _keep(
        conn,
        _OBJECTIVE,
        {
            one.key: {
                "title": one.title,
                "cycle_id": cycles[one.cycle],
                "team_id": teams[one.team] if one.team else None,
                "owner": one.owner,
                "theme_id": themes[one.theme] if one.theme else None,
                "kind": one.kind,
                "position": position,
            }
            for position, one in enumerate(config.objectives)
        },
    )
    _apply_supports(conn, config, objectives)
    listed = [(objective, one) for objective in config.objectives for one in objective.key_results]
    renamed = _rename(conn, _KEY_RESULT, "key_result", {one.key: one.was for _, one in listed if one.was})
    key_results, turned = _keep(
        conn,
        _KEY_RESULT,
        {
            one.key: {
                "title": one.title,
                "objective_id": objectives[objective.key],
                "team_id": teams[one.team] if one.team else None,
                "owner": one.owner,
                "weight": one.weight,
                "position": position,
                "definition": _definition(one),
            }
            for position, (objective, one) in enumerate(listed)
        },
    )
    return key_results, renamed or bool(turned)


def _definition(key_result: KeyResult) -> dict[str, Any]:
    """What the formulas need, as written. Of a source elsewhere only its kind: its address may hold a secret."""
    value: Any
    if isinstance(key_result.value, Manual):
        value = "manual"
    elif isinstance(key_result.value, FromDelivery):
        value = {"from": "delivery"}
    else:
        value = {name: None for name, model in VARIANTS.items() if isinstance(key_result.value, model)}
    expected: Any = key_result.expected
    if expected != "linear":
        expected = [[day.isoformat(), fraction] for day, fraction in expected]
    return {
        "metric": key_result.metric.model_dump(mode="json", exclude_none=True) if key_result.metric else None,
        "value": value,
        "expected": expected,
        "delivery": "expected" if key_result.delivery.expected else {"none": key_result.delivery.none},
    }


def _apply_supports(conn: sa.Connection, config: Config, objectives: dict[str, int]) -> None:
    """Those of archived objectives stay with them."""
    wanted = {(objectives[one.key], target) for one in config.objectives for target in one.supports}
    current = set(objectives.values())
    known = {
        (row.objective_id, row.target_key) for row in conn.execute(sa.select(_SUPPORT)) if row.objective_id in current
    }
    for objective_id, target in known - wanted:
        conn.execute(
            sa.delete(_SUPPORT).where(_SUPPORT.c.objective_id == objective_id, _SUPPORT.c.target_key == target)
        )
    new = [{"objective_id": objective_id, "target_key": target} for objective_id, target in sorted(wanted - known)]
    if new:
        conn.execute(sa.insert(_SUPPORT), new)


def _apply_check_ins(conn: sa.Connection, config: Config, key_results: dict[str, int], now: datetime) -> None:
    """The files' list replaces what came from the files before. Values of archived key results stay with them.

    `position` orders the check-ins of one key result and day, so that a line added above moves no other.
    """
    seen: Counter[tuple[int, date]] = Counter()
    wanted = []
    for one in config.checkins:
        key_result_id = key_results[one.key_result]
        wanted.append((key_result_id, one.date, one.value, one.confidence, one.note, seen[key_result_id, one.date]))
        seen[key_result_id, one.date] += 1
    columns = [_CHECK_IN.c[name] for name in ("key_result_id", "day", "value", "confidence", "note", "position")]
    current = set(key_results.values())
    known = {
        tuple(values): id_
        for id_, *values in conn.execute(sa.select(_CHECK_IN.c.id, *columns).where(_CHECK_IN.c.origin == "file"))
        if values[0] in current
    }
    listed = set(wanted)
    for values, id_ in known.items():
        if values not in listed:
            conn.execute(sa.delete(_CHECK_IN).where(_CHECK_IN.c.id == id_))
    new = [
        {column.name: value for column, value in zip(columns, values, strict=True)}
        | {"origin": "file", "recorded_at": now}
        for values in wanted
        if values not in known
    ]
    if new:
        conn.execute(sa.insert(_CHECK_IN), new)
