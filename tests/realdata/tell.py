"""Syncing a recorded site through the real connectors, chapter by chapter."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import store
from config import Config, load
from connectors.base import Context
from connectors.registry import connector, option_models
from sync.engine import SyncResult, sync
from tests.realdata.facts import Raw

START = datetime(2026, 11, 24, 12, tzinfo=UTC)

LISTS = {"versions", "labels", "key_results"}
TOLD_OF_EVERY_SYNC = {"run", "run_scope", "scope_total", "stream_state"}
"""Tables that a sync with nothing new writes to."""
TIMES_OF_SYNCS = {"last_ok_at", "last_seen_at"}
"""Columns that say when something was last seen to be so."""


class Clock:
    """The time of program and site, which stands still until it is moved."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> None:
        self.time += by


class Northing:
    """The program with one configuration and one database."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config, self.clock = config, clock
        self.engine = store.connect(config.database)
        store.migrate(self.engine)
        context = Context(clock, threading.Event(), lambda seconds: None)
        self.connectors = {
            name: connector(one.kind)(name, one, config.conventions, config.counting.measure, context)
            for name, one in config.connections.items()
        }

    def sync(self) -> SyncResult:
        return sync(self.engine, self.config, self.connectors, now=self.clock, stop=threading.Event())

    def close(self) -> None:
        for one in self.connectors.values():
            one.close()
        self.engine.dispose()


@contextmanager
def northing(folder: Path, configuration: Raw, clock: Clock) -> Generator[Northing]:
    """The program, with the configuration written to `folder` and read from there."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "northing.yaml"
    file.write_text(json.dumps(configuration, ensure_ascii=False))  # JSON is YAML
    token = f"{configuration['connections']['tool']['kind']}-token"
    found = Northing(load(file, env={"TOKEN": token}, kinds=option_models()).config, clock)
    try:
        yield found
    finally:
        found.close()


def rows(engine: sa.Engine, query: str) -> list[Raw]:
    """Rows of views, with instants and lists as SQLite gives them, lists being tuples, on either database."""
    with engine.connect() as conn:
        found = conn.execute(sa.text(query)).mappings().all()
    return [{name: _plain(name, value) for name, value in row.items()} for row in found]


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if name in LISTS:
        return tuple(json.loads(value) if isinstance(value, str) else value)
    return str(value) if isinstance(value, date) else value


def kept(engine: sa.Engine) -> dict[str, list[str]]:
    """All rows of all tables, save what only tells that a sync took place."""
    found = {}
    with engine.connect() as conn:
        for table in set(sa.inspect(conn).get_table_names()) - TOLD_OF_EVERY_SYNC:
            rows = conn.execute(sa.text(f'SELECT * FROM "{table}"'))
            places = [place for place, name in enumerate(rows.keys()) if name not in TIMES_OF_SYNCS]
            found[table] = sorted(repr([row[place] for place in places]) for row in rows)
    return found
