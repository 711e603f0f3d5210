"""The simulator as a process of its own, and the large sites that it makes for benchmarks."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from simulator import JiraSite, bulk, serve
from simulator.jira.state import selected

HOST = "http://127.0.0.1:40000"
ROOT = Path(__file__).resolve().parents[2]


def test_it_prints_its_urls_when_ready_and_ends_on_a_signal() -> None:
    command = [
        sys.executable,
        "-m",
        "simulator",
        "--demo",
        "--bulk-github",
        "2x30",
        "--bulk-jira",
        "datacenter",
        "1x20",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())
        try:
            assert list(urls) == ["jira", "github", "bulk_github", "bulk_jira"]
            headers = {"Authorization": "Bearer github-token"}
            repositories = httpx.get(f"{urls['github']}/orgs/merlo/repos", headers=headers).json()
            assert len(repositories) == 4
            issues = httpx.get(
                f"{urls['bulk_github']}/repos/bulk/repo-2/issues?state=all&per_page=100", headers=headers
            )
            assert len(issues.json()) == 30
            asked = f"{urls['bulk_jira']}/rest/api/2/search?jql=project=BULKA"
            assert httpx.get(asked, headers={"Authorization": "Bearer jira-token"}).json()["total"] == 20
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_without_anything_to_serve_it_says_so() -> None:
    done = subprocess.run([sys.executable, "-m", "simulator"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nothing to serve" in done.stderr


def test_latency_is_added_to_every_answer() -> None:
    site = JiraSite()
    with serve(site, latency=0.2) as running:
        started = time.monotonic()
        httpx.get(f"{running.url_of(site)}/rest/api/3/serverInfo")
        assert time.monotonic() - started >= 0.2


def test_bulk_sites_are_the_same_for_the_same_seed() -> None:
    first, second, other = (bulk.github(1, 40, seed=seed) for seed in (7, 7, 8))
    rows = [
        [issue.raw for issue in next(iter(site.repositories.values())).issues.values()]
        for site in (first, second, other)
    ]
    stripped = [[{**row, "milestone": bool(row["milestone"])} for row in one] for one in rows]
    assert stripped[0] == stripped[1]
    assert stripped[0] != stripped[2]


def test_bulk_issues_have_about_the_size_asked_for() -> None:
    jira = bulk.jira("cloud", 2, 50, kilobytes=10)
    sizes = [len(issue.rendered("test", lambda one: selected(one, (), "3"))) for issue in jira.issues.values()]
    assert len(sizes) == 100
    assert 8_500 < sum(sizes) / len(sizes) < 12_000
    github = bulk.github(1, 50, kilobytes=5)
    issues = next(iter(github.repositories.values())).issues.values()
    assert 4_600 < sum(len(issue.rendered("2022-11-28", HOST, HOST)) for issue in issues) / 50 < 5_600


@pytest.mark.parametrize("text, expected", [("10x2000", (10, 2000)), ("1X5", (1, 5))])
def test_a_size_is_scopes_by_issues(text: str, expected: tuple[int, int]) -> None:
    assert bulk.size(text) == expected
