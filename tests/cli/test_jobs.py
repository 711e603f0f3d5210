"""What follows from a job: new scopes are read, changes are counted once they settle, what fails comes again."""

import shutil
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

import cli.wiring
import store
import store.totals
import sync.engine
from cli.config_watch import watched
from cli.jobs import LATER, SETTLE, Jobs
from cli.service import serving
from cli.session import Session
from connectors.errors import TryAgain
from connectors.hooks import About, Hint
from connectors.records import Ref
from store import hints
from store.sync_lock import SyncRunning
from sync.jobs.job import Job, Kind
from tests.sync.fake import Fake, Tool
from tests.sync.jobs.recording import Recording

TEXT = """
connections:
  tool: {kind: jira, url: "http://127.0.0.1:9", auth: {token: "${file:token}"}, projects: ["*"]}
cycles: [{key: Q4, start: 2020-10-01, end: 2040-12-31}]
objectives:
  - key: GROW
    title: Grow
    cycle: Q4
    key_results: [{key: GROW.1, title: Sell, value: {jira: tool, jql: sold, measure: count}}]
mappings: [{key_result: GROW.1, work: {connection: tool, jql: mine}}]
retention: {}
"""
COUNT = (Job("count"), SETTLE)


class Known(Fake):
    """A tool in memory, under a name that configurations know."""

    kind: ClassVar[str] = "jira"


class Shop:
    """The jobs of a service that reads a tool in memory."""

    def __init__(self, jobs: Jobs, runner: Recording, fake: Known, engine: sa.Engine) -> None:
        self.runner, self.fake, self.engine = runner, fake, engine
        self._do = jobs.handlers()

    def do(self, kind: Kind, scope: str | None = None, connection: str | None = None) -> list[tuple[Job, timedelta]]:
        """Does a job, and tells what was submitted by it."""
        self.runner.submitted.clear()
        of_connection = kind in ("list", "read", "sweep", "ask", "missed", "write_back")
        name = connection or ("tool" if of_connection else None)
        self._do[kind](Job(kind, name, scope))
        return list(self.runner.submitted)


@pytest.fixture
def shop(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Shop]:
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'northing.db')}"
    (tmp_path / "token").write_text("token-of-the-tool")
    (tmp_path / "northing.yaml").write_text(TEXT)
    tool = Tool()
    tool.fill("ONE", 3)
    tool.fill("TWO", 1)
    tool.matches = {"mine": {"ONE/1"}, "sold": {"ONE/2"}}
    fake = Known(tool, "tool")
    monkeypatch.setattr(cli.wiring, "made", lambda *_: fake)
    at, runner, engine = Session(config=tmp_path / "northing.yaml"), Recording(), store.connect(url)
    with serving(at, watched(at), engine, threading.Event(), decides=True) as service:
        assert service.look()
        yield Shop(Jobs(service, lambda: runner), runner, fake, engine)
    engine.dispose()


def test_new_scopes_are_read_at_once_and_what_waited_for_them_is_asked(shop: Shop) -> None:
    now = timedelta()
    first = shop.do("list")
    assert first == [
        (Job("read", "tool", "ONE"), now),
        (Job("read", "tool", "TWO"), now),
        (Job("ask", "tool"), now),
        (Job("values"), now),
        COUNT,
    ]
    assert shop.do("list") == []
    shop.fake.tool.project("THREE")
    assert shop.do("list")[0] == (Job("read", "tool", "THREE"), now)
    del shop.fake.tool.projects["TWO"]
    assert shop.do("list") == [COUNT], "what is gone is counted"


def test_only_what_changed_is_counted_and_telling_follows_counting(shop: Shop) -> None:
    shop.do("list")
    assert shop.do("read", "ONE") == [COUNT]
    assert shop.do("read", "ONE") == []
    shop.fake.tool.put("ONE", 1, title="Another title")
    assert shop.do("read", "ONE") == [COUNT]
    assert shop.do("sweep", "ONE") == []
    del shop.fake.tool.project("ONE").items["ONE/3"]
    assert shop.do("sweep", "ONE") == [COUNT]
    assert shop.do("ask") == [COUNT]
    assert shop.do("ask") == []
    assert shop.do("values") == [COUNT]
    assert shop.do("count") == [(Job("alerts"), timedelta())]
    for kind in ("alerts", "hints", "retain", "missed", "write_back"):
        shop.do(kind)


def test_a_tool_that_fails_is_logged_counted_once_and_no_error(shop: Shop) -> None:
    shop.do("list")
    shop.fake.trap = _fail
    with capture_logs() as logs:
        assert shop.do("read", "ONE") == [COUNT]
        assert shop.do("read", "ONE") == [], "it fails as before"
    assert [(line["event"], line["scope"], line["outcome"], "***" in line["error"]) for line in logs] == [
        ("scope read", "ONE", "failed", True)
    ] * 2


def _fail(_scope: str, _offset: int) -> None:
    raise TryAgain("The tool said: token-of-the-tool is busy.", advice="Wait.")


def test_the_hints_of_each_connection_are_a_job_beside_its_readings(shop: Shop) -> None:
    shop.do("list")
    shop.do("read", "ONE")
    shop.fake.tool.put("ONE", 1, title="Another title")
    with shop.engine.begin() as conn:
        for name in ("gone", "tool"):
            about = About(scope="ONE", scope_key="ONE", refs=(Ref(external_id="ONE/1", key="ONE-1"),))
            hints.put(conn, name, Hint(delivery="1", event="changed", about=about), cli.wiring.now())
    assert shop.do("hints") == [(Job("hints", "tool"), timedelta())]
    assert Job("hints", "tool").lane != Job("read", "tool", "ONE").lane
    assert shop.do("hints", connection="gone") == []
    assert shop.do("hints", connection="tool") == [COUNT]
    assert shop.do("hints", connection="tool") == []


def test_a_job_of_what_is_not_configured_or_not_known_comes_to_nothing(shop: Shop) -> None:
    assert shop.do("read", "ONE", connection="gone") == []
    assert shop.do("read", "NONE") == []


@pytest.mark.parametrize(
    "error",
    [
        SyncRunning("A sync is running.", "Wait."),
        OperationalError("SELECT 1", {}, Exception("the server closed the connection")),
        OSError(28, "No space left on device"),
    ],
)
def test_what_others_or_the_database_kept_from_running_comes_again_soon(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(sync.engine, "count", fail)
        assert shop.do("count") == [(Job("count"), LATER)]
    assert [line["event"] for line in logs] in (["job put off"], ["job failed, tried again soon"])
    assert shop.do("count") == [(Job("alerts"), timedelta())]


def test_that_the_database_cannot_be_used_is_told_before_anything_else_is_tried_with_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("database is locked"))

    told: list[str] = []

    def counted(*_: Any, **__: Any) -> None:
        told.extend(line["event"] for line in logs)

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(sync.engine, "count", fail)
        patch.setattr(store.totals, "add_job", counted)
        shop.do("count")
    assert told == ["job failed, tried again soon"]


def test_the_first_alerts_wait_until_everything_was_read_once_and_counted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("alerts.send.send_alerts", lambda *_, **__: told.append("alerts"))

    def tells() -> bool:
        told.clear()
        shop.do("count")
        shop.do("alerts")
        return told != []

    assert not tells(), "which scopes there are is not known yet"
    shop.do("list")
    shop.do("read", "ONE")
    assert not tells(), "TWO was never read: what was counted is half of the truth"
    shop.fake.trap = _fail
    shop.do("read", "TWO")
    shop.do("alerts")
    assert told == [], "it is not counted yet"
    assert tells(), "that it fails is to be told"
    shop.fake.tool.fill("NEW", 1)
    shop.do("list")
    assert tells(), "a new scope holds nothing up once people have heard how things stand"


def test_an_error_of_the_program_is_left_to_the_runner(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def broken(*_: Any, **__: Any) -> Generator[None]:
        raise ZeroDivisionError
        yield

    monkeypatch.setattr("sync.jobs.scopes.job_lock", broken)
    with pytest.raises(ZeroDivisionError):
        shop.do("list")
