"""`jql` selectors: which items the tools say they match, asked at every sync."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import sqlalchemy as sa

from config import Config, Selector
from connectors.base import Connector, Usage
from connectors.errors import Cancelled, Refused, SourceError
from mapping.vocabulary import Words
from store import fold, meta, work
from store.tables import Membership
from store.transactions import beside
from sync.pull_read import AskQuery, Matched
from sync.pull_rows import Row, RunRows
from sync.pull_workers import Ended, Workers


@dataclass
class _Asked:
    """What one connection was asked, and how that went. `waiting` queries have not ended."""

    row: Row
    waiting: int
    usage: Usage = field(default_factory=Usage)
    failed: list[tuple[AskQuery, Exception]] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)


def ask_queries(
    engine: sa.Engine,
    config: Config,
    connectors: Mapping[str, Connector],
    connections: Mapping[str, int],
    *,
    rows: RunRows,
    stop: threading.Event,
) -> None:
    """Asks the `connections` (id by name) which items each `jql` of the configuration matches, and stores the answers.

    A selector that names no connection asks all of them; it is an error only where none can answer: of `connections`
    now, or of the others when they were asked last. A query that fails keeps the items that it matched last. Each
    connection that was asked gets a row of its own in the run.
    Raises what the database raises.
    """
    queries = _queries(config)
    _forget_others(engine, queries)
    jobs = list(_jobs(queries, connectors, connections))
    if not jobs:
        return
    asked: dict[str, _Asked] = {}
    with engine.begin() as conn:
        answered = _answered(conn, config.connections.keys() - connections.keys())
        for name in sorted({job.connection for job in jobs}):
            row = rows.start(conn, name, connections[name])
            asked[name] = _Asked(row, waiting=sum(job.connection == name for job in jobs))
    workers = Workers({name: config.connections[name].in_flight for name in asked}, stop)
    try:
        for job in jobs:
            workers.submit(job)
        for message in workers.messages():
            match message:
                case Matched(job, ids):
                    keep = partial(work.save_membership, connection_id=connections[job.connection], query=job.query)
                    asked[job.connection].row.changed += beside(engine, partial(keep, ids=ids))
                    asked[job.connection].row.read += len(ids)
                    asked[job.connection].answered.add(job.query)
                case Ended(AskQuery() as job, error):
                    _note(asked[job.connection], job, error)
    except KeyboardInterrupt:
        stop.set()
        raise
    finally:
        workers.close()
        with engine.begin() as conn:
            answered.update(*(one.answered for one in asked.values()))
            for name, one in asked.items():
                rows.finish(conn, one.row, _error(one, answered), one.usage)
                if not one.waiting:
                    meta.write(conn, {_key(name): json.dumps(sorted(one.answered), ensure_ascii=False)})


def _answered(conn: sa.Connection, connections: Iterable[str]) -> set[str]:
    """The queries that any of these connections answered when it was asked last."""
    return {query for name in connections for query in json.loads(meta.read(conn, _key(name)) or "[]")}


def _key(connection: str) -> str:
    return f"answered {connection}"


def asks(config: Config, connection: str) -> bool:
    """Whether a connection (its name) has queries to answer: those that name it, and those that name none."""
    return any(
        not place or fold(connection) in map(fold, place) for places in _queries(config).values() for place in places
    )


def _queries(config: Config) -> dict[str, list[tuple[str, ...]]]:
    """All queries of the configuration, each with the names of connections that its selectors give; () means all."""
    selectors = [
        *(one.work for one in config.mappings),
        *(one.work for one in config.intentional),
        *(selector for team in config.teams for selector in team.owns),
        *(selector for one in config.objectives for result in one.key_results for selector in result.levers),
    ]
    queries: dict[str, list[tuple[str, ...]]] = {}
    for selector in _with_inner(selectors):
        if selector.jql is not None:
            queries.setdefault(selector.jql, []).append(selector.connection)
    return queries


def _with_inner(selectors: Iterable[Selector]) -> Iterator[Selector]:
    for selector in selectors:
        yield selector
        yield from _with_inner(selector.not_)


def _forget_others(engine: sa.Engine, queries: Iterable[str]) -> None:
    table = Membership.__table__
    with engine.begin() as conn:
        stored = set(conn.execute(sa.select(table.c.query).distinct()).scalars())
        gone = stored - set(queries)
        if gone:
            conn.execute(sa.delete(table).where(table.c.query.in_(gone)))


def _jobs(
    queries: Mapping[str, list[tuple[str, ...]]], connectors: Mapping[str, Connector], connections: Mapping[str, int]
) -> Iterator[AskQuery]:
    words = Words((fold(name), identity) for name, identity in connections.items())
    for query, places in queries.items():
        named = words.ids(name for place in places for name in place)
        everywhere = () in places
        for name, identity in connections.items():
            if identity in named or everywhere:
                yield AskQuery(name, connectors[name], query, named=identity in named)


def _note(asked: _Asked, job: AskQuery, error: Exception | None) -> None:
    if isinstance(error, Cancelled):
        return
    asked.waiting -= 1
    asked.usage.requests += job.usage.requests
    asked.usage.not_modified += job.usage.not_modified
    asked.usage.waited_s += job.usage.waited_s
    if error is not None:
        asked.failed.append((job, error))


def _error(asked: _Asked, answered: set[str]) -> Exception | None:
    """How a connection's row ends: by a stop, a bug, its first query that failed, or well."""
    if asked.waiting:
        return Cancelled()
    failed = [(job, error) for job, error in asked.failed if not _may_refuse(job, error, answered)]
    bugs = [error for _, error in failed if not isinstance(error, SourceError)]
    if bugs or not failed:
        return bugs[0] if bugs else None
    job, error = failed[0]
    more = f" {len(failed) - 1} more queries failed." if len(failed) > 1 else ""
    return SourceError(f"The query {job.query!r} failed, its last answer is kept: {error}{more}")


def _may_refuse(job: AskQuery, error: Exception, answered: set[str]) -> bool:
    """Whether a refusal is no failure: nobody named this connection, and another one answered or was truly asked.

    A refusal without a status came from a connection that has no query language, and never reached a tool.
    """
    return isinstance(error, Refused) and not job.named and (job.query in answered or error.status is None)
