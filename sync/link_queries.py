"""All that links: the mappings, the intentional work and the conventions of the applied configuration, as queries."""

import sqlalchemy as sa

from config import Conventions, Selector
from mapping.resolve import compile_all
from mapping.selectors import Query
from store.tables import KeyResult, Mapping
from sync.conventions import convention_queries


def link_queries(conn: sa.Connection, conventions: Conventions) -> dict[int, Query]:
    """By mapping id. Mappings of archived key results are left out: they link nothing."""
    mapping, key_result = Mapping.__table__, KeyResult.__table__
    rows = conn.execute(
        sa.select(mapping.c.id, mapping.c.selector)
        .outerjoin(key_result, key_result.c.id == mapping.c.key_result_id)
        .where(mapping.c.via.in_(["mapping", "intentional"]), key_result.c.archived.is_not(True))
    )
    selectors = {identity: Selector.model_validate(selector) for identity, selector in rows}
    return compile_all(conn, selectors) | convention_queries(conn, conventions)
