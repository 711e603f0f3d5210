"""The steps of a sync as jobs of their own."""

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

import store
from config import Cycle, KeyResult, Mapping, Objective, Selector
from connectors.errors import Cancelled, Refused, TryAgain
from store import runs, tables
from store.sync_lock import SyncRunning, job_lock, sync_lock
from sync.engine import count
from sync.jobs.asked import Asked, ask, fetch
from sync.jobs.job import Job
from sync.jobs.scopes import Read, Scopes, list_scopes, read_scope
from tests.sync.fake import START, Fake, Tool, World, world

CYCLE = Cycle(key="2026-Q4", start=START.date() - timedelta(days=50), end=START.date() + timedelta(days=30))


def mapped(**selector: Any) -> dict[str, Any]:
    """A configuration with one key result that one selector links."""
    objective = Objective(
        key="GROW", title="Grow", cycle="2026-Q4", key_results=(KeyResult(key="GROW.1", title="Sell"),)
    )
    work = Selector.model_validate(selector)
    return {
        "cycles": (CYCLE,),
        "objectives": (objective,),
        "mappings": (Mapping(key_result="GROW.1", work=work),),
    }


@dataclass
class Service:
    """The jobs of one connection."""

    here: World
    fake: Fake

    def ask_for_scopes(self) -> Scopes:
        with self.here._closing():
            return list_scopes(
                self.here.engine, self.here.config, "fake", self.fake, now=self._now, stop=self.here.stop
            )

    def read(self, scope: str, *, sweep: bool = False) -> Read:
        here = self.here
        with here._closing():
            return read_scope(
                here.engine, here.config, "fake", self.fake, scope, now=self._now, stop=here.stop, sweep=sweep
            )

    def ask(self) -> Asked:
        with self.here._closing():
            return ask(self.here.engine, self.here.config, "fake", self.fake, now=self._now, stop=self.here.stop)

    def count(self) -> None:
        with self.here._closing():
            count(self.here.engine, self.here.config, now=self._now)

    def runs(self) -> list[tuple[str | None, str]]:
        rows = sorted(self.here.rows(tables.Run), key=lambda row: row["id"])
        return [(row["lock"], row["outcome"]) for row in rows]

    def _now(self) -> Any:
        return self.here.now


@pytest.fixture
def service(migrated_url: str) -> Service:
    tool = Tool()
    tool.fill("SHOP", 5)
    tool.fill("WEB", 3)
    fake = Fake(tool)
    return Service(world(migrated_url, fake, **mapped(project=["SHOP"])), fake)


def test_jobs_come_to_what_a_sync_comes_to(service: Service, tmp_path: Any) -> None:
    service.fake.tool.release("SHOP", "1.0")
    assert service.ask_for_scopes() == Scopes("ok", ("SHOP", "WEB"), ("SHOP", "WEB"), news=True)
    for scope in ("WEB", "SHOP"):
        assert service.read(scope).news
    service.count()
    engine = store.connect(f"sqlite:///{tmp_path / 'other.db'}")
    store.migrate(engine)
    other = World(engine, service.here.fakes, service.here.config)
    other.sync()
    assert service.here.picture() == other.picture()


def test_an_unchanged_scope_costs_one_request_for_items_and_one_for_containers_and_is_no_news(service: Service) -> None:
    service.ask_for_scopes()
    service.read("SHOP")
    before = service.here.picture()
    done = service.read("SHOP")
    assert done.result is not None
    assert (done.news, done.result.outcome) == (False, "ok")
    assert (done.result.requests, done.result.not_modified) == (2, 2)
    assert service.here.picture() == before
    assert service.ask_for_scopes() == Scopes("ok", ("SHOP", "WEB"))
    assert [outcome for _, outcome in service.runs()] == ["ok"] * 4


def test_a_change_is_news(service: Service) -> None:
    service.ask_for_scopes()
    service.read("SHOP")
    for change in (
        lambda: service.fake.tool.put("SHOP", 2, title="Other"),
        lambda: service.fake.tool.release("SHOP", "2.0"),
        lambda: service.fake.tool.put("SHOP", 9),
    ):
        service.fake.tool.clock += timedelta(hours=1)
        change()
        assert service.read("SHOP").news
        assert not service.read("SHOP").news


def test_a_sweep_finds_what_is_gone(service: Service) -> None:
    service.ask_for_scopes()
    service.read("SHOP")
    del service.fake.tool.projects["SHOP"].items["SHOP/2"]
    assert not service.read("SHOP").news
    done = service.read("SHOP", sweep=True)
    assert done.result is not None
    assert (done.news, done.result.gone) == (True, 1)
    assert [row["external_id"] for row in service.here.rows(tables.WorkItem) if row["presence"] != "present"] == [
        "SHOP/2"
    ]
    assert service.here.rows(tables.SweepSeen) == []


def test_a_scope_that_fails_says_so_and_is_news_once(service: Service) -> None:
    service.ask_for_scopes()
    service.read("SHOP")

    def down(scope: str, offset: int) -> None:
        raise TryAgain("502 from the tool.")

    service.fake.trap = down
    told = [service.read("SHOP") for _ in range(2)]
    assert [(one.news, one.result and one.result.error) for one in told] == [
        (True, "502 from the tool."),
        (False, "502 from the tool."),
    ]
    service.fake.trap = lambda scope, offset: None
    assert service.read("SHOP").news
    assert [row["error"] for row in service.here.rows(tables.Scope)] == [None, None]
    assert [outcome for _, outcome in service.runs()] == ["ok", "ok", "failed", "failed", "ok"]


def test_a_connection_that_fails_is_not_asked_for_its_scopes_one_by_one(service: Service) -> None:
    service.ask_for_scopes()
    service.fake.list_error = Refused("401: the token is not accepted.", advice="Give another one.")
    words = "401: the token is not accepted. Give another one."
    assert service.ask_for_scopes() == Scopes("failed", error=words, news=True)
    done = service.read("SHOP")
    assert (done.news, done.result and done.result.outcome, done.result and done.result.error) == (
        False,
        "failed",
        words,
    )
    assert (service.fake.asked, service.ask()) == ([], Asked())
    service.fake.list_error = None
    assert service.ask_for_scopes().outcome == "ok"
    assert service.read("SHOP").news


def test_a_scope_that_is_listed_no_longer_is_not_read(service: Service) -> None:
    service.ask_for_scopes()
    del service.fake.tool.projects["WEB"]
    assert service.ask_for_scopes() == Scopes("ok", ("SHOP",), news=True)
    assert service.read("WEB") == Read()
    service.fake.tool.fill("NEW", 1)
    assert service.ask_for_scopes() == Scopes("ok", ("SHOP", "NEW"), ("NEW",), news=True)


def test_what_a_connection_names_and_does_not_see_has_a_row(service: Service) -> None:
    service.fake.refused = [("WEB", Refused("403: no right to see WEB."))]
    listed = service.ask_for_scopes()
    assert (listed.outcome, listed.listed, listed.news) == ("partial", ("SHOP",), True)
    assert [(one.scope, one.error) for one in listed.refused] == [("WEB", "403: no right to see WEB.")]


def test_queries_are_asked_and_values_fetched(migrated_url: str) -> None:
    tool = Tool(matches={"sprint = 1": {"SHOP/1"}})
    tool.fill("SHOP", 2)
    fake = Fake(tool)
    one = Service(world(migrated_url, fake, **mapped(jql="sprint = 1")), fake)
    assert one.ask() == Asked()
    one.ask_for_scopes()
    assert [one.ask().news, one.ask().news] == [True, False]
    tool.matches["sprint = 1"] = {"SHOP/2"}
    assert one.ask().news
    with one.here._closing():
        assert fetch(one.here.engine, one.here.config, one.here.fakes, now=one._now, stop=one.here.stop) == []
    assert {lock for lock, _ in one.runs()} == {"list fake", "ask fake", "values"}


def test_a_query_that_one_tool_answers_may_be_refused_by_another(migrated_url: str) -> None:
    speaks, other = Fake(Tool(matches={"sprint = 1": set()}), "speaks"), Fake(Tool(), "other")
    for fake in (speaks, other):
        fake.tool.fill("SHOP", 1)
    here = world(migrated_url, speaks, other, **mapped(jql="sprint = 1"))

    def asked(name: str) -> Any:
        found = ask(here.engine, here.config, name, here.fakes[name], now=lambda: here.now, stop=here.stop)
        return found.result and found.result.outcome

    with here._closing():
        for name, fake in here.fakes.items():
            list_scopes(here.engine, here.config, name, fake, now=lambda: here.now, stop=here.stop)
        assert [asked(name) for name in ("other", "speaks", "other")] == ["failed", "ok", "ok"]


def test_a_bug_is_raised_after_its_rows_are_written(service: Service) -> None:
    service.ask_for_scopes()

    def bug(scope: str, offset: int) -> None:
        raise ZeroDivisionError("a bug")

    service.fake.trap = bug
    with pytest.raises(ZeroDivisionError):
        service.read("SHOP")
    assert [(row["outcome"], row["error"]) for row in service.here.rows(tables.RunScope)] == [
        ("failed", "An error of this program: ZeroDivisionError: a bug")
    ]


def test_a_stop_ends_a_reading_which_goes_on_there(service: Service) -> None:
    service.ask_for_scopes()

    def stop(scope: str, offset: int) -> None:
        if offset:
            service.here.stop.set()

    service.fake.trap = stop
    done = service.read("SHOP")
    assert done.result is not None
    assert (done.result.outcome, service.here.stream("SHOP")["resume"]) == ("interrupted", "4")
    service.here.stop.clear()
    service.fake.trap = lambda scope, offset: None
    assert service.read("SHOP").result == done.result.__class__(
        "fake", "SHOP", "ok", read=1, changed=1, requests=3, not_modified=1
    )
    assert [asked[2] for asked in service.fake.asked] == [None, "4", None]


def test_a_reading_whose_scope_is_to_be_read_anew_meanwhile_begins_anew(service: Service) -> None:
    service.ask_for_scopes()

    state = tables.StreamState.__table__

    def forget(scope: str, offset: int) -> None:
        # The page before it is stored by another thread.
        while offset == service.fake.per_page:
            with service.here.engine.begin() as conn:
                if conn.execute(state.delete().where(state.c.resume == str(offset))).rowcount:
                    return

    service.fake.trap = forget
    done = service.read("SHOP")
    assert done.result is not None
    assert (done.result.outcome, service.here.stream("SHOP")) == ("interrupted", {})
    service.fake.trap = lambda scope, offset: None
    done = service.read("SHOP")
    assert done.result is not None
    assert (done.result.outcome, done.result.read) == ("ok", 5)


def test_jobs_wait_for_a_sync_and_a_sync_for_jobs(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.ask_for_scopes()
    engine, stop = service.here.engine, service.here.stop
    lock = Job("read", "fake", "SHOP").lock
    with service.here._closing():
        done = threading.Event()
        with sync_lock(engine):
            waiting = threading.Thread(target=lambda: (service.read("SHOP"), done.set()))
            waiting.start()
            assert not done.is_set()
            assert service.fake.asked == []
        waiting.join(30)
        assert done.is_set()
        with job_lock(engine, "list fake", stop=stop):
            syncing = threading.Thread(target=service.here.sync)
            syncing.start()
        syncing.join(30)
        assert [outcome for _, outcome in service.runs()] == ["ok", "ok", "ok"]
        monkeypatch.setattr("store.sync_lock.PATIENCE_S", 0.05)
        with job_lock(engine, lock, stop=stop):
            with pytest.raises(SyncRunning, match="The service is reading on this database"):
                service.here.sync()
            with (
                pytest.raises(SyncRunning, match=f"Another job holds the lock '{lock}'"),
                job_lock(engine, lock, stop=stop, patience_s=0.05),
            ):
                pass
            assert service.read("WEB").result is not None
            stop.set()
            with pytest.raises(Cancelled):
                service.here.sync()


def test_what_a_dead_process_left_running_is_called_interrupted(service: Service) -> None:
    service.ask_for_scopes()
    for scope in ("SHOP", "WEB", "OTHER"):
        with service.here.engine.begin() as conn:
            runs.start_run(conn, START, Job("read", "fake", scope).lock)
    with job_lock(service.here.engine, Job("read", "fake", "OTHER").lock, stop=service.here.stop):
        service.read("SHOP")
        assert service.runs()[1:] == [
            ("scope fake SHOP", "interrupted"),
            ("scope fake WEB", "running"),
            ("scope fake OTHER", "running"),
            ("scope fake SHOP", "ok"),
        ]
        service.ask_for_scopes()
        assert [outcome for _, outcome in service.runs()] == ["ok", "interrupted", "interrupted", "running", "ok", "ok"]
    service.here.sync()
    assert "running" not in {outcome for _, outcome in service.runs()}
