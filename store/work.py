"""Keeping what the tools say: pages of items, containers, memberships. Only what changed is written."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from config import Counting
from connectors.records import Item, Page
from store import echo
from store.bulk import Bulk
from store.classify import Reader
from store.containers import save_containers
from store.counts import Saved
from store.database import fold
from store.parents import resolve_parents
from store.quarantine import put_aside
from store.reclassify import reclassify
from store.scopes import connection_id, save_scopes
from store.vocabulary import container_ids, tag_ids, tags_of

__all__ = [
    "Saved",
    "connection_id",
    "reclassify",
    "resolve_parents",
    "save_containers",
    "save_membership",
    "save_page",
    "save_scopes",
]

_COLUMNS = (
    "connection_id", "scope_id", "external_id", "key", "key_folded", "url", "title", "title_folded", "type",
    "type_folded", "level", "state", "category", "status", "resolution", "self_reported", "tool_level",
    "parent_ref_id", "parent_ref_key", "parent_ref_folded", "parent_pending", "estimate", "team_word", "created_at",
    "started_at", "closed_at", "updated_at", "due_on", "presence", "reopened_at", "content_hash",
)  # fmt: skip
_IDENTITY = ("connection_id", "external_id")
_SET = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in (*_IDENTITY, "parent_pending"))
_INSERT = f"INSERT INTO work_item ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_CLAIM = f"{_INSERT} ON CONFLICT (connection_id, external_id) DO NOTHING"
_UPSERT = f"""
    {_INSERT} ON CONFLICT (connection_id, external_id) DO UPDATE SET {_SET}, gone_at = NULL,
        parent_pending = work_item.parent_pending
            OR coalesce(work_item.parent_ref_id, '') <> coalesce(excluded.parent_ref_id, '')
            OR coalesce(work_item.parent_ref_key, '') <> coalesce(excluded.parent_ref_key, '')
"""
REOPENED = "reopened"
"""What a tool without histories says of work that was taken up again."""
_PACK = msgspec.msgpack.Encoder()
_PAIR = {"item_id": "integer", "tag_id": "integer"}
_BLOCKER = {"item_id": "integer", "blocker_key": "text", "blocker_folded": "text"}
_STEP = {
    "item_id": "integer",
    "position": "integer",
    "at": "timestamptz",
    "kind": "text",
    "before": "text",
    "after": "text",
    "category": "text",
}
_fold_word = lru_cache(10_000)(fold)
"""Labels and types are few, and come again and again."""


class _Known(NamedTuple):
    """What is stored of an item that a page names."""

    id: int
    content_hash: int
    scope_id: int
    key: str
    presence: str
    updated_at: Any


def save_page(
    conn: sa.Connection, connection_id: int, scope_id: int, page: Page, counting: Counting, now: datetime
) -> Saved:
    """Keep one page of a scope's items and what was set aside on it. New and changed items become dirty.

    Items are known by their external id, whatever scope they were in before; an item that a page names twice is as it
    is named last. Containers that were never listed are kept from the items' references.
    """
    bulk = Bulk(conn)
    items = {item.external_id: item for item in page.items}
    known = _known(bulk, connection_id, items)
    changed: list[tuple[Item, int]] = []
    for external_id, item in items.items():
        content_hash = _hash(item)
        row = known.get(external_id)
        if row is None or _differs(bulk, row, item, content_hash, scope_id):
            changed.append((item, content_hash))
    changed = _by_others(conn, bulk, connection_id, scope_id, changed, known)
    if changed:
        changed.sort(key=lambda pair: pair[0].external_id)  # two transactions that share items lock them in one order
        changed = _write(bulk, connection_id, scope_id, changed, known, Reader(counting))
    put_aside(conn, scope_id, items.keys(), page.set_aside, now)
    return Saved(len(page.items), len(changed), len(page.set_aside))


def save_membership(conn: sa.Connection, connection_id: int, query: str, ids: set[str]) -> int:
    """Keep which items (external ids) a query matched now; how many joined or left. Those become dirty."""
    bulk = Bulk(conn)
    before = {
        external_id
        for (external_id,) in bulk.rows(
            "SELECT external_id FROM membership WHERE connection_id = ? AND query = ?", connection_id, query
        )
    }
    left, joined = before - ids, ids - before
    if left:
        bulk.run(
            f"DELETE FROM membership WHERE connection_id = ? AND query = ? AND external_id {bulk.among}",
            connection_id,
            query,
            bulk.values(left),
        )
    columns = {"connection_id": "integer", "query": "text", "external_id": "text"}
    bulk.insert("membership", columns, ((connection_id, query, external_id) for external_id in joined))
    if left or joined:
        bulk.mark_dirty(row.id for row in _known(bulk, connection_id, left | joined).values())
    return len(left) + len(joined)


def _known(bulk: Bulk, connection_id: int, external_ids: Iterable[str], lock: str = "") -> dict[str, _Known]:
    rows = bulk.rows(
        f"""
        SELECT external_id, id, content_hash, scope_id, key, presence, updated_at FROM work_item
        WHERE connection_id = ? AND external_id {bulk.among} {lock}
        """,
        connection_id,
        bulk.values(list(external_ids)),
    )
    return {row[0]: _Known._make(row[1:]) for row in rows}


def _differs(bulk: Bulk, row: _Known, item: Item, content_hash: int, scope_id: int) -> bool:
    if row.scope_id != scope_id:
        # The item moved while two scopes were read side by side, and this is how it was before.
        updated_at = bulk.instant(item.updated_at)
        return not (updated_at and row.updated_at and updated_at < row.updated_at)
    return row.content_hash != content_hash or row.presence != "present"


def _hash(item: Item) -> int:
    return int.from_bytes(blake2b(_PACK.encode(item), digest_size=8).digest(), "big", signed=True)


def _by_others(
    conn: sa.Connection,
    bulk: Bulk,
    connection_id: int,
    scope_id: int,
    changed: list[tuple[Item, int]],
    known: dict[str, _Known],
) -> list[tuple[Item, int]]:
    """What changed, where our own writings date nothing: items that only we touched are as they were."""
    ours = echo.spans(conn, connection_id, [item.external_id for item, _ in changed if item.external_id in known])
    kept = []
    for item, content_hash in changed:
        moved_at = echo.moved_at(item.updated_at, ours.get(item.external_id, ()))
        if moved_at == item.updated_at:
            kept.append((item, content_hash))
            continue
        row, told = known[item.external_id], msgspec.structs.replace(item, updated_at=moved_at)
        told_hash = _hash(told)
        if told_hash == row.content_hash:
            if _differs(bulk, row, told, told_hash, scope_id):
                kept.append((told, told_hash))
        elif row.updated_at is None or bulk.instant(moved_at) > row.updated_at:
            kept.append((told, told_hash))
        else:  # somebody changed it at the very moment of our writing
            kept.append((item, content_hash))
    return kept


def _write(
    bulk: Bulk,
    connection_id: int,
    scope_id: int,
    changed: list[tuple[Item, int]],
    known: dict[str, _Known],
    reader: Reader,
) -> list[tuple[Item, int]]:
    """Writes items that are new or differ from what is `known`, and gives those that it wrote.

    An item that moves is met in both of its scopes. Where those are stored side by side, what the other one made of it
    is seen once that is committed, which claiming and locking wait for; the later state of the two stays.
    """

    def rows(pairs: list[tuple[Item, int]]) -> list[tuple[Any, ...]]:
        return [_row(bulk, connection_id, scope_id, item, content_hash, reader) for item, content_hash in pairs]

    new = [pair for pair in changed if pair[0].external_id not in known]
    bulk.run_many(_CLAIM, rows(new))
    if new or bulk.locking:
        known = _known(bulk, connection_id, [item.external_id for item, _ in changed], bulk.locking)
    claimed = [
        (item, content_hash)
        for item, content_hash in new
        if (known[item.external_id].content_hash, known[item.external_id].scope_id) == (content_hash, scope_id)
    ]
    ours = {item.external_id for item, _ in claimed}
    others = [
        (item, content_hash)
        for item, content_hash in changed
        if item.external_id not in ours and _differs(bulk, known[item.external_id], item, content_hash, scope_id)
    ]
    bulk.run_many(_UPSERT, rows(others))
    written = claimed + others
    items = [item for item, _ in written]
    ids = {item.external_id: known[item.external_id].id for item in items}
    rewritten = {ids[item.external_id] for item, _ in others}
    _replace_sets(bulk, connection_id, scope_id, [(ids[item.external_id], item) for item in items], rewritten)
    former = {item.external_id: known[item.external_id] for item, _ in others}
    _keep_old_keys(bulk, connection_id, items, former)
    bulk.mark_dirty(ids.values())
    return written


def _row(
    bulk: Bulk, connection_id: int, scope_id: int, item: Item, content_hash: int, reader: Reader
) -> tuple[Any, ...]:
    labels = [_fold_word(label) for label in item.labels]
    type_folded = _fold_word(item.type) if item.type else None
    instant = bulk.instant
    return (
        connection_id,
        scope_id,
        item.external_id,
        item.key,
        item.key.strip().casefold(),  # as `fold` does: two calls an item show in the time of a page
        item.url,
        item.title,
        item.title.strip().casefold(),
        item.type,
        type_folded,
        reader.level(type_folded, item.level, labels),
        reader.state(
            item.category,
            item.resolution,
            item.status,
            labels,
            assigned=bool(item.assignees),
            self_reported=item.self_reported,
        ),
        item.category,
        item.status,
        item.resolution,
        item.self_reported,
        item.level,
        item.parent_id,
        item.parent_key,
        fold(item.parent_key) if item.parent_key else None,
        item.parent_id is not None or item.parent_key is not None,
        item.estimate,
        item.team,
        instant(item.created_at),
        instant(item.started_at),
        instant(item.closed_at),
        instant(item.updated_at),
        bulk.day(item.due_on),
        "present",
        instant(_reopened_at(item)),
        content_hash,
    )


def _reopened_at(item: Item) -> datetime | None:
    """When it was last taken up again after it had been done, by its history; else by the tool's word for it."""
    found, done = None, False
    for step in item.changes:
        if step.category is not None:
            found = step.at if done and step.category != "done" else found
            done = step.category == "done"
    if found is None and item.category != "done" and item.resolution == REOPENED:
        return item.updated_at
    return found


def _replace_sets(
    bulk: Bulk, connection_id: int, scope_id: int, items: list[tuple[int, Item]], rewritten: set[int]
) -> None:
    if rewritten:
        for table in ("work_container", "work_tag", "dependency", "work_change"):
            bulk.run(f"DELETE FROM {table} WHERE item_id {bulk.among}", bulk.values(rewritten))
    refs = [ref for _, item in items for ref in item.containers]
    if refs:
        ids = container_ids(bulk, connection_id, scope_id, refs)
        pairs = {(item_id, ids[ref.kind, ref.external_id]) for item_id, item in items for ref in item.containers}
        bulk.insert("work_container", {"item_id": "integer", "container_id": "integer"}, pairs)
    words = [(item_id, tags_of(item)) for item_id, item in items]
    ids = tag_ids(bulk, set().union(*(tags for _, tags in words)))
    bulk.insert("work_tag", _PAIR, [(item_id, ids[tag]) for item_id, tags in words for tag in tags])
    blockers = {(item_id, key, fold(key)) for item_id, item in items for key in item.blocked_by}
    bulk.insert("dependency", _BLOCKER, blockers)
    steps = [
        (item_id, position, bulk.instant(one.at), one.kind, one.before, one.after, one.category)
        for item_id, item in items
        for position, one in enumerate(item.changes)
    ]
    bulk.insert("work_change", _STEP, steps)


def _keep_old_keys(bulk: Bulk, connection_id: int, items: list[Item], known: dict[str, _Known]) -> None:
    """An item answers to the keys that it had, as long as no other item has them."""
    taken: list[str] = []
    former: dict[str, int] = {}
    for item in items:
        row = known.get(item.external_id)
        if row is not None and row.key == item.key:
            continue
        key = fold(item.key)
        taken.append(key)
        if row is not None and fold(row.key) != key:
            former[fold(row.key)] = row.id
    if taken:
        bulk.run(
            f"DELETE FROM work_alias WHERE connection_id = ? AND key_folded {bulk.among}",
            connection_id,
            bulk.values(taken),
        )
    if former:
        in_use = bulk.rows(
            f"SELECT key_folded FROM work_item WHERE connection_id = ? AND key_folded {bulk.among}",
            connection_id,
            bulk.values(former),
        )
        for (key,) in in_use:
            former.pop(key, None)
    bulk.run_many(
        """
        INSERT INTO work_alias (connection_id, key_folded, item_id) VALUES (?, ?, ?)
        ON CONFLICT (connection_id, key_folded) DO UPDATE SET item_id = excluded.item_id
        """,
        [(connection_id, key, item_id) for key, item_id in sorted(former.items())],
    )
