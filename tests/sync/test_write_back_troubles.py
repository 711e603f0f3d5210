"""Write-back when a tool refuses, is slow, or forgets to answer; when it is stopped, killed, or not wanted."""

import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from config import Conventions
from connectors.base import Context
from connectors.hooks import Delivery, hooks_of
from connectors.jira import Jira, JiraOptions
from simulator import GitHubSite, JiraSite, serve
from simulator.jira import Atlassian
from simulator.limits import GitHubLimits
from simulator.weather import Weather
from simulator.webhooks import GitHubSender
from store import hints, locks, tables
from sync import write_back as module
from sync.hints import work_off
from tests.sync.desk import Desk, adding, desk, key, sections, shop


@pytest.fixture
def url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """A migrated database, on SQLite."""
    file = tmp_path / "northing.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite:///{file}"


def many(site: Any) -> None:
    add = adding(site)
    for number in range(8):
        add(f"Item {number}", labels=["kr:GROW.1"])


def findings(here: Desk) -> list[tuple[str, str]]:
    """Subject and summary of each open SYN509."""
    here.clock.tick(minutes=5)
    here.sync()
    rows = here.rows(tables.Finding)
    return [(one["subject"], one["summary"]) for one in rows if one["code"] == "SYN509" and not one["resolved_at"]]


# --- before anything is written --------------------------------------------------------------------------------------


def test_nothing_is_written_that_is_not_wanted_allowed_and_seen(url: str) -> None:
    with desk(url, "github comment", shop) as here:
        here.sync()
        assert here.write().off == "not seen"
        assert here.write(dry_run=True, scope="merlo/shop").off is None
        assert here.write().off == "not seen"  # of one scope only
        here.write(dry_run=True)
        here.allowed = ("merlo/s*",)
        assert here.write().off == "not seen"  # with another list
        here.allowed = ()
        assert here.write().off == "not configured"
        here.allowed, here.written = ("*",), False
        assert here.write().off == "not configured"
        here.written = True
        with locks.holding(here.engine) as other:
            assert other.take("writing to tool")
            assert here.write().off == "busy"
        assert here.writings() == []
        assert here.write().wrote == 2


def test_only_what_the_list_names_is_written_to_and_nothing_that_is_archived(url: str) -> None:
    def three(site: Any) -> None:
        for name in ("merlo/tools", "merlo/past"):
            site.add_repository(name)
        for name in ("merlo/shop", "merlo/tools", "merlo/past"):
            site.add_issue(name, "One", labels=["kr:GROW.1"])
        site.set_repository("merlo/past", archived=True)

    with desk(url, "github comment", three, allowed=("MERLO/s*", "merlo/past")) as here:
        here.begin()
        here.write()
        assert list(here.shown()) == ["merlo/shop#1"]


@pytest.mark.parametrize("what", ["github comment", "github label", "cloud property", "datacenter comment"])
def test_what_moved_to_a_place_off_the_list_since_it_was_read_is_left_alone(url: str, what: str) -> None:
    away = "merlo/away" if what.startswith("github") else "PLAT"

    def two(site: Any) -> None:
        shop(site)
        if isinstance(site, GitHubSite):
            site.add_repository(away)
        else:
            site.add_project(away, "Platform")

    with desk(url, what, two, allowed=("merlo/shop", "SHOP")) as here:
        here.begin()
        if isinstance(here.site, GitHubSite):
            here.site.transfer("merlo/shop#1", away)
        else:
            here.site.move("SHOP-1", away)
        assert here.write().refused == []
        assert list(here.shown()) == [key(here.site, 4)]


@pytest.mark.parametrize("what, quote", [("cloud comment", ""), ("datacenter comment", "{quote}%s{quote}")])
def test_what_people_write_about_our_comments_and_quote_of_them_is_never_edited(
    url: str, what: str, quote: str
) -> None:
    with desk(url, what, shop) as here:
        assert isinstance(here.site, JiraSite)
        here.begin()
        [draft] = [one.content for one in here.write(dry_run=True).steps if one.where == "SHOP-1"]
        assert draft is not None
        line = {"type": "paragraph", "content": [{"type": "text", "text": "What is northing-write-back?"}]}
        quoted: Any = (
            quote % draft if quote else {"type": "blockquote", "content": msgspec.json.decode(draft)["content"]}
        )
        body = f"{quoted}\nWhy?" if quote else {"type": "doc", "version": 1, "content": [line, quoted, line]}
        issue = here.site.find("SHOP-1")
        assert issue is not None
        here.site.make_comment(issue, "Robin Keller", body)
        here.write()
        assert [one["body"] == body for one in issue.comments] == [True, False]
        assert here.write().steps == []


def test_a_dry_run_shows_to_the_letter_what_is_written(url: str) -> None:
    with desk(url, "github comment", shop) as here:
        here.begin()
        planned = {one.where: [one.content] for one in here.write(dry_run=True).steps}
        here.write()
        assert here.shown() == planned


# --- what a tool refuses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["github label", "datacenter comment"])
def test_a_scope_that_refuses_is_left_alone_and_told_of_until_it_does_not(url: str, what: str) -> None:
    with desk(url, what, many) as here:
        here.begin()
        if isinstance(here.site, GitHubSite):
            here.site.access.read_only.add("github-token")
        else:
            here.site.tokens.read_only.add("SHOP")
        result = here.write()
        assert (result.wrote, [one.items for one in result.refused], result.error) == (0, [3], None)
        assert len(here.writings()) == 3
        assert here.rows(tables.Written) == []
        [(subject, summary)] = findings(here)
        assert subject == ("merlo/shop" if here.kind == "github" else "SHOP")
        assert ("Issues: write" in summary) == (here.kind == "github")
        if isinstance(here.site, GitHubSite):
            here.site.access.read_only.clear()
        else:
            here.site.tokens.read_only.clear()
        assert here.write().refused == []
        assert findings(here) == []
        assert len(here.shown()) == 8


def test_one_locked_issue_is_told_of_and_the_others_go_on(url: str) -> None:
    with desk(url, "github comment", many) as here:
        assert isinstance(here.site, GitHubSite)
        here.begin()
        here.site.find("merlo/shop#3").raw["locked"] = True
        result = here.write()
        assert (result.wrote, [one.items for one in result.refused]) == (7, [1])
        [(_, summary)] = findings(here)
        assert "1 place" in summary


def test_credentials_that_are_not_accepted_end_the_run(url: str) -> None:
    with desk(url, "github comment", many) as here:
        assert isinstance(here.site, GitHubSite)
        here.begin()
        here.site.tokens = {"another": "somebody"}
        result = here.write()
        assert (result.wrote, result.refused) == (0, [])
        assert "Bad credentials" in (result.error or "")


def test_an_issue_that_is_gone_is_no_refusal(url: str) -> None:
    with desk(url, "cloud comment", many) as here:
        here.begin()
        here.site.delete("SHOP-3")
        result = here.write()
        assert (result.wrote, result.refused) == (7, [])


def test_a_token_that_may_only_read_is_refused_with_the_scope_that_it_lacks(url: str) -> None:
    with desk(url, "cloud property", shop) as here:
        here.begin()
        site = here.site
        assert isinstance(site, JiraSite)
        atlassian = Atlassian(site)
        atlassian.add_token("scoped", site.email)
        with serve(site, atlassian) as running:
            auth = {"email": site.email, "token": "scoped", "gateway": running.url_of(atlassian)}
            options = {"kind": "jira", "url": running.url_of(site), "auth": auth, "projects": ["SHOP"]}
            context = Context(now=here.clock, stop=here.stop, sleep=here.clock.sleep)
            scoped = Jira("tool", JiraOptions.model_validate(options), Conventions(), "count", context)
            here.connector.close()
            here.connector = scoped
            result = here.write()
        assert (result.wrote, [one.items for one in result.refused], result.error) == (0, [2], None)
        assert "the scope write:jira-work" in result.refused[0].message


def test_comments_are_internal_in_a_service_project(url: str) -> None:
    with desk(url, "cloud comment", shop) as here:
        here.begin()
        here.write()
        sent = [
            msgspec.json.decode(one.body) for one in here.site.requests if one.path.endswith("/comment") and one.body
        ]
        internal = [{"key": "sd.public.comment", "value": {"internal": True}}]
        assert [one["properties"] for one in sent] == [internal, internal]


@pytest.mark.parametrize("quiet", [True, False])
def test_an_edit_tells_nobody_where_the_account_may_keep_it_quiet(url: str, quiet: bool) -> None:
    with desk(url, "cloud comment", shop) as here:
        assert isinstance(here.site, JiraSite)
        here.begin()
        here.write()
        here.site.tokens.quiet = quiet
        here.site.close("SHOP-2")
        here.clock.tick(minutes=5)
        here.sync()
        here.site.requests.clear()
        assert here.write().wrote == 2
        puts = [(one.query, one.status) for one in here.site.requests if one.method == "PUT"]
        assert puts == [("notifyUsers=false", 200)] * 2 if quiet else [("notifyUsers=false", 403), ("", 200)] * 2
        assert here.site.mails == (0 if quiet else 2)


# --- when answers are lost -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["github comment", "cloud comment"])
def test_lost_answers_and_faults_make_nothing_twice_and_no_movement(url: str, what: str) -> None:
    with desk(url, what, shop) as here:
        here.begin()
        before = here.numbers()
        faults: dict[Any, float] = {"reset": 0.35, "429 seconds": 0.15, "502 page": 0.15, "cut": 0.1}
        here.site.weather = Weather(6, faults)
        for _ in range(4):
            here.write()
            here.clock.tick(minutes=5)
        here.site.weather = None
        here.write()
        assert here.write().steps == []
        assert sorted(here.shown()) == [key(here.site, 1), key(here.site, 4)]
        if "comment" in what:
            assert [len(one) for one in here.shown().values()] == [1, 1]
        here.sync()
        assert here.numbers() == before


class Killed(BaseException):
    """The program does not survive this."""


@pytest.mark.parametrize("what, moment", [("github comment", "before"), ("datacenter comment", "behind")])
def test_a_program_killed_while_it_writes_makes_nothing_twice_and_no_movement(
    url: str, what: str, moment: Literal["before", "behind"], monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(url, what, shop) as here:
        here.begin()
        before = here.numbers()
        put = here.connector.put  # ty: ignore[missing-attribute]

        def deadly(*args: Any) -> Any:
            if moment == "behind":
                put(*args)
            raise Killed

        monkeypatch.setattr(here.connector, "put", deadly)
        with suppress(Killed):
            here.write()
        monkeypatch.undo()
        here.clock.tick(minutes=5)
        here.sync()
        assert here.numbers() == before
        assert here.write().error is None
        assert [len(one) for one in here.shown().values()] == [1, 1]
        here.clock.tick(minutes=5)
        here.sync(full=True)
        assert here.numbers() == before


def test_webhooks_about_our_own_writing_change_nothing(url: str) -> None:
    with desk(url, "github label", shop) as here:
        assert isinstance(here.site, GitHubSite)
        here.begin()
        before = here.numbers()
        sender = GitHubSender(here.site, "a secret")
        here.write()
        sent = sender.deliveries()
        assert len(sent) == 2
        options = here.config.connections["tool"].model_copy(update={"webhook_secret": (_secret(),)})
        hooks = hooks_of(options)
        assert hooks is not None
        for one in sent:
            hint = hooks.hook(Delivery(one.headers, one.body), here.clock.now)
            assert hint is not None
            with here.engine.begin() as conn:
                hints.put(conn, "tool", hint, here.clock.now)
        done = work_off(here.engine, here.config, {"tool": here.connector}, now=here.clock, stop=threading.Event())
        assert (done.done, done.read, done.changed) == (2, 2, 0)
        assert here.numbers() == before


def _secret() -> Any:
    from pydantic import SecretStr

    return SecretStr("a secret")


# --- how fast, how much, how long ------------------------------------------------------------------------------------


def test_writing_is_slow_and_stays_below_the_limits(url: str) -> None:
    with desk(url, "github comment", many) as here:
        here.begin()
        here.site.limits = limits = GitHubLimits(points=900)
        began = here.clock.now
        assert here.write().wrote == 8
        assert here.clock.now - began >= timedelta(seconds=7)
        assert limits.refused == []


def test_a_run_ends_at_its_limit_and_the_next_goes_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_A_RUN", 3)
    monkeypatch.setattr(module, "MOST_AN_HOUR", 5)
    with desk(url, "github comment", many) as here:
        here.begin()
        runs = []
        for _ in range(3):
            result = here.write()
            runs.append((result.wrote, result.left))
            here.clock.tick(minutes=5)
        assert runs == [(3, 5), (2, 3), (0, 3)]
        here.clock.tick(hours=1)
        assert here.write().wrote == 3


def test_a_stopped_run_keeps_what_it_wrote_and_the_next_goes_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(url, "github comment", many) as here:
        here.begin()
        put, count = here.connector.put, iter(range(9))  # ty: ignore[missing-attribute]

        def stopped(*args: Any) -> Any:
            if next(count) == 2:
                here.stop.set()
            return put(*args)

        monkeypatch.setattr(here.connector, "put", stopped)
        result = here.write()
        assert result.wrote == 2
        assert "stopped" in (result.error or "")
        here.stop.clear()
        monkeypatch.undo()
        assert here.write().wrote == 6
        assert [len(one) for one in here.shown().values()] == [1] * 8


def test_another_form_takes_the_former_one_away(url: str) -> None:
    with desk(url, "github label", shop) as here:
        assert isinstance(here.site, GitHubSite)
        here.begin()
        before = here.numbers()
        here.write()
        here.form = "comment"
        here.write(dry_run=True)
        here.write()
        assert [len(one) for one in here.shown().values()] == [1, 1]
        assert [one for one in here.site.repository("merlo/shop").labels if one.startswith("northing:")] == []
        here.clock.tick(minutes=5)
        here.sync()
        assert here.numbers() == before
        assert here.write().steps == []


def test_labels_like_ours_link_nothing_and_are_no_words_of_the_work(url: str) -> None:
    def one(site: Any) -> None:
        site.add_issue("merlo/shop", "Work", labels=["Northing:GROW.1", "bug"])

    mapping = {"key_result": "GROW.1", "work": {"label": "northing:*"}}
    with desk(url, "github label", one, sections(mapping)) as here:
        here.begin()
        assert here.rows(tables.Link) == []
        assert [one["value"] for one in here.rows(tables.Tag)] == ["bug"]
