"""Scheduled jobs are had done once for each moment of their schedule, however many processes schedule them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from store.tables import Firing


def claim(conn: sa.Connection, job: str, slot: datetime) -> bool:
    """Whether this transaction is the one to have `job` done for `slot`: False once that or a later one was claimed.

    A slot that comes late is done with the later one, as missed runs are. Others who ask wait for this transaction,
    and whatever it rolls back was not claimed.
    """
    table = Firing.__table__
    new = (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(table).values(job=job, slot=slot)
    claimed = new.on_conflict_do_update(
        index_elements=[table.c.job], set_={"slot": new.excluded.slot}, where=table.c.slot < new.excluded.slot
    ).returning(table.c.job)
    return conn.execute(claimed).first() is not None


def forget(conn: sa.Connection, before: datetime) -> None:
    """Takes away what was last claimed before that moment: jobs of which nobody makes any."""
    table = Firing.__table__
    conn.execute(sa.delete(table).where(table.c.slot < before))
