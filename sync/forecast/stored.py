"""The forecasts that are kept, as the facts that rules and health start from."""

import sqlalchemy as sa

from store.tables import Forecast, Team, TeamForecast
from sync.facts import ForecastFacts, TeamForecastFacts


def forecasts(conn: sa.Connection) -> dict[int, ForecastFacts]:
    """The forecast of each running key result, by the key result's id."""
    return {
        row.key_result_id: ForecastFacts(
            remaining=row.remaining, p50=row.p50, p85=row.p85, chance=row.chance, reason=row.reason
        )
        for row in conn.execute(sa.select(Forecast.__table__))
    }


def team_forecasts(conn: sa.Connection) -> dict[int, TeamForecastFacts]:
    """The forecast of each team that works for a running key result, by the team's id.

    Work of no team is forecast as if one more team did it, with the id 0 and the key "".
    """
    table, team = TeamForecast.__table__, Team.__table__
    query = sa.select(table, team.c.key).outerjoin(team, team.c.id == table.c.team_id).order_by(table.c.team_id)
    return {
        row.team_id: TeamForecastFacts(
            team=row.key or "",
            backlog=row.backlog,
            completions=row.completions,
            active_days=row.active_days,
            days=row.days,
            fits=row.fits,
            ends_on=row.ends_on,
            p50=row.p50,
            p85=row.p85,
            chance=row.chance,
            reason=row.reason,
        )
        for row in conn.execute(query)
    }
