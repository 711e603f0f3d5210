"""Rules about listing scopes, and about reading them to the end whatever happens meanwhile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from typing import TypeAlias

import pytest

from connectors.base import Reading, Usage
from connectors.errors import Refused
from connectors.records import Ref
from tests.connectors.contract.source import MANY, Mirror, Program, Source, mirror

Rule: TypeAlias = Callable[[Source], None]

PAGE_LIMIT = 200


def fill(source: Source, count: int = MANY) -> list[str]:
    """Items that were last changed one by one, an hour ago and longer."""
    source.advance(-timedelta(hours=1 + count / 60))
    items = []
    for number in range(count):
        source.advance(timedelta(minutes=1))
        items.append(source.create(f"Item {number}", labels=["web"]))
    source.advance(timedelta(hours=1))
    return items


def scopes_are_listed_once_each(source: Source) -> None:
    source.create("One")
    source.create("Two", scope=source.away)
    listing = source.connector(Program().context()).scopes()
    assert sorted(scope.key for scope in listing.scopes) == sorted([source.home, source.away])
    assert len({scope.external_id for scope in listing.scopes}) == 2
    assert listing.refused == []


def a_scope_that_is_refused_stops_no_other(source: Source) -> None:
    missing = source.home + "nowhere"
    listing = source.connector(Program().context(), source.home, missing).scopes()
    assert [scope.key for scope in listing.scopes] == [source.home]
    assert [words for words, _ in listing.refused] == [missing]
    for _, error in listing.refused:
        assert isinstance(error, Refused)
        assert error.message
        assert error.advice


def nothing_to_be_seen_is_no_empty_list(source: Source) -> None:
    with pytest.raises(Refused):
        source.connector(Program().context(), source.home + "nowhere").scopes()


def a_full_reading_is_complete(source: Source) -> None:  # bug 29
    fill(source)
    kept = mirror(source)
    pages = kept.read()
    assert kept.shown() == source.truth()
    read = [item.external_id for page in pages for item in page.items]
    assert len(read) == len(set(read)), "an item was read twice while nothing changed"
    assert {item.scope for item in kept.items.values()} == {kept.scope.external_id}


def an_empty_scope_is_read_as_empty(source: Source) -> None:
    kept = mirror(source)
    kept.read()
    assert kept.items == {}


def a_page_is_no_larger_than_a_page(source: Source) -> None:  # bug 23
    fill(source)
    sizes = [len(page.items) for page in mirror(source).read()]
    assert max(sizes) <= PAGE_LIMIT, "memory is bounded by the page, not by the scope"


def edits_between_pages_lose_no_item(source: Source) -> None:  # bug 3
    items = fill(source)
    kept = mirror(source)

    def edit(page: int) -> None:
        # Some that were read, and some that were not.
        source.advance(timedelta(seconds=5))
        for one in (items[page], items[50 + page], items[-page], items[-40 - page]):
            source.edit(one, title=f"Edited behind page {page}")

    kept.read(meanwhile=edit)
    assert set(kept.items) >= set(items)
    kept.read()
    assert kept.shown() == source.truth()


def deletes_between_pages_lose_no_other_item(source: Source) -> None:
    items = fill(source)
    kept = mirror(source)
    keys = {one: source.key(one) for one in items}

    def delete(page: int) -> None:
        for one in (items[page], items[20 + page]):
            source.delete(one)

    kept.read(meanwhile=delete)
    there = set(source.truth())
    # Some tools number their pages, and a row that goes lets the rest move up: then the sweep tells what was missed.
    listed = kept.connector.ids(kept.scope, kept.usage)
    if listed is None:
        kept.since, kept.validators = None, {}
        kept.read()
        listed = [dict.fromkeys(kept.items, "todo")]
    known = {one for part in listed for one in part}
    assert known >= there
    missed = [Ref(external_id=one, key=keys[one]) for one in known - set(kept.items)]
    found = kept.connector.look(kept.scope, missed, kept.usage)
    assert set(kept.items) | {item.external_id for item in found.items} >= there


def a_reading_goes_on_behind_any_page(source: Source) -> None:
    fill(source)
    undisturbed = mirror(source)
    pages = undisturbed.read()
    assert [page.resume is None for page in pages] == [False] * (len(pages) - 1) + [True]
    for stopped in range(1, len(pages)):
        kept = mirror(source)
        kept.read(pages=stopped)
        # The program was killed: another one goes on, with what was kept.
        again = mirror(source)
        again.items, again.resume, again.clock = kept.items, kept.resume, kept.clock
        again.read()
        assert again.items == undisturbed.items
        assert again.since == undisturbed.since


def edits_before_a_reading_goes_on_are_found_by_the_next(source: Source) -> None:
    items = fill(source)
    kept = mirror(source)
    kept.read(pages=1)
    source.advance(timedelta(minutes=30))
    for one in (items[0], items[100], items[-1]):
        source.edit(one, title="Edited while nobody read")
    new = source.create("New while nobody read")
    again = mirror(source)
    again.items, again.resume, again.clock = kept.items, kept.resume, kept.clock
    again.read()
    again.read()
    assert new in again.items
    assert again.shown() == source.truth()


def the_clock_is_that_of_the_tool(source: Source) -> None:
    source.create("One")
    source.advance(timedelta(hours=1))
    for skew in (timedelta(days=-400), timedelta(minutes=-5), timedelta(minutes=5), timedelta(days=400)):
        kept = mirror(source, Program(at=source.now() + skew))
        kept.read()
        assert kept.clock == source.now()
        source.advance(timedelta(hours=1))
        source.create("One more")
        source.advance(timedelta(minutes=30))
        kept.read()
        assert kept.clock == source.now()
        assert kept.shown() == source.truth()


def an_edit_at_the_very_boundary_is_read(source: Source) -> None:  # bug 4
    items = fill(source, 3)
    kept = mirror(source)
    kept.read()
    updated = kept.items[items[1]].updated_at
    assert updated is not None
    window = Mirror(kept.connector, kept.scope, since=updated)
    window.read()
    assert items[1] in window.items
    assert items[2] in window.items


def many_edits_of_one_moment_are_all_read(source: Source) -> None:  # bug 5
    items = fill(source)
    kept = mirror(source)
    kept.read()
    source.advance(timedelta(hours=1))
    for one in items:
        source.edit(one, labels=["bulk"])
    kept.read(pages=1)
    kept.read()
    assert kept.shown() == source.truth()


def an_old_item_is_read_again_when_it_changes(source: Source) -> None:  # bug 2
    items = fill(source, 5)
    kept = mirror(source)
    kept.read()
    for number in range(3):
        source.advance(timedelta(days=1))
        source.edit(items[0], title=f"Edited on day {number}")
        kept.read()
        assert kept.shown() == source.truth()


def a_finished_item_is_read_again_when_it_changes(source: Source) -> None:  # bug 13
    items = fill(source, 3)
    kept = mirror(source)
    kept.read()
    for change in (source.finish, lambda one: source.edit(one, title="Edited when all was done")):
        source.advance(timedelta(days=1))
        change(items[0])
        kept.read()
        assert kept.items[items[0]].category == "done"
        assert kept.shown() == source.truth()


def what_has_not_changed_is_not_read_again(source: Source) -> None:  # bug 26
    items = fill(source, 5)
    kept = mirror(source)
    kept.read()
    source.advance(timedelta(days=1))
    source.edit(items[0], title="Edited")
    [page] = kept.read()
    assert [item.external_id for item in page.items] == [items[0]]


def an_unchanged_scope_answers_that_it_is_unchanged(source: Source) -> None:  # bug 32
    fill(source, 3)
    kept = mirror(source)
    kept.read()
    kept.read()
    before = kept.usage.requests
    pages = kept.read()
    if kept.connector.conditional:
        assert pages == []
        assert kept.usage.not_modified >= 1
        assert kept.usage.requests - before == 1
    source.advance(timedelta(hours=1))
    source.create("News")
    kept.read()
    assert kept.shown() == source.truth()


def labels_are_replaced_as_a_set(source: Source) -> None:  # bug 11
    one = source.create("One", labels=["a", "b"])
    kept = mirror(source)
    kept.read()
    for labels in (["b", "c"], []):
        source.advance(timedelta(hours=1))
        source.edit(one, labels=labels)
        kept.read()
        assert kept.shown() == source.truth() == {one: ("One", frozenset(labels))}


def containers_are_given_in_full(source: Source) -> None:  # bug 14
    kept = mirror(source)
    there = [title for title in ("First", "Second") if source.contain(title)]
    first = kept.connector.containers(kept.scope, {}, kept.usage)
    assert first is not None
    assert sorted(one.title for one in first.containers) == there
    if there:
        source.advance(timedelta(days=1))
        source.contain("Third")
        after = kept.connector.containers(kept.scope, dict(first.validators), kept.usage)
        assert after is not None
        assert sorted(one.title for one in after.containers) == [*there, "Third"]


def requests_are_counted(source: Source) -> None:
    fill(source)
    first = mirror(source)
    first.read()
    # What is asked once for all scopes has been asked by now.
    kept = Mirror(first.connector, first.scope)
    before = source.asked()
    kept.read()
    after = source.asked()
    assert kept.usage.requests >= 1
    if before is not None and after is not None:
        assert kept.usage.requests == after - before


def texts_are_clean(source: Source) -> None:  # bug 21
    one = source.create("No\x00thing\ud800 to hide", labels=["a\x00b"])
    kept = mirror(source)
    kept.read()
    assert kept.items[one].title == "Nothing to hide"
    assert kept.items[one].labels == ("ab",)


def instants_are_in_utc_and_lists_without_repetition(source: Source) -> None:
    fill(source, 3)
    kept = mirror(source)
    kept.read()
    for item in kept.items.values():
        for instant in (item.created_at, item.updated_at):
            assert instant is None or instant.tzinfo is UTC
        for values in (item.labels, item.assignees, item.components, item.blocked_by, item.containers):
            assert len(values) == len(set(values))


def readings_side_by_side_do_not_mix(source: Source) -> None:
    items = fill(source)
    others = {source.create(f"Other {number}", scope=source.away) for number in range(30)}
    home = mirror(source)
    away = Mirror(home.connector, next(s for s in home.connector.scopes().scopes if s.key == source.away))
    # Both are begun before either is read, as the program's threads may do.
    usage = Usage()
    readings = [one.connector.items(one.scope, Reading(), usage) for one in (home, away)]
    with ThreadPoolExecutor(2) as pool:
        read = list(pool.map(lambda pages: {i.external_id for page in pages for i in page.items}, readings))
    assert read == [set(items), others]
    with ThreadPoolExecutor(6) as pool:
        listed = list(pool.map(lambda _: {scope.key for scope in home.connector.scopes().scopes}, range(6)))
    assert listed == [{source.home, source.away}] * 6


def a_query_gives_what_it_matches(source: Source) -> None:
    source.create("One", labels=["wanted"])
    source.create("Two")
    connector = mirror(source).connector
    asked = source.query()
    if asked is None:
        with pytest.raises(Refused):
            connector.matching("labels = wanted", Usage())
    else:
        query, ids = asked
        assert ids
        assert connector.matching(query, Usage()) == ids
        with pytest.raises(Refused):
            connector.matching("wanted without an end (", Usage())


READING: list[Rule] = [
    scopes_are_listed_once_each,
    a_scope_that_is_refused_stops_no_other,
    nothing_to_be_seen_is_no_empty_list,
    a_full_reading_is_complete,
    an_empty_scope_is_read_as_empty,
    a_page_is_no_larger_than_a_page,
    edits_between_pages_lose_no_item,
    deletes_between_pages_lose_no_other_item,
    a_reading_goes_on_behind_any_page,
    edits_before_a_reading_goes_on_are_found_by_the_next,
    the_clock_is_that_of_the_tool,
    an_edit_at_the_very_boundary_is_read,
    many_edits_of_one_moment_are_all_read,
    an_old_item_is_read_again_when_it_changes,
    a_finished_item_is_read_again_when_it_changes,
    what_has_not_changed_is_not_read_again,
    an_unchanged_scope_answers_that_it_is_unchanged,
    labels_are_replaced_as_a_set,
    containers_are_given_in_full,
    requests_are_counted,
    texts_are_clean,
    instants_are_in_utc_and_lists_without_repetition,
    readings_side_by_side_do_not_mix,
    a_query_gives_what_it_matches,
]
