"""Links that teams make in their own tools: a label, a line in the body, a field that names a key result."""

from dataclasses import dataclass

import sqlalchemy as sa

from config import Conventions
from mapping.selectors import Query, compile_tags
from mapping.vocabulary import Vocabulary
from store import fold
from store.tables import Mapping

BEHIND_ALL_MAPPINGS = 1_000_000
"""Position of the first convention: conventions come after the mappings of the configuration, in this order."""
KINDS = ("label", "trailer", "field")


@dataclass(frozen=True)
class _Named:
    key_result_id: int
    via: str
    text: str
    tags: frozenset[int]


def _named(conn: sa.Connection, conventions: Conventions) -> list[_Named]:
    """The key results that some stored item names by a convention that is on. Text compares without case, and whole."""
    templates = {
        "label": conventions.label,
        "trailer": conventions.trailer and "{key}",
        "field": conventions.field and "{key}",
    }
    if not any(templates.values()):
        return []
    words = Vocabulary(conn)
    key_results = conn.execute(sa.text("SELECT id, key FROM key_result WHERE NOT archived")).all()
    found = []
    for via in KINDS:
        if template := templates[via]:
            for identity, key in key_results:
                text = template.replace("{key}", key)
                if tags := words.tags(via).bearing(fold(text)):
                    found.append(_Named(identity, via, text, tags))
    return found


def arrange_conventions(conn: sa.Connection, conventions: Conventions) -> bool:
    """Keeps one mapping row for each key result that a convention names. True if one went: all is linked anew."""
    wanted = {(named.key_result_id, named.via): named for named in _named(conn, conventions)}
    rows = conn.execute(
        sa.text("SELECT id, key_result_id, via FROM mapping WHERE via IN ('label', 'trailer', 'field')")
    ).all()
    have = {(row.key_result_id, row.via): row.id for row in rows}
    gone = [identity for pair, identity in have.items() if pair not in wanted]
    if gone:
        conn.execute(sa.text("DELETE FROM mapping WHERE id = :id"), [{"id": identity} for identity in gone])
    if new := [named for pair, named in wanted.items() if pair not in have]:
        conn.execute(
            sa.insert(Mapping.__table__),
            [
                {
                    "key_result_id": named.key_result_id,
                    "via": named.via,
                    "position": BEHIND_ALL_MAPPINGS + KINDS.index(named.via),
                    "share": None,
                    "text": f"{named.via} {named.text}",
                    "selector": {},
                    "matched": 0,
                }
                for named in new
            ],
        )
    return bool(gone)


def convention_queries(conn: sa.Connection, conventions: Conventions) -> dict[int, Query]:
    """The query of each convention's mapping row."""
    rows = conn.execute(
        sa.text("SELECT id, key_result_id, via FROM mapping WHERE via IN ('label', 'trailer', 'field')")
    )
    ids = {(row.key_result_id, row.via): row.id for row in rows}
    return {ids[named.key_result_id, named.via]: compile_tags(named.tags) for named in _named(conn, conventions)}
