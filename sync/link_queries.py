"""All that is looked for: mappings, intentional work, levers and conventions of the applied configuration."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from config import Conventions
from mapping.resolve import compile_stored
from mapping.selectors import Query
from mapping.source import Source
from store.tables import KeyResult
from store.tables import Mapping as MappingRow
from sync.conventions import convention_queries


def link_queries(conn: sa.Connection, conventions: Conventions, source: Source) -> dict[int, Query]:
    """By mapping id; of a few items, those that may concern them.

    Mappings and levers of archived key results are left out: they link and move nothing.
    """
    mapping, key_result = MappingRow.__table__, KeyResult.__table__
    rows = conn.execute(
        sa.select(mapping.c.id, mapping.c.selector)
        .outerjoin(key_result, key_result.c.id == sa.func.coalesce(mapping.c.key_result_id, mapping.c.lever_of))
        .where(mapping.c.via.in_(["mapping", "intentional", "lever"]), key_result.c.archived.is_not(True))
    )
    stored: dict[int, Mapping[str, Any]] = {row.id: row.selector for row in rows}
    return compile_stored(conn, stored, source) | convention_queries(conn, conventions)
