"""The sweep: what is gone, what has moved, what is too much to believe, and what an unfinished list is worth."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import Usage
from connectors.errors import Refused, TryAgain
from connectors.records import Looked, Ref, Scope
from store import tables
from sync.only import Only, UnknownScope
from tests.sync.fake import START, World, world
from tests.sync.mirror_model import Mirrored, Model, Work, connector

LATER = START + timedelta(days=1)


class Shop:
    """A model with work in two projects, and the program that mirrors it."""

    def __init__(self, url: str, *, transfers: bool, items: int = 3) -> None:
        self.model = Model(transfers=transfers)
        self.fake: Mirrored = connector(self.model)
        self.here: World = world(url, self.fake)
        for number in range(1, items + 1):
            self.add(f"a{number}", "1")
        self.add("b1", "2")
        self.here.sync()
        self.model.clock = self.here.now = LATER

    def add(self, identity: str, project: str, **values: Any) -> Work:
        work = Work(identity, project, 0, 0, self.model.clock, f"Title of {identity}", **values)
        self.model._enter(work, project)
        work.updated_at = self.model.clock - timedelta(days=30)
        self.model.works[identity] = work
        return work

    def sweep(self, **options: Any) -> Any:
        return self.here.sync(sweep=True, **options)

    def rows(self) -> dict[str, tuple[str, str, datetime | None]]:
        """Key, presence and when it went, of each stored item."""
        found = self.here.rows(tables.WorkItem)
        return {row["external_id"]: (row["key"], row["presence"], row["gone_at"]) for row in found}

    def resolved(self, key: str) -> set[str]:
        """The items that a key leads to."""
        by_id = {row["id"]: row["external_id"] for row in self.here.rows(tables.WorkItem)}
        named = {row["external_id"] for row in self.here.rows(tables.WorkItem) if row["key"] == key}
        return named | {
            by_id[row["item_id"]] for row in self.here.rows(tables.WorkAlias) if row["key_folded"] == key.casefold()
        }

    def scope(self, key: str = "ONE") -> dict[str, Any]:
        return next(row for row in self.here.rows(tables.Scope) if row["key"] == key)

    def findings(self) -> list[tuple[str, str, bool]]:
        return [
            (row["code"], row["subject"], row["resolved_at"] is None)
            for row in self.here.rows(tables.Finding)
            if row["code"] in ("SYN503", "SYN506")
        ]


@pytest.fixture
def listing(migrated_url: str) -> Shop:
    """A tool that lists ids, and whose work keeps its identity when it moves."""
    return Shop(migrated_url, transfers=False)


@pytest.fixture
def reading(migrated_url: str) -> Shop:
    """A tool of which a full reading is the only list, and whose work gets a new identity when it is transferred."""
    return Shop(migrated_url, transfers=True)


@pytest.fixture(params=["listing", "reading"])
def either(request: pytest.FixtureRequest, migrated_url: str) -> Shop:
    return Shop(migrated_url, transfers=request.param == "reading")


def test_an_ordinary_sync_does_not_see_what_is_gone_and_a_sweep_does(either: Shop) -> None:  # bug 8
    either.model._delete(either.model.works["a2"])
    either.here.sync()
    before = either.rows()["a2"]
    result = either.sweep()

    gone = "deleted" if either.model.transfers else "not_visible"
    assert before == ("ONE-2", "present", None)
    assert either.rows() == {
        "a1": ("ONE-1", "present", None),
        "a2": ("ONE-2", gone, LATER),
        "a3": ("ONE-3", "present", None),
        "b1": ("TWO-1", "present", None),
    }
    assert {one.scope: (one.outcome, one.gone, one.held_back) for one in result.scopes} == {
        "ONE": ("ok", 1, None),
        "TWO": ("ok", 0, None),
    }
    assert (either.scope()["swept_at"], either.scope()["held_back"]) == (LATER, None)
    assert either.here.rows(tables.SweepSeen) == []


def test_a_full_sync_sweeps_and_has_one_row_for_each_scope(either: Shop) -> None:
    either.model._delete(either.model.works["a2"])
    result = either.here.sync(full=True)

    assert either.rows()["a2"][1] != "present"
    assert sorted(str(one.scope) for one in result.scopes) == ["ONE", "TWO"]
    rows = [row for row in either.here.rows(tables.RunScope) if row["run_id"] == result.run_id]
    assert sorted(row["requests"] for row in rows) == sorted(one.requests for one in result.scopes)


def test_a_first_reading_has_nothing_to_sweep(migrated_url: str) -> None:
    model = Model(transfers=False)
    here = world(migrated_url, connector(model))
    model.happen("create", 1)
    result = here.sync(sweep=True)

    assert {one.gone for one in result.scopes} == {None}
    assert {row["swept_at"] for row in here.rows(tables.Scope)} == {None}


def test_what_comes_back_is_present_again_with_its_history(either: Shop) -> None:
    either.model.works["a2"].hidden = True
    either.sweep()
    hidden, ids = either.rows()["a2"], {row["external_id"]: row["id"] for row in either.here.rows(tables.WorkItem)}
    either.here.now += timedelta(days=1)
    either.sweep()
    still = either.rows()["a2"]
    either.model.works["a2"].hidden = False
    either.sweep()

    assert hidden == still == ("ONE-2", "not_visible", LATER)
    assert either.rows()["a2"] == ("ONE-2", "present", None)
    assert {row["external_id"]: row["id"] for row in either.here.rows(tables.WorkItem)} == ids


def test_all_that_is_long_out_of_sight_is_asked_for_in_turn(migrated_url: str) -> None:
    shop = Shop(migrated_url, transfers=False, items=250)
    for work in shop.model.works.values():
        work.hidden = work.project == "1"
    shop.sweep(only=Only("fake", "ONE"), accept_drop=True)
    asked: list[set[str]] = []
    look = shop.fake.look

    def noted(scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        asked.append({ref.external_id for ref in refs})
        return look(scope, refs, usage)

    shop.fake.look = noted  # type: ignore[method-assign]
    for _ in range(3):
        shop.here.now += timedelta(days=1)
        shop.sweep()

    assert sorted(len(some) for some in asked) == [50, 100, 100]
    assert set().union(*asked) == {f"a{number}" for number in range(1, 251)}


def test_a_moved_item_keeps_its_row_and_both_keys(listing: Shop) -> None:
    listing.model._enter(listing.model.works["a2"], "2")
    listing.model.works["a2"].updated_at = START - timedelta(days=9)  # a move that no reading of TWO tells
    before = {row["external_id"]: row["id"] for row in listing.here.rows(tables.WorkItem)}
    listing.sweep(only=Only("fake", "ONE"))

    assert listing.rows()["a2"] == ("TWO-2", "present", None)
    assert {row["external_id"]: row["id"] for row in listing.here.rows(tables.WorkItem)} == before
    assert (listing.resolved("ONE-2"), listing.resolved("TWO-2")) == ({"a2"}, {"a2"})


def test_an_item_that_moved_where_nothing_is_read_is_out_of_sight_and_keeps_both_keys(either: Shop) -> None:
    if either.model.transfers:
        transfer(either, "a2", "c1", "3")
    else:
        either.model._enter(either.model.works["a2"], "3")
    before = {row["key"]: row["id"] for row in either.here.rows(tables.WorkItem)}
    either.sweep()

    identity = "c1" if either.model.transfers else "a2"
    assert either.rows()[identity] == ("ONE-2", "not_visible", LATER)
    assert (either.resolved("ONE-2"), either.resolved("OUT-1")) == ({identity}, {identity})
    assert {row["key"]: row["id"] for row in either.here.rows(tables.WorkItem)} == before
    assert ("SYN503", "ONE", True) in either.findings()

    either.model.projects["3"].unread = False
    either.here.sync()
    assert either.rows()[identity] == ("OUT-1", "present", None)
    assert {row["id"] for row in either.here.rows(tables.WorkItem)} == set(before.values())
    assert either.resolved("ONE-2") == {identity}


def transfer(shop: Shop, before: str, after: str, project: str) -> None:
    """An item moves and gets another identity, as its tool does it. Its children are not touched by that."""
    work = shop.model.works.pop(before)
    work.identity = after
    shop.model.works[after] = work
    shop.model.moved[before] = after
    shop.model._enter(work, project)
    for child in shop.model.works.values():
        child.parent = after if child.parent == before else child.parent


def test_a_transferred_item_is_followed_and_its_old_key_leads_to_the_new_one(reading: Shop) -> None:
    reading.add("a4", "1", parent="a2").updated_at = LATER
    reading.here.sync()
    transfer(reading, "a2", "b2", "2")
    reading.sweep()

    assert reading.rows() == {
        "a1": ("ONE-1", "present", None),
        "a2": ("ONE-2", "deleted", LATER),
        "a3": ("ONE-3", "present", None),
        "a4": ("ONE-4", "present", None),
        "b1": ("TWO-1", "present", None),
        "b2": ("TWO-2", "present", None),
    }
    assert reading.resolved("ONE-2") == {"a2", "b2"}
    ids = {row["id"]: row["external_id"] for row in reading.here.rows(tables.WorkItem)}
    [child] = [row for row in reading.here.rows(tables.WorkItem) if row["external_id"] == "a4"]
    assert ids[child["parent_id"]] == "b2"


def test_a_child_that_names_its_parent_by_a_former_key_finds_the_transferred_one(reading: Shop) -> None:
    reading.add("a4", "1", parent="a2").updated_at = LATER
    reading.here.sync()
    told = reading.model.item(reading.model.works["a4"])
    transfer(reading, "a2", "b2", "2")
    usual = reading.model.item
    reading.model.item = lambda work: told if work.identity == "a4" else usual(work)  # it is told as it was
    reading.sweep()

    ids = {row["id"]: row["external_id"] for row in reading.here.rows(tables.WorkItem)}
    [child] = [row for row in reading.here.rows(tables.WorkItem) if row["external_id"] == "a4"]
    assert (child["parent_ref_key"], ids[child["parent_id"]]) == ("ONE-2", "b2")


def test_a_renamed_project_keeps_its_items_and_their_old_keys(either: Shop) -> None:
    before = {row["external_id"]: row["id"] for row in either.here.rows(tables.WorkItem)}
    either.model.projects["1"].key = "FIRST"
    either.here.sync()

    assert {row["external_id"]: row["id"] for row in either.here.rows(tables.WorkItem)} == before
    assert either.rows()["a2"] == ("FIRST-2", "present", None)
    assert (either.resolved("ONE-2"), either.resolved("FIRST-2")) == ({"a2"}, {"a2"})


def test_a_status_that_counts_as_another_category_is_seen_though_no_item_changed(either: Shop) -> None:
    either.model.works["a2"].category = "done"
    either.here.sync()
    before = {row["external_id"]: row["category"] for row in either.here.rows(tables.WorkItem)}["a2"]
    either.sweep()

    assert before == "todo"
    assert {row["external_id"]: row["category"] for row in either.here.rows(tables.WorkItem)}["a2"] == "done"


# --- lists that are not to be believed


@pytest.mark.parametrize("page", [1, 2])
def test_an_unfinished_list_changes_nothing(listing: Shop, page: int) -> None:  # bug 10
    for number in range(4, 12):
        listing.add(f"a{number}", "1").updated_at = LATER
    listing.here.sync()
    listing.model._delete(listing.model.works["a1"])
    before = listing.rows()
    after_pages(listing, page)
    result = listing.sweep(only=Only("fake", "ONE"))

    assert [(one.scope, one.outcome) for one in result.scopes] == [("ONE", "failed")]
    assert listing.rows() == before
    assert listing.scope()["swept_at"] is None
    listing.fake.ids = listing.fake._ids
    listing.sweep()
    assert listing.rows()["a1"][1] == "not_visible"


def changeable(fake: Any) -> Any:
    """The connector, for methods to be put in place of its own."""
    return fake


def after_pages(shop: Shop, page: int) -> None:
    """The list breaks off behind so many pages, in every sync."""
    ids = shop.fake._ids

    def broken(*args: Any) -> Any:
        for number, one in enumerate(ids(*args), 1):
            if number == page:
                raise TryAgain("The tool did not answer.")
            yield one

    changeable(shop.fake).ids = broken


def test_a_reading_that_was_cut_off_goes_on_and_is_still_a_list(reading: Shop) -> None:
    for number in range(4, 12):
        reading.add(f"a{number}", "1").updated_at = LATER
    reading.here.sync()
    reading.model.clock = reading.here.now = LATER + timedelta(hours=1)
    reading.model._delete(reading.model.works["a9"])
    calls = iter(range(100))

    def fail() -> None:
        if next(calls) == 4:
            raise TryAgain("The tool did not answer.")

    reading.fake.request = fail
    cut = reading.sweep(only=Only("fake", "ONE"))
    kept = {row["external_id"] for row in reading.here.rows(tables.SweepSeen)}
    reading.fake.request = lambda: None
    [row] = reading.here.sync(only=Only("fake", "ONE")).scopes

    assert [one.outcome for one in cut.scopes] == ["failed"]
    assert kept == {"a1", "a2", "a3", "a4", "a5", "a6"}
    assert (row.outcome, row.read, row.gone) == ("ok", 4, 1)
    assert reading.rows()["a9"][1] == "deleted"


def test_a_scope_that_cannot_be_read_loses_nothing(either: Shop) -> None:  # bug 10
    either.model._delete(either.model.works["a2"])
    look = either.fake.look

    def refused(*args: Any) -> Any:
        raise Refused("ONE is not to be seen.", advice="Grant it.", status=404)

    changeable(either.fake).look = refused
    result = either.sweep()
    either.fake.look = look

    assert {one.scope: (one.outcome, one.error) for one in result.scopes} == {
        "ONE": ("failed", "ONE is not to be seen. Grant it."),
        "TWO": ("ok", None),
    }
    assert {presence for _, presence, _ in either.rows().values()} == {"present"}
    assert either.scope()["swept_at"] is None


def test_a_full_reading_without_a_page_is_no_list(reading: Shop) -> None:  # bug 10
    changeable(reading.fake).items = lambda *args: iter(())
    result = reading.sweep()

    assert {one.scope: (one.outcome, one.gone) for one in result.scopes} == {"ONE": ("ok", None), "TWO": ("ok", None)}
    assert {presence for _, presence, _ in reading.rows().values()} == {"present"}


def test_what_changes_while_a_scope_is_listed_is_asked_for_and_stays(reading: Shop) -> None:
    calls = iter(range(100))

    def arrive() -> None:
        if next(calls) == 3:  # behind the reading of ONE, before the one that closes it
            reading.add("a9", "1").updated_at = LATER

    reading.fake.request = arrive
    reading.sweep(only=Only("fake", "ONE"))

    assert reading.rows()["a9"] == ("ONE-4", "present", None)
    assert reading.scope()["swept_at"] == LATER


def test_a_scope_that_is_no_longer_listed_keeps_its_items(either: Shop) -> None:
    either.model.projects["1"].hidden = True
    either.sweep()

    assert {presence for _, presence, _ in either.rows().values()} == {"present"}
    assert not either.scope()["visible"]


def test_a_listed_item_that_is_not_in_the_list_yet_stays(listing: Shop) -> None:
    """An index that lags behind: what the list lacks is asked for, and is there."""
    ids = listing.fake._ids
    changeable(listing.fake).ids = lambda *args: ({k: v for k, v in page.items() if k != "a2"} for page in ids(*args))
    [one, _] = sorted(listing.sweep().scopes, key=lambda row: str(row.scope))

    assert (one.gone, one.changed) == (0, 0)
    assert listing.rows()["a2"] == ("ONE-2", "present", None)


# --- an unusual drop


@pytest.mark.parametrize("items, gone, held", [(30, 20, None), (30, 21, 21), (430, 21, None), (430, 22, 22)])
@pytest.mark.parametrize("transfers", [False, True], ids=["listing", "reading"])
def test_more_than_twenty_items_and_a_twentieth_of_the_scope_are_held_back(
    sqlite_shop: Callable[..., Shop], items: int, gone: int, held: int | None, transfers: bool
) -> None:
    shop = sqlite_shop(transfers=transfers, items=items)
    for number in range(1, gone + 1):
        shop.model._delete(shop.model.works[f"a{number}"])
    shop.sweep()

    lost = sum(presence != "present" for _, presence, _ in shop.rows().values())
    assert (shop.scope()["held_back"], lost) == (held, 0 if held else gone)


@pytest.fixture
def sqlite_shop(migrated_sqlite: Any, tmp_path: Any) -> Callable[..., Shop]:
    from shutil import copy

    def start(**options: Any) -> Shop:
        shop = Shop(f"sqlite:///{copy(migrated_sqlite, tmp_path / 'one.db')}", **options)
        shop.fake.per_page = 100
        return shop

    return start


def test_a_drop_is_held_back_until_somebody_accepts_it(migrated_url: str) -> None:  # bug 10
    shop = Shop(migrated_url, transfers=False, items=25)
    for number in range(1, 24):
        shop.model._delete(shop.model.works[f"a{number}"])
    first = shop.sweep()
    held, state, found = shop.rows(), view_state(shop), shop.findings()
    shop.here.sync()
    again = shop.findings()
    accepted = shop.sweep(only=Only("fake", "ONE"), accept_drop=True)

    assert {one.scope: (one.outcome, one.gone, one.held_back) for one in first.scopes} == {
        "ONE": ("ok", None, 23),
        "TWO": ("ok", 0, None),
    }
    assert {presence for _, presence, _ in held.values()} == {"present"}
    assert (state, found, again) == ("held_back", [("SYN506", "ONE", True)], [("SYN506", "ONE", True)])
    assert [(one.scope, one.gone, one.held_back) for one in accepted.scopes] == [("ONE", 23, None)]
    assert sum(presence == "not_visible" for _, presence, _ in shop.rows().values()) == 23
    assert (view_state(shop), shop.scope()["held_back"]) == ("ok", None)
    assert ("SYN506", "ONE", False) in shop.findings()


def test_a_drop_that_was_a_fault_resolves_by_itself(migrated_url: str) -> None:
    shop = Shop(migrated_url, transfers=False, items=25)
    for work in shop.model.works.values():
        work.hidden = work.project == "1"
    shop.sweep()
    opened = shop.findings()
    for work in shop.model.works.values():
        work.hidden = False
    shop.sweep()

    assert (opened, shop.findings()) == ([("SYN506", "ONE", True)], [("SYN506", "ONE", False)])
    assert {presence for _, presence, _ in shop.rows().values()} == {"present"}


def view_state(shop: Shop) -> str:
    with shop.here.engine.connect() as conn:
        found = conn.execute(sa.text("SELECT state FROM northing_scopes WHERE name = 'ONE'")).scalar_one()
    shop.here.engine.dispose()
    return found


def test_a_scope_is_named_alone_where_one_connection_has_it(listing: Shop) -> None:
    with listing.here.engine.begin() as conn:
        assert Only.stored("one", listing.here.config, conn) == Only("fake", "ONE")
        assert Only.stored("fake:ONE", listing.here.config, conn) == Only("fake", "ONE")
        with pytest.raises(UnknownScope, match="No scope 'NONE'"):
            Only.stored("NONE", listing.here.config, conn)
    listing.here.engine.dispose()
