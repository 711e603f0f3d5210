"""What is watched while a service runs for a month: its process, what was to be told, and its log."""

import json
import os
import statistics
import threading
import time
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

EXPECTED = frozenset(
    {
        "scope read", "scope compared", "scopes not listed", "queries asked", "hint not worked off",
        "value not fetched", "write-back refused", "alert not sent", "digest not sent", "missed deliveries not fetched",
        "configuration cannot be applied, the one before stays in force",
    }
)  # fmt: skip
"""What is told as a warning or an error where somebody provokes it."""

LOCKED = "delivery cannot be kept now"
"""What SQLite's only writer answers to others; the tool is told to send it again."""


@dataclass
class Watching:
    """What is measured after each cycle, in arrays, so that it takes no memory to speak of."""

    kilobytes: "array[int]" = field(default_factory=lambda: array("l"))
    files: "array[int]" = field(default_factory=lambda: array("l"))
    threads: "array[int]" = field(default_factory=lambda: array("l"))
    cpu_ms: "array[int]" = field(default_factory=lambda: array("l"))
    _cpu: float = field(default_factory=time.process_time)

    def look(self) -> None:
        """After a cycle."""
        with Path("/proc/self/statm").open() as file:
            self.kilobytes.append(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024)
        self.files.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))
        self.threads.append(threading.active_count())
        before, self._cpu = self._cpu, time.process_time()
        self.cpu_ms.append(round((self._cpu - before) * 1000))

    def around(self, values: "array[int]", part: float) -> float:
        """The median of the twentieth of all values that ends at a part of the month."""
        until = max(1, round(len(values) * part))
        return statistics.median(values[max(0, until - max(1, len(values) // 20)) : until])


class Told:
    """Which changes were to be told. What retention removes is noted before."""

    def __init__(self) -> None:
        self.states: dict[tuple[int, str], str] = {}
        self.begun: dict[int, str] = {}
        self.changes: set[int] = set()

    def note(self, conn: sa.Connection) -> None:
        """All that stands in the database now."""
        for row in conn.exec_driver_sql("SELECT change_id, channel, state FROM delivery"):
            self.states[row[0], row[1]] = row[2]
        changes = "SELECT c.id, c.change, f.code FROM finding_change c JOIN finding f ON f.id = c.finding_id"
        for row in conn.exec_driver_sql(changes):
            self.changes.add(row[0])
            if row[1] == "opened":
                self.begun[row[0]] = row[2]


def read_log(file: Path) -> tuple[dict[str, int], list[str]]:
    """How often each expected warning or error was told, and all that nobody provoked."""
    found: Counter[str] = Counter()
    unexpected: list[str] = []
    provoked: list[str] = []
    with file.open() as lines:
        for line in lines:
            try:
                one: dict[str, Any] = json.loads(line)
            except ValueError:
                unexpected.append(line)
                continue
            if one["event"] == "around the service":
                provoked = one["provoked"]
            elif one["level"] not in ("info", "debug"):
                at_any_time = one["event"] == LOCKED
                if (at_any_time or (provoked and one["event"] in EXPECTED)) and "exception" not in one:
                    found[one["event"]] += 1
                else:
                    unexpected.append(line.strip())
    return dict(found), unexpected
