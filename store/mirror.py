"""Stored items as the records that they came from: to hold the mirror against the tool."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from config import Counting
from connectors.records import Category, Change, ContainerRef, Item
from store.classify import classify
from store.retention import trimmed
from store.tables import Container, Dependency, Scope, Tag, WorkChange, WorkContainer, WorkItem, WorkTag
from store.vocabulary import tags_of

_ITEM = WorkItem.__table__
_SCOPE = Scope.__table__
_AT_ONCE = 500


class MirroredItem(msgspec.Struct, frozen=True):
    """An item as it is stored: the record, and what the store made of it."""

    item: Item
    state: str
    level: str
    presence: str

    @classmethod
    def of(cls, item: Item, counting: Counting) -> "MirroredItem":
        """A tool's item as it should be stored: sets in order and without repetition, long words cut.

        Containers are told by their ids: titles in references may be older than the listing.
        """
        words: dict[str, list[str]] = defaultdict(list)
        for kind, value in tags_of(item):
            words[kind].append(value)
        state, level = classify(
            item.category,
            item.resolution,
            item.status,
            item.labels,
            item.assignees,
            item.self_reported,
            item.type,
            item.level,
            counting,
        )
        return cls(_with_sets(item, words, item.containers, item.blocked_by), state, level, "present")

    def since(self, oldest: datetime | None) -> "MirroredItem":
        """The same with the steps that retention keeps, where `oldest` is since when the history is whole."""
        return msgspec.structs.replace(
            self, item=msgspec.structs.replace(self.item, changes=trimmed(self.item.changes, oldest))
        )

    def differences(self, told: "MirroredItem") -> dict[str, tuple[Any, Any]]:
        """Name of each field in which this one differs from what the tool tells, with both values."""
        mine, theirs = _fields(self), _fields(told)
        return {name: (mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]}


def present(conn: sa.Connection, scope_id: int) -> dict[str, tuple[str, Category]]:
    """Key and category of each item that is present in a scope, by external id."""
    query = sa.select(_ITEM.c.external_id, _ITEM.c.key, _ITEM.c.category).where(
        _ITEM.c.scope_id == scope_id, _ITEM.c.presence == "present"
    )
    return {row.external_id: (row.key, row.category) for row in conn.execute(query)}


def kept(conn: sa.Connection, connection_id: int, external_ids: Collection[str]) -> dict[str, MirroredItem]:
    """The stored items of these external ids, by external id."""
    found: dict[str, MirroredItem] = {}
    wanted = sorted(external_ids)
    for at in range(0, len(wanted), _AT_ONCE):
        query = (
            sa.select(_ITEM, _SCOPE.c.external_id.label("scope"))
            .join(_SCOPE, _SCOPE.c.id == _ITEM.c.scope_id)
            .where(_ITEM.c.connection_id == connection_id, _ITEM.c.external_id.in_(wanted[at : at + _AT_ONCE]))
        )
        rows = conn.execute(query).all()
        ids = [row.id for row in rows]
        words, containers = _words(conn, ids), _containers(conn, ids)
        blockers, changes = _blockers(conn, ids), _changes(conn, ids)
        for row in rows:
            plain = _plain(row, tuple(changes[row.id]))
            item = _with_sets(plain, words[row.id], containers[row.id], blockers[row.id])
            found[row.external_id] = MirroredItem(item, row.state, row.level, row.presence)
    return found


def _plain(row: Any, changes: tuple[Change, ...]) -> Item:
    same = (
        "external_id", "key", "scope", "url", "title", "category", "status", "resolution", "self_reported", "type",
        "estimate", "created_at", "started_at", "closed_at", "updated_at", "due_on",
    )  # fmt: skip
    return Item(
        **{name: getattr(row, name) for name in same},
        level=row.tool_level,
        parent_id=row.parent_ref_id,
        parent_key=row.parent_ref_key,
        team=row.team_word,
        changes=changes,
    )


def _with_sets(
    item: Item, words: Mapping[str, list[str]], containers: Iterable[ContainerRef], blocked_by: Iterable[str]
) -> Item:
    def of(kind: str) -> list[str]:
        return sorted(words.get(kind, ()))

    conventions = [(kind, value) for kind in ("field", "trailer") for value in of(kind)]
    refs = {(one.kind, one.external_id) for one in containers}
    return msgspec.structs.replace(
        item,
        labels=tuple(of("label")),
        components=tuple(of("component")),
        assignees=tuple(of("assignee")),
        key_results=tuple(conventions),
        containers=tuple(ContainerRef(external_id=one, kind=kind, title="") for kind, one in sorted(refs)),
        blocked_by=tuple(sorted(set(blocked_by))),
    )


def _fields(one: MirroredItem) -> dict[str, Any]:
    return msgspec.structs.asdict(one.item) | {
        "our state": one.state,
        "our level": one.level,
        "presence": one.presence,
    }


def _words(conn: sa.Connection, ids: list[int]) -> Mapping[int, Mapping[str, list[str]]]:
    tag, member = Tag.__table__, WorkTag.__table__
    query = sa.select(member.c.item_id, tag.c.kind, tag.c.value).join(tag, tag.c.id == member.c.tag_id)
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for item_id, kind, value in conn.execute(query.where(member.c.item_id.in_(ids))):
        found[item_id][kind].append(value)
    return found


def _containers(conn: sa.Connection, ids: list[int]) -> Mapping[int, list[ContainerRef]]:
    container, member = Container.__table__, WorkContainer.__table__
    query = sa.select(member.c.item_id, container.c.kind, container.c.external_id).join(
        container, container.c.id == member.c.container_id
    )
    found: dict[int, list[ContainerRef]] = defaultdict(list)
    for item_id, kind, external_id in conn.execute(query.where(member.c.item_id.in_(ids))):
        found[item_id].append(ContainerRef(external_id=external_id, kind=kind, title=""))
    return found


def _blockers(conn: sa.Connection, ids: list[int]) -> Mapping[int, list[str]]:
    table = Dependency.__table__
    found: dict[int, list[str]] = defaultdict(list)
    for row in conn.execute(sa.select(table).where(table.c.item_id.in_(ids))):
        found[row.item_id].append(row.blocker_key)
    return found


def _changes(conn: sa.Connection, ids: list[int]) -> Mapping[int, list[Change]]:
    table = WorkChange.__table__
    found: dict[int, list[Change]] = defaultdict(list)
    for row in conn.execute(sa.select(table).where(table.c.item_id.in_(ids)).order_by(table.c.position)):
        found[row.item_id].append(
            Change(at=row.at, kind=row.kind, before=row.before, after=row.after, category=row.category)
        )
    return found
