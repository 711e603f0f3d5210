"""`northing serve` in a process of its own, and what it logs."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.test_sync import start


class Served:
    """A running service. `lines`: what it has logged so far."""

    def __init__(self, folder: Path, *args: str) -> None:
        self.process = start(folder, "serve", "--log", "json", *args)
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
            found = self._changed.wait_for(lambda: len(there()) >= number or self.process.poll() is not None, 60)
            assert found, "".join(self.text)
            assert len(there()) >= number, "".join(self.text)
            return there()[number - 1]

    def end(self, number: int, within_s: float) -> int:
        """Sends a signal, and gives the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(within_s)
        self._reader.join(10)
        return code


@contextmanager
def served(folder: Path, *args: str) -> Generator[Served]:
    """A service that is gone at the end of the block."""
    found = Served(folder, *args)
    try:
        yield found
    finally:
        found.process.kill()
        found.process.wait(30)
        for stream in (found.process.stdout, found.process.stderr):
            if stream is not None:
                found._reader.join(10)
                stream.close()
