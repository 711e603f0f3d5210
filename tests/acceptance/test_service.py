"""The service as an operator runs it: a process of its own, minimal tools behind it, a channel that only listens.

Written from the design, by what is seen from outside: requests that arrive, pages that answer, rows of public views.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

import store
from tests.acceptance.servers import Jira, issue

PATIENCE_S = 120
PROGRAM = Path(sys.executable).with_name("northing")
T = TypeVar("T")


def eventually(what: Callable[[], T], why: str, process: "subprocess.Popen[Any] | None" = None) -> T:
    """The first value that counts as true."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := what():
            return found
        assert process is None or process.poll() is None, f"the process ended with {process.returncode} before: {why}"
        time.sleep(0.05)
    pytest.fail(f"not within {PATIENCE_S} s: {why}")


@dataclass
class Channel:
    """Whoever is told: keeps each message as the text of its JSON. With `broken` it refuses them."""

    messages: list[str] = field(default_factory=list)
    broken: bool = False
    url: str = ""

    def about(self, *words: str) -> bool:
        """Whether one message holds all these words."""
        return any(all(word.casefold() in one.casefold() for word in words) for one in self.messages)


@pytest.fixture
def channel() -> Generator[Channel]:
    found = Channel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if not found.broken:
                found.messages.append(json.dumps(json.loads(body), ensure_ascii=False))
            self.send_response(500 if found.broken else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        found.url = f"json://127.0.0.1:{server.server_port}/told"
        yield found
        server.shutdown()


@dataclass
class Service:
    """A folder with a configuration, and what runs on it."""

    folder: Path
    database: str
    queue: bool
    jira: Jira
    channel: Channel
    port: int

    def write(self, *mappings: str, more: str = "") -> None:
        """The configuration: two key results, and which work serves which."""
        (self.folder / "northing.yaml").write_text(
            f"""
version: 1
database: {self.database}
{"queue: procrastinate" if self.queue else ""}
service: {{listen: "127.0.0.1:{self.port}"}}
connections:
  jira: {{kind: jira, url: "{self.jira.url}", auth: {{token: right}}, projects: [SHOP]}}
schedule: {{sync: every 2 seconds}}
cycles: [{{key: now, start: 2026-10-01, end: 2030-12-31}}]
objectives:
  - key: GROW
    title: Grow
    cycle: now
    owner: Dana
    key_results:
      - {{key: GROW.1, title: Conversion, metric: {{start: 1, target: 3}}}}
      - {{key: GROW.2, title: Nothing behind it, metric: {{start: 1, target: 3}}}}
mappings: [{", ".join(mappings)}]
alerts:
  channels: {{hook: "{self.channel.url}"}}
  routes: [{{to: hook, severity: warning, codes: [COV101, SYN]}}]
{more}
"""
        )

    @contextmanager
    def running(self, *words: str) -> Generator["subprocess.Popen[bytes]"]:
        """A process of the program, ended at once on the way out where it still runs."""
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            command = [PROGRAM, "--config", self.folder / "northing.yaml", *words]
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env=dict(os.environ))
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def serving(self) -> Generator[list["subprocess.Popen[bytes]"]]:
        """All that an operator would start."""
        with ExitStack() as stack:
            names = ["serve", *(["worker"] if self.queue else [])]
            yield [stack.enter_context(self.running(name)) for name in names]

    def get(self, path: str) -> tuple[int, str]:
        """Status (0: nobody listens) and body."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What a query of the database gives; nothing as long as there is none."""
        engine = store.connect(self.database)
        try:
            with store.reading(engine) as conn:
                return [dict(row._mapping) for row in conn.execute(sa.text(query))]
        except DBAPIError:
            return []
        finally:
            engine.dispose()

    def runs(self) -> int:
        """Readings of the project that ended."""
        return self.rows("SELECT count(*) AS n FROM northing_sync_runs WHERE scope = 'SHOP' AND outcome = 'ok'")[0]["n"]


@pytest.fixture(params=["sqlite", "queue"])
def service(request: pytest.FixtureRequest, tmp_path: Path, channel: Channel) -> Generator[Service]:
    queue = request.param == "queue"
    database = request.getfixturevalue("postgres_url" if queue else "sqlite_url")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Jira([issue(1, type="Epic"), issue(2, "In Progress"), issue(3)]) as jira:
        yield Service(tmp_path, database, queue, jira, channel, port)


def only_long(service: Service) -> None:
    """With a queue this takes most of a minute; what is particular to it `tests/cli/test_worker.py` holds."""
    if service.queue and "NORTHING_LONG" not in os.environ:
        pytest.skip("takes a minute with a queue: NORTHING_LONG=1 runs it")


GROW_1 = '{key_result: GROW.1, work: {issue: "SHOP-2"}}'
GROW_2 = '{key_result: GROW.2, work: {issue: "SHOP-3"}}'


def test_it_tells_what_is_wrong_follows_its_files_survives_its_worst_day_and_ends_at_a_word(service: Service) -> None:
    service.write(GROW_1)
    with service.serving() as [serve, *others]:
        eventually(lambda: service.get("/readyz")[0] == 200, "the service is ready", serve)
        assert service.get("/healthz")[0] == 200
        eventually(lambda: service.channel.about("COV101", "GROW.2"), "the bare key result is told", serve)
        assert not service.channel.about("GROW.1 ", "COV101")

        # Work that is edited shows without anybody asking.
        service.jira.issues[1]["fields"]["summary"] = "Another title"
        service.jira.issues[1]["fields"]["updated"] = "2026-11-24T12:00:00.000+0000"
        title = "SELECT title FROM northing_work WHERE key = 'SHOP-2'"
        eventually(lambda: service.rows(title) == [{"title": "Another title"}], "an edit arrives", serve)

        # A file is saved, and what it ends is told.
        told = len(service.channel.messages)
        service.write(GROW_1, GROW_2)
        eventually(
            lambda: any("GROW.2" in one and "resolved" in one.casefold() for one in service.channel.messages[told:]),
            "the end of the finding is told",
            serve,
        )

        # A slip of the pen changes nothing, and is said.
        service.write(GROW_1, GROW_2, more="teems: []")
        eventually(lambda: service.get("/readyz")[0] == 503, "files that cannot be applied show", serve)
        assert "teems" in service.get("/readyz")[1]
        eventually(lambda: service.channel.about("SYN508"), "and are told", serve)
        service.write(GROW_1, GROW_2)
        eventually(lambda: service.get("/readyz")[0] == 200, "the files are right again", serve)

        # The token is revoked: what is known stays, and somebody is told.
        service.jira.token = "another"
        eventually(lambda: service.channel.about("SYN501", "jira"), "the revoked token is told", serve)
        assert len(service.rows("SELECT * FROM northing_work")) == 3
        service.jira.token = "right"
        gone = "SELECT * FROM northing_findings WHERE code = 'SYN501' AND resolved_at IS NULL"
        eventually(lambda: service.rows(gone) == [] and service.runs() > 0, "the connection works again", serve)

        metrics = service.get("/metrics")[1]
        assert 'connection="jira"' in metrics
        assert "right" not in metrics
        assert service.channel.url not in metrics

        for process in (serve, *others):
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=15) == 0
            assert time.monotonic() - began < 5

    # Started again, it reads on and repeats nothing that was told.
    told, runs = len(service.channel.messages), service.runs()
    with service.serving() as [serve, *_]:
        eventually(lambda: service.runs() >= runs + 3, "it reads on", serve)
        assert [one for one in service.channel.messages[told:] if "COV101" in one] == []


def test_alerts_wait_for_a_channel_that_is_away_and_for_a_process_that_is_killed(service: Service) -> None:
    only_long(service)
    service.channel.broken = True
    service.write(GROW_1)
    with service.serving() as [serve, *others]:
        refused = "SELECT summary FROM northing_findings WHERE code = 'SYN507' AND resolved_at IS NULL"
        eventually(lambda: service.rows(refused), "a channel that refuses is a finding", serve)
        assert service.channel.messages == []
        for process in (serve, *others):
            process.kill()
    service.channel.broken = False
    with service.serving() as [serve, *_]:
        eventually(lambda: service.channel.about("COV101", "GROW.2"), "what waited is told", serve)


def test_whoever_stands_beside_does_nothing_twice_and_takes_over(service: Service) -> None:
    only_long(service)
    service.write(GROW_1)
    other = Service(
        service.folder, service.database, service.queue, service.jira, service.channel, service.port
    )  # the same files: the port is taken by the first
    with service.serving() as [first, *_], other.running("serve") as second:
        eventually(lambda: service.channel.about("COV101", "GROW.2"), "the bare key result is told", first)
        runs = service.runs()
        eventually(lambda: service.runs() >= runs + 2, "it reads on", first)
        assert sum("COV101" in one and "GROW.2" in one for one in service.channel.messages) == 1
        assert second.poll() is None
        first.kill()
        first.wait()
        runs = service.runs()
        eventually(lambda: service.runs() >= runs + 2, "the second goes on in its place", second)
        eventually(lambda: service.get("/readyz")[0] == 200, "and listens", second)
