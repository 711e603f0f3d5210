"""A sync as the command does it, for benchmarks: `python -m benchmarks.syncing KIND URL DATABASE`.

Run as a program it syncs once, from an empty database, in a process of its own, and prints one line of JSON: the
seconds that `sync.engine.sync` took (connector, store, linking, measuring, findings; not: starting Python, importing
libraries, creating the tables), the peak memory of the whole process in MB, and how many items are stored.
"""

import importlib
import json
import re
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

import store
from benchmarks.sites import EMAIL, TOKENS, Kind
from config import Config
from connectors.base import Connector, Context
from connectors.registry import connector, option_models
from sync.engine import SyncResult, sync

LATE = ("connectors.github.client", "connectors.github.control", "connectors.jira.control", "jira")
"""Imported on first use by a sync; their peer's libraries are imported before its clock starts, too."""
LABELS = ("backend", "frontend", "mobile", "search", "billing")


def configuration(kind: Kind, url: str) -> Config:
    """One connection, five key results that labels and releases link, and a trailer to look for in every body."""
    if kind == "github":
        options: dict[str, Any] = {
            "kind": "github",
            "url": url,
            "auth": {"token": TOKENS[kind]},
            "repositories": ["bulk/*"],
        }
    else:
        auth = {"token": TOKENS[kind]} | ({"email": EMAIL} if kind == "cloud" else {})
        options = {"kind": "jira", "url": url, "auth": auth, "projects": ["BULK*"]}
    release = {"milestone": "Release 5.0"} if kind == "github" else {"version": "5.0"}
    key_results = [{"key": f"GROW.{number}", "title": f"Grow {label}"} for number, label in enumerate(LABELS)]
    return Config.model_validate(
        {
            "version": 1,
            "connections": {"tool": option_models()[options["kind"]].model_validate(options)},
            "conventions": {"trailer": "Key-Result"},
            "cycles": [{"key": "2026-Q4", "start": "2026-10-01", "end": "2026-12-31"}],
            "objectives": [{"key": "GROW", "title": "Grow", "cycle": "2026-Q4", "key_results": key_results}],
            "mappings": [
                {"key_result": f"GROW.{number}", "work": {"label": label}} for number, label in enumerate(LABELS)
            ]
            + [{"key_result": "GROW.0", "work": release}],
        }
    )


@contextmanager
def connected(config: Config, stop: threading.Event) -> Generator[dict[str, Connector]]:
    """The connector of each connection, as the command makes them."""
    made = {}
    for name, options in config.connections.items():
        context = Context(_now, stop, time.sleep)
        kind = connector(options.kind)
        made[name] = kind(name, options, config.conventions, config.counting.measure, context)
    try:
        yield made
    finally:
        for one in made.values():
            one.close()


def sync_once(engine: sa.Engine, config: Config) -> SyncResult:
    """One sync with fresh connectors. Raises RuntimeError where it did not end well."""
    stop = threading.Event()
    with connected(config, stop) as connectors:
        result = sync(engine, config, connectors, now=_now, stop=stop)
    if result.outcome != "ok":
        raise RuntimeError(f"the sync ended {result.outcome}: {[one.error for one in result.scopes if one.error]}")
    return result


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """One sync from nothing."""
    kind, url, database = sys.argv[1:4]
    config = configuration(cast("Kind", kind), url)
    for name in LATE:
        importlib.import_module(name)
    engine = store.connect(database)
    store.migrate(engine)
    began, busy = time.perf_counter(), time.process_time()
    sync_once(engine, config)
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    # Not `ru_maxrss`: Linux counts the process that started this one into it.
    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    with store.reading(engine) as conn:
        items = conn.execute(sa.text("SELECT count(*) FROM work_item")).scalar_one()
    measured = {"seconds": seconds, "cpu": cpu, "megabytes": int(peak) / 1024, "items": items}
    sys.stdout.write(json.dumps(measured) + "\n")


if __name__ == "__main__":
    main()
