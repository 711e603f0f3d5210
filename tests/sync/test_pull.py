"""Reading scopes: what is asked for, what is stored, and what becomes of watermarks and validators."""

from datetime import timedelta

import pytest

from connectors.errors import Refused
from store import tables
from sync.only import Only, UnknownScope
from tests.sync.fake import START, Fake, Plain, Tool, World, world

OVERLAP = Fake.overlap
MINUTE = timedelta(minutes=1)


@pytest.fixture
def tool() -> Tool:
    return Tool()


@pytest.fixture
def shop(migrated_url: str, tool: Tool) -> World:
    """A program that reads a tool with one project of five items, changed long ago."""
    tool.fill("SHOP", 5)
    return world(migrated_url, Fake(tool))


def keys(one: World) -> list[str]:
    return sorted(row["key"] for row in one.rows(tables.WorkItem))


def later(one: World, tool: Tool, by: timedelta) -> None:
    tool.clock += by
    one.now += by


def test_a_first_sync_reads_everything_and_closes_with_a_reading_from_its_watermark(shop: World, tool: Tool) -> None:
    result = shop.sync()

    assert keys(shop) == [f"SHOP-{number}" for number in range(1, 6)]
    assert shop.fakes["fake"].asked == [("SHOP", None, None), ("SHOP", START - OVERLAP, None)]
    assert result.outcome == "ok"
    [row] = result.scopes
    assert (row.scope, row.outcome, row.read, row.changed) == ("SHOP", "ok", 5, 5)
    assert (row.requests, row.not_modified) == (5, 0)  # containers, three pages, the closing page
    state = shop.stream("SHOP")
    assert (state["watermark"], state["resume"]) == (START - OVERLAP, None)
    assert state["validators"]


def test_the_second_sync_of_an_unchanged_scope_is_one_unmodified_answer_a_stream(
    shop: World, tool: Tool
) -> None:  # bug 26
    shop.sync()
    before = shop.picture()
    later(shop, tool, timedelta(hours=1))
    [row] = shop.sync().scopes

    assert (row.outcome, row.read, row.requests, row.not_modified) == ("ok", 0, 2, 2)
    assert shop.stream("SHOP")["watermark"] == START - OVERLAP
    after = shop.picture()
    for one in (before, after):
        one.pop("Measure")
    [scope] = after["Scope"]
    assert scope["last_ok_at"] == shop.now
    scope["last_ok_at"] = START
    assert after == before


def test_a_change_moves_the_watermark_and_the_next_but_one_sync_is_unmodified_again(shop: World, tool: Tool) -> None:
    shop.sync()
    later(shop, tool, 10 * MINUTE)
    tool.put("SHOP", 2, title="Renamed")
    changed = shop.sync().scopes[0]
    moved = shop.stream("SHOP")
    later(shop, tool, 10 * MINUTE)
    again = shop.sync().scopes[0]
    settled = shop.stream("SHOP")
    idle = shop.sync().scopes[0]

    assert (changed.read, changed.changed) == (1, 1)
    assert (moved["watermark"], moved["validators"]) == (START + 10 * MINUTE - OVERLAP, {})
    assert (again.read, again.changed, again.not_modified) == (1, 0, 1)  # the overlap; containers are unmodified
    assert settled["watermark"] == moved["watermark"]
    assert settled["validators"]
    assert (idle.read, idle.not_modified) == (0, 2)


def test_what_changes_while_a_scope_is_read_is_not_lost(shop: World, tool: Tool) -> None:
    def meanwhile(scope: str, offset: int) -> None:
        if offset == 4:
            tool.clock += 30 * MINUTE
            tool.put("SHOP", 1, title="Changed behind the reader's back")
            shop.fakes["fake"].trap = lambda scope, offset: None

    shop.fakes["fake"].trap = meanwhile
    shop.sync()

    titles = {row["key"]: row["title"] for row in shop.rows(tables.WorkItem)}
    assert titles["SHOP-1"] == "Changed behind the reader's back"


@pytest.mark.parametrize("ahead", [MINUTE, 5 * MINUTE, 14 * MINUTE])
def test_a_date_that_runs_ahead_of_the_content_hides_no_change(shop: World, tool: Tool, ahead: timedelta) -> None:
    tool.clock += ahead
    shop.sync()
    later(shop, tool, MINUTE)
    tool.put("SHOP", 1, age=ahead, title="Changed by another clock")
    shop.sync()

    titles = {row["key"]: row["title"] for row in shop.rows(tables.WorkItem)}
    assert titles["SHOP-1"] == "Changed by another clock"


def test_a_tool_without_validators_keeps_its_watermark_once_its_window_is_empty(migrated_url: str, tool: Tool) -> None:
    tool.fill("SHOP", 3)
    tool.put("SHOP", 3, age=MINUTE)
    plain = world(migrated_url, Plain(tool))
    plain.sync()
    first = plain.stream("SHOP")["watermark"]
    later(plain, tool, 20 * MINUTE)
    overlapping = plain.sync().scopes[0]
    second = plain.stream("SHOP")["watermark"]
    later(plain, tool, 20 * MINUTE)
    idle = plain.sync().scopes[0]

    assert len(plain.fakes["fake"].asked) == 3  # a full reading without a closing one
    assert first == START - OVERLAP
    assert (overlapping.read, overlapping.changed) == (1, 0)
    assert second == START + 20 * MINUTE - OVERLAP
    assert idle.read == 0
    assert plain.stream("SHOP")["watermark"] == second


def test_a_quiet_window_of_several_pages_is_left_behind(shop: World, tool: Tool) -> None:
    for number in range(1, 6):
        tool.put("SHOP", number)
    shop.sync()
    assert shop.stream("SHOP")["validators"] == {}
    later(shop, tool, 10 * MINUTE)
    shop.sync()
    later(shop, tool, 10 * MINUTE)
    shop.sync()
    idle = shop.sync().scopes[0]

    assert (idle.requests, idle.not_modified) == (2, 2)


def test_a_tool_that_tells_no_time_is_read_from_a_day_before_ours(shop: World, tool: Tool) -> None:
    tool.tells_time = False
    shop.now += timedelta(hours=20)  # ahead of the tool, which changes something now
    shop.sync()
    tool.put("SHOP", 2, title="Renamed")
    shop.sync()

    since = shop.now - timedelta(days=1) - OVERLAP
    assert shop.fakes["fake"].asked == [("SHOP", None, None), ("SHOP", since, None), ("SHOP", since, None)]
    assert {row["key"]: row["title"] for row in shop.rows(tables.WorkItem)}["SHOP-2"] == "Renamed"


def test_full_ignores_watermark_and_validators(shop: World, tool: Tool) -> None:
    shop.sync()
    later(shop, tool, timedelta(hours=1))
    [row] = shop.sync(full=True).scopes

    assert (row.read, row.changed, row.not_modified) == (5, 0, 0)
    assert shop.stream("SHOP")["watermark"] == START + timedelta(hours=1) - OVERLAP


def test_a_scope_added_later_reads_its_whole_history(shop: World, tool: Tool) -> None:  # bug 31
    shop.sync()
    tool.fill("OLD", 3, age=timedelta(days=900))
    shop.sync()

    assert ("OLD", None, None) in shop.fakes["fake"].asked
    assert keys(shop) == [*(f"OLD-{number}" for number in range(1, 4)), *(f"SHOP-{number}" for number in range(1, 6))]


def test_only_one_scope_is_read_and_the_others_stay_visible(shop: World, tool: Tool) -> None:
    tool.fill("PLAT", 2)
    result = shop.sync(only=Only.parse("fake: plat", shop.config))

    assert [row.scope for row in result.scopes] == ["PLAT"]
    assert keys(shop) == ["PLAT-1", "PLAT-2"]
    assert {row["key"]: row["visible"] for row in shop.rows(tables.Scope)} == {"SHOP": True, "PLAT": True}


def test_only_names_what_there_is_when_it_finds_nothing(shop: World) -> None:
    with pytest.raises(UnknownScope, match=r"no connection 'jiraa'.*fake"):
        Only.parse("jiraa", shop.config)
    with pytest.raises(UnknownScope, match=r"no scope 'SHIP'.*SHOP"):
        shop.sync(only=Only.parse("fake:SHIP", shop.config))
    assert [row["outcome"] for row in shop.rows(tables.Run)] == ["failed"]


# --- scopes that are named and not seen

DENIED = Refused("SHIP is not to be seen.", advice="Grant it.", status=404)


def test_a_scope_that_is_not_seen_fails_alone(shop: World) -> None:
    shop.fakes["fake"].refused = [("SHIP", DENIED)]
    result = shop.sync()

    assert result.outcome == "partial"
    assert sorted((row.scope or "", row.outcome, row.error) for row in result.scopes) == [
        ("SHIP", "failed", "SHIP is not to be seen. Grant it."),
        ("SHOP", "ok", None),
    ]
    rows = [(row["scope_id"] is None, row["outcome"], row["error"]) for row in shop.rows(tables.RunScope)]
    assert sorted(rows) == [(False, "ok", None), (True, "failed", "SHIP is not to be seen. Grant it.")]
    [connection] = shop.rows(tables.Connection)
    assert (connection["error"], connection["last_ok_at"]) == (None, START)


def test_a_known_scope_that_is_not_seen_any_more_bears_the_reason_until_it_is_back(shop: World, tool: Tool) -> None:
    tool.fill("SHIP", 2)
    shop.sync()
    shop.fakes["fake"].refused = [("SHIP", DENIED)]
    shop.sync()
    lost = {row["key"]: (row["visible"], row["error"]) for row in shop.rows(tables.Scope)}
    named = [row["scope_id"] for row in shop.rows(tables.RunScope) if row["outcome"] == "failed"]
    ids = {row["key"]: row["id"] for row in shop.rows(tables.Scope)}
    shop.fakes["fake"].refused = []
    again = shop.sync()

    assert lost == {"SHOP": (True, None), "SHIP": (False, str(DENIED))}
    assert named == [ids["SHIP"]]
    assert again.outcome == "ok"
    assert {row["key"]: (row["visible"], row["error"]) for row in shop.rows(tables.Scope)} == {
        "SHOP": (True, None),
        "SHIP": (True, None),
    }


def test_only_the_scope_that_is_asked_for_matters(shop: World) -> None:
    shop.fakes["fake"].refused = [("SHIP", DENIED)]
    other = shop.sync(only=Only.parse("fake:SHOP", shop.config))
    itself = shop.sync(only=Only.parse("fake:ship", shop.config))

    assert (other.outcome, [row.scope for row in other.scopes]) == ("ok", ["SHOP"])
    assert (itself.outcome, [row.scope for row in itself.scopes]) == ("failed", ["SHIP"])


def test_containers_are_read_each_time_and_their_etag_is_kept(shop: World, tool: Tool) -> None:
    shop.sync()
    tool.release("SHOP", "2.0")
    [row] = shop.sync().scopes

    assert (row.read, row.changed) == (0, 0)  # these count items
    assert [row["title"] for row in shop.rows(tables.Container)] == ["2.0"]
    assert shop.stream("SHOP", "containers")["validators"] == {"containers": "v1"}
