"""What a sync costs that finds nothing new: requests by the site's own log, and rows that differ afterwards."""

import hashlib
import tempfile
from collections.abc import Iterator

import sqlalchemy as sa

import store
from benchmarks.figures import Figure
from benchmarks.sites import NAMES, Kind, Size
from benchmarks.syncing import configuration, sync_once
from simulator import bulk, serve

ITEMS = ("/issues", "/search", "/search/jql", "/bulkfetch")
NOTES = {"run", "run_scope", "scope_total", "stream_state"}
"""Tables that tell that a sync took place."""
MOMENTS = {"last_ok_at", "last_seen_at"}
"""Columns that tell the same."""


def figures(kind: Kind, size: Size) -> Iterator[Figure]:
    """Requests for items a scope, and rows that differ, after a second sync."""
    made = bulk.github(size.scopes, size.issues) if kind == "github" else bulk.jira(kind, size.scopes, size.issues)
    with serve(made) as running, tempfile.TemporaryDirectory() as folder:
        config = configuration(kind, running.url_of(made))
        engine = store.connect(f"sqlite:///{folder}/northing.db")
        store.migrate(engine)
        sync_once(engine, config)
        before, asked = _rows(engine), len(made.requests)
        sync_once(engine, config)
        after = _rows(engine)
        engine.dispose()
        items = [seen for seen in made.requests[asked:] if seen.path.endswith(ITEMS)]
    where = f"{NAMES[kind]} {size}"
    yield Figure(f"second sync, {where}: requests for items a scope", len(items) / size.scopes, target=1, unit="")
    if kind == "github":
        fresh = sum(seen.status != 304 for seen in items)
        yield Figure(f"second sync, {where}: of these not 304", fresh, target=0, unit="")
    changed = sum(len(before[table] ^ after[table]) for table in before)
    yield Figure(f"second sync, {where}: rows that differ", changed, target=0, unit="")


def _rows(engine: sa.Engine) -> dict[str, set[bytes]]:
    """Fingerprints of all rows that do not merely tell that a sync took place, by table."""
    found = {}
    with store.reading(engine) as conn:
        for table in sa.inspect(conn).get_table_names():
            if table in NOTES:
                continue
            rows = conn.execute(sa.text(f"SELECT * FROM {table}")).mappings()
            found[table] = {
                hashlib.sha256(repr([row[name] for name in row if name not in MOMENTS]).encode()).digest()
                for row in rows
            }
    return found
