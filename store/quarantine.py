"""Records that could not be read, kept until they read well again."""

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa

from connectors.records import SetAside
from connectors.text import clean
from store.bulk import Bulk
from store.tables import Quarantine

_TABLE = Quarantine.__table__


def put_aside(
    conn: sa.Connection, scope_id: int, seen: Collection[str], set_aside: Iterable[SetAside], now: datetime
) -> None:
    """Bring the quarantine of a scope up to date with one answer.

    `seen`: the external ids of the records that read well, wholly or in part. What they had in quarantine goes, unless
    `set_aside` says it again.
    """
    wanted = {(one.external_id or "", clean(one.reason)): one for one in set_aside}
    ids = {*seen, *(external_id for external_id, _ in wanted if external_id)}
    bulk = Bulk(conn)
    known = bulk.rows(
        f"SELECT id, external_id, reason FROM quarantine WHERE scope_id = ? AND external_id {bulk.among}",
        scope_id,
        bulk.values(ids),
    )
    gone = [id_ for id_, external_id, reason in known if (external_id, reason) not in wanted]
    if gone:
        conn.execute(sa.delete(_TABLE).where(_TABLE.c.id.in_(gone)))
    rows = [
        (scope_id, external_id, reason, clean(one.excerpt), one.whole, bulk.instant(now), bulk.instant(now))
        for (external_id, reason), one in sorted(wanted.items(), key=lambda pair: pair[0])
    ]
    bulk.run_many(
        """
        INSERT INTO quarantine (scope_id, external_id, reason, excerpt, whole, first_seen_at, last_seen_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (scope_id, external_id, reason)
        DO UPDATE SET excerpt = excluded.excerpt, whole = excluded.whole, last_seen_at = excluded.last_seen_at
        """,
        rows,
    )


def forget_unseen(conn: sa.Connection, scope_id: int, since: datetime) -> int:
    """After a full reading that began at `since`: drop what it did not meet again. Returns how many rows went."""
    done = conn.execute(sa.delete(_TABLE).where(_TABLE.c.scope_id == scope_id, _TABLE.c.last_seen_at < since))
    return done.rowcount


def count(conn: sa.Connection, scope_id: int) -> int:
    """How many records of the scope are set aside, wholly or in part."""
    records = sa.select(sa.func.count(sa.distinct(_TABLE.c.external_id))).where(_TABLE.c.scope_id == scope_id)
    return conn.execute(records).scalar_one()
