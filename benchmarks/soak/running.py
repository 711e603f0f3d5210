"""A service under soak: interval after interval, with all that happens around it."""

import math
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

import store
from benchmarks.soak.clock import A_DAY, INTERVAL, START, Clock, Jumps
from benchmarks.soak.outside import Outside
from benchmarks.soak.watching import Told, Watching
from benchmarks.soak.world import Order
from store.tables import SQLModel

if TYPE_CHECKING:
    from cli.service import Service
    from cli.upkeep import Upkeep

PEACE = 24
"""So many cycles at the end nothing fails, and nobody works."""
PATIENCE_S = 300
"""The longest that the jobs of one interval may take."""

log = structlog.get_logger("cli")


class Soak:
    """A running service, and those around it."""

    def __init__(self, service: "Service", upkeep: "Upkeep", jumps: Jumps, clock: Clock, outside: Outside) -> None:
        self.service = service
        self._upkeep = upkeep
        self._jumps = jumps
        self._clock = clock
        self._outside = outside
        self._provoked: list[str] = []
        self.watching = Watching()
        self.told = Told()
        self.posted = self.unposted = 0
        self.sizes: list[tuple[dict[str, int], float]] = []

    def run(self, cycles: int, until: float, idle: Callable[[float], bool]) -> None:
        """So many intervals of the schedule, or as many as there is time for; the last ones of them in peace."""
        last, cycle = cycles - 1, -1
        while cycle < last:
            cycle += 1
            if time.monotonic() > until:
                last = min(last, cycle + PEACE)
                until = math.inf
            goal = START + cycle * INTERVAL
            self._around(cycle, goal, peace=cycle > last - PEACE)
            if not cycle:
                self._first(idle)
            while self._jumps.ticked != goal:
                moment = self._jumps.next(goal) if cycle else goal
                self._clock.jump(moment)
                self._jumps.fire(moment)
                self._settle(idle)
            self.watching.look()
            if cycle % A_DAY == A_DAY // 2:
                with store.reading(self.service.engine) as conn:
                    self.told.note(conn)
                self.sizes.append((self.count_rows(), self.size()))
            if cycle % A_DAY == 0:
                note = self.watching
                sys.stderr.write(
                    f"day {cycle // A_DAY}: {note.kilobytes[-1] // 1024} MB, {note.files[-1]} files,"
                    f" {note.threads[-1]} threads, {sum(note.cpu_ms[-A_DAY:]) / len(note.cpu_ms[-A_DAY:]):.0f} ms CPU\n"
                )

    def sweep(self, idle: Callable[[float], bool]) -> None:
        """Compares everything once more, and has what comes of it told."""
        from store.known_scopes import known
        from sync.jobs.job import Job

        with store.reading(self.service.engine) as conn:
            scopes = known(conn)
        for connection, found in scopes.items():
            for scope in found:
                self._jumps.runner.submit(Job("sweep", connection, scope.external_id))
        self._settle(idle)
        self._jumps.runner.submit(Job("count"))
        self._settle(idle)
        # What happened in quiet hours is told when these are over.
        self._clock.jump(self._clock.at + timedelta(hours=10))
        self._jumps.runner.submit(Job("alerts"))
        self._settle(idle)

    def _settle(self, idle: Callable[[float], bool]) -> None:
        if not idle(PATIENCE_S):
            raise RuntimeError(f"the jobs of {self._clock.at} did not end")

    def _first(self, idle: Callable[[float], bool]) -> None:
        """The service begins: reads all, and shows what it would write back, without which it writes nothing."""
        from sync.write_back import write_back

        self._upkeep.turn()
        self._settle(idle)
        with self.service.lease() as leased:
            for name, connector in leased.connectors.items():
                write_back(
                    self.service.engine, leased.config, name, connector,
                    now=self._clock, stop=self.service.stop, dry_run=True,
                )  # fmt: skip

    def _around(self, cycle: int, goal: datetime, *, peace: bool) -> None:
        """What happens around the service until the next jump."""
        day, hour = divmod(cycle / 4, 24)
        at_work = 7 <= hour < 19 and (START + timedelta(days=day)).weekday() < 5
        order = Order(goal, edits=3 if at_work and not peace else 0)
        files = False
        if not peace:
            if 3 <= hour < 5:
                order.jira = order.github = "rain"
            if day % 3 == 1 and 10 <= hour < 12:
                order.jira = "outage"
            if day % 3 == 2 and 10 <= hour < 12:
                order.github = "no entry" if day % 2 else "outage"
            order.taking = not (day % 2 == 0 and 13 <= hour < 15)
            files = 17 <= hour < 17.5
        provoked: list[str] = [sky for sky in (order.jira, order.github) if sky != "fair"]
        provoked += ["channel"] * (not order.taking) + ["files"] * files
        # What was provoked shows for a while longer: it is tried again.
        log.info("around the service", provoked=[*provoked, *self._provoked])
        if not cycle % 4:
            self._provoked = provoked
        self._outside.configure(int(day * 4 + hour // 6), broken=files)
        if hour == 9:
            self._check_in(int(day))
        self._upkeep.turn()
        self._upkeep.turn()  # files are believed once they are the same twice
        done = self._outside.do(order)
        self.posted += done.posted
        self.unposted += done.refused

    def _check_in(self, day: int) -> None:
        from store import okrs
        from store.transactions import alone

        with alone(self.service.engine) as conn:
            okrs.add_check_in(conn, "SOAK.1", self._clock.at.date(), float(day), 0.5, f"day {day}", self._clock.at)

    def count_rows(self) -> dict[str, int]:
        """The rows of each table."""
        engine = self.service.engine
        with store.reading(engine) as conn:
            names = list(SQLModel.metadata.tables)
            if engine.dialect.name == "postgresql":
                names += [name for name in sa.inspect(conn).get_table_names() if name.startswith("procrastinate_")]
            return {name: conn.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one() for name in names}

    def size(self) -> float:
        """Of the database, in MB."""
        engine = self.service.engine
        if engine.dialect.name == "postgresql":
            with store.reading(engine) as conn:
                return conn.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one() / 1e6
        file = Path(engine.url.database or "")
        return sum(one.stat().st_size for one in file.parent.glob(file.name + "*") if one.is_file()) / 1e6
