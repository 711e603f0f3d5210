"""What an edited configuration would change: it is applied in a transaction that is then undone."""

from typing import TYPE_CHECKING, Any

from cli.key_result_changes import changes, show, state
from cli.session import Session

if TYPE_CHECKING:
    import sqlalchemy as sa

    from config import Config


def run(at: Session, config: "Config", *, everything: bool) -> None:
    """Prints, for each key result, what it would gain and lose, and its delivery before and after."""
    from cli.wiring import database

    with database(config.database) as engine:
        rows = difference(engine, config)
    if at.json:
        at.data(rows)
    else:
        show(rows, at, everything=everything)


def difference(engine: "sa.Engine", config: "Config") -> list[dict[str, Any]]:
    """What applying the configuration would change: see `key_result_changes.changes`."""
    from cli.wiring import now
    from sync.apply import apply
    from sync.link import link
    from sync.measure import measure

    with engine.connect() as conn, conn.begin() as transaction:
        before = state(conn)
        moment = now()
        apply(conn, config, moment)
        link(conn, config)
        measure(conn, config, moment)
        after = state(conn)
        transaction.rollback()
    return changes(before, after)
