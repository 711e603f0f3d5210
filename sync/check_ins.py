"""What was recorded or fetched of the values of key results, in the order in which later counts over earlier."""

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa

from store.tables import CheckIn
from store.values import ORIGIN
from sync.facts import CheckInFacts


def check_ins(conn: sa.Connection, key_results: Collection[int] | None = None) -> dict[int, list[CheckInFacts]]:
    """By id of the key result, of all or of some; nothing for those without any."""
    table = CheckIn.__table__
    # In one day the file's list comes first, then what was recorded by hand, then what was fetched.
    rank = sa.case((table.c.origin == "file", 0), (table.c.origin == ORIGIN, 2), else_=1)
    query = sa.select(table).order_by(table.c.day, rank, table.c.position, table.c.id)
    if key_results is not None:
        query = query.where(table.c.key_result_id.in_(key_results))
    found: dict[int, list[CheckInFacts]] = defaultdict(list)
    for row in conn.execute(query).all():
        found[row.key_result_id].append(
            CheckInFacts(
                day=row.day,
                value=row.value,
                confidence=row.confidence,
                recorded_at=row.recorded_at,
                fetched=row.origin == ORIGIN,
            )
        )
    return found
