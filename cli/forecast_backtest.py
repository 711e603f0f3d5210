"""`northing forecast --backtest`: how often forecasts would have held, on the history that is stored."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cli.session import Session

if TYPE_CHECKING:
    from sync.forecast.backtest import Coverage

DAYS = 364
"""Days of history on which is asked; the twelve weeks before each are drawn from."""


def show(at: Session) -> None:
    """Hides the last weeks again and again, forecasts, and prints how often the forecasts held."""
    import store
    from cli.reader import Alchemy, must_be_filled, must_exist, place
    from cli.wiring import database, loaded, now
    from sync.forecast.backtest import cases, coverage
    from sync.forecast.throughput import finished_by_day
    from sync.forecast.work import WINDOW

    config = loaded(at).config
    day = now().astimezone(config.zone).date()
    first = day - timedelta(days=DAYS + WINDOW)
    must_exist(config.database)
    with database(config.database) as engine, store.reading(engine) as conn:
        must_be_filled(Alchemy(conn), place(engine.url))
        history = finished_by_day(conn, config, first, day)
    found = {team: list(cases(team, first, days)) for team, days in history.items()}
    rows = [(team, coverage(of_team)) for team, of_team in sorted(found.items(), key=lambda one: one[0] or "~")]
    whole = coverage(case for of_team in found.values() for case in of_team)
    if at.json:
        at.data({"teams": [_as_data(one) | {"team": team} for team, one in rows], "all": _as_data(whole)})
        return
    if not whole.cases:
        at.say("There is too little history to test a forecast on: no team has linked work finished over four months.")
        return
    _table(at, rows, whole)


def _as_data(one: "Coverage") -> dict[str, Any]:
    return {"cases": one.cases, "days": one.days, "p50_held": one.p50, "p85_held": one.p85, "average_held": one.naive}


def _table(at: Session, rows: list[tuple[str | None, "Coverage"]], whole: "Coverage") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from cli.bars import percent

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("team")
    for name in ("forecasts", "P50 held", "P85 held", "average held"):
        table.add_column(name, justify="right")
    for name, one in [(team or "no team", one) for team, one in rows if one.cases] + [("all", whole)]:
        table.add_row(Text(at.hide(name)), f"{one.cases:,}", percent(one.p50), percent(one.p85), percent(one.naive))
    at.out.print(table)
    at.note(
        "Each forecast answers when as many items are done as the average finishes in 2, 4, 8 and 13 weeks, asked every"
        " two weeks of the last year. P50 should hold in 50 %, P85 in 85 %. The average is what dividing by the mean"
        " would have said. Links are those of today."
    )
