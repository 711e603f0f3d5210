"""All that is looked for: mappings, intentional work, levers and conventions of the applied configuration."""

import sqlalchemy as sa

from config import Conventions, Selector
from mapping.resolve import compile_all
from mapping.selectors import Query
from store.tables import KeyResult, Mapping
from sync.conventions import convention_queries


def link_queries(conn: sa.Connection, conventions: Conventions) -> dict[int, Query]:
    """By mapping id. Mappings and levers of archived key results are left out: they link and move nothing."""
    mapping, key_result = Mapping.__table__, KeyResult.__table__
    rows = conn.execute(
        sa.select(mapping.c.id, mapping.c.selector)
        .outerjoin(key_result, key_result.c.id == sa.func.coalesce(mapping.c.key_result_id, mapping.c.lever_of))
        .where(mapping.c.via.in_(["mapping", "intentional", "lever"]), key_result.c.archived.is_not(True))
    )
    selectors = {identity: Selector.model_validate(selector) for identity, selector in rows}
    return compile_all(conn, selectors) | convention_queries(conn, conventions)
