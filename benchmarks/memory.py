"""Peak memory of a process that syncs, at one size and at ten times as much."""

import tempfile
from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.full_sync import run
from benchmarks.sites import NAMES, Kind, Size, site

LIMIT_MB = 200
GROWTH = 1.2


def figures(kind: Kind, size: Size) -> Iterator[Figure]:
    """Peaks of both sizes; the larger beside the smaller. Bodies are small here: the site has to hold all of them."""
    larger = Size(size.scopes, size.issues * 10)
    small, large = _peak(kind, size), _peak(kind, larger)
    yield Figure(f"peak memory, {NAMES[kind]} {size}", small, target=LIMIT_MB, unit="MB")
    yield Figure(f"peak memory, {NAMES[kind]} {larger}", large, target=LIMIT_MB, unit="MB")
    yield Figure(f"peak memory, {larger} beside {size}", large, small, GROWTH, unit="MB")


def _peak(kind: Kind, size: Size) -> float:
    with site(kind, size) as url, tempfile.TemporaryDirectory() as folder:
        return run("syncing", kind, url, f"sqlite:///{folder}/northing.db")["megabytes"]
