"""kill -9 at random moments of renewals, which follow each other without a pause: the consent outlives all of them.

`NORTHING_LONG=1` kills a hundred times on each database.
"""

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from simulator import JiraSite, serve
from simulator.jira import Atlassian

ROOT = Path(__file__).resolve().parents[3]
LONG = os.environ.get("NORTHING_LONG") == "1"
KILLS = 100 if LONG else 2


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["sqlite"])
def test_no_kill_loses_the_consent(request: pytest.FixtureRequest, kind: str) -> None:
    database = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[kind])
    site = JiraSite("cloud")
    site.add_project("SHOP", "Shop")
    atlassian = Atlassian(site)
    random_moment = random.Random(20261124)
    ended = threading.Event()

    def end_tokens() -> None:
        while not ended.wait(0.03):
            atlassian.end_access()

    with serve(site, atlassian) as running:
        command = [
            sys.executable, "-m", "tests.connectors.jira.oauth_process",
            database, running.url_of(site), running.url_of(atlassian), atlassian.consent(),
        ]  # fmt: skip

        def start() -> "subprocess.Popen[str]":
            env = {**os.environ, "PYTHONPATH": str(ROOT)}
            return subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )

        for _ in range(KILLS):
            process = start()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("for ever\n")
            process.stdin.flush()
            assert process.stdout.readline() == "read\n"  # what the last kill left behind was good enough
            ender = threading.Thread(target=end_tokens)
            ender.start()
            time.sleep(random_moment.uniform(0.0, 0.3))
            process.kill()
            process.communicate()
            ended.set()
            ender.join()
            ended.clear()
        last = start()
        assert last.communicate("go\n")[0] == "8 readings went well\n"
    [consent] = atlassian.consents
    assert not consent.revoked
    assert atlassian.rotations > KILLS
