"""The step of a measure that forecasts: what changed since the last one is drawn anew, everything on a new day."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from config import Config
from store.tables import Forecast, Team, TeamForecast
from sync.forecast.throughput import NO_TEAM, Remaining, running, team_works
from sync.forecast.work import WINDOW, KeyResultWork, Outlook, TeamOutlook, TeamWork

TOLERANCE = 0.01
"""A forecast made on the same day is kept while what it starts from has changed by at most this share."""

_FORECAST, _TEAM = Forecast.__table__, TeamForecast.__table__


def forecast(conn: sa.Connection, config: Config, now: datetime) -> None:
    """Brings the forecasts of running key results, and of the teams that do their work, up to date.

    Needs links and tallies as of `now`. A forecast is for the day of `now` in the configured zone. One made earlier on
    that day is drawn anew where the work of the key result, or of a team that still has work for it, has changed by
    more than `TOLERANCE`: in an organisation of thousands of items each change moves all forecasts, by nothing.
    """
    day = now.astimezone(config.zone).date()
    asked = running(conn, day)
    kept = {row.key_result_id: row for row in conn.execute(sa.select(_FORECAST))}
    stale, teams = _stale(asked, kept, day)
    _delete(conn, _FORECAST.c.key_result_id, stale | (set(kept) - set(asked)))
    known = set(conn.execute(sa.select(_TEAM.c.team_id)).scalars())
    working = {team_id for one in asked.values() for team_id in one.teams}
    teams |= working - known
    _delete(conn, _TEAM.c.team_id, teams | (known - working))
    if not stale and not teams:
        return
    from sync.forecast import model  # numpy: only where something is drawn

    keys = _keys(conn, teams)
    works = team_works(conn, config, day, keys)
    wanted = {key_result_id: _work(asked[key_result_id], keys) for key_result_id in sorted(stale)}
    outlooks = model.forecast(works.values(), [work for work in wanted.values() if work], day)
    rows = []
    for key_result_id, work in wanted.items():
        one = asked[key_result_id]
        outlook = outlooks.key_results[one.key] if work else _without_work(one)
        rows.append(_row(one, outlook, day))
    if rows:
        conn.execute(sa.insert(_FORECAST), rows)
    if works:
        of_teams = [_team_row(team_id, work, outlooks.teams[work.team], day) for team_id, work in works.items()]
        conn.execute(sa.insert(_TEAM), of_teams)


def _stale(asked: dict[int, Remaining], kept: dict[int, Any], day: date) -> tuple[set[int], set[int]]:
    """Ids of the key results to forecast anew, and of all teams whose work that needs."""
    before = {
        key_result_id: {int(team_id): numbers for team_id, numbers in row.teams.items()}
        for key_result_id, row in kept.items()
        if row.day == day
    }
    changed = _changed_teams(asked, before)
    stale = {
        one.id
        for one in asked.values()
        if one.id not in before
        or kept[one.id].ends_on != one.ends_on
        or _differ([(one.teams, before[one.id])])
        or any(team_id in changed and remaining for team_id, (remaining, _) in one.teams.items())
    }
    return stale, changed | {team_id for key_result_id in stale for team_id in asked[key_result_id].teams}


def _changed_teams(asked: dict[int, Remaining], before: dict[int, dict[int, Any]]) -> set[int]:
    """The teams of whose work, over all key results, more than the tolerance is new or gone."""
    pairs: dict[int, list[tuple[dict[int, Any], dict[int, Any]]]] = {}
    for key_result_id in set(asked) | set(before):
        now = asked[key_result_id].teams if key_result_id in asked else {}
        then = before.get(key_result_id, {})
        for team_id in set(now) | set(then):
            one = {team_id: now[team_id]} if team_id in now else {}
            other = {team_id: then[team_id]} if team_id in then else {}
            pairs.setdefault(team_id, []).append((one, other))
    return {team_id for team_id, found in pairs.items() if _differ(found)}


def _differ(pairs: Collection[tuple[dict[int, Any], dict[int, Any]]]) -> bool:
    """Whether of two counts by team, of remaining or done items, more than the tolerance differs."""
    for which in (0, 1):
        total = before = change = 0
        for now, then in pairs:
            for team_id in now.keys() | then.keys():
                one, other = (side[team_id][which] if team_id in side else 0 for side in (now, then))
                total, before, change = total + one, before + other, change + abs(one - other)
        if change > TOLERANCE * total or (total == 0) != (before == 0):
            return True
    return False


def _keys(conn: sa.Connection, teams: Collection[int]) -> dict[int, str | None]:
    rows = conn.execute(sa.select(Team.__table__.c.id, Team.__table__.c.key))
    keys: dict[int, str | None] = {row.id: row.key for row in rows if row.id in teams}
    return keys | ({NO_TEAM: None} if NO_TEAM in teams else {})


def _work(one: Remaining, keys: dict[int, str | None]) -> KeyResultWork | None:
    """None where no work counts for it."""
    if not one.teams:
        return None
    remaining = {keys[team_id]: remaining for team_id, (remaining, _) in one.teams.items()}
    return KeyResultWork(key=one.key, ends_on=one.ends_on, remaining=remaining)


def _without_work(one: Remaining) -> Outlook:
    return Outlook(ends_on=one.ends_on, reason="no work counts for it")


def _row(one: Remaining, outlook: Outlook, day: date) -> dict[str, Any]:
    return {
        "key_result_id": one.id,
        "day": day,
        "ends_on": one.ends_on,
        "remaining": one.remaining,
        "teams": {str(team_id): list(numbers) for team_id, numbers in one.teams.items()},
        "p50": outlook.p50,
        "p85": outlook.p85,
        "chance": outlook.chance,
        "reason": outlook.reason,
    }


def _team_row(team_id: int, work: TeamWork, outlook: TeamOutlook, day: date) -> dict[str, Any]:
    return {
        "team_id": team_id,
        "day": day,
        "backlog": work.backlog,
        "completions": sum(work.completions),
        "additions": None if work.additions is None else sum(work.additions),
        "active_days": work.active_days,
        "days": WINDOW,
        "fits": outlook.fits,
        "ends_on": outlook.ends_on,
        "p50": outlook.p50,
        "p85": outlook.p85,
        "chance": outlook.chance,
        "reason": outlook.reason,
    }


def _delete(conn: sa.Connection, column: sa.Column[int], ids: set[int]) -> None:
    if ids:
        table = column.table
        conn.execute(sa.delete(table).where(column == sa.bindparam("of")), [{"of": one} for one in sorted(ids)])
