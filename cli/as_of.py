"""`--as-of`: how things stood at the end of a day, as known now."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session import Failure, Session

if TYPE_CHECKING:
    import sqlalchemy as sa

    from config import Config

AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="YYYY-MM-DD", help="How things stood at the end of this day, as known now."),
]


def words(as_of: str) -> str:
    """What stands above everything that is shown for a day."""
    return f"As of {as_of}, as known now."


def past_day(text: str, today: date) -> date:
    """The day that was typed. Raises Failure where it is none, or lies in the future."""
    from cli.days import day_of

    day = day_of(text)
    if day > today:
        raise Failure(f"{day} lies in the future: today is {today}.", "Only what has happened can be looked up.")
    if day < date(1970, 1, 1):
        raise Failure(f"{day} lies before all that is kept.", "Write a day like 2026-11-02.")
    return day


def must_reach_back(conn: "sa.Connection", then: datetime) -> None:
    """Raises Failure where the history of items is not kept that far back."""
    from store.retention import history_from

    oldest = history_from(conn)
    if oldest is not None and then < oldest:
        raise Failure(
            f"The history of items is kept since {oldest:%Y-%m-%d %H:%M} UTC. What was before is not known any more.",
            "`retention: {changes: …}` says how long it is kept. `northing_key_result_days` has what was measured.",
        )


@contextmanager
def rewound(session: Session, text: str) -> Generator[Any]:
    """A reader of the store as it was at the end of a day; nothing of the rewinding is kept.

    While it is open, another writer waits. Raises Failure for a day that is none, lies in the future, or where no sync
    has filled the database yet.
    """
    from cli.reader import Alchemy, must_be_filled, must_exist, place
    from cli.wiring import database, loaded, now
    from sync.history import as_of

    config, moment = loaded(session).config, now()
    then = _end_of(past_day(text, moment.astimezone(config.zone).date()), config, moment)
    must_exist(config.database)
    with database(config.database) as engine, engine.connect() as conn, conn.begin() as transaction:
        reader = Alchemy(conn)
        must_be_filled(reader, place(engine.url))
        must_reach_back(conn, then)
        as_of(conn, config, then)
        yield reader
        transaction.rollback()


def _end_of(day: date, config: "Config", now: datetime) -> datetime:
    from sync.history.load import end_of

    return min(end_of(day, config.zone), now)
