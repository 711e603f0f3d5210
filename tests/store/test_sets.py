"""Labels, components, assignees, containers and blockers of items, replaced as sets."""

from datetime import UTC, datetime

import pytest

from connectors.records import Change, ContainerRef, SetAside
from store import streams, work
from store.work import Saved
from tests.store.samples import Shop, item, listed, milestone, scope_record

TITLES = "SELECT kind, external_id, title, title_folded, state, listed FROM container ORDER BY kind, external_id"
MEMBERS = (
    "SELECT w.key, x.title FROM work_container m JOIN work_item w ON w.id = m.item_id"
    " JOIN container x ON x.id = m.container_id ORDER BY 1, 2"
)


def test_words_are_kept_by_kind_and_folded(shop: Shop) -> None:
    shop.save(
        item(
            1,
            labels=(" Área ", "b", "b"),
            components=("b",),
            assignees=("Dana",),
            key_results=(("trailer", "GROW.1"), ("field", "GROW.1")),
        )
    )
    found = shop.rows(
        "SELECT g.kind, g.value, g.folded FROM work_tag t JOIN tag g ON g.id = t.tag_id ORDER BY g.kind, g.folded"
    )
    assert found == [
        ("assignee", "Dana", "dana"),
        ("component", "b", "b"),
        ("field", "GROW.1", "grow.1"),
        ("label", "b", "b"),
        ("label", " Área ", "área"),
        ("trailer", "GROW.1", "grow.1"),
    ]


def test_sets_are_replaced_whole_and_only_those_of_their_item(shop: Shop) -> None:
    shop.save(
        item(1, labels=("a", "b"), containers=(milestone("5", "M"),), blocked_by=("x-1", "x-2")),
        item(2, labels=("a", "b"), containers=(milestone("5", "M"),), blocked_by=("x-1",)),
    )
    shop.save(item(1, labels=("b", "c"), containers=(milestone("6", "N"),), blocked_by=("x-2",)))
    blockers = "SELECT w.key, d.blocker_key FROM dependency d JOIN work_item w ON w.id = d.item_id ORDER BY 1, 2"
    assert (shop.labels(1), shop.labels(2)) == (["b", "c"], ["a", "b"])
    assert shop.rows(MEMBERS) == [("acme/shop#1", "N"), ("acme/shop#2", "M")]
    assert shop.rows(blockers) == [("acme/shop#1", "x-2"), ("acme/shop#2", "x-1")]
    shop.save(item(1), item(2))
    assert (shop.labels(1), shop.labels(2), shop.rows(MEMBERS), shop.rows(blockers)) == ([], [], [], [])


def test_the_steps_of_an_items_history_are_kept_by_time_and_replaced_whole(shop: Shop) -> None:
    start = datetime(2026, 11, 2, 9, tzinfo=UTC)
    begun = Change(at=start, kind="status", before="Open", after="Doing", category="in_progress")
    sized = Change(at=start, kind="estimate", after="3")
    shop.save(item(1, changes=(begun, sized)), item(2, changes=(begun,)))
    shop.save(item(1, changes=(sized,)))
    found = shop.rows(
        "SELECT w.key, c.position, c.kind, c.before, c.after, c.category"
        " FROM work_change c JOIN work_item w ON w.id = c.item_id ORDER BY 1, 2"
    )
    assert found == [
        ("acme/shop#1", 0, "estimate", None, "3", None),
        ("acme/shop#2", 0, "status", "Open", "Doing", "in_progress"),
    ]


def test_a_container_that_was_never_listed_follows_the_references(shop: Shop) -> None:
    shop.save(item(1, containers=(milestone("5", "Áb"),)), item(2, containers=(milestone("5", "Áb"),)))
    shop.dirty()
    assert shop.rows(TITLES) == [("milestone", "5", "Áb", "áb", None, False)]
    shop.save(item(1, containers=(milestone("5", "Renamed"),)))
    assert shop.rows(TITLES) == [("milestone", "5", "Renamed", "renamed", None, False)]
    assert shop.dirty() == ["acme/shop#1", "acme/shop#2"]


def test_an_older_reference_does_not_rename_a_listed_container(shop: Shop) -> None:
    shop.save(item(1, containers=(milestone("5", "Old"),)))
    assert shop.save_containers(listed("5", "New"), listed("6", "Six")) == Saved(read=2, changed=2, set_aside=0)
    shop.dirty()
    shop.save(item(2, containers=(milestone("5", "Old"),)))
    assert shop.rows(TITLES) == [
        ("milestone", "5", "New", "new", "open", True),
        ("milestone", "6", "Six", "six", "open", True),
    ]
    assert shop.dirty() == ["acme/shop#2"]


def test_a_renamed_container_makes_its_items_dirty_and_a_closed_one_does_not(shop: Shop) -> None:
    shop.save_containers(listed("5", "Five"), listed("6", "Six"))
    shop.save(item(1, containers=(milestone("5", "Five"),)), item(2, containers=(milestone("6", "Six"),)))
    shop.dirty()
    assert shop.save_containers(listed("5", "Fünf"), listed("6", "Six", state="closed")).changed == 2
    assert shop.dirty() == ["acme/shop#1"]
    assert shop.save_containers(listed("5", "Fünf"), listed("6", "Six", state="closed")).changed == 0


def test_a_container_that_is_gone_from_the_list_leaves_its_items(shop: Shop) -> None:
    shop.save_containers(listed("5", "Five"), listed("6", "Six"))
    shop.save(item(1, containers=(milestone("5", "Five"), milestone("6", "Six"), milestone("7", "Unlisted"))))
    shop.dirty()
    shop.save_containers(listed("6", "Six"))
    assert shop.rows(MEMBERS) == [("acme/shop#1", "Six"), ("acme/shop#1", "Unlisted")]
    assert shop.dirty() == ["acme/shop#1"]


@pytest.mark.parametrize("unread", ["5", None])
def test_a_container_that_could_not_be_read_is_not_taken_for_gone(shop: Shop, unread: str | None) -> None:
    shop.save_containers(listed("5", "Five"))
    aside = SetAside(external_id=unread, reason="no title", excerpt="{}")
    assert shop.save_containers(set_aside=[aside]) == Saved(read=0, changed=0, set_aside=1)
    assert shop.rows("SELECT title FROM container") == [("Five",)]


def test_a_sprint_may_be_listed_by_several_scopes(shop: Shop) -> None:
    other = Shop.in_new(shop.engine, "code", scope_record("2", "acme/web"))
    sprint = listed("9", "Sprint 9", kind="sprint", scope=None, state="active")
    shop.save(item(1, containers=(ContainerRef(external_id="9", kind="sprint", title="Sprint 9"),)))
    assert (shop.save_containers(sprint).changed, other.save_containers(sprint).changed) == (1, 0)
    assert other.save_containers() == Saved(read=0, changed=0, set_aside=0)
    assert shop.rows("SELECT scope_id, title FROM container") == [(None, "Sprint 9")]


def test_what_a_query_matched_is_kept_and_changes_make_items_dirty(shop: Shop) -> None:
    shop.save(item(1), item(2), item(3))
    shop.dirty()

    def match(*ids: str) -> list[str]:
        with shop.engine.begin() as conn:
            work.save_membership(conn, shop.connection_id, "labels = x", set(ids))
        return shop.dirty()

    assert match("id-1", "id-2", "not-read-yet") == ["acme/shop#1", "acme/shop#2"]
    assert match("id-2", "id-3", "not-read-yet") == ["acme/shop#1", "acme/shop#3"]
    assert match("id-2", "id-3", "not-read-yet") == []
    assert shop.rows("SELECT query, external_id FROM membership ORDER BY 2") == [
        ("labels = x", "id-2"),
        ("labels = x", "id-3"),
        ("labels = x", "not-read-yet"),
    ]


def test_scopes_that_are_listed_no_longer_stay_as_not_visible(shop: Shop) -> None:
    both = [scope_record("1", "acme/shop"), scope_record("2", "acme/web", archived=True)]
    with shop.engine.begin() as conn:
        ids = work.save_scopes(conn, "code", "sample", both)
        assert work.save_scopes(conn, "code", "sample", both[1:]) == {"2": ids["2"]}
    assert shop.rows("SELECT key, archived, visible FROM scope ORDER BY key") == [
        ("acme/shop", False, False),
        ("acme/web", True, True),
    ]


def test_a_renamed_scope_is_read_from_the_start(shop: Shop) -> None:
    state = streams.StreamState(watermark=datetime(2026, 1, 1, tzinfo=UTC))
    with shop.engine.begin() as conn:
        streams.save(conn, shop.id, "items", state)
        work.save_scopes(conn, "code", "sample", [scope_record("1", "acme/shop")])
        assert streams.load(conn, shop.id, "items") == state
        assert work.save_scopes(conn, "code", "sample", [scope_record("1", "acme/Store")]) == {"1": shop.id}
        assert streams.load(conn, shop.id, "items") == streams.StreamState()
    assert shop.rows("SELECT key, key_folded FROM scope") == [("acme/Store", "acme/store")]
