"""Bringing the database in line with the configuration, before anything is read or counted."""

import json
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from config import Config, ConnectionOptions, Counting
from store import meta, okrs, work
from store.tables import Connection, Scope, StreamState
from store.transactions import alone

_CONNECTION = Connection.__table__
_COUNTING, _READING = "counting", "reading {}"


def apply(conn: sa.Connection, config: Config, now: datetime) -> None:
    """Writes what the configuration says where it differs from what is stored.

    Connections that left it are archived. Where `counting` changed, all stored work is classified anew; where something
    changed that decides how a connection's answers are read, it will be read from the start.
    """
    okrs.apply(conn, config, now)
    if _apply_connections(conn, config):
        meta.write(conn, {"relink": "1"})
    counting = config.counting.model_dump_json(exclude={"measure", "subtasks", "in_progress_credit"})
    if meta.read(conn, _COUNTING) != counting:
        work.reclassify(conn, config.counting)
        meta.write(conn, {_COUNTING: counting})
    for name, options in config.connections.items():
        key, way = _READING.format(name), _way_of_reading(config, options)
        before = meta.read(conn, key)
        if before != way:
            if before is not None:
                _read_from_the_start(conn, name)
            meta.write(conn, {key: way})


def take_over(engine: sa.Engine, config: Config, *, now: Callable[[], datetime]) -> None:
    """Does so in a transaction of its own, while nobody stores what was read by another configuration."""
    with alone(engine) as conn:
        apply(conn, config, now())


def words_of_now(conn: sa.Connection, config: Config) -> Counting:
    """How stored work reads the tools' words: by the configuration that was applied last, which may not be `config`."""
    told = meta.read(conn, _COUNTING)
    return config.counting if told is None else Counting.model_validate_json(told)


def reads_as_before(conn: sa.Connection, config: Config, connection: str) -> bool:
    """Whether a connection's answers are to become what `config` makes of them, which may not be applied any more."""
    told = meta.read(conn, _READING.format(connection))
    return told is None or told == _way_of_reading(config, config.connections[connection])


def _apply_connections(conn: sa.Connection, config: Config) -> bool:
    """Adds, archives and takes up connections. Whether one was archived or taken up, which concerns links."""
    archived = dict(conn.execute(sa.select(_CONNECTION.c.name, _CONNECTION.c.archived)).all())
    for name, options in config.connections.items():
        work.connection_id(conn, name, options.kind)
    gone = [name for name, is_archived in archived.items() if name not in config.connections and not is_archived]
    if gone:
        conn.execute(sa.update(_CONNECTION).where(_CONNECTION.c.name.in_(gone)).values(archived=True, error=None))
    return bool(gone) or any(archived.get(name) for name in config.connections)


def _way_of_reading(config: Config, options: ConnectionOptions) -> str:
    """All that decides what a connection's answers become: a stored item does not hold what was not read for it.

    Which scopes are read is not among it (a new one is read from its start anyway), nor how the tool is reached.
    """
    measure = None if config.counting.measure == "count" else config.counting.measure
    plain = {
        name: value
        for name, value in options.model_dump(mode="json", exclude=set(ConnectionOptions.model_fields)).items()
        if isinstance(value, str | int | float | bool)
    }
    words = [options.kind, config.conventions.trailer, config.conventions.field, measure, plain]
    return json.dumps(words, sort_keys=True, ensure_ascii=False)


def _read_from_the_start(conn: sa.Connection, connection: str) -> None:
    scopes = sa.select(Scope.__table__.c.id).join(_CONNECTION, _CONNECTION.c.id == Scope.__table__.c.connection_id)
    of_connection = scopes.where(_CONNECTION.c.name == connection)
    state = StreamState.__table__
    conn.execute(sa.delete(state).where(state.c.scope_id.in_(of_connection)))
