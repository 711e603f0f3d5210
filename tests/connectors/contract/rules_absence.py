"""Rules about ids and about what became of items: nothing is lost, and nothing is called deleted without proof."""

from datetime import timedelta

import pytest

from connectors.base import Usage
from connectors.errors import Refused
from connectors.records import Looked, Ref
from tests.connectors.contract.rules_reading import Rule, fill
from tests.connectors.contract.source import Mirror, Source, mirror


def _look(kept: Mirror, refs: list[Ref]) -> Looked:
    """What `look` tells, which names each item that it was asked for exactly once."""
    found = kept.connector.look(kept.scope, refs, Usage())
    new = set(found.moved.values())
    there = [item.external_id for item in found.items if item.external_id not in new]
    noted = [note.external_id for note in found.set_aside if note.whole]
    told = [*there, *noted, *found.gone, *found.moved]
    assert sorted(str(one) for one in told) == sorted(ref.external_id for ref in refs)
    return found


def _refs(source: Source, *items: str) -> list[Ref]:
    return [Ref(external_id=one, key=source.key(one)) for one in items]


def ids_are_complete_or_none(source: Source) -> None:  # bug 10
    items = fill(source)
    kept = mirror(source)
    kept.read()
    source.delete(items[7])
    listed = kept.connector.ids(kept.scope, kept.usage)
    if listed is not None:
        ids = {one: category for part in listed for one, category in part.items()}
        assert ids == {one: item.category for one, item in kept.items.items() if one != items[7]}


def what_is_there_is_looked_at_as_it_is_read(source: Source) -> None:
    items = fill(source, 5)
    kept = mirror(source)
    kept.read()
    found = _look(kept, _refs(source, *items))
    assert {item.external_id: item for item in found.items} == kept.items
    assert (found.gone, found.moved) == ({}, {})
    assert _look(kept, []) == Looked()


def what_is_deleted_is_told_as_far_as_it_is_proven(source: Source) -> None:  # bug 8
    items = fill(source, 3)
    kept = mirror(source)
    refs = _refs(source, items[0], items[1])
    source.delete(items[0])
    found = _look(kept, refs)
    assert found.gone == {items[0]: source.after_delete}
    assert [item.external_id for item in found.items] == [items[1]]


def what_is_hidden_is_not_called_deleted(source: Source) -> None:
    items = fill(source, 3)
    kept = mirror(source)
    refs = _refs(source, *items)
    if not source.hides:
        return
    source.hide(items[0])
    assert _look(kept, refs).gone == {items[0]: "not_visible"}


def what_has_moved_is_found_where_it_is(source: Source) -> None:  # bug 8, 9
    items = fill(source, 3)
    kept = mirror(source)
    kept.read()
    [away] = [scope for scope in kept.connector.scopes().scopes if scope.key == source.away]
    refs = _refs(source, *items)
    source.advance(timedelta(minutes=1))
    new = source.move(items[0])
    found = _look(kept, refs)
    places = {item.external_id: item.scope for item in found.items}
    assert places == {new: away.external_id, items[1]: kept.scope.external_id, items[2]: kept.scope.external_id}
    assert found.moved == ({} if new == items[0] else {items[0]: new})
    assert found.gone == {}
    other = Mirror(kept.connector, away)
    other.read()
    assert set(other.items) == {new}, "what moved is read in its new place, by the same name"


def nothing_is_told_of_a_scope_that_cannot_be_read(source: Source) -> None:  # bug 10
    items = fill(source, 3)
    kept = mirror(source)
    refs = _refs(source, *items)
    source.close_scope()
    with pytest.raises(Refused):
        kept.connector.look(kept.scope, refs, Usage())


ABSENCE: list[Rule] = [
    ids_are_complete_or_none,
    what_is_there_is_looked_at_as_it_is_read,
    what_is_deleted_is_told_as_far_as_it_is_proven,
    what_is_hidden_is_not_called_deleted,
    what_has_moved_is_found_where_it_is,
    nothing_is_told_of_a_scope_that_cannot_be_read,
]
