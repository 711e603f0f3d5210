"""Killed at any moment, no alert is lost, and what comes twice says so under the number that it had."""

import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from store import tables
from tests.alerts.office import Office, configured
from tests.alerts.receiver import Receiver

ROOT = Path(__file__).resolve().parents[2]


class Sending:
    """Starts processes that send, one after the other."""

    def __init__(self, parent: subprocess.Popen[str]) -> None:
        self._parent = parent

    def said(self) -> str:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline().strip()

    def start(self, now: datetime) -> int:
        """A process that sends; its id."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{now.isoformat()}\n")
        self._parent.stdin.flush()
        return int(self.said())

    def kill(self, process: int) -> None:
        os.kill(process, signal.SIGKILL)
        assert self.said() == "dead"


@contextmanager
def sending(office: Office, receiver: Receiver) -> Generator[Sending]:
    """What starts processes that send."""
    url = office.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "tests/alerts/killed_sending.py", url, receiver.url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        found = Sending(parent)
        assert found.said() == "ready"
        yield found
        assert parent.stdin is not None
        parent.stdin.close()


def killed(office: Office, receiver: Receiver, start: Sending, moment: random.Random) -> None:
    """Findings open while a process sends; it is killed after some of its messages, at once or a little later."""
    before, after = len(receiver.got), moment.randint(0, 3)
    later_s = moment.choice([0.0, moment.uniform(0, 0.02), moment.uniform(0, 0.1)])
    process = start.start(office.now)
    came = False
    while not came:
        office.open(f"GROW.{moment.random()}")
        with receiver.arrived:
            came = receiver.arrived.wait_for(lambda: len(receiver.got) >= before + after, timeout=0.1)
    with receiver.arrived:
        # Nothing is waited for but the moment.
        receiver.arrived.wait_for(lambda: False, timeout=later_s)
    start.kill(process)
    office.open(f"GROW.{moment.random()}")
    office.pass_(minutes=2)


def kills(office: Office, receiver: Receiver, number: int) -> tuple[int, int]:
    """So many kills, and then one who sends in peace; how many messages came, and how many of them repeated one."""
    config = configured({"hook": receiver.url})
    office.open("GROW.first")
    office.send(config)
    moment = random.Random(number)
    with sending(office, receiver) as start:
        for _kill in range(number):
            killed(office, receiver, start, moment)
    office.send(config)
    changes = {row[0] for row in office.rows(tables.FindingChange, "id")}
    assert set(receiver.changes()) == changes
    assert office.rows(tables.Delivery, "state") == [("sent",)] * len(changes)
    # What came twice came as the same message, with the same changes, and said so each time but the first.
    of: dict[str, list[tuple[bool, tuple[int, ...]]]] = defaultdict(list)
    for one in receiver.got:
        of[one["id"]].append((one["repetition"], tuple(change["id"] for change in one["alerts"])))
    for came in of.values():
        assert {content for _, content in came} == {came[0][1]}
        assert [repetition for repetition, _ in came[1:]] == [True] * (len(came) - 1)
    homes = [content for came in of.values() for content in came[0][1]]
    assert len(homes) == len(set(homes))
    return len(receiver.got), len(receiver.got) - len(of)


def test_a_few_kills_lose_no_alert(office: Office, receiver: Receiver) -> None:
    kills(office, receiver, 2)


@pytest.mark.skipif("NORTHING_LONG" not in os.environ, reason="takes minutes: NORTHING_LONG=1 runs it")
def test_a_hundred_kills_at_any_moment_lose_no_alert(office: Office, receiver: Receiver) -> None:
    messages, repeated = kills(office, receiver, 100)
    sys.stderr.write(f"\n{messages} messages, {repeated} of them repeated\n")
    assert repeated > 10
