"""Hints reach the mirror: one reading for many of them, by what the tool shows now and not by what they say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from config import ConnectionOptions
from connectors.base import Usage
from connectors.errors import TryAgain
from connectors.hooks import About, Hint
from connectors.records import Looked, Ref, Scope
from store import hints, tables
from store.sync_lock import sync_lock
from sync.hints import WorkedOff, work_off
from tests.sync.fake import Fake, Tool, World, world


@dataclass
class Watched(Fake):
    """A connector that tells which items it was asked for, and fails where `down` says why."""

    looks: list[tuple[str, list[str]]] = field(default_factory=list)
    down: Exception | None = None

    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        self.looks.append((scope.key, sorted(ref.key for ref in refs)))
        if self.down is not None:
            raise self.down
        return super().look(scope, refs, usage)


class Patterned(ConnectionOptions):
    """Options that read every project whose key begins with SH."""

    def scope_patterns(self) -> list[str]:
        return ["SH*"]


@pytest.fixture
def fake() -> Watched:
    tool = Tool()
    tool.fill("SHOP", 12)
    tool.fill("WEB", 2)
    return Watched(tool)


@pytest.fixture
def place(migrated_url: str, fake: Watched) -> World:
    place = world(migrated_url, fake)
    place.sync()
    fake.asked.clear()
    return place


def told(place: World, about: About, delivery: str = "d-1") -> bool:
    with place._closing(), place.engine.begin() as conn:
        return hints.put(conn, "fake", Hint(delivery=delivery, event="changed", about=about), place.now)


def worked(place: World) -> WorkedOff:
    with place._closing():
        return work_off(place.engine, place.config, place.fakes, now=lambda: place.now, stop=place.stop)


def about(*numbers: int, scope: str | None = "SHOP", **more: Any) -> About:
    refs = tuple(Ref(external_id=f"SHOP/{one}", key=f"SHOP-{one}") for one in numbers)
    return About(scope=scope, scope_key=scope, refs=refs, **more)


def deleted(number: int) -> About:
    return about(number, deleted=(f"SHOP/{number}",))


def stored(place: World, number: int, scope: str = "SHOP") -> dict[str, Any]:
    return next(row for row in place.rows(tables.WorkItem) if row["external_id"] == f"{scope}/{number}")


def test_an_edit_reaches_the_mirror_by_its_hint_alone(place: World, fake: Watched) -> None:
    fake.tool.put("SHOP", 3, title="Renamed", category="done")
    told(place, about(3))
    result = worked(place)
    assert (result.done, result.failed, result.read, result.changed) == (1, 0, 1, 1)
    assert (stored(place, 3)["title"], stored(place, 3)["state"]) == ("Renamed", "done")
    assert fake.asked == []


def test_a_hint_is_worked_off_once(place: World, fake: Watched) -> None:
    told(place, about(3))
    worked(place)
    assert not told(place, about(3))
    assert worked(place) == WorkedOff()
    assert fake.looks == [("SHOP", ["SHOP-3"])]


def test_a_thousand_hints_about_ten_items_are_one_reading_of_ten(place: World, fake: Watched) -> None:
    for number in range(1000):
        told_about = about(number % 10 + 1)
        with place.engine.begin() as conn:
            hints.put(conn, "fake", Hint(delivery=f"d-{number}", event="changed", about=told_about), place.now)
    result = worked(place)
    assert (result.done, result.read, result.requests) == (1000, 10, 1)
    assert fake.looks == [("SHOP", sorted(f"SHOP-{one}" for one in range(1, 11)))]


def test_an_item_that_was_deleted_is_deleted(place: World, fake: Watched) -> None:
    del fake.tool.project("SHOP").items["SHOP/3"]
    told(place, deleted(3))
    worked(place)
    row = stored(place, 3)
    assert (row["presence"], row["gone_at"]) == ("deleted", place.now)


def test_an_item_that_is_gone_without_proof_is_out_of_sight(place: World, fake: Watched) -> None:
    del fake.tool.project("SHOP").items["SHOP/3"]
    told(place, about(3))
    worked(place)
    assert stored(place, 3)["presence"] == "not_visible"


def test_a_deletion_that_comes_late_does_not_delete_what_is_there(place: World, fake: Watched) -> None:
    fake.tool.put("SHOP", 3, title="Restored")
    told(place, about(3), "d-2")
    told(place, deleted(3), "d-1")
    worked(place)
    assert (stored(place, 3)["presence"], stored(place, 3)["title"]) == ("present", "Restored")


def test_an_item_that_was_deleted_and_restored_is_present(place: World, fake: Watched) -> None:
    item = fake.tool.project("SHOP").items.pop("SHOP/3")
    told(place, deleted(3), "d-1")
    worked(place)
    fake.tool.project("SHOP").items["SHOP/3"] = item
    told(place, about(3), "d-2")
    worked(place)
    assert (stored(place, 3)["presence"], stored(place, 3)["gone_at"]) == ("present", None)


def test_an_old_hint_brings_what_is_true_now(place: World, fake: Watched) -> None:
    for title in ("First", "Second"):
        fake.tool.put("SHOP", 3, title=title)
    told(place, about(3), "second")
    worked(place)
    told(place, about(3), "first, late")
    result = worked(place)
    assert (result.changed, stored(place, 3)["title"]) == (0, "Second")


def test_a_new_item_is_read(place: World, fake: Watched) -> None:
    fake.tool.put("SHOP", 99, title="New")
    told(place, about(99))
    worked(place)
    assert stored(place, 99)["title"] == "New"


def test_an_item_that_moved_is_kept_in_its_new_scope(place: World, fake: Watched) -> None:
    item = fake.tool.project("SHOP").items.pop("SHOP/3")
    moved = msgspec.structs.replace(item, key="WEB-3", scope="WEB", updated_at=fake.tool.clock)
    fake.tool.project("WEB").items["SHOP/3"] = moved
    told(place, About(scope="WEB", scope_key="WEB", refs=(Ref(external_id="SHOP/3", key="WEB-3"),)))
    worked(place)
    scopes = {row["id"]: row["key"] for row in place.rows(tables.Scope)}
    row = stored(place, 3)
    assert (row["key"], scopes[row["scope_id"]], row["presence"]) == ("WEB-3", "WEB", "present")


def test_an_item_that_moved_to_where_nothing_is_read_is_looked_at_where_it_was(place: World, fake: Watched) -> None:
    del fake.tool.project("SHOP").items["SHOP/3"]
    told(place, About(scope="SECRET", scope_key="SECRET", refs=(Ref(external_id="SHOP/3", key="SECRET-3"),)))
    worked(place)
    assert fake.looks == [("SHOP", ["SHOP-3"])]
    assert stored(place, 3)["presence"] == "not_visible"


def test_items_that_are_named_by_their_ids_alone_are_found_by_what_is_stored(place: World, fake: Watched) -> None:
    told(place, About(refs=(Ref(external_id="SHOP/3", key=""), Ref(external_id="elsewhere", key=""))))
    assert worked(place).done == 1
    assert fake.looks == [("SHOP", ["SHOP-3"])]


def test_containers_are_read_anew(place: World, fake: Watched) -> None:
    fake.tool.release("SHOP", "1.0")
    fake.tool.release("WEB", "2.0")
    told(place, About(scope="SHOP", containers=True))
    worked(place)
    assert [row["title"] for row in place.rows(tables.Container)] == ["1.0"]
    told(place, About(containers=True), "d-2")
    worked(place)
    assert sorted(row["title"] for row in place.rows(tables.Container)) == ["1.0", "2.0"]


def test_a_whole_scope_is_read_by_the_next_sync(place: World, fake: Watched) -> None:
    items = fake.tool.project("SHOP").items
    items["SHOP/3"] = msgspec.structs.replace(items["SHOP/3"], labels=("renamed",))
    told(place, About(scope="SHOP", whole=True))
    worked(place)
    place.sync()
    assert [row["value"] for row in place.rows(tables.Tag)] == ["renamed"]
    assert ("SHOP", None, None) in fake.asked
    assert ("WEB", None, None) not in fake.asked


def test_the_list_of_scopes_is_read_anew(place: World, fake: Watched) -> None:
    fake.tool.fill("NEW", 1)
    told(place, About(scopes=True))
    worked(place)
    assert "NEW" in {row["key"] for row in place.rows(tables.Scope)}


def test_a_scope_that_is_new_is_listed_only_if_it_is_to_be_read(place: World, fake: Watched) -> None:
    place.config.connections["fake"] = Patterned(kind="fake")
    fake.tool.put("SHIP", 1)
    ref = Ref(external_id="SHIP/1", key="SHIP-1")
    told(place, About(scope="SHIP", scope_key="SHIP", refs=(ref,)))
    worked(place)
    assert stored(place, 1, "SHIP")["key"] == "SHIP-1"
    fake.list_error = TryAgain("not asked")
    told(place, About(scope="OTHER", scope_key="OTHER", refs=(Ref(external_id="x", key="OTHER-1"),)), "d-2")
    assert (worked(place).errors, fake.looks) == ([], [("SHIP", ["SHIP-1"])])


def test_what_fails_is_tried_again_later_and_holds_nothing_else_up(place: World, fake: Watched) -> None:
    fake.down = TryAgain("The tool is down.")
    told(place, about(3))
    told(place, About(scope="WEB", containers=True), "d-2")
    first = worked(place)
    assert (first.done, first.failed, first.errors) == (1, 1, [("fake", "SHOP", "The tool is down.")])
    assert worked(place) == WorkedOff()
    fake.down = None
    place.now += timedelta(minutes=2)
    fake.tool.put("SHOP", 3, title="At last")
    assert worked(place).done == 1
    assert stored(place, 3)["title"] == "At last"


def test_what_fails_for_hours_is_given_up_and_the_next_sync_reads_it(place: World, fake: Watched) -> None:
    fake.down = TryAgain("The tool is down.")
    fake.tool.put("SHOP", 3, title="Unheard")
    told(place, about(3))
    given_up = 0
    for _ in range(10):
        given_up += worked(place).given_up
        place.now += timedelta(hours=5)
    assert (given_up, len(fake.looks)) == (1, len(hints.DELAYS))
    place.sync()
    assert stored(place, 3)["title"] == "Unheard"


def test_an_error_of_this_program_is_raised_after_the_rest_is_done(place: World, fake: Watched) -> None:
    fake.down = ZeroDivisionError("a bug")
    fake.tool.release("WEB", "2.0")
    told(place, about(3))
    told(place, About(scope="WEB", containers=True), "d-2")
    with pytest.raises(ZeroDivisionError):
        worked(place)
    assert [row["title"] for row in place.rows(tables.Container)] == ["2.0"]
    assert worked(place) == WorkedOff()


def test_while_a_sync_runs_hints_wait(place: World, fake: Watched) -> None:
    told(place, about(3))
    with place._closing(), sync_lock(place.engine):
        assert worked(place) == WorkedOff(busy=True)
    assert worked(place).done == 1


def test_a_stop_leaves_the_rest_waiting(place: World, fake: Watched) -> None:
    told(place, about(3))
    place.stop.set()
    assert worked(place) == WorkedOff()
    place.stop.clear()
    assert worked(place).done == 1


def test_what_is_as_it_was_is_no_change(place: World) -> None:
    told(place, about(3))
    result = worked(place)
    assert (result.done, result.changed) == (1, 0)
