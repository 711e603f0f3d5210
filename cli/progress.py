"""Progress of a sync on a terminal: a bar for each scope, items per second, and waits with their reason."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.session import Session

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from sync.progress_report import Progress


@contextmanager
def shown_on(at: Session) -> "Generator[Progress]":
    """Shows progress on standard error, or nothing where that is no terminal or with --quiet."""
    if at.quiet or not at.err.is_terminal:
        from sync.progress_report import Silent

        yield Silent()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[waits]}", style="yellow", markup=False),
        console=at.err,
        transient=True,
    )
    with bars:
        yield _OnTerminal(bars)


class _OnTerminal:
    """Told of one sync; shows it."""

    def __init__(self, bars: "Bars") -> None:
        self._bars = bars
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._began: dict[tuple[str, str], float] = {}
        self._waits: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def scope_started(self, connection: str, scope: str, expected: int | None) -> None:
        """Adds a bar."""
        name = f"{connection}:{scope}"
        self._tasks[connection, scope] = self._bars.add_task(name, total=expected, rate="", waits="")
        self._began[connection, scope] = time.monotonic()

    def page(self, connection: str, scope: str, read: int, changed: int) -> None:
        """Moves the bar of a scope on."""
        task = self._tasks[connection, scope]
        self._bars.advance(task, read)
        seconds = time.monotonic() - self._began[connection, scope]
        done = next(one.completed for one in self._bars.tasks if one.id == task)
        self._bars.update(task, rate=f"{done / seconds:,.0f} items/s" if seconds > 0 else "", waits="")
        self._end_wait(connection)

    def waiting(self, connection: str, reason: str, seconds: float) -> None:
        """Says why nothing moves."""
        with self._lock:
            words = f"waits {seconds:.0f} s: {reason}"
            if connection not in self._waits:
                self._waits[connection] = self._bars.add_task(connection, total=None, rate="", waits=words)
            else:
                self._bars.update(self._waits[connection], waits=words, visible=True)

    def scope_finished(self, connection: str, scope: str, outcome: str) -> None:
        """Fills the bar of a scope that was read, and says how the others ended."""
        task = self._tasks[connection, scope]
        done = next(one.completed for one in self._bars.tasks if one.id == task)
        self._bars.update(task, total=max(done, 1), completed=max(done, 1) if outcome == "ok" else done)
        if outcome != "ok":
            self._bars.update(task, waits=outcome)
        self._end_wait(connection)

    def _end_wait(self, connection: str) -> None:
        with self._lock:
            if connection in self._waits:
                self._bars.update(self._waits[connection], visible=False)
