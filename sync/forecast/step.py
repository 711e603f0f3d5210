"""The step of a measure that forecasts: what changed since the last one is drawn anew, everything on a new day."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from config import Config
from store.tables import Forecast, Team, TeamForecast
from sync.forecast.throughput import NO_TEAM, Numbers, Running, left_to, running, running_by_team, team_works, teams_of
from sync.forecast.work import WINDOW, KeyResultWork, Outlook, TeamOutlook, TeamWork

TOLERANCE = 0.01
"""A forecast made on the same day is kept while what it starts from has changed by at most this share."""

_FORECAST, _TEAM = Forecast.__table__, TeamForecast.__table__
_KEPT = tuple(_FORECAST.c[name] for name in ("key_result_id", "day", "ends_on", "remaining", "done"))
_KEPT_TEAMS = tuple(_TEAM.c[name] for name in ("team_id", "day", "promised", "delivered"))


def forecast(conn: sa.Connection, config: Config, now: datetime) -> None:
    """Brings the forecasts of running key results, and of the teams that do their work, up to date.

    Needs links and tallies as of `now`. A forecast is for the day of `now` in the configured zone. One made earlier on
    that day is drawn anew where the work of the key result, or of a team that still has work for it, has changed by
    more than `TOLERANCE`: in an organisation of thousands of items each change moves all forecasts, by nothing.
    """
    day = now.astimezone(config.zone).date()
    asked, by_team = running(conn, day), running_by_team(conn, day)
    kept = {row.key_result_id: row for row in conn.execute(sa.select(*_KEPT))}
    kept_teams = {row.team_id: row for row in conn.execute(sa.select(*_KEPT_TEAMS))}
    changed = {
        team_id
        for team_id, numbers in by_team.items()
        if (row := kept_teams.get(team_id)) is None or row.day != day or _differ(numbers, (row.promised, row.delivered))
    }
    stale = {
        one.id
        for one in asked.values()
        if (row := kept.get(one.id)) is None
        or (row.day, row.ends_on) != (day, one.ends_on)
        or _differ(one.numbers, (row.remaining, row.done))
    }
    if changed:
        stale |= left_to(conn, changed) & asked.keys()
    shares = teams_of(conn, stale) if stale else {}
    teams = changed | {team_id for key_result_id in stale for team_id in shares.get(key_result_id, {})}
    _delete(conn, _FORECAST.c.key_result_id, stale | (kept.keys() - asked.keys()))
    _delete(conn, _TEAM.c.team_id, teams | (kept_teams.keys() - by_team.keys()))
    if not stale and not teams:
        return
    from sync.forecast import model  # numpy: only where something is drawn

    keys = _keys(conn, teams)
    works = team_works(conn, config, day, keys)
    wanted = {key_result_id: _work(asked[key_result_id], shares, keys) for key_result_id in sorted(stale)}
    outlooks = model.forecast(works.values(), [work for work in wanted.values() if work], day)
    rows = []
    for key_result_id, work in wanted.items():
        one = asked[key_result_id]
        outlook = outlooks.key_results[one.key] if work else _without_work(one)
        rows.append(_row(one, shares.get(one.id, {}), outlook, day))
    if rows:
        conn.execute(sa.insert(_FORECAST), rows)
    if works:
        of_teams = [
            _team_row(team_id, by_team[team_id], work, outlooks.teams[work.team], day)
            for team_id, work in works.items()
        ]
        conn.execute(sa.insert(_TEAM), of_teams)


def _differ(now: Numbers, then: Numbers) -> bool:
    """Whether more than the tolerance of what remains, or of what is done, is new or gone."""
    return any(
        abs(one - other) > TOLERANCE * one or (one == 0) != (other == 0) for one, other in zip(now, then, strict=True)
    )


def _keys(conn: sa.Connection, teams: Collection[int]) -> dict[int, str | None]:
    rows = conn.execute(sa.select(Team.__table__.c.id, Team.__table__.c.key))
    keys: dict[int, str | None] = {row.id: row.key for row in rows if row.id in teams}
    return keys | ({NO_TEAM: None} if NO_TEAM in teams else {})


def _work(
    one: Running, shares: Mapping[int, Mapping[int, Numbers]], keys: Mapping[int, str | None]
) -> KeyResultWork | None:
    """None where no work counts for it."""
    if one.id not in shares:
        return None
    remaining = {keys[team_id]: remaining for team_id, (remaining, _) in shares[one.id].items()}
    return KeyResultWork(key=one.key, ends_on=one.ends_on, remaining=remaining)


def _without_work(one: Running) -> Outlook:
    return Outlook(ends_on=one.ends_on, reason="no work counts for it")


def _row(one: Running, teams: Mapping[int, Numbers], outlook: Outlook, day: date) -> dict[str, Any]:
    return {
        "key_result_id": one.id,
        "day": day,
        "ends_on": one.ends_on,
        "remaining": one.numbers[0],
        "done": one.numbers[1],
        "teams": {str(team_id): list(numbers) for team_id, numbers in teams.items()},
        "p50": outlook.p50,
        "p85": outlook.p85,
        "chance": outlook.chance,
        "reason": outlook.reason,
    }


def _team_row(team_id: int, numbers: Numbers, work: TeamWork, outlook: TeamOutlook, day: date) -> dict[str, Any]:
    return {
        "team_id": team_id,
        "day": day,
        "promised": numbers[0],
        "delivered": numbers[1],
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
