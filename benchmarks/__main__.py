"""`python -m benchmarks [NAME …] [--small]`: how fast it is, and how much memory it takes, beside peers and limits."""

import argparse
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from benchmarks import alignment, backups, forecasting, full_sync, memory, scale_out, second_sync, status
from benchmarks.figures import Figure, show
from benchmarks.sites import Size
from benchmarks.soak.figures import figures as soak

Rows = dict[str, Callable[[], Iterator[Figure]]]


def rows(*, small: bool) -> Rows:
    """What there is to measure, by name. `small` shows in seconds that all of it works; its figures mean nothing."""
    part = 100 if small else 1
    repositories = Size(2 if small else 10, 2000 // part)
    projects, one = Size(2 if small else 5, 4000 // part), Size(1, 20_000 // part)
    read_again = Size(2, 500 // (5 if small else 1))
    organisation = (1_000_000 // part, 2000 // part, 5000 // part, 200 // part)
    return {
        "github": lambda: full_sync.figures("github", [repositories]),
        "cloud": lambda: full_sync.figures("cloud", [projects, one]),
        "datacenter": lambda: full_sync.figures("datacenter", [projects, one]),
        "second-github": lambda: second_sync.figures("github", read_again),
        "second-cloud": lambda: second_sync.figures("cloud", read_again),
        "second-datacenter": lambda: second_sync.figures("datacenter", read_again),
        "memory-github": lambda: memory.figures("github", repositories),
        "memory-cloud": lambda: memory.figures("cloud", projects),
        "align-sqlite": lambda: alignment.figures("sqlite", *organisation),
        "align-postgresql": lambda: alignment.figures("postgresql", *organisation),
        "backup-sqlite": lambda: backups.figures("sqlite", *organisation),
        "backup-postgresql": lambda: backups.figures("postgresql", *organisation),
        "forecast": lambda: forecasting.figures(2000 // part, 200 // (part // 10 or 1)),
        "scale-out": lambda: scale_out.figures(Size(8 if small else 200, 10)),
        "soak": lambda: soak(*((1, 3.0, 15.0) if small else (32, 30.0, 120.0))),
        "status": status.figures,
    }


def main() -> None:
    """Measure what is asked for, or everything, and print one table."""
    names = list(rows(small=True))
    # A month takes most of an hour: it is asked for by name.
    usual = [name for name in names if name != "soak"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(names)} (all but soak)")
    parser.add_argument("--small", action="store_true", help="small sizes, to see that everything works")
    args = parser.parse_args()
    if unknown := set(args.names) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is: {', '.join(names)}")
    chosen = rows(small=args.small)
    found = (figure for name in args.names or usual for figure in chosen[name]())
    show(found, f"Northing on {os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}")


if __name__ == "__main__":
    main()
