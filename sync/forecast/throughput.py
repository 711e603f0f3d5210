"""What teams finished, what was added and what remains: the numbers that forecasts start from, by few queries.

Throughput is what a team finished of the work that counts for any key result that is known, one of an earlier cycle
included; what remains is that of the running ones. An item that serves several key results is one item of its team.
Cancelled and deleted work and ignored sub-tasks do not count, as nowhere.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle

import sqlalchemy as sa

from config import Config
from store.tables import Measure
from sync.forecast.work import WINDOW, TeamWork
from sync.tally import among

NO_TEAM = 0
PLANNING = timedelta(days=14)
"""What is created in the first days of a cycle is its plan; what is created later is growth of its scope."""
SETTLED = 28
"""Fewer days of the window than this on which scope was planned and could grow: growth is not known."""

_INSTANT = Measure.__table__.c.measured_at.type
_DAYS = sa.Table(
    "forecast_day",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("day", sa.Date),
    sa.Column("planned_by", sa.Date),
    sa.Column("starts_at", _INSTANT, index=True),
    sa.Column("ends_at", _INSTANT),
    prefixes=["TEMPORARY"],
)
"""The days of the window in the configured zone. A cycle that began up to `planned_by` was planned on that day."""

_IS_RUNNING = "NOT k.archived AND c.starts_on <= :day AND c.ends_on >= :day"
_NUMBERS = (
    "COALESCE(SUM(CASE WHEN t.state IN ('todo', 'in_progress') THEN t.items ELSE 0 END), 0) AS remaining,"
    " COALESCE(SUM(CASE WHEN t.state = 'done' THEN t.items ELSE 0 END), 0) AS done"
)
_OF_KEY_RESULT = (
    "FROM key_result k JOIN objective o ON o.id = k.objective_id JOIN cycle c ON c.id = o.cycle_id"
    f" LEFT JOIN tally t ON t.key_result_id = k.id AND t.role = 'counted' WHERE {_IS_RUNNING}"
)

Numbers = tuple[int, int]
"""How many counted items remain, and are done."""


@dataclass(frozen=True)
class Running:
    """A running key result and all its counted work."""

    id: int
    key: str
    ends_on: date
    numbers: Numbers


def running(conn: sa.Connection, day: date) -> dict[int, Running]:
    """The key results whose cycle contains the day, by id."""
    query = _text(f"SELECT k.id, k.key, c.ends_on, {_NUMBERS} {_OF_KEY_RESULT} GROUP BY k.id, k.key, c.ends_on")
    return {
        row.id: Running(row.id, row.key, row.ends_on, (int(row.remaining), int(row.done)))
        for row in conn.execute(query.columns(ends_on=sa.Date), {"day": day})
    }


def running_by_team(conn: sa.Connection, day: date) -> dict[int, Numbers]:
    """The counted work of all running key results by id of the team (0: none), once for each that it serves."""
    query = _text(f"SELECT t.team_id, {_NUMBERS} {_OF_KEY_RESULT} AND t.team_id IS NOT NULL GROUP BY t.team_id")
    return {row.team_id: (int(row.remaining), int(row.done)) for row in conn.execute(query, {"day": day})}


def left_to(conn: sa.Connection, teams: Collection[int]) -> set[int]:
    """Ids of the key results of which work of these teams remains."""
    query = (
        "SELECT DISTINCT key_result_id FROM tally WHERE role = 'counted' AND state IN ('todo', 'in_progress')"
        f" AND {among('team_id', frozenset(teams))}"
    )
    return set(conn.execute(sa.text(query)).scalars())


def teams_of(conn: sa.Connection, key_results: Collection[int]) -> dict[int, dict[int, Numbers]]:
    """The counted work of these key results by id of the team, by id of the key result."""
    query = sa.text(
        f"SELECT t.key_result_id, t.team_id, {_NUMBERS} FROM tally t WHERE t.role = 'counted'"
        f" AND {among('t.key_result_id', frozenset(key_results))} GROUP BY t.key_result_id, t.team_id"
        " ORDER BY t.key_result_id, t.team_id"
    )
    found: dict[int, dict[int, Numbers]] = defaultdict(dict)
    for row in conn.execute(query):
        found[row.key_result_id][row.team_id] = (int(row.remaining), int(row.done))
    return found


def team_works(conn: sa.Connection, config: Config, day: date, teams: dict[int, str | None]) -> dict[int, TeamWork]:
    """What these teams (keys by id; None for id 0, work of no team) did before the day and what is left to them."""
    ids = frozenset(teams)
    _fill_days(conn, config, day)
    completions, additions = _completions(conn, ids), _additions(conn, ids)
    settled, due = _settled(conn, ids, day), _due(conn, ids, day)
    return {
        team_id: TeamWork(
            team=key,
            completions=_by_day(completions[team_id]),
            additions=_grown(_by_day(additions[team_id]), settled[team_id]),
            due=due[team_id],
        )
        for team_id, key in teams.items()
    }


def _fill_days(conn: sa.Connection, config: Config, day: date) -> None:
    conn.execute(sa.text("DROP TABLE IF EXISTS forecast_day"))
    _DAYS.create(conn, checkfirst=False)
    days = [day - timedelta(days=WINDOW - number) for number in range(WINDOW)]
    conn.execute(
        sa.insert(_DAYS),
        [
            {
                "number": number,
                "day": one,
                "planned_by": one - PLANNING,
                "starts_at": _start_of(one, config),
                "ends_at": _start_of(one + timedelta(days=1), config),
            }
            for number, one in enumerate(days)
        ],
    )


def _completions(conn: sa.Connection, teams: frozenset[int]) -> dict[int, dict[int, int]]:
    """Items finished, by team and number of the day."""
    return _numbers(
        conn,
        # CROSS JOIN: SQLite is to begin with the few days and look into the index of what is finished.
        "SELECT l.team_id, d.number, COUNT(DISTINCT l.item_id) AS items FROM forecast_day d CROSS JOIN link l"
        " WHERE l.role = 'counted' AND l.state = 'done' AND l.finished_at >= d.starts_at AND l.finished_at < d.ends_at"
        f" AND {among('l.team_id', teams)} GROUP BY l.team_id, d.number",
    )


def _additions(conn: sa.Connection, teams: frozenset[int]) -> dict[int, dict[int, int]]:
    """Items created for a key result after its cycle was planned and before it ended, by team and number of the day."""
    return _numbers(
        conn,
        # The bounds of the window first: few items are created in it. Then the day of each, looked up by the index.
        "SELECT l.team_id, d.number, COUNT(DISTINCT l.item_id) AS items FROM work_item i CROSS JOIN forecast_day d"
        " CROSS JOIN link l CROSS JOIN key_result k CROSS JOIN objective o CROSS JOIN cycle c"
        " WHERE i.created_at >= (SELECT MIN(starts_at) FROM forecast_day)"
        " AND i.created_at < (SELECT MAX(ends_at) FROM forecast_day)"
        " AND d.number = (SELECT n.number FROM forecast_day n WHERE n.starts_at <= i.created_at"
        " ORDER BY n.starts_at DESC LIMIT 1)"
        " AND l.item_id = i.id AND l.role = 'counted' AND k.id = l.key_result_id AND o.id = k.objective_id"
        f" AND c.id = o.cycle_id AND c.starts_on <= d.planned_by AND c.ends_on >= d.day AND {among('l.team_id', teams)}"
        " GROUP BY l.team_id, d.number",
    )


def _numbers(conn: sa.Connection, query: str) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for team_id, number, items in conn.execute(sa.text(query)):
        found[team_id][number] = items
    return found


def _settled(conn: sa.Connection, teams: frozenset[int], day: date) -> dict[int, list[int]]:
    """By team, the numbers of the days on which a cycle that it works for was planned and had not ended."""
    query = _text(
        "SELECT DISTINCT t.team_id, c.starts_on, c.ends_on FROM tally t JOIN key_result k ON k.id = t.key_result_id"
        " JOIN objective o ON o.id = k.objective_id JOIN cycle c ON c.id = o.cycle_id"
        f" WHERE t.role = 'counted' AND {among('t.team_id', teams)}"
    ).columns(starts_on=sa.Date, ends_on=sa.Date)
    days = [day - timedelta(days=WINDOW - number) for number in range(WINDOW)]
    found: dict[int, set[int]] = defaultdict(set)
    for row in conn.execute(query):
        found[row.team_id].update(n for n, one in enumerate(days) if row.starts_on + PLANNING <= one <= row.ends_on)
    return defaultdict(list, {team_id: sorted(numbers) for team_id, numbers in found.items()})


def _due(conn: sa.Connection, teams: frozenset[int], day: date) -> dict[int, dict[date, int]]:
    """By team, how many different items remain, by the earliest end of a running cycle that needs them."""
    query = _text(
        "SELECT team_id, ends_on, COUNT(*) AS items FROM ("
        " SELECT l.item_id, l.team_id, MIN(c.ends_on) AS ends_on FROM link l"
        " JOIN key_result k ON k.id = l.key_result_id JOIN objective o ON o.id = k.objective_id"
        f" JOIN cycle c ON c.id = o.cycle_id WHERE {_IS_RUNNING} AND l.role = 'counted'"
        " AND l.state IN ('todo', 'in_progress')"
        f" AND {among('l.team_id', teams)} GROUP BY l.item_id, l.team_id) item GROUP BY team_id, ends_on"
    ).columns(ends_on=sa.Date)
    found: dict[int, dict[date, int]] = defaultdict(dict)
    for row in conn.execute(query, {"day": day}):
        found[row.team_id][row.ends_on] = row.items
    return found


def _by_day(numbers: dict[int, int]) -> list[int]:
    return [numbers.get(number, 0) for number in range(WINDOW)]


def _grown(additions: list[int], settled: Collection[int]) -> list[int] | None:
    """Additions by day, where enough is known of them. A day on which scope was not settled takes those of one on which
    it was, in turn.
    """
    if len(settled) < SETTLED:
        return None
    others = cycle([additions[number] for number in settled])
    known = set(settled)
    return [own if number in known else next(others) for number, own in enumerate(additions)]


def _text(query: str) -> sa.TextClause:
    return sa.text(query).bindparams(sa.bindparam("day", type_=sa.Date)) if ":day" in query else sa.text(query)


def _start_of(day: date, config: Config) -> datetime:
    return datetime.combine(day, time(), config.zone).astimezone(UTC)


def finished_by_day(conn: sa.Connection, config: Config, first: date, day: date) -> dict[str | None, list[int]]:
    """Items of linked work that each team finished on each day from `first` to the one before `day`, by its key.

    Only reads. Teams that finished nothing are left out; None stands for work of no team.
    """
    query = sa.text(
        "SELECT t.key, l.finished_at, COUNT(DISTINCT l.item_id) AS items FROM link l"
        " LEFT JOIN team t ON t.id = l.team_id WHERE l.role = 'counted' AND l.state = 'done'"
        " AND l.finished_at >= :since AND l.finished_at < :until GROUP BY t.key, l.finished_at"
    ).bindparams(sa.bindparam("since", type_=_INSTANT), sa.bindparam("until", type_=_INSTANT))
    bounds = {"since": _start_of(first, config), "until": _start_of(day, config)}
    found: dict[str | None, list[int]] = {}
    for row in conn.execute(query.columns(finished_at=_INSTANT), bounds):
        days = found.setdefault(row.key, [0] * (day - first).days)
        days[(row.finished_at.astimezone(config.zone).date() - first).days] += row.items
    return found
