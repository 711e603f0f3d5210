"""`northing serve`, in processes of its own."""

import ctypes
import json
import signal
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import store
from simulator import GitHubSite, JiraSite, Running, serve
from simulator.company import sites, write_config
from tests.cli.conftest import Company, Northing
from tests.cli.served import Served, patience, served
from tests.cli.test_sync import wait_for_requests


def rows(url: str, query: str) -> list[Any]:
    engine = store.connect(url)
    try:
        with store.reading(engine) as conn:
            return list(conn.execute(sa.text(query)).scalars())
    finally:
        engine.dispose()


def ready(one: Served) -> tuple[int, str]:
    """What `/readyz` answers: status and text."""
    address = one.wait_for("listening")["address"]
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def quick(company: Company, tmp_path: Path) -> Northing:
    """The company with a service that reads each few seconds and listens where it can."""
    northing = company.configured_in(tmp_path)
    northing.append("northing.yaml", '\nschedule: {sync: every 5 seconds}\nservice: {listen: "127.0.0.1:0"}\n')
    return northing


def test_it_reads_and_counts_again_and_again_follows_its_files_and_ends_on_sigterm(quick: Northing) -> None:
    with served(quick.folder) as one:
        one.wait_for("counted")
        one.wait_for("scope read", 8)
        assert ready(one)[0] == 200

        good = quick.config.read_text()
        quick.append("northing.yaml", "\nnonsense: true\n")
        refused = one.wait_for("configuration cannot be applied")
        assert [error.partition(": ")[2] for error in refused["errors"]] == [
            "nonsense: unknown key. 22 others are known."
        ]
        status, text = ready(one)
        assert (status, "nonsense: unknown key" in text) == (503, True)
        quick.config.write_text(good.replace("every 5 seconds", "every 6 seconds"))
        assert one.wait_for("configuration read again")["changes"] == ["changed: schedule.sync"]
        assert ready(one)[0] == 200

        assert one.end(signal.SIGTERM, within_s=5) == 0
        assert one.tracebacks() == []
    url = f"sqlite:///{quick.folder / 'northing.db'}"
    assert set(rows(url, "SELECT outcome FROM run WHERE finished_at IS NOT NULL")) <= {"ok", "interrupted"}


def test_a_second_process_stands_by_until_the_first_one_ends_however_that_is(northing: Northing) -> None:
    northing.append("northing.yaml", '\nschedule: {sync: every 1 day}\nservice: {listen: "127.0.0.1:0"}\n')
    with served(northing.folder) as first:
        first.wait_for("serving")
        with served(northing.folder) as second:
            second.wait_for("standing by")
            assert "Another process does the work" in ready(second)[1]
            first.process.kill()
            second.wait_for("serving")
            assert json.loads(ready(second)[1])["status"] == "ready"
            assert second.end(signal.SIGINT, within_s=5) == 0
        assert [line for line in second.lines if line["event"] == "scopes listed"] == [], "it was read a moment ago"


def slow_company(folder: Path, url: str, latency: float) -> tuple[JiraSite, GitHubSite, Running]:
    """The sample company's tools, so slow, and a configuration to read them."""
    jira, github = sites(datetime.now(UTC).date(), now=lambda: datetime.now(UTC))
    running = serve(jira, github, latency=latency)
    write_config(folder, running.url_of(jira), running.url_of(github), datetime.now(UTC).date())
    more = f'\ndatabase: "{url.replace("+psycopg", "")}"\nservice: {{listen: "127.0.0.1:0"}}\n'
    Northing(folder).append("northing.yaml", more)
    return jira, github, running


@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
def test_a_signal_in_the_middle_of_the_first_reading_ends_it_soon(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = request.getfixturevalue(kind)
    jira, github, running = slow_company(tmp_path, url, latency=0.1)
    with running:
        with served(tmp_path) as one:
            wait_for_requests(one.process, jira, github)
            one.wait_for("scope read")
            jira.latency = github.latency = 30.0
            assert one.end(signal.SIGTERM, within_s=5) == 0
            assert one.tracebacks() == []
        jira.latency = github.latency = 0.0
        assert Northing(tmp_path)("sync").code == 0, "what was read before is no hindrance"
    assert rows(url, "SELECT count(*) FROM work_item")[0] > 600


@pytest.mark.skipif(sys.platform != "linux", reason="signals of threads are asked for as Linux has them")
def test_a_signal_that_the_system_gives_to_another_thread_is_heeded(tmp_path: Path) -> None:
    (tmp_path / "northing.yaml").write_text('version: 1\nservice: {listen: "127.0.0.1:0"}\n')
    with served(tmp_path) as one:
        one.wait_for("serving")
        process = one.process.pid
        another = max(int(thread.name) for thread in Path(f"/proc/{process}/task").iterdir())
        assert another != process
        assert ctypes.CDLL(None, use_errno=True).tgkill(process, another, signal.SIGTERM) == 0
        assert one.process.wait(patience(10)) == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path, sqlite_url: str) -> None:
    with slow_company(tmp_path, sqlite_url, latency=30.0)[2], served(tmp_path) as one:
        one.wait_for("serving")
        one.process.send_signal(signal.SIGTERM)
        one.wait_for("stopping")
        assert one.end(signal.SIGTERM, within_s=1) == 130
