"""A sync from end to end, and counting anew without reading."""

from datetime import date, timedelta
from typing import Any

import pytest

import store
from config import Conventions, Counting, Cycle, KeyResult, Mapping, Objective, Selector, Team
from connectors.base import Usage
from connectors.errors import Refused, TryAgain
from store import tables
from store.sync_lock import sync_lock
from tests.sync.fake import START, Fake, Plain, Tool, World, world

CYCLE = Cycle(key="2026-Q4", start=date(2026, 10, 1), end=date(2026, 12, 31))


def objective(*key_results: KeyResult) -> Objective:
    return Objective(key="GROW", title="Grow", cycle="2026-Q4", key_results=key_results)


GROW_1 = KeyResult(key="GROW.1", title="Sell more")


def select(**keys: Any) -> Selector:
    return Selector.model_validate(keys)


def mapped(**keys: Any) -> dict[str, Any]:
    """A configuration with one key result that one selector links."""
    mapping = Mapping(key_result="GROW.1", work=select(**keys))
    return {"cycles": (CYCLE,), "objectives": (objective(GROW_1),), "mappings": (mapping,)}


@pytest.fixture
def tool() -> Tool:
    one = Tool()
    one.fill("SHOP", 4)
    one.put("SHOP", 2, category="done", age=timedelta(days=3))
    return one


def delivery(one: World) -> float | None:
    [row] = one.rows(tables.Measure)
    return row["delivery"]


def reconfigure(one: World, **changes: Any) -> None:
    one.config = one.config.model_copy(update=changes)


def test_a_sync_ends_in_linked_and_measured_work(migrated_url: str, tool: Tool) -> None:
    one = world(migrated_url, Fake(tool), **mapped(project="shop"))
    result = one.sync()

    assert result.outcome == "ok"
    assert result.findings is not None
    assert delivery(one) == pytest.approx(0.25)
    assert one.rows(tables.Dirty) == []
    assert [(row["outcome"], row["started_at"], row["finished_at"]) for row in one.rows(tables.Run)] == [
        ("ok", START, START)
    ]


def test_a_second_sync_at_the_same_time_is_refused_and_changes_nothing(migrated_url: str, tool: Tool) -> None:
    one = world(migrated_url, Fake(tool))
    with sync_lock(store.connect(migrated_url)), pytest.raises(store.StoreError, match="Another sync is running"):
        one.sync()

    assert one.rows(tables.Run) == []
    assert one.sync().outcome == "ok"


def test_children_that_came_before_their_parents_find_them(migrated_url: str, tool: Tool) -> None:
    tool.put("SHOP", 1, age=timedelta(days=3), parent_key="SHOP-4")
    one = world(migrated_url, Fake(tool))
    one.sync()

    rows = {row["key"]: row for row in one.rows(tables.WorkItem)}
    assert rows["SHOP-1"]["parent_id"] == rows["SHOP-4"]["id"]


def test_a_change_in_the_tool_changes_the_numbers(migrated_url: str, tool: Tool) -> None:
    one = world(migrated_url, Fake(tool), **mapped(project="SHOP"))
    one.sync()
    tool.clock += timedelta(hours=1)
    tool.put("SHOP", 1, category="done")
    one.sync()

    assert delivery(one) == pytest.approx(0.5)


def test_an_edited_mapping_needs_no_reading(migrated_url: str, tool: Tool) -> None:
    tool.put("SHOP", 2, labels=("pay",), age=timedelta(days=3))
    one = world(migrated_url, Fake(tool), **mapped(project="SHOP"))
    one.sync()
    asked = len(one.fakes["fake"].asked)
    reconfigure(one, **mapped(label="pay"))
    one.remeasure()

    assert delivery(one) == pytest.approx(1)
    assert len(one.fakes["fake"].asked) == asked
    assert len(one.rows(tables.Run)) == 1


def test_a_change_of_counting_reads_stored_words_anew(migrated_url: str, tool: Tool) -> None:
    tool.put("SHOP", 2, resolution="Abandoned", age=timedelta(days=3))
    one = world(migrated_url, Fake(tool), **mapped(project="SHOP"))
    one.sync()
    reconfigure(one, counting=Counting(cancelled=("abandoned",)))
    one.remeasure()

    assert {row["key"]: row["state"] for row in one.rows(tables.WorkItem)}["SHOP-2"] == "cancelled"
    assert delivery(one) == 0


def test_a_new_convention_that_stored_work_does_not_hold_reads_everything_again(migrated_url: str, tool: Tool) -> None:
    one = world(migrated_url, Fake(tool))
    one.sync()
    one.fakes["fake"].asked.clear()
    reconfigure(one, conventions=Conventions(trailer="Key-Result"))
    one.sync()

    assert one.fakes["fake"].asked[0] == ("SHOP", None, None)


def test_a_convention_of_labels_needs_no_reading(migrated_url: str, tool: Tool) -> None:
    one = world(migrated_url, Fake(tool))
    one.sync()
    one.fakes["fake"].asked.clear()
    reconfigure(one, conventions=Conventions(label="kr:{key}"))
    one.sync()

    assert one.fakes["fake"].asked == [("SHOP", START - Fake.overlap, None)]


def test_a_connection_that_left_the_configuration_is_archived_and_comes_back(migrated_url: str, tool: Tool) -> None:
    one = world(migrated_url, Fake(tool, name="a"), Fake(tool, name="b"))
    both = one.config.connections
    one.sync()
    reconfigure(one, connections={"a": both["a"]})
    one.remeasure()
    left = {row["name"]: row["archived"] for row in one.rows(tables.Connection)}
    reconfigure(one, connections=both)
    one.remeasure()

    assert left == {"a": False, "b": True}
    assert {row["name"]: row["archived"] for row in one.rows(tables.Connection)} == {"a": False, "b": False}


def test_an_idle_sync_writes_nothing_but_its_run(migrated_url: str, tool: Tool) -> None:
    one = world(migrated_url, Fake(tool), **mapped(project="SHOP"))
    one.sync()
    one.sync()
    every = tables.Row.__subclasses__()
    before = {table: one.rows(table, "last_ok_at", "last_seen_at") for table in every}
    one.now += timedelta(minutes=15)
    tool.clock += timedelta(minutes=15)
    one.sync()

    changed = {table for table in every if one.rows(table, "last_ok_at", "last_seen_at") != before[table]}
    assert changed == {tables.Run, tables.RunScope, tables.ScopeTotal}


# --- queries in the tool's own language


def test_a_query_links_what_the_tool_says_it_matches(migrated_url: str, tool: Tool) -> None:
    tool.matches["labels = latency"] = {"SHOP/2", "SHOP/3"}
    one = world(migrated_url, Fake(tool), **mapped(connection="fake", jql="labels = latency"))
    result = one.sync()

    assert delivery(one) == pytest.approx(0.5)
    [row] = [row for row in result.scopes if row.scope is None]
    assert (row.connection, row.outcome, row.read, row.requests) == ("fake", "ok", 2, 1)


def test_a_changed_answer_changes_the_links_though_no_item_changed(migrated_url: str, tool: Tool) -> None:
    tool.matches["q"] = {"SHOP/2", "SHOP/3"}
    one = world(migrated_url, Fake(tool), **mapped(jql="q"))
    one.sync()
    tool.matches["q"] = {"SHOP/2"}
    one.sync()

    assert delivery(one) == pytest.approx(1)


def test_queries_of_all_selectors_are_asked_also_below_not(migrated_url: str, tool: Tool) -> None:
    tool.matches = {name: set() for name in ("mapping", "inner", "lever", "owned")}
    config = mapped(project="SHOP", jql="mapping", **{"not": {"jql": "inner"}})
    config["objectives"] = (objective(GROW_1.model_copy(update={"levers": (select(jql="lever"),)})),)
    config["teams"] = (Team(key="pay", owns=(select(jql="owned"),)),)
    fake = Fake(tool)
    asked: list[str] = []
    answer = fake.matching

    def matching(query: str, usage: Usage) -> set[str]:
        asked.append(query)
        return answer(query, usage)

    fake.matching = matching
    world(migrated_url, fake, **config).sync()

    assert sorted(asked) == ["inner", "lever", "mapping", "owned"]


def test_a_query_that_fails_keeps_its_last_answer_and_says_so(migrated_url: str, tool: Tool) -> None:
    tool.matches["q"] = {"SHOP/2"}
    one = world(migrated_url, Fake(tool), **mapped(connection="fake", jql="q"))
    one.sync()
    tool.matches.clear()
    result = one.sync()

    assert result.outcome == "partial"
    [row] = [row for row in result.scopes if row.scope is None]
    assert row.error == "The query 'q' failed, its last answer is kept: The query q is not understood. Correct it."
    assert delivery(one) == pytest.approx(1)


class Speechless(Fake):
    """A tool without a query language."""

    def matching(self, query: str, usage: Usage) -> set[str]:
        raise Refused("This tool has no query language.")


def test_a_query_for_any_connection_is_no_fault_of_those_that_have_no_language(migrated_url: str, tool: Tool) -> None:
    tool.matches["q"] = {"SHOP/2"}
    one = world(migrated_url, Fake(tool), Speechless(Tool(), name="mute"), **mapped(jql="q"))
    assert one.sync().outcome == "ok"

    tool.matches.clear()
    result = one.sync()
    assert {row.connection: row.outcome for row in result.scopes if row.scope is None} == {
        "fake": "failed",
        "mute": "ok",
    }


def test_a_query_that_left_the_configuration_is_forgotten(migrated_url: str, tool: Tool) -> None:
    tool.matches["q"] = {"SHOP/2"}
    one = world(migrated_url, Fake(tool), **mapped(jql="q"))
    one.sync()
    reconfigure(one, **mapped(project="SHOP"))
    one.sync()

    assert one.rows(tables.Membership) == []


def test_a_connection_that_fails_is_not_asked_and_keeps_its_answers(migrated_url: str, tool: Tool) -> None:
    tool.matches["q"] = {"SHOP/2"}
    one = world(migrated_url, Fake(tool), **mapped(connection="fake", jql="q"))
    one.sync()
    one.fakes["fake"].list_error = TryAgain("no answer")
    result = one.sync()

    assert [(row.scope, row.error) for row in result.scopes] == [(None, "no answer")]
    assert len(one.rows(tables.Membership)) == 1


class Log:
    """Notes what a sync tells."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def scope_started(self, connection: str, scope: str, expected: int | None) -> None:
        self.told.append(("started", connection, scope, expected))

    def page(self, connection: str, scope: str, read: int, changed: int) -> None:
        self.told.append(("page", connection, scope, read, changed))

    def waiting(self, connection: str, reason: str, seconds: float) -> None:
        self.told.append(("waiting", connection, reason, seconds))

    def scope_finished(self, connection: str, scope: str, outcome: str) -> None:
        self.told.append(("finished", connection, scope, outcome))


def test_progress_is_told_page_by_page(migrated_url: str, tool: Tool) -> None:
    one = world(migrated_url, Plain(tool))
    first, again = Log(), Log()
    one.sync(progress=first)
    one.sync(full=True, progress=again)

    pages = [("page", "fake", "SHOP", 2, 2)] * 2
    assert first.told == [("started", "fake", "SHOP", None), *pages, ("finished", "fake", "SHOP", "ok")]
    assert again.told[0] == ("started", "fake", "SHOP", 4)
