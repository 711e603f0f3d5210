"""Killed at any moment, no alert is lost, and what comes twice says so under the number that it had."""

import os
import random
import subprocess
import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest

from store import tables
from tests.alerts.office import Office, configured
from tests.alerts.receiver import Receiver

ROOT = Path(__file__).resolve().parents[2]


def process(office: Office, receiver: Receiver) -> subprocess.Popen[str]:
    """A process that sends what waits as soon as it is told to, and is loaded already."""
    url = office.engine.url.render_as_string(hide_password=False)
    started = subprocess.Popen(
        [sys.executable, "tests/alerts/killed_sending.py", url, receiver.url, office.now.isoformat()],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def killed(office: Office, receiver: Receiver, moment: random.Random) -> None:
    """Findings open while a process sends; it is killed after some of its messages, at once or a little later."""
    running = process(office, receiver)
    assert running.stdin is not None
    before, after = len(receiver.got), moment.randint(0, 3)
    later_s = moment.choice([0.0, moment.uniform(0, 0.02), moment.uniform(0, 0.1)])
    running.stdin.write("\n")
    running.stdin.flush()
    came = False
    while not came:
        office.open(f"GROW.{moment.random()}")
        with receiver.arrived:
            came = receiver.arrived.wait_for(lambda: len(receiver.got) >= before + after, timeout=0.02)
    with suppress(subprocess.TimeoutExpired):
        running.wait(timeout=later_s)
        pytest.fail(f"It ended by itself: {running.communicate()[0]}")
    running.kill()
    running.communicate()
    office.open(f"GROW.{moment.random()}")
    office.pass_(minutes=2)


def kills(office: Office, receiver: Receiver, number: int) -> tuple[int, int]:
    """So many kills, and then one who sends in peace; how many messages came, and how many of them repeated one."""
    config = configured({"hook": receiver.url})
    office.open("GROW.first")
    office.send(config)
    moment = random.Random(number)
    for _kill in range(number):
        killed(office, receiver, moment)
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


def test_a_kill_loses_no_alert(office: Office, receiver: Receiver) -> None:
    kills(office, receiver, 1)


@pytest.mark.skipif("NORTHING_LONG" not in os.environ, reason="takes minutes: NORTHING_LONG=1 runs it")
def test_a_hundred_kills_at_any_moment_lose_no_alert(office: Office, receiver: Receiver) -> None:
    messages, repeated = kills(office, receiver, 100)
    sys.stderr.write(f"\n{messages} messages, {repeated} of them repeated\n")
    assert repeated > 10
