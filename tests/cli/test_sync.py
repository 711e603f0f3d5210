"""`northing sync`."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator import GitHubSite, JiraSite, serve
from simulator.company import sites, write_config
from tests.cli.conftest import Company, Northing

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "never-to-be-printed-0123456789"


def test_a_sync_ends_in_a_table_and_the_news(fresh: Northing) -> None:
    result = fresh("sync")
    assert result.code == 0
    for scope in ("github:merlo/storefront", "jira:SHOP", "jira:PLAT"):
        [line] = [line for line in result.out.splitlines() if line.strip().startswith(scope)]
        assert line.split()[1] == "ok"
    assert "+ REACH.1: COV101 critical no_mapping" in result.out
    assert "0 resolved" in result.out
    assert "\x1b" not in result.out + result.err


def test_a_second_sync_reads_little_and_says_so_as_json(northing: Northing) -> None:
    found = northing("sync", "--json").data
    assert (found["outcome"], found["findings"]["opened"], found["news"]) == ("ok", 0, [])
    assert sum(one["changed"] for one in found["scopes"]) == 0
    assert {"connection", "scope", "outcome", "read", "changed", "set_aside", "requests", "seconds", "error"} <= set(
        found["scopes"][0]
    )


def test_only_reads_one_scope(northing: Northing) -> None:
    found = northing("sync", "--only", "jira:shop", "--full", "--json").data
    assert [one["scope"] for one in found["scopes"] if one["scope"]] == ["SHOP"]


def test_a_dry_run_shows_what_would_change_and_keeps_nothing(northing: Northing) -> None:
    before = northing("status", "--json").out
    northing.append("okrs/4-reach.yaml", "mappings:\n  - {key_result: REACH.1, work: {project: SHOP}}\n")
    told = northing("sync", "--dry-run", "--json").data
    assert told["findings"]["resolved"] > 0
    [reach] = [one for one in told["changes"] if one["key_result"] == "REACH.1"]
    assert (reach["change"], reach["work_total_before"]) == ("changed", 0)
    assert reach["work_total_after"] > 0
    words = northing("sync", "--dry-run")
    assert "18 key results would stay as they are." in words.out
    assert "A dry run: nothing was kept." in words.err
    assert northing("status", "--json").out == before


@pytest.mark.parametrize("only", ["nope", "jira:NOPE"])
def test_only_what_is_there_can_be_read(northing: Northing, only: str) -> None:
    result = northing("sync", "--only", only)
    assert (result.code, result.out) == (2, "")
    assert "error: " in result.err


def test_a_drop_is_held_back_and_somebody_accepts_it(tmp_path: Path) -> None:
    jira, github = sites(datetime.now(UTC).date(), now=lambda: datetime.now(UTC))
    with serve(jira, github) as running:
        write_config(tmp_path, running.url_of(jira), running.url_of(github), datetime.now(UTC).date())
        northing = Northing(tmp_path)
        northing("sync", "--quiet")
        shop = [key for key in jira.keys() if key.startswith("SHOP-")]  # noqa: SIM118 - a method of its own
        for key in shop:
            jira.hide(key)
        held = northing("sync", "--full")
        both = northing("sync", "--only", "jira:SHOP", "--accept-drop", "shop")
        accepted = northing("sync", "--accept-drop", "shop", "--json")

    [line] = [line for line in held.out.splitlines() if line.strip().startswith("jira:SHOP")]
    assert f"{len(shop)} held back" in line
    assert "+ SHOP: SYN506 critical" in held.out
    assert both.code == 2
    [scope] = [one for one in accepted.data["scopes"] if one["scope"]]  # beside what was asked by query
    assert (scope["scope"], scope["gone"], scope["held_back"]) == ("SHOP", len(shop), None)
    assert ("resolved", "SYN506") in {(row["change"], row["code"]) for row in accepted.data["news"]}


def test_an_ended_finding_is_told(northing: Northing) -> None:
    title = "title: 25 retailers with"
    northing.edit("okrs/4-reach.yaml", title, f"delivery: {{none: Sales only}}\n        {title}")
    result = northing("sync")
    assert "− REACH.1: COV101 critical no_mapping" in result.out


def test_a_refused_token_fails_one_connection_and_never_shows(fresh: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORTHING_DEMO_JIRA_TOKEN", TOKEN)
    calls = [fresh("sync"), fresh("sync", "--json"), fresh("doctor"), fresh("config", "show"), fresh("status")]
    sync = calls[0]

    assert [one.code for one in calls] == [3, 3, 3, 0, 0]
    assert "the credentials are not accepted" in sync.err
    assert calls[1].data["outcome"] == "partial"
    assert all(TOKEN not in one.out + one.err for one in calls)
    assert not any(TOKEN.encode() in file.read_bytes() for file in fresh.folder.rglob("northing.db*") if file.is_file())
    # The numbers behind the failing connection are not shown as well.
    assert "jira" in fresh("check", "--select", "SYN501").out


def test_a_tool_that_is_not_there_is_a_failure_and_no_traceback(
    fresh: Northing, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("cli.wiring.pause", lambda _, seconds: waits.append(seconds))
    for site in (company.jira, company.github):
        fresh.edit("northing.yaml", company.running.url_of(site), "http://127.0.0.1:9")
    result = fresh("doctor", "--json")
    failed = {row["connection"] for row in result.data if not row["ok"]}

    assert result.code == 3
    assert failed == {"jira", "github"}
    assert sum(waits) > 1
    assert result.err.count(" waits ") == len(waits)
    assert "Traceback" not in result.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_sync_ends_cleanly_and_the_next_goes_on(tmp_path: Path, number: int) -> None:
    jira, github = sites(datetime.now(UTC).date(), now=lambda: datetime.now(UTC))
    with serve(jira, github, latency=0.3) as running:
        write_config(tmp_path, running.url_of(jira), running.url_of(github), datetime.now(UTC).date())
        process = start(tmp_path, "sync")
        wait_for_requests(process, jira, github)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, "Traceback" in err) == (130, False), out + err
        assert "goes on there" in err
        jira.latency = github.latency = 0.0
        assert Northing(tmp_path)("sync").code == 0


def start(folder: Path, *args: str) -> subprocess.Popen[str]:
    """The program in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from cli.main import run; run()", *args],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_requests(process: subprocess.Popen[str], jira: JiraSite, github: GitHubSite) -> None:
    """Until the program has begun to read issues."""
    while not any("search" in seen.path or "issues" in seen.path for seen in [*jira.requests, *github.requests]):
        assert process.poll() is None
        # The process is waited for, not the clock: this only keeps the loop from spinning.
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
