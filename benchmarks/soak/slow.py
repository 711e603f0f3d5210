"""How old the data of a quick tool gets in `northing serve` while another tool takes long for each answer."""

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

import store
from benchmarks.sites import TOKENS, Size, site
from benchmarks.syncing import LATE
from store.locks import until
from store.tables import Connection, Scope

INTERVAL_S = 10
SMALL = Size(2, 20)
PATIENCE_S = 120
PROGRAM = f"import {', '.join(LATE)}; from cli.main import run; run()"
TEXT = """
version: 1
database: "{database}"
service: {{listen: "127.0.0.1:0"}}
schedule: {{sync: every {interval} seconds}}
connections:
  quick: {{kind: github, url: "{quick}", auth: {{token: {token}}}, repositories: ["bulk/*"]}}
"""
SLOW = '  slow: {{kind: github, url: "{slow}", auth: {{token: {token}}}, repositories: ["bulk/*"]}}\n'


def quickest_data(database: str, latency_s: float | None, seconds: float) -> float:
    """The greatest age in seconds that any scope of a quick tool reached within so many, after it was read once.

    Beside it a tool of the same size takes `latency_s` for each answer; None: there is no other.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sites = {"quick": stack.enter_context(site("github", SMALL, kilobytes=1))}
        text = TEXT
        if latency_s is not None:
            sites["slow"] = stack.enter_context(site("github", SMALL, latency=latency_s, kilobytes=1))
            text += SLOW
        file = Path(folder) / "northing.yaml"
        named = database.replace("+psycopg", "")
        file.write_text(text.format(database=named, interval=INTERVAL_S, token=TOKENS["github"], **sites))
        engine = store.connect(database)
        stack.callback(engine.dispose)
        store.migrate(engine)
        log = stack.enter_context((Path(folder) / "log").open("wb"))
        command = [sys.executable, "-c", PROGRAM, "serve", "--config", str(file)]
        service = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            if not until(lambda: len(_read(engine)) == SMALL.scopes, PATIENCE_S):
                raise RuntimeError(f"nothing was read:\n{(Path(folder) / 'log').read_text()}")
            return _oldest(engine, seconds)
        finally:
            service.terminate()
            service.wait()


def _oldest(engine: sa.Engine, seconds: float) -> float:
    oldest, end = timedelta(), time.monotonic() + seconds
    while time.monotonic() < end:
        read = _read(engine)
        oldest = max(oldest, datetime.now(UTC) - min(read))
        time.sleep(0.2)
    return oldest.total_seconds()


def _read(engine: sa.Engine) -> list[datetime]:
    """When the scopes of the quick tool were read last."""
    table, tool = Scope.__table__, Connection.__table__
    query = sa.select(table.c.last_ok_at).join(tool, tool.c.id == table.c.connection_id)
    with store.reading(engine) as conn:
        return list(conn.execute(query.where(tool.c.name == "quick", table.c.last_ok_at.is_not(None))).scalars())
