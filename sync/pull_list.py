"""Keeping which scopes a connection sees, and which of those that are wanted it does not."""

from collections.abc import Collection

import sqlalchemy as sa

from connectors.base import Listing, Usage
from connectors.errors import SourceError
from store import runs, work
from store.transactions import beside
from sync import refused
from sync.pull_read import ListScopes
from sync.pull_rows import RunRows, ScopeResult


def keep_listing(
    engine: sa.Engine, rows: RunRows, job: ListScopes, listing: Listing, denied: Collection[tuple[str, SourceError]]
) -> tuple[int, dict[str, int]]:
    """Keeps what a connection listed: its id, and that of each scope by external id. It works, and is noted as such.

    Those of its refusals that are `denied` get rows that failed.
    """

    def keep(conn: sa.Connection) -> tuple[int, dict[str, int], dict[str, int]]:
        connection_id = work.connection_id(conn, job.connection, job.connector.kind)
        ids = work.save_scopes(conn, job.connection, job.connector.kind, listing.scopes)
        known = refused.keep(conn, job.connection, connection_id, listing)
        runs.mark_connection(conn, connection_id, None, rows.now(), listing.credentials_end_at)
        return connection_id, ids, known

    connection_id, ids, known = beside(engine, keep)
    if denied:
        with engine.begin() as conn:
            for words, error in denied:
                row = rows.start(conn, job.connection, connection_id, words, known.get(words))
                rows.finish(conn, row, error, Usage())
    return connection_id, ids


def keep_failure(engine: sa.Engine, rows: RunRows, job: ListScopes, error: Exception) -> ScopeResult:
    """Keeps why a connection could not list its scopes, and gives it a row that failed."""
    connection_id = beside(engine, lambda conn: work.connection_id(conn, job.connection, job.connector.kind))
    with engine.begin() as conn:
        row = rows.start(conn, job.connection, connection_id)
        result = rows.finish(conn, row, error, Usage())
        runs.mark_connection(conn, connection_id, result.error, rows.now())
    return result
