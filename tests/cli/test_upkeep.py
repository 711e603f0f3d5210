"""What `serve` looks after: one service a database, its schedule, and what is due when it begins."""

import shutil
import threading
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

import store
from cli.config_watch import watched
from cli.service import Service, serving
from cli.session import Session
from cli.sole import Sole
from cli.upkeep import Upkeep
from store import configuration, meta, work
from store.known_scopes import known
from store.locks import until
from sync.jobs.clockwork import Clockwork
from sync.jobs.job import Job
from sync.jobs.schedule import Scheduled
from tests.sync.fake import Fake, Tool
from tests.sync.jobs.recording import Recording

TEXT = """
connections:
  tool: {kind: jira, url: "http://127.0.0.1:9", auth: {token: "${file:token}"}, projects: ["*"]}
"""


class Recorded(Clockwork):
    """Remembers its schedule, and fires nothing."""

    def __init__(self, runner: Recording) -> None:
        super().__init__(runner)
        self.scheduled: list[Scheduled] = []

    def replace(self, scheduled: Any) -> None:
        self.scheduled = list(scheduled)

    def scopes(self) -> list[str | None]:
        return [one.job.scope for one in self.scheduled if one.job.kind == "read"]


class Begun:
    """An upkeep, turned by hand."""

    def __init__(self, service: Service, sole: Sole | None) -> None:
        self.service, self.runner = service, Recording()
        self.clockwork = Recorded(self.runner)
        self.sole = sole
        self.upkeep = Upkeep(service, self.runner, self.clockwork, sole)

    def lists(self, *keys: str) -> None:
        """The tool lists these scopes from now on, and they were read a moment ago."""
        fake = Fake(Tool())
        for key in keys:
            fake.tool.project(key)
        with self.service.engine.begin() as conn:
            work.save_scopes(conn, "tool", "jira", fake.scopes().scopes)
            conn.execute(
                sa.text("UPDATE scope SET last_ok_at = :now"), {"now": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"}
            )


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'northing.db')}"


@pytest.fixture
def begun(url: str, tmp_path: Path) -> Generator[Begun]:
    (tmp_path / "token").write_text("token-of-the-tool")
    (tmp_path / "northing.yaml").write_text(TEXT)
    at, engine = Session(config=tmp_path / "northing.yaml"), store.connect(url)
    with serving(at, watched(at), engine, threading.Event(), decides=True) as service:
        found = Begun(service, Sole(engine))
        yield found
        assert found.sole is not None
        found.sole.close()
    engine.dispose()


def test_it_begins_with_what_is_due_and_the_schedule_follows_the_scopes(begun: Begun) -> None:
    begun.upkeep.turn()
    assert [job for job, _ in begun.runner.submitted] == [Job("count"), Job("list", "tool")]
    assert begun.clockwork.scopes() == []
    begun.lists("ONE", "TWO")
    begun.upkeep.turn()
    assert begun.clockwork.scopes() == ["ONE", "TWO"]
    begun.lists("TWO", "THREE")
    begun.upkeep.turn()
    assert begun.clockwork.scopes() == ["THREE", "TWO"]
    assert len(begun.runner.submitted) == 2, "what is scheduled is not submitted besides"


def test_as_long_as_another_one_serves_nothing_is_done(begun: Begun, url: str) -> None:
    engine = store.connect(url)
    other = Sole(engine)
    assert other.is_ours()
    with capture_logs() as logs:
        begun.upkeep.turn()
        begun.upkeep.turn()
    assert [line["event"].partition(":")[0] for line in logs] == ["standing by"]
    assert begun.service.status.standing_by
    assert (begun.runner.submitted, begun.clockwork.scheduled) == ([], [])
    with engine.begin() as conn:
        configuration.note_applied(conn, configuration.Applied("of the other one", "other:1", datetime.now(UTC)))
    other.close()
    engine.dispose()
    begun.upkeep.turn()
    assert begun.service.is_ours(), "what the other one applied is gone with it"
    assert not begun.service.status.standing_by
    assert begun.runner.submitted
    assert begun.clockwork.scheduled


def test_a_database_that_fails_is_told_once_and_the_upkeep_goes_on(
    begun: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(begun.sole, "is_ours", _fail)
        begun.upkeep.turn()
        begun.upkeep.turn()
    assert [(line["log_level"], line["event"].partition(",")[0]) for line in logs] == [("warning", "upkeep failed")]
    [problem] = begun.service.status.problems()
    assert problem.startswith("The database does not answer: the server closed the connection.")
    begun.upkeep.turn()
    assert begun.service.status.problems() == []
    assert begun.clockwork.scheduled


def _fail() -> bool:
    raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))


def test_one_process_a_database_has_the_right_to_serve_it(database_url: str) -> None:
    engines = [store.connect(database_url) for _ in range(2)]
    one, other = (Sole(engine) for engine in engines)
    assert [one.is_ours(), other.is_ours(), one.is_ours(), other.is_ours()] == [True, False, True, False]
    one.close()
    assert until(other.is_ours, 20), "PostgreSQL takes a moment to notice"
    assert not one.is_ours()
    for each, engine in zip((one, other), engines, strict=True):
        each.close()
        engine.dispose()


def test_a_server_that_restarts_takes_the_right_away_and_it_is_taken_anew(postgres_url: str) -> None:
    engines = [store.connect(postgres_url) for _ in range(2)]
    one, other = (Sole(engine) for engine in engines)
    assert one.is_ours()
    with engines[1].begin() as conn:
        conn.execute(
            sa.text("SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l WHERE l.locktype = 'advisory'")
        ).all()
    with pytest.raises(OperationalError):
        one.is_ours()
    assert until(other.is_ours, 20)
    assert not one.is_ours()
    for each, engine in zip((one, other), engines, strict=True):
        each.close()
        engine.dispose()


def test_scopes_of_connections_that_left_the_configuration_are_not_known(url: str) -> None:
    engine = store.connect(url)
    with engine.begin() as conn:
        work.save_scopes(conn, "gone", "jira", Fake(_with("ONE")).scopes().scopes)
        conn.execute(sa.text("UPDATE connection SET archived = true"))
        assert known(conn) == {}
    engine.dispose()


def _with(key: str) -> Tool:
    tool = Tool()
    tool.project(key)
    return tool


def test_who_was_replaced_leaves_the_schedule_and_begins_anew_once_it_is_its_turn(begun: Begun) -> None:
    begun.upkeep.turn()
    assert begun.clockwork.scheduled
    engine = begun.service.engine
    with engine.begin() as conn:
        configuration.note_applied(conn, configuration.Applied("of another one", "other:1", datetime.now(UTC)))
        meta.write(conn, {"done retain": (datetime.now(UTC) - timedelta(days=3)).isoformat()})
    begun.upkeep.turn()
    assert begun.clockwork.scheduled == [], "it follows the one that changed the configuration last"

    assert begun.sole is not None
    begun.sole.close()
    other = Sole(engine)
    assert other.is_ours()
    begun.upkeep.turn()
    assert begun.service.status.standing_by
    other.close()
    begun.runner.submitted.clear()
    begun.upkeep.turn()
    assert begun.service.is_ours()
    assert begun.clockwork.scheduled
    assert Job("list", "tool") in [job for job, _ in begun.runner.submitted]
    assert [job for job, _ in begun.runner.fired] == [Job("retain")], "what is done once for each moment is fired"
