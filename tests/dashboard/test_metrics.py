"""`/metrics`: what it tells of a database with something in it, and that the documents name all of it."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from prometheus_client.parser import text_string_to_metric_families

import store
from config import Config
from connectors.budget import Left, Limits
from dashboard.measures import measures
from store import runs, tables, totals
from sync.jobs.pool import Standing
from tests.dashboard.served import NOW, Served, served

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/reference/metrics.md").read_text()
HOW_TO = (ROOT / "docs/how-to/monitor.md").read_text()

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Counted:
    """What a reading came to."""

    read, changed, set_aside, requests, not_modified, waited_s = 10, 3, 1, 4, 2, 1.5


def samples(one: Served) -> Samples:
    answer = one.get("/metrics")
    assert answer.status_code == 200
    found = text_string_to_metric_families(answer.text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in found for s in family.samples}


def row(conn: sa.Connection, table: Any, **values: Any) -> None:
    conn.execute(sa.insert(table.__table__).values(**values))


def fill(conn: sa.Connection) -> None:
    """A connection that works, with a scope in each state; one that fails; and one that is no longer configured."""
    row(conn, tables.Connection, id=1, name="jira", kind="jira", archived=False, credentials_end_at=NOW)
    row(conn, tables.Connection, id=2, name="broken", kind="github", archived=False, error="401")
    row(conn, tables.Connection, id=3, name="gone", kind="github", archived=True)
    common = {"name": "x", "kind": "project", "url": "u", "archived": False, "visible": True}
    read = {"last_ok_at": NOW - timedelta(minutes=10)}
    for number, key, connection, more in (
        (1, "SHOP", 1, read),
        (2, "NEW", 1, {}),
        (3, "LOST", 1, {**read, "visible": False}),
        (4, "HELD", 1, {**read, "held_back": 30}),
        (5, "acme/x", 2, read),
        (6, "acme/y", 3, read),
    ):
        external = {"external_id": str(number), "key": key, "key_folded": key, "connection_id": connection}
        row(conn, tables.Scope, id=number, **{**common, **external, **more})
    for number, (outcome, scope) in enumerate((("ok", 1), ("ok", 1), ("failed", 1), ("ok", None)), start=1):
        run = runs.start_run(conn, NOW - timedelta(seconds=number))
        began = NOW - timedelta(seconds=number)
        id_ = runs.start_scope(conn, run, 1, scope, began)
        runs.finish_scope(conn, id_, outcome, Counted(), None, NOW)
    row(conn, tables.Quarantine, scope_id=1, external_id="7", reason="bad", excerpt="", whole=True, **seen())
    for number, resolved in enumerate((None, None, NOW), start=1):
        named = {"code": "COV101", "severity": "warning", "subject_kind": "key_result", "subject": f"K{number}"}
        row(conn, tables.Finding, **finding(), **named, resolved_at=resolved)
    row(conn, tables.AlertChannel, name="ops", greeted=True, seen_at=NOW, attempts=1, refused=True, failing_since=NOW)
    for sent in (True, True, False):
        totals.add_message(conn, "ops", sent=sent)
    hint = {"event": "issues", "about": {}, "attempts": 0, "received_at": NOW - timedelta(seconds=30)}
    row(conn, tables.Hint, connection="jira", delivery="1", **hint)
    row(conn, tables.Hint, connection="jira", delivery="2", **hint, done_at=NOW)
    for failed in (False, False, True):
        totals.add_job(conn, "read", failed=failed, took=timedelta(seconds=2))


def seen() -> dict[str, datetime]:
    return {"first_seen_at": NOW, "last_seen_at": NOW}


def finding() -> dict[str, Any]:
    return {"reason": "r", "summary": "s", "evidence": {}, "opened_at": NOW, "last_seen_at": NOW}


def known_limits() -> dict[str, Limits]:
    end = datetime(2026, 11, 24, 13, tzinfo=UTC)
    return {"https://tool 01": Limits(left=Left(5000, 4000, end, NOW)), "https://quiet 02": Limits()}


@pytest.fixture
def one(migrated_url: str) -> Iterator[Served]:
    jobs = Standing(3, 1, 2.5, {}, {})
    with served(Config(database=migrated_url), jobs=lambda: jobs, limits=known_limits) as found:
        with found.writing() as conn:
            fill(conn)
        yield found


def test_it_tells_what_the_database_knows(one: Served) -> None:
    found = {name: value for name, value in samples(one).items() if not name[0].startswith(("process_", "python_"))}
    account = {"account": "https://tool 01"}
    version = next(dict(labels)["version"] for name, labels in found if name == "northing_build_info")
    jira, ops = {"connection": "jira"}, {"channel": "ops"}
    expected: list[tuple[str, dict[str, str], float]] = [
        ("build_info", {"version": version}, 1),
        ("schema_info", {"migration": "0001", "views": "1"}, 1),
        ("configuration_valid", {}, 1),
        ("database_up", {}, 1),
        ("connection_up", jira, 1),
        ("connection_up", {"connection": "broken"}, 0),
        ("credentials_end_timestamp_seconds", jira, NOW.timestamp()),
        ("scope_age_seconds", {**jira, "scope": "SHOP"}, 600),
        ("scope_age_seconds", {**jira, "scope": "HELD"}, 600),
        ("scope_age_seconds", {"connection": "broken", "scope": "acme/x"}, 600),
        ("scope_last_read_duration_seconds", {**jira, "scope": "SHOP"}, 3),
        ("scopes", {**jira, "state": "ok"}, 1),
        ("scopes", {**jira, "state": "never_read"}, 1),
        ("scopes", {**jira, "state": "not_visible"}, 1),
        ("scopes", {**jira, "state": "held_back"}, 1),
        ("scopes", {"connection": "broken", "state": "failing"}, 1),
        ("reads_total", {**jira, "outcome": "ok"}, 3),
        ("reads_total", {**jira, "outcome": "failed"}, 1),
        ("requests_total", jira, 16),
        ("requests_not_modified_total", jira, 8),
        ("waited_seconds_total", jira, 6),
        ("items_read_total", jira, 40),
        ("items_changed_total", jira, 12),
        ("set_aside_records", jira, 1),
        ("limit_requests", account, 5000),
        ("limit_remaining", account, 4000),
        ("limit_reset_timestamp_seconds", account, NOW.timestamp() + 3600),
        ("findings_open", {"code": "COV101", "severity": "warning"}, 2),
        ("alerts_sent_total", ops, 2),
        ("alerts_failed_total", ops, 1),
        ("alerts_pending", ops, 0),
        ("alert_channel_failing", ops, 1),
        ("hints_waiting", {}, 1),
        ("hints_oldest_seconds", {}, 30),
        ("queue_jobs", {"state": "waiting"}, 3),
        ("queue_jobs", {"state": "running"}, 1),
        ("queue_oldest_seconds", {}, 2.5),
        ("jobs_total", {"kind": "read", "outcome": "ok"}, 2),
        ("jobs_total", {"kind": "read", "outcome": "failed"}, 1),
        ("jobs_duration_seconds_total", {"kind": "read"}, 6),
    ]
    assert found == {(f"northing_{name}", frozenset(labels.items())): value for name, labels, value in expected}


def test_what_was_counted_stays_when_the_past_is_removed(one: Served) -> None:
    with one.writing() as conn:
        conn.execute(sa.text("DELETE FROM run_scope"))
        conn.execute(sa.text("DELETE FROM run"))
    assert samples(one)["northing_requests_total", frozenset({("connection", "jira")})] == 16


def test_a_scrape_is_quick_and_writes_nothing(one: Served) -> None:
    def everything() -> dict[str, Any]:
        with one.writing() as conn:
            return {
                table.name: conn.execute(sa.select(table)).all() for table in tables.SQLModel.metadata.sorted_tables
            }

    before, took, engine = everything(), [], store.connect(one.config.database)
    samples(one)
    for _ in range(5):
        # Of this thread alone: other tests keep the machine busy.
        start = time.thread_time()
        list(measures(one.inside(), engine))
        took.append(time.thread_time() - start)
    engine.dispose()
    assert everything() == before
    assert min(took) < 0.05


def test_a_thousand_scopes_at_most_have_samples_of_their_own(migrated_sqlite: Path, tmp_path: Path) -> None:
    import shutil

    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'northing.db')}"
    with served(Config(database=url)) as one:
        with one.writing() as conn:
            row(conn, tables.Connection, id=1, name="many", kind="github", archived=False)
            scope = {"connection_id": 1, "name": "", "kind": "", "url": "", "archived": False, "visible": True}
            keyed = [
                {**scope, "external_id": str(n), "key": f"k{n}", "key_folded": "", "last_ok_at": NOW - n * timedelta(1)}
                for n in range(1500)
            ]
            conn.execute(sa.insert(tables.Scope.__table__), keyed)
        found = samples(one)
    ages = {dict(labels)["scope"] for name, labels in found if name == "northing_scope_age_seconds"}
    assert ages == {f"k{n}" for n in range(500, 1500)}
    assert found["northing_scopes", frozenset({("connection", "many"), ("state", "ok")})] == 1500


def test_without_a_database_it_says_so(tmp_path: Path) -> None:
    with served(Config(database="postgresql://u:geheim@127.0.0.1:9/x")) as one:
        answer = one.get("/metrics")
        assert samples(one)["northing_database_up", frozenset()] == 0
    assert "geheim" not in answer.text


def test_openmetrics_is_answered_to_those_who_ask_for_it(one: Served) -> None:
    asked = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = one.client.get("/metrics", headers=asked)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def families(text: str) -> dict[str, tuple[str, str]]:
    """Each metric by the name of its samples, with its kind and words."""
    words = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE))
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    return {name: (kind, words[name]) for name, kind in kinds.items()}


def test_the_reference_names_all_metrics_and_no_others(one: Served) -> None:
    told = families(one.get("/metrics").text)
    documented = dict(re.findall(r"^\| `(northing_\w+)` \| (\w+) \|", DOCUMENT, re.MULTILINE))
    ours = {name: kind for name, (kind, _) in told.items() if name.startswith("northing_")}
    assert documented == {**ours, "northing_queue_workers": "gauge"}
    assert {name for name in told if not name.startswith("northing_")} == set(re.findall(r"`(process_\w+)`", DOCUMENT))


def test_the_reference_names_the_labels_of_each_metric(one: Served) -> None:
    rows = re.findall(r"^\| `(northing_\w+)` \| \w+ \| (.*?) \|", DOCUMENT, re.MULTILINE)
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    told = {name: {label for label, _ in labels} for name, labels in samples(one) if name.startswith("northing_")}
    assert told == {name: documented[name] for name in told}


def test_the_rules_of_the_how_to_ask_for_metrics_and_labels_that_there_are() -> None:
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", HOW_TO, re.DOTALL)]
    [rules] = [group["rules"] for block in blocks for group in block.get("groups", [])]
    known = dict(re.findall(r"^\| `(northing_\w+)` \| \w+ \| (.*?) \|", DOCUMENT, re.MULTILINE))
    assert len({rule["alert"] for rule in rules}) == len(rules) > 8
    for rule in rules:
        for name, labels in re.findall(r"\b(northing_\w+)(?:\{(.*?)\})?", rule["expr"]):
            assert name in known, rule
            assert set(re.findall(r"(\w+)=", labels)) <= set(re.findall(r"`(\w+)`", known[name])), rule
