"""What is to stand at the work in the tools, by what is stored: which items serve what, and what was written there."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.records import Ref
from store import echo, meta
from store.tables import (
    Connection,
    Cycle,
    KeyResult,
    Link,
    Measure,
    Objective,
    WorkItem,
    WriteRefusal,
    Written,
    WrittenShared,
)

_ITEM, _LINK, _WRITTEN = WorkItem.__table__, Link.__table__, Written.__table__
_SHARED, _REFUSAL, _CONNECTION = WrittenShared.__table__, WriteRefusal.__table__, Connection.__table__

_AT_ONCE = 500
LONGEST = timedelta(minutes=10)
"""How long a writing whose end is not known may have taken."""


@dataclass(frozen=True)
class Standing:
    """How a running key result stands. Shares are fractions, None where unknown."""

    key: str
    title: str
    health: str
    delivery: float | None
    outcome: float | None


@dataclass(frozen=True)
class Serving:
    """An item, the running key results that it serves (ids, in their order), and what was written there by form."""

    id: int
    ref: Ref
    url: str
    begins: bool
    """Whether writing may begin there: it is neither done nor cancelled."""
    key_results: tuple[int, ...]
    written: Mapping[str, Any]
    """Rows of `written` by form."""


def standings(conn: sa.Connection, day: date) -> dict[int, Standing]:
    """The key results whose cycle contains the day and that were measured, by id, in the order of the configuration."""
    k, o, c, m = KeyResult.__table__, Objective.__table__, Cycle.__table__, Measure.__table__
    query = (
        sa.select(k.c.id, k.c.key, k.c.title, m.c.health, m.c.delivery, m.c.outcome)
        .join(o, o.c.id == k.c.objective_id)
        .join(c, c.c.id == o.c.cycle_id)
        .join(m, m.c.key_result_id == k.c.id)
        .where(~k.c.archived, ~o.c.archived, c.c.starts_on <= day, c.c.ends_on >= day)
        .order_by(o.c.position, o.c.id, k.c.position, k.c.id)
    )
    return {row[0]: Standing(*row[1:]) for row in conn.execute(query)}


def serving(conn: sa.Connection, scope_id: int, running: Mapping[int, Standing]) -> list[Serving]:
    """The items of a scope that serve key results by their own words, not by descent from another one that does so, and
    those at which something was written; in the order in which they were stored. Those out of sight are left out.
    """
    above = _LINK.alias("above")
    by_descent = (
        sa.select(1)
        .where(above.c.item_id == _ITEM.c.parent_id, above.c.key_result_id == _LINK.c.key_result_id, above.c.direct)
        .exists()
    )
    links = (
        sa.select(_LINK.c.item_id, _LINK.c.key_result_id)
        .join(_ITEM, _ITEM.c.id == _LINK.c.item_id)
        .where(_ITEM.c.scope_id == scope_id, _LINK.c.direct, ~by_descent)
    )
    place = {one: number for number, one in enumerate(running)}
    served: dict[int, list[int]] = defaultdict(list)
    for item_id, key_result in conn.execute(links):
        if key_result in place:
            served[item_id].append(key_result)
    rows = conn.execute(
        sa.select(_WRITTEN).join(_ITEM, _ITEM.c.id == _WRITTEN.c.item_id).where(_ITEM.c.scope_id == scope_id)
    )
    written: dict[int, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        written[row.item_id][row.form] = row
    wanted = sorted(served.keys() | written.keys())
    return [
        Serving(
            row.id,
            Ref(external_id=row.external_id, key=row.key),
            row.url,
            row.state in ("todo", "in_progress"),
            tuple(sorted(served[row.id], key=place.__getitem__)),
            written[row.id],
        )
        for at in range(0, len(wanted), _AT_ONCE)
        for row in conn.execute(
            sa.select(_ITEM.c.id, _ITEM.c.external_id, _ITEM.c.key, _ITEM.c.url, _ITEM.c.state)
            .where(_ITEM.c.id.in_(wanted[at : at + _AT_ONCE]), _ITEM.c.presence == "present")
            .order_by(_ITEM.c.id)
        )
    ]


def shared(conn: sa.Connection, scope_id: int) -> dict[str, str | None]:
    """The hash of what was written once for the whole scope, by name."""
    rows = conn.execute(sa.select(_SHARED.c.name, _SHARED.c.content_hash).where(_SHARED.c.scope_id == scope_id))
    return {row.name: row.content_hash for row in rows}


def begin(
    conn: sa.Connection, item_id: int, form: str, updated_at: datetime | None, clock: datetime, now: datetime
) -> None:
    """Notes that something is about to be written at an item that the tool says to have changed at `updated_at`.

    What the tool dates within `LONGEST` of its `clock` may be ours until the end is known.
    """
    rows = conn.execute(sa.select(_WRITTEN.c.moved_at, _WRITTEN.c.echo_at).where(_WRITTEN.c.item_id == item_id))
    ours = [(row.moved_at, row.echo_at) for row in rows if row.moved_at is not None and row.echo_at is not None]
    moved_at = echo.moved_at(updated_at, ours)
    kept = conn.execute(sa.select(_ITEM.c.updated_at).where(_ITEM.c.id == item_id)).scalar()
    if moved_at is not None and kept is not None and updated_at is not None and moved_at < kept <= updated_at:
        moved_at = kept  # somebody changed it at the very moment of an earlier writing
    values = {
        "moved_at": moved_at,
        "echo_at": clock + LONGEST,
        "content_hash": None,
        "at": now,
    }
    _put(conn, _WRITTEN, {"item_id": item_id, "form": form}, values, {"serves": True})


def end(
    conn: sa.Connection,
    item_id: int,
    form: str,
    *,
    external_id: str | None,
    content_hash: str,
    serves: bool,
    echo_at: datetime | None,
) -> None:
    """Notes that it was written, and until when the tool dates it."""
    where = (_WRITTEN.c.item_id == item_id) & (_WRITTEN.c.form == form)
    values = {"external_id": external_id, "content_hash": content_hash, "serves": serves, "echo_at": echo_at}
    conn.execute(sa.update(_WRITTEN).where(where).values(values))


def take_back(conn: sa.Connection, item_id: int, form: str, before: Any) -> None:
    """Notes that nothing was written after all: what stood in `written` before (None: no row) stands there again."""
    where = (_WRITTEN.c.item_id == item_id) & (_WRITTEN.c.form == form)
    if before is None:
        conn.execute(sa.delete(_WRITTEN).where(where))
    else:
        conn.execute(sa.update(_WRITTEN).where(where).values(before._asdict()))


def begin_shared(conn: sa.Connection, scope_id: int, name: str, now: datetime) -> None:
    """Notes that something is about to be written once for a scope."""
    _put(conn, _SHARED, {"scope_id": scope_id, "name": name}, {"content_hash": None, "at": now}, {})


def end_shared(conn: sa.Connection, scope_id: int, name: str, content_hash: str | None) -> None:
    """Notes that it was written; None: that it was taken away."""
    where = (_SHARED.c.scope_id == scope_id) & (_SHARED.c.name == name)
    if content_hash is None:
        conn.execute(sa.delete(_SHARED).where(where))
    else:
        conn.execute(sa.update(_SHARED).where(where).values(content_hash=content_hash))


def written_since(conn: sa.Connection, connection: str, since: datetime) -> int:
    """At how many items of a connection (its name) something was written."""
    query = (
        sa.select(sa.func.count())
        .select_from(_WRITTEN.join(_ITEM, _ITEM.c.id == _WRITTEN.c.item_id))
        .join(_CONNECTION, _CONNECTION.c.id == _ITEM.c.connection_id)
        .where(_CONNECTION.c.name == connection, _WRITTEN.c.at > since)
    )
    return conn.execute(query).scalar_one()


def refused(conn: sa.Connection, scope_id: int, items: int, message: str, advice: str, now: datetime) -> None:
    """Keeps that a scope refused to be written to; with no `items` that it did not."""
    if not items:
        conn.execute(sa.delete(_REFUSAL).where(_REFUSAL.c.scope_id == scope_id))
        return
    _put(conn, _REFUSAL, {"scope_id": scope_id}, {"items": items, "message": message, "advice": advice, "at": now}, {})


def refusals(conn: sa.Connection) -> dict[int, Any]:
    """The scopes that refused to be written to at their last turn, by id: rows of `write_refusal`."""
    return {row.scope_id: row for row in conn.execute(sa.select(_REFUSAL))}


def seen(conn: sa.Connection, connection: str) -> str | None:
    """What was configured for a connection when somebody last saw what would be written there."""
    return meta.read(conn, f"write_back seen {connection}")


def see(conn: sa.Connection, connection: str, configured: str) -> None:
    """Keeps that somebody saw what would be written to a connection."""
    meta.write(conn, {f"write_back seen {connection}": configured})


def _put(
    conn: sa.Connection, table: sa.Table, key: dict[str, Any], values: dict[str, Any], first: dict[str, Any]
) -> None:
    """Updates the row of a key, or makes it with what it has at `first` only."""
    where = sa.and_(*(table.c[name] == value for name, value in key.items()))
    if not conn.execute(sa.update(table).where(where).values(values)).rowcount:
        conn.execute(sa.insert(table).values(key | first | values))
