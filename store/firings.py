"""Scheduled jobs are had done once for each moment of their schedule, however many processes schedule them."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from store.tables import Firing

AHEAD = timedelta(hours=1)
"""A slot so far ahead of others was fired by a clock that was wrong."""


def claim(conn: sa.Connection, job: str, slot: datetime) -> bool:
    """Whether this transaction is the one to have `job` done for `slot`: False once that or a later one was claimed.

    A slot that comes late is done with the later one, as missed runs are. Others who ask wait for this transaction,
    and whatever it rolls back was not claimed. A slot that lies more than `AHEAD` before us by the database's clock
    does not count: else a clock that was years ahead once would end the job for years. On PostgreSQL.
    """
    table = Firing.__table__
    new = postgresql.insert(table).values(job=job, slot=slot)
    wrong = table.c.slot > sa.func.now() + AHEAD
    claimed = new.on_conflict_do_update(
        index_elements=[table.c.job],
        set_={"slot": new.excluded.slot},
        where=sa.or_(table.c.slot < new.excluded.slot, wrong),
    ).returning(table.c.job)
    return conn.execute(claimed).first() is not None


def forget(conn: sa.Connection, before: datetime) -> None:
    """Takes away what was last claimed before that moment: jobs of which nobody makes any."""
    table = Firing.__table__
    conn.execute(sa.delete(table).where(table.c.slot < before))
