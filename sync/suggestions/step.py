"""The step of a sync that keeps, for each item of unaligned work in progress, the key result that it could serve."""

import hashlib
from datetime import datetime

import sqlalchemy as sa

from config import Config
from mapping.suggest import suggest
from store import meta
from store.tables import Suggestion
from sync.suggestions.targets import targets
from sync.suggestions.work import in_progress, unaligned_groups

LEAST = 0.3
"""The least score that is shown unasked."""
MOST = 500
"""Items looked at in one sync, the newest first; the others' turn comes at the next."""

_GONE = "DELETE FROM suggestion WHERE item_id NOT IN (SELECT id FROM work_item WHERE state = 'in_progress')"
_NEW = "NOT EXISTS (SELECT 1 FROM suggestion s WHERE s.item_id = w.id AND s.title = w.title)"
_ASKED = """
    SELECT k.key, k.title, o.title, k.team_id, o.team_id FROM key_result k JOIN objective o ON o.id = k.objective_id
    JOIN cycle y ON y.id = o.cycle_id AND :day BETWEEN y.starts_on AND y.ends_on WHERE NOT k.archived ORDER BY k.key
"""

_WRITTEN = "SELECT via, key_result_id, text FROM mapping WHERE via IN ('mapping', 'lever') ORDER BY id"


def suggest_unaligned(conn: sa.Connection, config: Config, now: datetime) -> None:
    """Brings the table `suggestion` up to date. Nothing is linked by it.

    Only items are looked at that are new among the unaligned ones or have another title; all of them again once the
    titles or teams of the running key results, or the configuration's mappings and levers, change.
    """
    day = now.astimezone(config.zone).date()
    table = Suggestion.__table__
    asked = conn.execute(sa.text(_ASKED).bindparams(sa.bindparam("day", day, sa.Date))).all()
    written = conn.execute(sa.text(_WRITTEN)).all()
    fingerprint = hashlib.sha256(repr((asked, written)).encode()).hexdigest()
    if meta.read(conn, "suggested_for") != fingerprint:
        conn.execute(sa.delete(table))
        meta.write(conn, {"suggested_for": fingerprint})
    conn.execute(sa.text(_GONE))
    if not asked:
        return
    query = sa.text(f"{in_progress(_NEW)} ORDER BY w.id DESC LIMIT :most")
    items = list(conn.execute(query.bindparams(sa.bindparam("day", day, sa.Date), most=MOST)))
    if not items:
        return
    groups = unaligned_groups(conn, day, MOST, items)
    best = {}
    for pair in suggest([group.work for group in groups], targets(conn, config, day), least=LEAST):
        best.setdefault(pair.work.id, pair)
    titles = {item.id: item.title for item in items}
    rows = [
        {
            "item_id": item,
            "title": titles[item],
            "key_result_id": pair.target.id if pair else None,
            "score": pair.score if pair else None,
        }
        for group in groups
        for pair in [best.get(group.work.id)]
        for item in group.members
    ]
    conn.execute(
        sa.delete(table).where(table.c.item_id == sa.bindparam("id")), [{"id": row["item_id"]} for row in rows]
    )
    conn.execute(sa.insert(table), rows)
