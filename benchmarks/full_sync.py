"""A full sync beside a bare loop. Each runs in a fresh process, in turns, against a site in another process."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, in_turns
from benchmarks.sites import NAMES, Kind, Size, site

ROUNDS = 3
TARGETS = {("github", 0.0): 1.5, ("github", 0.1): 1.25}
JIRA_TARGET = 1.5


def figures(kind: Kind, sizes: list[Size]) -> Iterator[Figure]:
    """At no latency and at 100 ms a request."""
    for latency in (0.0, 0.1):
        for size in sizes:
            ours, peer = _measured(kind, size, latency)
            where = f"{NAMES[kind]} {size}, {latency * 1000:.0f} ms"
            yield Figure(f"full sync, {where}", ours, peer, TARGETS.get((kind, latency), JIRA_TARGET))


def run(module: str, *words: str) -> dict[str, Any]:
    """What the program `benchmarks.MODULE` prints. Raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *words]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def _measured(kind: Kind, size: Size, latency: float) -> tuple[float, float]:
    with site(kind, size, latency=latency) as url, tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "database"

        def timed(module: str, *words: str) -> float:
            for file in Path(folder).iterdir():
                file.unlink()
            return run(module, kind, url, *words)["seconds"]

        return in_turns(
            ROUNDS,
            lambda: timed("syncing", f"sqlite:///{database}"),
            lambda: timed("bare_loop", str(database), str(size.scopes), str(size.issues)),
        )
