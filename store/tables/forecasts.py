"""When the work of key results will be done, and what the throughput of teams carries."""

from datetime import date
from typing import Any

from sqlmodel import Field

from store.tables.base import JSON, Row


class Forecast(Row, table=True):
    """The forecast of a running key result, as of `day`. Days and chance are None where there is no number."""

    key_result_id: int = Field(primary_key=True)
    day: date
    ends_on: date
    remaining: int
    done: int
    teams: dict[str, Any] = Field(sa_type=JSON)
    """What it was computed from: by id of the team (0: none), the numbers of items that remain and that are done."""
    p50: date | None = None
    p85: date | None = None
    chance: float | None = None
    reason: str | None = None


class TeamForecast(Row, table=True):
    """The forecast of all that remains of a team's work for running key results, as of `day`.

    `completions` on `active_days` different days of the window of `days`; `additions` to what it has to do, by the
    rate of the days on which scope was planned and could grow, None where these are too few.
    """

    __tablename__ = "team_forecast"

    team_id: int = Field(primary_key=True)
    """0 for all work of no team."""
    day: date
    promised: int
    delivered: int
    """Items that remain and that are done, once for each key result that they serve."""
    backlog: int
    completions: int
    additions: int | None = None
    active_days: int
    days: int
    fits: int | None = None
    """How many items the team finishes by `ends_on` in 85 of 100 trials, with its scope as it is."""
    ends_on: date | None = None
    p50: date | None = None
    p85: date | None = None
    chance: float | None = None
    reason: str | None = None
