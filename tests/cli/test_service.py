"""A process of the service follows its files: what is right is applied, what is wrong is told and changes nothing."""

import shutil
import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

import store
import sync.engine
from cli import config_watch
from cli.jobs import LATER, Jobs
from cli.service import Service, serving
from cli.session import Session
from store import configuration
from store.transactions import alone
from sync.jobs.job import Job
from tests.sync.jobs.recording import Recording

TEXT = """
cycles: [{key: Q4, start: 2026-10-01, end: 2026-12-31}]
connections:
  jira: {kind: jira, url: "http://127.0.0.1:9", auth: {token: "${file:token}"}, projects: [SHOP]}
  other: {kind: jira, url: "http://127.0.0.1:9", auth: {token: "${file:other}"}, projects: [WEB]}
objectives:
  - {key: GROW, title: Grow, cycle: Q4, key_results: [{key: GROW.1, title: Sell}]}
"""
MORE = TEXT + "  - {key: KEEP, title: Keep, cycle: Q4, key_results: [{key: KEEP.1, title: Stay}]}\n"


class Process:
    """A process of the service with files of its own, on a database that it shares with others."""

    def __init__(self, folder: Path, service: Service, jobs: Jobs, runner: Recording) -> None:
        self.folder = folder
        self.service = service
        self.runner = runner
        self.do = jobs.handlers()

    def write(self, text: str, name: str = "northing.yaml") -> None:
        (self.folder / name).write_text(text)

    def look(self) -> bool:
        """Looks at the files as often as it takes to believe what they say."""
        found = [self.service.look() for _ in range(3)]
        return any(found)

    def count(self) -> None:
        self.do["count"](Job("count"))

    def rows(self, query: str) -> list[Any]:
        with store.reading(self.service.engine) as conn:
            return list(conn.execute(sa.text(query)).scalars())

    def objectives(self) -> list[str]:
        return self.rows("SELECT key FROM objective WHERE NOT archived ORDER BY key")

    def findings(self) -> list[str]:
        return self.rows("SELECT subject FROM northing_findings WHERE code = 'SYN508' AND resolved_at IS NULL")


@contextmanager
def process(url: str, folder: Path, text: str = TEXT, *, decides: bool = True) -> Generator[Process]:
    folder.mkdir(exist_ok=True)
    (folder / "token").write_text("token-of-the-first-day")
    (folder / "other").write_text("token-of-the-other")
    (folder / "northing.yaml").write_text(text)
    at, runner = Session(config=folder / "northing.yaml"), Recording()
    engine = store.connect(url)
    with serving(at, config_watch.watched(at), engine, threading.Event(), decides=decides) as service:
        jobs = Jobs(service, lambda: runner)
        yield Process(folder, service, jobs, runner)
    engine.dispose()


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'northing.db')}"


@pytest.fixture
def one(url: str, tmp_path: Path) -> Generator[Process]:
    with process(url, tmp_path / "one") as found:
        assert found.service.look(), "what it begins with is applied"
        yield found


def test_a_changed_file_is_applied_and_what_changed_is_told(one: Process) -> None:
    assert one.objectives() == ["GROW"]
    with capture_logs() as logs:
        one.write(MORE)
        assert not one.service.look(), "somebody may still be saving files"
        assert one.objectives() == ["GROW"]
        assert one.look()
        assert not one.look()
    assert one.objectives() == ["GROW", "KEEP"]
    assert [(line["event"], line["changes"], line["connections_anew"]) for line in logs] == [
        ("configuration read again", ["added: objectives.KEEP"], [])
    ]


def test_a_file_that_is_saved_in_steps_is_read_once_it_is_whole(one: Process) -> None:
    with capture_logs() as logs:
        for text in ("objectives:", "objectives: [{key: GROW", MORE):
            one.write(text)
            assert not one.service.look()
        assert one.look()
    assert [line["event"] for line in logs] == ["configuration read again"]


def test_a_wrong_file_changes_nothing_is_told_once_and_is_a_finding_until_it_is_right(one: Process) -> None:
    one.count()
    assert one.findings() == []
    with capture_logs() as logs:
        one.write(MORE + "nonsense: true\nteams: 7\n")
        assert one.look(), "the finding is to be counted"
        assert not one.look()
    assert one.objectives() == ["GROW"]
    errors = one.service.status.configuration_errors
    assert [error.split("northing.yaml:")[1].split(". ")[0] for error in errors] == [
        "9:1: nonsense: unknown key",
        "10:8: teams: found `7`, expected a list",
    ]
    assert [line["event"] for line in logs] == ["configuration cannot be applied, the one before stays in force"]
    assert len(one.service.status.problems()) == 2
    one.count()
    assert one.findings() == ["northing.yaml"]
    assert one.objectives() == ["GROW"]

    one.write(TEXT)
    assert one.look()
    one.count()
    assert one.findings() == []
    assert one.service.status.problems() == []


def test_a_missing_variable_or_file_is_told_without_the_secrets_around_it(one: Process) -> None:
    (one.folder / "token").unlink()
    assert one.look()
    [error] = one.service.status.configuration_errors
    assert "cannot read file `token`" in error
    one.write("token-of-the-second-day", "token")
    assert one.look()
    assert one.service.status.problems() == []


def test_a_new_token_makes_one_connection_anew_and_the_old_one_stays_hidden(one: Process) -> None:
    with one.service.lease() as before, capture_logs() as logs:
        one.write("token-of-the-second-day", "token")
        assert one.look()
        with one.service.lease() as after:
            assert after.connectors["jira"] is not before.connectors["jira"]
            assert after.connectors["other"] is before.connectors["other"]
    assert [(line["changes"], line["connections_anew"]) for line in logs] == [
        (["changed: connections.jira.auth.token"], ["jira"])
    ]
    text = "token-of-the-first-day token-of-the-second-day"
    assert one.service.hide(text) == "*** ***"


def test_a_key_that_a_running_service_cannot_follow_is_said_to_wait(one: Process) -> None:
    with capture_logs() as logs:
        one.write(TEXT + "database: sqlite:///another.db\n")
        assert one.look()
    assert ("a change takes effect at the next start", ["database"]) in [
        (line["event"], line.get("keys")) for line in logs
    ]


def test_what_could_not_be_written_is_written_once_the_database_is_there_again(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.write(MORE)
    one.service.look()
    with monkeypatch.context() as patch:
        patch.setattr(configuration, "note_applied", lambda *_: (_ for _ in ()).throw(OSError("no room on the disk")))
        with pytest.raises(OSError, match="no room"):
            one.service.look()
    assert one.objectives() == ["GROW"]
    assert one.service.look()
    assert one.objectives() == ["GROW", "KEEP"]


def test_a_process_that_follows_leaves_counting_to_others_as_long_as_its_files_differ(
    one: Process, url: str, tmp_path: Path
) -> None:
    with process(url, tmp_path / "two", MORE, decides=False) as two:
        with capture_logs() as logs:
            for _ in range(3):
                two.count()
                two.look()
        assert one.objectives() == ["GROW"], "the follower did not apply its own"
        assert two.runner.submitted == [(Job("count"), timedelta(seconds=30))] * 3
        assert [line["event"] for line in logs] == [
            "the configuration in force is another one: the work is left to others"
        ]
        assert two.service.status.configured_by == one.service.me

        one.write(MORE)
        one.look()
        two.count()
        assert two.service.status.configured_by is None
        assert two.runner.submitted[3:] == [(Job("alerts"), timedelta())]


def test_a_follower_reads_files_that_changed_a_moment_ago_before_it_counts(
    one: Process, url: str, tmp_path: Path
) -> None:
    with process(url, tmp_path / "two", decides=False) as two:
        for each in (one, two):
            each.write(MORE)
        one.look()
        two.count()
        assert two.runner.submitted == [(Job("alerts"), timedelta())]
        assert one.objectives() == ["GROW", "KEEP"], "it counted by what it read"


def test_a_count_that_waited_while_other_files_were_applied_does_not_undo_them(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    def others_first(engine: sa.Engine) -> AbstractContextManager[sa.Connection]:
        one.write(MORE)
        one.look()
        return alone(engine)

    with monkeypatch.context() as patch:
        patch.setattr(sync.engine, "alone", others_first)
        one.count()
    assert one.objectives() == ["GROW", "KEEP"]
    assert one.runner.submitted == [(Job("count"), LATER)]
    one.count()
    assert one.objectives() == ["GROW", "KEEP"]
    assert one.runner.submitted[1:] == [(Job("alerts"), timedelta())]


def test_no_job_is_done_by_files_that_are_not_in_force(one: Process, url: str, tmp_path: Path) -> None:
    jobs = [Job("list", "jira"), Job("read", "gone", "1"), Job("alerts"), Job("hints"), Job("retain")]
    with process(url, tmp_path / "two", MORE, decides=False) as two:
        for job in jobs:
            two.do[job.kind](job)
        assert two.runner.submitted == [(job, LATER) for job in jobs]
        assert one.rows("SELECT key FROM meta WHERE key LIKE 'done %'") == []


def test_what_a_stop_found_half_way_is_not_noted_as_done(one: Process) -> None:
    one.service.stop.set()
    one.do["retain"](Job("retain"))
    assert one.rows("SELECT key FROM meta WHERE key LIKE 'done %'") == []
    one.service.stop.clear()
    one.do["retain"](Job("retain"))
    assert one.rows("SELECT key FROM meta WHERE key LIKE 'done %'") == ["done retain"]


def test_of_two_that_decide_the_one_that_changed_last_is_followed_and_nobody_takes_turns(
    migrated_url: str, tmp_path: Path
) -> None:
    with process(migrated_url, tmp_path / "one") as one, process(migrated_url, tmp_path / "two", MORE) as two:
        assert one.look()
        assert two.look()
        for _ in range(3):
            for each in (one, two):
                each.look()
                each.count()
            assert one.objectives() == ["GROW", "KEEP"]
        assert (one.service.is_ours(), two.service.is_ours()) == (False, True)
        one.write(TEXT.replace("title: Grow", "title: Grow more"))
        assert one.look()
        assert (one.service.is_ours(), two.service.is_ours()) == (True, False)
        assert one.objectives() == ["GROW"]
