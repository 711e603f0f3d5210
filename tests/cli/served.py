"""`northing serve` in a process of its own, and what it logs."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

IMPATIENT = """
from datetime import timedelta
import cli.jobs
cli.jobs.SETTLE = timedelta(seconds=0.5)
import cli.upkeep
cli.upkeep.EACH_S = 0.2
from cli.main import run
run()
"""
"""The program, but that it looks at its files more often, and counts sooner."""


def patience(seconds: float) -> float:
    """So many seconds of a machine that has nothing else to do."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class Served:
    """A running service. `lines`: what it has logged so far."""

    def __init__(self, folder: Path, *args: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", IMPATIENT, "serve", "--log", "json", *args],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[dict[str, Any]] = []
        self.text: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._changed:
                self.text.append(line)
                if line.startswith("{"):
                    self.lines.append(json.loads(line))
                self._changed.notify_all()

    def wait_for(self, event: str, number: int = 1) -> dict[str, Any]:
        """Until something has been logged so many times; the last of these lines."""

        def there() -> list[dict[str, Any]]:
            return [line for line in self.lines if line["event"].startswith(event)]

        with self._changed:
            found = self._changed.wait_for(
                lambda: len(there()) >= number or self.process.poll() is not None, patience(60)
            )
            assert found, "".join(self.text)
            assert len(there()) >= number, "".join(self.text)
            return there()[number - 1]

    def tracebacks(self) -> list[str]:
        """What went wrong and was not told in words."""
        return [line for line in self.text if "Traceback" in line]

    def close(self) -> None:
        """Kills it, if it still runs."""
        self.process.kill()
        self.process.wait(60)
        self._reader.join(60)
        assert self.process.stderr is not None
        self.process.stderr.close()

    def end(self, number: int, within_s: float) -> int:
        """Sends a signal, and gives the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(patience(within_s))
        self._reader.join(10)
        return code


@contextmanager
def served(folder: Path, *args: str) -> Generator[Served]:
    """A service that is gone at the end of the block."""
    found = Served(folder, *args)
    try:
        yield found
    finally:
        found.close()
