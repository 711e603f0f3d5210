"""Simulated sites for benchmarks, in a process of their own: what they cost is not part of what is measured."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

Kind = Literal["github", "cloud", "datacenter"]
NAMES = {"github": "GitHub", "cloud": "Jira Cloud", "datacenter": "Jira Data Center"}
EMAIL, TOKENS = "sync@acme.example", {"github": "github-token", "cloud": "jira-token", "datacenter": "jira-token"}
"""Credentials of the simulated sites."""
KILOBYTES = {"github": 5, "cloud": 10, "datacenter": 10}


@dataclass(frozen=True)
class Size:
    """So many scopes (repositories, projects) of so many issues each."""

    scopes: int
    issues: int

    def __str__(self) -> str:
        return f"{self.scopes} × {self.issues:,}"


@contextmanager
def site(kind: Kind, size: Size, *, latency: float = 0, kilobytes: float | None = None) -> Generator[str]:
    """Serves a site of that size; gives its URL. `latency` in seconds is added to every answer."""
    measure = f"{size.scopes}x{size.issues}"
    what = ["--bulk-github", measure] if kind == "github" else ["--bulk-jira", kind, measure]
    more = ["--kb", str(kilobytes or KILOBYTES[kind]), "--latency", str(latency)]
    command = [sys.executable, "-m", "simulator", *what, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            [url] = json.loads(server.stdout.readline()).values()
            yield url
        finally:
            server.terminate()
