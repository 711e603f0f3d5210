"""What only a terminal sees: colours, moving bars, a demo that serves until Ctrl-C."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Northing

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, screen: int, process: "subprocess.Popen[bytes]") -> None:
        self.screen = screen
        self.process = process
        self.shown = ""

    def read(self, until: str | None = None) -> str:
        """All that was shown when the program ended, or as soon as `until` is among it."""
        while until is None or until not in self.shown:
            ready, _, _ = select.select([self.screen], [], [], PATIENCE_S)
            assert ready, f"nothing for {PATIENCE_S} s after: {self.shown[-300:]}"
            try:
                more = os.read(self.screen, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not more:
                break
            self.shown += more.decode(errors="replace")
        return self.shown


@contextmanager
def terminal(*args: str, **variables: str) -> Generator[Terminal]:
    screen, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from cli.main import run; run()", *args],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "150", "TERM": "xterm-256color", **variables},
        stdin=end,
        stdout=end,
        stderr=end,
    )
    os.close(end)
    try:
        yield Terminal(screen, process)
    finally:
        process.kill()
        process.wait()
        os.close(screen)


@pytest.fixture(autouse=True)
def colours_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_sync_shows_a_bar_for_each_scope(fresh: Northing) -> None:
    with terminal("--config", str(fresh.config), "sync") as one:
        shown = one.read()
        assert one.process.wait(PATIENCE_S) == 0
    assert "jira:SHOP" in shown
    assert "items/s" in shown


def test_colours_are_off_with_no_color(synced: Northing) -> None:
    with terminal("--config", str(synced.config), "status") as one:
        assert "\x1b[32m" in one.read()
    with terminal("--config", str(synced.config), "status", NO_COLOR="1") as one:
        assert "\x1b[3" not in one.read()


def test_the_demo_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    with terminal("demo", "--data", str(tmp_path)) as one:
        one.read(until="until Ctrl-C.")
        # The tools answer as long as it runs.
        url = re.findall(r"url: (http://127\S+)", (tmp_path / "northing.yaml").read_text())[0]
        with urllib.request.urlopen(f"{url}/rest/api/2/serverInfo", timeout=PATIENCE_S) as answer:
            assert answer.status == 200
        # So does the only place that its alerts go to: this terminal.
        assert Northing(tmp_path)("alerts", "test", "leads").code == 0
        assert "This is a test of the channel leads" in one.read(until="nothing needs doing.")
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(PATIENCE_S) == 0
