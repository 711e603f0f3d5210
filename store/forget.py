"""Removing all that was read through a connection that left the configuration."""

import sqlalchemy as sa

from store import meta
from store.database import StoreError
from store.sync_lock import sync_lock
from store.tables import Connection, Scope, SQLModel, Tag, WorkItem, WorkTag

_AT_ONCE = 2_000
_ITEM, _SCOPE, _CONNECTION = WorkItem.__table__, Scope.__table__, Connection.__table__


def forgettable(conn: sa.Connection, connection: str) -> int:
    """How many items are stored of a connection (its name). Raises StoreError where nothing was read through it."""
    return conn.execute(
        sa.select(sa.func.count()).where(_ITEM.c.connection_id == _id_of(conn, connection))
    ).scalar_one()


def forget(engine: sa.Engine, connection: str) -> int:
    """Removes a connection with its scopes, items, their history and words, hints and credentials; how many items.

    Holds the database as a sync does, and goes on where it was cut off when it is called again. SQLite gives the room
    back, so that nothing of it is left in the file. What was counted with these items is right again after the next
    sync. Raises StoreError where there is no such connection, SyncRunning where others work on the database, and errors
    of the database.
    """
    with sync_lock(engine):
        with engine.begin() as conn:
            connection_id = _id_of(conn, connection)
            meta.write(conn, {"relink": "1"})
        removed = 0
        while items := _some_items(engine, connection_id):
            removed += items
        with engine.begin() as conn:
            _forget_the_rest(conn, connection_id, connection)
        if engine.dialect.name == "sqlite":
            _give_back(engine)
    return removed


def _id_of(conn: sa.Connection, connection: str) -> int:
    found = conn.scalar(sa.select(_CONNECTION.c.id).where(_CONNECTION.c.name == connection))
    if found is None:
        known = conn.execute(sa.select(_CONNECTION.c.name).order_by(_CONNECTION.c.name)).scalars().all()
        raise StoreError(
            f"Nothing is stored of a connection {connection!r}.",
            f"Stored are {', '.join(known)}." if known else "Nothing was read so far.",
        )
    return found


def _some_items(engine: sa.Engine, connection_id: int) -> int:
    with engine.begin() as conn:
        some = sa.select(_ITEM.c.id).where(_ITEM.c.connection_id == connection_id).order_by(_ITEM.c.id).limit(_AT_ONCE)
        ids = conn.execute(some).scalars().all()
        for table in SQLModel.metadata.tables.values():
            if "item_id" in table.c:
                conn.execute(sa.delete(table).where(table.c.item_id.in_(ids)))
        conn.execute(sa.update(_ITEM).where(_ITEM.c.parent_id.in_(ids)).values(parent_id=None))
        return conn.execute(sa.delete(_ITEM).where(_ITEM.c.id.in_(ids))).rowcount


def _forget_the_rest(conn: sa.Connection, connection_id: int, name: str) -> None:
    scopes = sa.select(_SCOPE.c.id).where(_SCOPE.c.connection_id == connection_id)
    for table in reversed(SQLModel.metadata.sorted_tables):
        if "connection_id" in table.c:
            conn.execute(sa.delete(table).where(table.c.connection_id == connection_id))
        elif "scope_id" in table.c:
            conn.execute(sa.delete(table).where(table.c.scope_id.in_(scopes)))
        elif "connection" in table.c:
            conn.execute(sa.delete(table).where(table.c.connection == name))
    conn.execute(sa.delete(_CONNECTION).where(_CONNECTION.c.id == connection_id))
    member, tag = WorkTag.__table__, Tag.__table__
    # Names of people are among the words that nothing carries any more.
    conn.execute(sa.delete(tag).where(~sa.exists().where(member.c.tag_id == tag.c.id)))


def _give_back(engine: sa.Engine) -> None:
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.close()
    finally:
        raw.close()
