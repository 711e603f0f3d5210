"""Whether the data behind a key result can be trusted: read once, answering, and not old."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store import runs
from sync.sources import Sources, Trust, places_of
from tests.mapping.tracker import NOW, Tracker, item
from tests.sync.office import config, facts, link_anew, measured

PATIENCE = timedelta(minutes=45)
RECENT = NOW - PATIENCE
OLD = NOW - PATIENCE - timedelta(seconds=1)
FINE = Trust(True, None)


@pytest.fixture
def tool(tracker: Tracker) -> Tracker:
    """A connection with two projects and a repository, all just read."""
    tracker.save(item("SHOP-1"), item("PLAT-1"), item("acme/shop#1"))
    for scope in ("SHOP", "PLAT", "acme/shop"):
        mark(tracker, scope, None)
    runs.mark_connection(tracker.conn, tracker.id, None, NOW)
    return tracker


def mark(tracker: Tracker, scope: str, error: str | None, at: datetime = NOW) -> None:
    query = sa.text("SELECT id FROM scope WHERE key = :key AND connection_id = :connection")
    identity = tracker.conn.execute(query, {"key": scope, "connection": tracker.id}).scalar_one()
    runs.mark_scope(tracker.conn, identity, error, at)


def trust(conn: sa.Connection, *selectors: dict[str, Any], conventions: bool = False, names: str = "tool") -> Trust:
    """The trust in what these stored selectors match."""
    sources = Sources(conn, names.split(), NOW, PATIENCE)
    return sources.behind([places_of(selector) for selector in selectors], conventions)


def test_sources_that_were_read_and_answer_are_trusted(conn: sa.Connection, tool: Tracker) -> None:
    assert trust(conn, {"label": ["a"]}) == FINE


def test_a_key_result_without_mappings_depends_on_no_source(conn: sa.Connection, tool: Tracker) -> None:
    mark(tool, "SHOP", "refused")
    assert trust(conn) == FINE


def test_with_conventions_every_source_is_concerned(conn: sa.Connection, tool: Tracker) -> None:
    mark(tool, "SHOP", "HTTP 500")
    assert trust(conn, {"project": ["PLAT"]}) == FINE
    assert trust(conn, {"project": ["PLAT"]}, conventions=True) == Trust(False, "tool:SHOP fails: HTTP 500")
    assert trust(conn, conventions=True) == Trust(False, "tool:SHOP fails: HTTP 500")


@pytest.mark.parametrize(
    "selector",
    [
        {"project": ["shop"]},
        {"project": ["SH*"]},
        {"project": ["PLAT", "SHOP"]},
        {"connection": ["TOOL"], "project": ["SHOP"]},
        {"connection": ["to*"]},
        {"label": ["a"]},
        {"project": ["NOT-KNOWN"]},
    ],
    ids=str,
)
def test_a_selector_is_concerned_by_the_scopes_that_it_names_or_else_by_all(
    conn: sa.Connection, tool: Tracker, selector: dict[str, Any]
) -> None:
    mark(tool, "SHOP", "HTTP 500")
    assert trust(conn, selector) == Trust(False, "tool:SHOP fails: HTTP 500")


@pytest.mark.parametrize(
    "selector",
    [
        {"project": ["PLAT"]},
        {"repository": ["acme/*"]},
        {"connection": ["other"]},
        {"repository": ["SHOP", "acme/shop"]},
    ],
    ids=str,
)
def test_a_failing_scope_does_not_concern_selectors_that_look_elsewhere(
    conn: sa.Connection, tool: Tracker, selector: dict[str, Any]
) -> None:
    other = Tracker(conn, "other")
    other.save(item("OTHER-1"))
    mark(other, "OTHER", None)
    mark(tool, "SHOP", "HTTP 500")
    assert trust(conn, selector, names="tool other") == FINE


def test_a_connection_that_fails_as_a_whole_concerns_all_its_scopes(conn: sa.Connection, tool: Tracker) -> None:
    runs.mark_connection(conn, tool.id, "token refused", NOW)
    assert trust(conn, {"project": ["PLAT"]}) == Trust(False, "tool:PLAT fails: token refused")


def test_a_source_that_answers_again_is_trusted_again(conn: sa.Connection, tool: Tracker) -> None:
    mark(tool, "SHOP", "HTTP 500")
    mark(tool, "SHOP", None)
    assert trust(conn, {"project": ["SHOP"]}) == FINE


def test_a_scope_that_was_never_read_is_not_trusted(conn: sa.Connection, tool: Tracker) -> None:
    tool.save(item("NEW-1"))
    assert trust(conn, {"label": ["a"]}) == Trust(False, "tool:NEW was not read yet")
    assert trust(conn, {"project": ["SHOP"]}) == FINE


def test_a_connection_that_never_listed_anything_was_not_read(conn: sa.Connection, tool: Tracker) -> None:
    assert trust(conn, {"label": ["a"]}, names="tool later") == Trust(False, "later was not read yet")
    assert trust(conn, {"connection": ["tool"]}, names="tool later") == FINE


def test_connections_that_left_the_configuration_do_not_matter(conn: sa.Connection, tool: Tracker) -> None:
    Tracker(conn, "former").save(item("OLD-1"))
    assert trust(conn, {"label": ["a"]}) == FINE


def test_a_scope_that_is_simply_no_longer_listed_does_not_matter(conn: sa.Connection, tool: Tracker) -> None:
    tool.save(item("NEW-1"))
    conn.execute(sa.text("UPDATE scope SET visible = FALSE WHERE key = 'NEW'"))
    assert trust(conn, {"label": ["a"]}) == FINE


def test_data_is_old_once_it_is_older_than_the_patience(conn: sa.Connection, tool: Tracker) -> None:
    mark(tool, "SHOP", None, RECENT)
    assert trust(conn, {"project": ["SHOP"]}) == FINE
    mark(tool, "SHOP", None, OLD)
    assert trust(conn, {"project": ["SHOP"]}) == Trust(True, "tool:SHOP was last read at 2026-11-24 11:14Z")


def test_the_oldest_source_is_named(conn: sa.Connection, tool: Tracker) -> None:
    mark(tool, "SHOP", None, OLD)
    mark(tool, "PLAT", None, OLD - timedelta(hours=1))
    assert trust(conn, {"label": ["a"]}) == Trust(True, "tool:PLAT was last read at 2026-11-24 10:14Z")


def test_a_failure_is_told_before_old_data(conn: sa.Connection, tool: Tracker) -> None:
    mark(tool, "SHOP", "HTTP 500")
    mark(tool, "PLAT", None, OLD)
    assert trust(conn, {"label": ["a"]}) == Trust(False, "tool:SHOP fails: HTTP 500")


# --- in the numbers ---------------------------------------------------------------------------------------------------

CONNECTED = config({"work": {"project": "SHOP"}}, connections={"tool": {"kind": "sample"}})


def test_a_failing_source_leaves_the_numbers_and_makes_the_health_unknown(conn: sa.Connection, tool: Tracker) -> None:
    tool.save(item("SHOP-1", category="done"))
    link_anew(conn, CONNECTED)
    mark(tool, "SHOP", "HTTP 500")
    row = measured(conn, CONNECTED)["A.1"]
    assert (row["delivery"], row["health"], row["health_reason"]) == (1, "unknown", "tool:SHOP fails: HTTP 500")


def test_old_data_makes_the_health_unknown_after_three_intervals(conn: sa.Connection, tool: Tracker) -> None:
    tool.save(item("SHOP-1", category="done"))
    link_anew(conn, CONNECTED)
    mark(tool, "SHOP", None, RECENT)
    assert measured(conn, CONNECTED)["A.1"]["health"] == "on_track"
    mark(tool, "SHOP", None, OLD)
    row = measured(conn, CONNECTED)["A.1"]
    assert (row["health"], row["health_reason"]) == ("unknown", "tool:SHOP was last read at 2026-11-24 11:14Z")


def test_the_facts_say_whether_the_sources_of_a_key_result_and_of_each_mapping_are_readable(
    conn: sa.Connection, tool: Tracker
) -> None:
    configuration = config(
        {"work": {"project": "SHOP"}},
        {"work": {"project": "PLAT"}},
        {"key_result": "A.2", "work": {"project": "PLAT"}},
        connections={"tool": {"kind": "sample"}},
    )
    link_anew(conn, configuration)
    mark(tool, "SHOP", "HTTP 500")
    found = facts(conn, configuration)
    assert {key: (one.readable, [mapping.scopes_read for mapping in one.mappings]) for key, one in found.items()} == {
        "A.1": (False, [False, True]),
        "A.2": (True, [True]),
    }


def test_old_data_is_still_readable(conn: sa.Connection, tool: Tracker) -> None:
    link_anew(conn, CONNECTED)
    mark(tool, "SHOP", None, OLD)
    assert facts(conn, CONNECTED)["A.1"].readable
