"""A backfill against the tools' real limits, on a clock that only waiting moves: `python -m benchmarks.backfill`.

Prints for each tool: requests, simulated time, refusals by reason, and how much of what the limit allowed was used.
Where a sync stops at a wait that is too long to sit out, the next one comes after fifteen minutes, as on a server.
"""

import argparse
import math
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

import store
from benchmarks.sites import Kind
from benchmarks.syncing import configuration
from connectors.base import Context
from connectors.registry import connector
from simulator import GitHubSite, JiraSite, bulk, serve
from simulator.limits import CloudLimits, DataCenterLimits, GitHubLimits
from sync.engine import sync

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
BETWEEN = timedelta(minutes=15)


@dataclass
class Clock:
    """Moves by waiting: as far as the longest of the waits that are under way together."""

    at: datetime = START
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        with self.lock:
            until = self.at + timedelta(seconds=seconds)
        with self.lock:
            self.at = max(self.at, until)


@dataclass(frozen=True)
class Backfill:
    """What a backfill came to. `used`: requests (points) spent of those that the limit allowed in the time."""

    kind: str
    items: int
    requests: int
    syncs: int
    took: timedelta
    refused: dict[str, int]
    used: float

    def __str__(self) -> str:
        refusals = ", ".join(f"{reason} {count}" for reason, count in self.refused.items()) or "none"
        return (
            f"{self.kind}: {self.items:,} items, {self.requests:,} requests, {self.syncs} syncs in {self.took}; "
            f"refused: {refusals}; used {self.used:.0%} of what was allowed"
        )


@contextmanager
def limited(kind: Kind, scopes: int, issues: int, clock: Clock, scale: float) -> Generator[tuple[str, "Meter"]]:
    """Serves a site with its tool's limits, the hourly ones scaled; gives its URL and what tells of its use."""
    if kind == "github":
        site: GitHubSite | JiraSite = bulk.github(scopes, issues, kilobytes=0)
        site.limit, site.limits = round(5000 * scale), GitHubLimits()
    else:
        site = bulk.jira(kind, scopes, issues, kilobytes=0)
        bucket = DataCenterLimits(max(10, round(50 * scale)), max(2, round(10 * scale)))
        site.limits = CloudLimits(points=round(65_000 * scale)) if kind == "cloud" else bucket
    site.__dict__["_now"] = clock.now
    with serve(site) as running:
        yield running.url_of(site), Meter(site, clock)


@dataclass
class Meter:
    """How much of its limit a site's client has used."""

    site: GitHubSite | JiraSite
    clock: Clock

    @property
    def refused(self) -> dict[str, int]:
        assert self.site.limits is not None
        found = Counter(reason for _, reason in self.site.limits.refused)
        found.update("primary" for seen in self.site.requests if seen.status == 403)
        found["primary"] -= found["secondary"]
        return {reason: count for reason, count in found.items() if count}

    def used(self, took: timedelta, reserve: float) -> float:
        """The part of all that was allowed while the backfill lasted: by the hour without the reserve, up to the last
        full hour; where no hour was full, by the limit of speed.
        """
        limits, seconds = self.site.limits, took.total_seconds()
        answered = sum(seen.status not in (304, 403, 429) for seen in self.site.requests)
        if isinstance(limits, DataCenterLimits):
            return answered / (limits.capacity + limits.fill * seconds / limits.interval.total_seconds())
        assert isinstance(limits, CloudLimits | GitHubLimits)
        hourly = (limits.points if isinstance(limits, CloudLimits) else self.site.__dict__["limit"]) or math.inf
        *full, _ = (spent for _, spent in sorted(limits.spent.items()))
        if full:
            return sum(full) / (hourly * (1 - reserve) * len(full))
        if isinstance(limits, CloudLimits):
            return answered / (limits.burst * (seconds + 1))
        return answered / (limits.points * (seconds // 60 + 1))


def backfill(kind: Kind, scopes: int, issues: int, folder: Path, scale: float = 1.0, in_flight: int = 8) -> Backfill:
    """Reads a site from nothing until it is read."""
    clock = Clock()
    engine = store.connect(f"sqlite:///{folder / f'{kind}.db'}")
    store.migrate(engine)
    with limited(kind, scopes, issues, clock, scale) as (url, meter):
        config = configuration(kind, url)
        options = config.connections["tool"].model_copy(update={"in_flight": in_flight})
        syncs = 0
        while True:
            syncs += 1
            stop = threading.Event()
            context = Context(now=clock.now, stop=stop, sleep=clock.sleep)
            made = connector(options.kind)("tool", options, config.conventions, config.counting.measure, context)
            with closing(made):
                result = sync(engine, config, {"tool": made}, now=clock.now, stop=stop)
            if result.outcome == "ok":
                break
            if syncs > 100:
                raise RuntimeError(f"no end: {[one.error for one in result.scopes if one.error]}")
            clock.at += BETWEEN
        took = clock.at - START
        with store.reading(engine) as conn:
            items = conn.execute(sa.text("SELECT count(*) FROM work_item")).scalar_one()
        engine.dispose()
        return Backfill(
            kind, items, len(meter.site.requests), syncs, took, meter.refused, meter.used(took, options.reserve)
        )


def main() -> None:
    """All three tools."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=50_000)
    parser.add_argument("--scopes", type=int, default=10)
    parser.add_argument("--scale", type=float, default=1.0, help="part of the real hourly limits")
    parser.add_argument("--kinds", nargs="+", default=["github", "cloud", "datacenter"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind in asked.kinds:
            found = backfill(kind, asked.scopes, asked.issues // asked.scopes, Path(folder), asked.scale)
            sys.stdout.write(f"{found}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
