"""What is around a service under soak, as the service's process sees it: a process to give orders to, and files."""

import json
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import msgspec

from benchmarks.sites import TOKENS
from benchmarks.soak.world import SECRET, Done, Order

SECRETS = {"github-token": TOKENS["github"], "jira-token": TOKENS["cloud"], "webhook-secret": SECRET}
TEXT = """
version: 1
database: "{database}"
{queue}
timezone: Europe/Zurich
connections:
  jira:
    kind: jira
    url: "{jira}"
    auth: {{email: sync@acme.example, token: "${{file:jira-token}}"}}
    projects: [SHOP, PLAT]
    webhook_secret: "${{file:webhook-secret}}"
    write_back: [SHOP]
  github:
    kind: github
    url: "{github}"
    auth: {{token: "${{file:github-token}}"}}
    repositories: [acme/shop]
    webhook_secret: "${{file:webhook-secret}}"
    in_flight: {in_flight}
service: {{listen: "127.0.0.1:{port}"}}
retention: {{changes: 7 days, runs: 4 days, snapshots: 7 days, findings: 5 days}}
write_back: {{jira: property}}
alerts:
  channels: {{desk: "{channel}"}}
  routes: [{{to: desk}}]
  digests: [{{to: desk}}, {{to: desk, team: platform, at: "daily at 08:00"}}]
  quiet: {{from: "22:00", to: "06:00"}}
conventions: {{label: "kr:{{key}}", trailer: Key-Result}}
intentional: [{{reason: Keep the lights on, work: {{label: maintenance}}}}]
teams:
  - {{key: product, name: Product}}
  - {{key: shop, name: Shop, parent: product, owns: [{{project: SHOP}}, {{repository: acme/shop}}]}}
  - {{key: platform, name: Platform, parent: product, owns: [{{project: PLAT}}]}}
cycles: [{{key: 2026-Q4, start: 2026-10-01, end: 2026-12-31}}]
objectives:
  - key: GROW
    title: Grow
    cycle: 2026-Q4
    team: shop
    key_results:
      - {{key: GROW.1, title: Sell more, metric: {{start: 0, target: 100}}}}
      - {{key: GROW.2, title: Release four, value: {{from: delivery}}}}
  - key: SOAK
    title: Last a month ({edition})
    cycle: 2026-Q4
    team: platform
    key_results:
      - {{key: SOAK.1, title: Checked in each day, metric: {{start: 0, target: 100}}}}
      - {{key: SOAK.2, title: Fetched, metric: {{start: 0, target: 1000}}, value: {{csv: values.csv, column: value}}}}
mappings:
  - {{key_result: GROW.2, work: {{version: "4.0"}}}}
  - {{key_result: GROW.2, work: {{milestone: Release 4}}}}
  - {{key_result: GROW.1, work: {{connection: jira, jql: "project = SHOP AND labels = backend"}}}}
"""


class Outside:
    """The process of the tools, their people and the channel, and the files of the service's configuration."""

    def __init__(self, folder: Path, database: str, start: datetime, *, queue: bool) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "benchmarks.soak.world", str(port), start.isoformat()]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.config = folder / "northing.yaml"
        self._values = folder / "values.csv"
        self._values.write_text("value\n0\n")
        for name, secret in SECRETS.items():
            (folder / name).write_text(secret)
        self._queue = "queue: procrastinate" if queue else ""
        self._database, self._port = database.replace("+psycopg", ""), port
        self._where = json.loads(self._answer())
        self._written = ""
        self.configure(0, broken=False)

    def do(self, order: Order) -> Done:
        """Has an order carried out."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(order).decode() + "\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._answer(), type=Done)

    def configure(self, edition: int, *, broken: bool) -> None:
        """Writes the files as they are in their so-manyth edition, with an error in them or without."""
        text = TEXT.format(
            database=self._database,
            queue=self._queue,
            port=self._port,
            edition=edition,
            in_flight=7 + edition // 4 % 2,
            **self._where,
        )
        text += "nonsense: true\n" if broken else ""
        if text != self._written:
            self.config.write_text(text)
            self._values.write_text(f"value\n{edition}\n")
            self._written = text

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the soak's surroundings ended")
        return line
