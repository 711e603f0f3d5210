"""Fetching what a tool told while nobody listened, where it can be asked for that."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from config import ConnectionOptions
from connectors.base import Context, Usage
from connectors.hooks import Recalls, hooks_of
from store import hints, meta
from store.looked import known_scopes

FURTHEST = timedelta(days=3)
OVERLAP = timedelta(hours=1)
"""How far before the last look deliveries are looked at again: some were still under way then."""


def fetch_missed(engine: sa.Engine, name: str, options: ConnectionOptions, context: Context) -> int:
    """Puts into the queue what deliveries to a connection say that did not arrive; how many there were.

    Looks back to the last time, which is kept. Raises SourceError; what was fetched before that stays.
    """
    hooks = hooks_of(options)
    if not isinstance(hooks, Recalls):
        return 0
    key, now = f"missed hints of {name}", context.now()
    with engine.begin() as conn:
        last = meta.read(conn, key)
        scopes = [scope for _, scope in known_scopes(conn, name).values()]
    since = now - FURTHEST
    if last is not None:
        since = max(since, datetime.fromisoformat(last) - OVERLAP)
    count = 0
    for hint in hooks.missed(context, scopes, since, Usage()):
        with engine.begin() as conn:
            count += hints.put(conn, name, hint, now)
    with engine.begin() as conn:
        meta.write(conn, {key: now.isoformat()})
    return count
