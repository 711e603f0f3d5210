"""No secret in any log line, table or answer of the service: all kinds of credentials, in a run in which much fails."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy.engine import make_url

import store
from simulator import GitHubSite, JiraSite, serve
from simulator.jira import Atlassian
from simulator.weather import Weather
from tests.connectors import signed

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90

SECRETS = {
    "PAT": "datacenter-pat-4711",
    "CLOUD": "cloud-token-4712",
    "GITHUB": "ghp_personal4713personal4713",
    "REVOKED": "revoked-token-4714",
    "CLIENT_SECRET": "client-secret-4715",
    "HOOK": "hook-secret-4716",
    "CHANNEL_PW": "channel-pw-4717",
    "VALUE": "value-token-4718",
    "DATABASE_PW": "database-pw-4719",
}
LITERAL = {"url token": "T0K3NinThePath4720", "query": "sql-password-4721"}
"""Written out in the files."""


@dataclass
class Lines:
    """What a process logs, line by line as it comes."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self.changed:
                    self.lines.append(line)
                    self.changed.notify_all()

    def stop(self) -> None:
        """Ends the process, and waits for its last line."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0
        self._thread.join()

    @property
    def text(self) -> str:
        with self.changed:
            return "".join(self.lines)

    def until(self, *words: str) -> None:
        """Waits until each of these stands in some line."""
        with self.changed:
            there = self.changed.wait_for(
                lambda: all(any(word in line for line in self.lines) for word in words), PATIENCE_S
            )
            missing = [word for word in words if not any(word in line for line in self.lines)]
        assert there, f"{missing} in none of:\n{self.text}"


class Echo(BaseHTTPRequestHandler):
    """Refuses all, and repeats what it was sent: address, headers, body."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = f"not you: {self.path} {self.headers} {body.decode()}".encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = answer  # noqa: N815 - names of the library

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@dataclass
class Run:
    """A service with everything that can be kept secret, and the tools that it reads."""

    folder: Path
    database: str
    atlassian: Atlassian
    hub: GitHubSite
    app: GitHubSite
    key: str

    def secrets(self) -> set[str]:
        """All that must be nowhere."""
        known = {*SECRETS.values(), *LITERAL.values(), *self.app.access.handed}
        known |= {token for consent in self.atlassian.consents for token in consent.refresh}
        known |= {f"access-{number}" for number in range(1, self.atlassian.rotations + 1)}
        known |= {line for line in self.key.splitlines() if len(line) > 20 and "-----" not in line}
        known.add(base64.b64encode(f"sync@acme.example:{SECRETS['CLOUD']}".encode()).decode())
        known.add(base64.b64encode(f"northing:{SECRETS['CHANNEL_PW']}".encode()).decode())
        return known

    def found_in(self, text: str) -> list[str]:
        return sorted(one for one in self.secrets() if one in text)

    def stored(self) -> str:
        """All tables of the database, and the files of SQLite as they are."""
        engine = store.connect(self.database)
        with engine.connect() as conn:
            names = sa.inspect(conn).get_table_names()
            rows = [str(row) for name in names for row in conn.execute(sa.text(f'SELECT * FROM "{name}"'))]
        engine.dispose()
        assert {"run_scope", "hint", "alert_channel", "credential"} <= set(names)
        files = [file.read_bytes().decode("latin-1") for file in self.folder.glob("northing.db*")]
        return "\n".join([*rows, *files])

    def start(self, style: str) -> Lines:
        environment = {**os.environ, **SECRETS, "REFRESH": self.atlassian.consents[0].refresh[0]}
        process = subprocess.Popen(
            [sys.executable, "-c", "from cli.main import run; run()", "serve", "--log", style, "--verbose"],
            cwd=self.folder,
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Lines(process)


@pytest.fixture
def prepare(tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    with ExitStack() as stack:
        yield lambda database: _prepare(tmp_path, database, stack)


def _prepare(folder: Path, database: str, stack: ExitStack) -> Run:
    def now() -> datetime:
        return datetime.now(UTC)

    jira, datacenter, plain = JiraSite("cloud", now=now), JiraSite("datacenter", now=now), JiraSite("cloud", now=now)
    datacenter.token, plain.token = SECRETS["PAT"], SECRETS["CLOUD"]
    for site in (jira, datacenter, plain):
        site.add_project("SHOP", "Shop")
        site.add_issue("SHOP", "Pay")
    atlassian = Atlassian(jira, client_secret=SECRETS["CLIENT_SECRET"])
    atlassian.consent()
    hub, app = GitHubSite(now=now), GitHubSite(now=now)
    for one in (hub, app):
        one.add_repository("acme/shop")
        one.add_issue("acme/shop", "Pay")
    hub.tokens[SECRETS["GITHUB"]] = "someone"
    hub.weather = Weather(7, {"500 page": 0.3, "cut": 0.2})
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    key = private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    app.add_app("77", 5, public.decode())
    (folder / "key.pem").write_text(key)
    running = stack.enter_context(serve(jira, atlassian, datacenter, plain, hub, app))
    echo = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Echo))
    threading.Thread(target=echo.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    stack.callback(echo.shutdown)
    gateway, port = running.url_of(atlassian), echo.server_port
    hook = 'webhook_secret: "${HOOK}"'
    (folder / "northing.yaml").write_text(f"""\
database: {database}
service: {{listen: "127.0.0.1:0"}}
schedule: {{sync: every 3 seconds}}
connections:
  oauth:
    kind: jira
    url: {running.url_of(jira)}
    auth:
      client_id: app
      client_secret: ${{CLIENT_SECRET}}
      refresh_token: ${{REFRESH}}
      token_url: {gateway}/oauth/token
      gateway: {gateway}
    projects: [SHOP]
    {hook}
  datacenter: {{kind: jira, url: "{running.url_of(datacenter)}", auth: {{token: "${{PAT}}"}}, projects: [SHOP]}}
  cloud:
    kind: jira
    url: {running.url_of(plain)}
    auth: {{email: sync@acme.example, token: "${{CLOUD}}"}}
    projects: [SHOP]
  hub: {{kind: github, url: "{running.url_of(hub)}", auth: {{token: "${{GITHUB}}"}}, repositories: [acme/shop], {hook}}}
  app:
    kind: github
    url: {running.url_of(app)}
    auth: {{app_id: 77, installation_id: 5, private_key: "${{file:key.pem}}"}}
    repositories: [acme/shop]
  revoked: {{kind: jira, url: "{running.url_of(datacenter)}", auth: {{token: "${{REVOKED}}"}}, projects: [SHOP]}}
teams: [{{key: shop, name: Shop}}]
cycles: [{{key: now, start: 2026-01-01, end: 2036-01-01}}]
objectives:
  - key: O
    title: An objective
    cycle: now
    team: shop
    key_results:
      - key: O.1
        title: A value out of reach
        metric: {{start: 0, target: 10}}
        value: {{http: "http://127.0.0.1:{port}/v", path: data, headers: {{Authorization: "Bearer ${{VALUE}}"}}}}
      - key: O.2
        title: A query out of reach
        metric: {{start: 0, target: 10}}
        value: {{sql: "postgresql://u:{LITERAL["query"]}@127.0.0.1:9/x", query: select 1}}
alerts:
  channels:
    refused: json://northing:${{CHANNEL_PW}}@127.0.0.1:{port}/hook/{LITERAL["url token"]}
  routes: [{{to: refused}}]
""")
    return Run(folder, database, atlassian, hub, app, key)


@pytest.mark.parametrize("style, kind", [("json", "sqlite"), ("console", "postgresql")])
def test_no_secret_is_in_any_log_line_table_or_answer(
    style: str, kind: str, prepare: Callable[[str], Run], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'northing.db'}"
    if kind == "postgresql":
        # The server of the tests trusts everybody, and asks for no password.
        url = make_url(request.getfixturevalue("postgres_url")).set(password=SECRETS["DATABASE_PW"])
        database = url.set(drivername="postgresql").render_as_string(hide_password=False)
    run = prepare(database)
    log = run.start(style)
    try:
        log.until("listening", "scope read", "counted", "revoked", "O.1", "O.2", "message")
        [address] = set(re.findall(r"http://127\.0\.0\.1:\d+", next(one for one in log.lines if "listening" in one)))
        run.atlassian.end_access()
        answers = [*deliver(address)]
        with (tmp_path / "northing.yaml").open("a") as file:
            file.write(f"nonsense: ${{HOOK}}\nthresholds: {{preset: {SECRETS['GITHUB']}}}\n")
        log.until("configuration cannot be applied")
        answers += [httpx.get(address + path).text for path in ("/readyz", "/healthz", "/metrics")]
        assert "nonsense" in answers[-3]
        wait_for(lambda: run.atlassian.rotations > 1)
        run.atlassian.consents[0].revoked = True
        run.atlassian.end_access()
        log.until("takes the refresh token no more")
    finally:
        log.stop()
    lines = [line for line in log.text.splitlines() if line]
    if style == "json":
        assert all({"timestamp", "level", "event"} <= set(json.loads(line)) for line in lines)
        assert all(json.loads(line)["timestamp"].endswith("Z") for line in lines)
    assert "***" in log.text
    assert run.app.access.handed
    assert run.found_in(log.text) == []
    assert run.found_in("\n".join(answers)) == []
    assert run.found_in(run.stored()) == []


def deliver(address: str) -> Iterator[str]:
    """Deliveries of all kinds: signed, forged, malformed. What was answered."""
    issue: Any = {
        "action": "edited",
        "issue": {"id": 1, "number": 1},
        "repository": {"id": 1, "full_name": "acme/shop"},
    }
    right = signed.signature(json.dumps(issue).encode(), SECRETS["HOOK"])
    for delivery in (
        signed.github("issues", issue, x_hub_signature_256=right),
        signed.github("issues", issue),
        signed.github("issues", b"{", x_hub_signature_256=signed.signature(b"{", SECRETS["HOOK"])),
    ):
        answer = httpx.post(f"{address}/hooks/github", content=delivery.body, headers=dict(delivery.headers))
        yield f"{answer.status_code} {answer.headers} {answer.text}"


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)
