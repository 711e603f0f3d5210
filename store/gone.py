"""Items that are no longer where they were: deleted, out of sight, or under another identity."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from connectors.records import Absence, Item
from store.bulk import Bulk
from store.database import fold


def mark_gone(conn: sa.Connection, connection_id: int, gone: Mapping[str, Absence], now: datetime) -> int:
    """Keep how items (external ids) are gone; how many of them were not known to be. They become dirty.

    What was proven deleted stays so, and what was gone before keeps the moment at which that was found.
    """
    bulk = Bulk(conn)
    changed = 0
    for presence in ("deleted", "not_visible"):
        ids = sorted(external_id for external_id, absence in gone.items() if absence == presence)
        if not ids:
            continue
        rows = bulk.rows(
            f"""
            UPDATE work_item SET presence = ?, gone_at = coalesce(gone_at, ?)
            WHERE connection_id = ? AND external_id {bulk.among} AND presence NOT IN ('deleted', ?)
            RETURNING id
            """,
            presence,
            bulk.instant(now),
            connection_id,
            bulk.values(ids),
            presence,
        )
        bulk.mark_dirty(item_id for (item_id,) in rows)
        changed += len(rows)
    return changed


def keep_elsewhere(conn: sa.Connection, connection_id: int, items: Collection[Item], now: datetime) -> int:
    """Keep that items moved to where nothing is read: as last known, out of sight, and found by their new keys, too.

    How many of them were not known to be out of sight.
    """
    ids = _ids(conn, connection_id, [item.external_id for item in items])
    _alias(conn, connection_id, {fold(item.key): ids[item.external_id] for item in items if item.external_id in ids})
    return mark_gone(conn, connection_id, {item.external_id: "not_visible" for item in items}, now)


def rename(
    conn: sa.Connection, connection_id: int, moved: Mapping[str, str], readable: Collection[str], now: datetime
) -> int:
    """Give items another identity (`moved`: the new external id by the former). How many are gone with that.

    Where the new one is stored already, it answers to all keys of the former one and takes up its children, and the
    former one is deleted. Elsewhere the stored item becomes the new one and keeps its history; it is out of sight
    unless it is among the `readable`.
    """
    bulk = Bulk(conn)
    ids = _ids(conn, connection_id, {*moved, *moved.values()})
    gone: dict[str, Absence] = {}
    for old, new in sorted(moved.items()):
        if old not in ids:
            continue
        if new not in ids:
            bulk.run("UPDATE work_item SET external_id = ? WHERE id = ?", new, ids[old])
            ids[new] = ids[old]
            if new not in readable:
                gone[new] = "not_visible"
            continue
        key = bulk.rows("SELECT key_folded FROM work_item WHERE id = ?", ids[old])[0][0]
        bulk.run("UPDATE work_alias SET item_id = ? WHERE item_id = ?", ids[new], ids[old])
        bulk.run("UPDATE work_item SET parent_pending = ? WHERE parent_id = ?", True, ids[old])
        _alias(conn, connection_id, {key: ids[new]})
        bulk.mark_dirty([ids[new]])
        gone[old] = "deleted"
    return mark_gone(conn, connection_id, gone, now)


def _ids(conn: sa.Connection, connection_id: int, external_ids: Collection[str]) -> dict[str, int]:
    bulk = Bulk(conn)
    rows = bulk.rows(
        f"SELECT external_id, id FROM work_item WHERE connection_id = ? AND external_id {bulk.among}",
        connection_id,
        bulk.values(sorted(external_ids)),
    )
    return dict(rows)


def _alias(conn: sa.Connection, connection_id: int, keys: Mapping[str, int]) -> None:
    """Items (ids) answer to these folded keys, too."""
    Bulk(conn).run_many(
        """
        INSERT INTO work_alias (connection_id, key_folded, item_id) VALUES (?, ?, ?)
        ON CONFLICT (connection_id, key_folded) DO UPDATE SET item_id = excluded.item_id
        """,
        [(connection_id, key, item_id) for key, item_id in sorted(keys.items())],
    )
