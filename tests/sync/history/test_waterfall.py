"""Why delivery changed: parts that sum to the difference, each with its items."""

import itertools
from math import fsum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import progress
from sync.history.counting import Linked, Source, days
from sync.history.waterfall import PARTS, Waterfall, waterfall

ONE = (Source(1, 0, "mapping", None),)
SHARED = (Source(1, 0, "mapping", 30), Source(2, 1, "mapping", 10), Source(3, 2, "convention", None))


def item(identity: int, *life: tuple[Any, str], above: tuple[int, ...] = (), size: Any = 1.0, of: int = 1) -> Linked:
    sizes = size if isinstance(size, list) else [(None, size)]
    return Linked(identity, of, [(None, "todo"), *life], sizes, 1.0, above)


def parts(found: Waterfall) -> dict[str, float]:
    """Those that changed something."""
    return {name: value for name, value in found.parts.items() if value}


def approx(**given: float) -> dict[str, Any]:
    return {name: pytest.approx(value, abs=1e-11) for name, value in given.items()}


def test_each_event_changes_delivery_by_what_it_makes_of_it_then() -> None:
    work = [
        item(1, (20, "in_progress"), (30, "done")),
        item(2, (35, "done"), (50, "todo")),
        item(3),
        item(4),
        Linked(5, 1, [(None, "absent"), (40, "todo")], [(None, 1.0)], 1.0),
        item(6, (60, "cancelled")),
    ]
    found = waterfall(work, ONE, 0, 10, 100)

    assert (found.start, found.end) == (0.0, pytest.approx(1 / 5))
    # 0/5 → 1/5 → 2/5, one more: 2/6, one less done: 1/6, one less: 1/5
    assert parts(found) == approx(completed=2 / 5, added=2 / 6 - 2 / 5, reopened=1 / 6 - 2 / 6, removed=1 / 5 - 1 / 6)
    assert {name: [(one.id, one.change, one.at) for one in some] for name, some in found.items.items()} == {
        "completed": [(1, pytest.approx(0.2), 30), (2, pytest.approx(0.2), 35)],
        "added": [(5, pytest.approx(2 / 6 - 2 / 5), 40)],
        "removed": [(6, pytest.approx(1 / 5 - 1 / 6), 60)],
        "re_estimated": [],
        "reopened": [(2, pytest.approx(-1 / 6), 50)],
        "remapped": [],
    }


def test_work_that_was_begun_is_completed_as_far_as_it_gets_credit() -> None:
    work = [item(1, (20, "in_progress")), item(2, (20, "done"), (30, "in_progress"))]
    assert parts(waterfall(work, ONE, 0.5, 10, 100)) == approx(completed=0.75, reopened=-0.25)
    assert parts(waterfall(work, ONE, 0, 10, 100)) == approx(completed=0.5, reopened=-0.5)


def test_an_estimate_that_changed_is_a_part_of_its_own() -> None:
    work = [item(1, (5, "done")), item(2, size=[(None, 1.0), (20, 3.0)])]
    assert parts(waterfall(work, ONE, 0, 10, 100)) == approx(re_estimated=-0.25)


def test_what_follows_from_an_event_belongs_to_it() -> None:
    epic = item(1, (5, "done"))
    child = Linked(2, 1, [(None, "absent"), (20, "todo"), (30, "cancelled")], [(None, 1.0)], 1.0, (1,))
    found = waterfall([epic, child], ONE, 0, 10, 100)
    # The epic was done; with its first child it stops counting, and without it counts again.
    assert parts(found) == {"added": -1.0, "removed": 1.0}
    assert (found.start, found.end) == (1.0, 1.0)


def test_where_nothing_counts_delivery_is_taken_as_0() -> None:
    born = Linked(1, 1, [(None, "absent"), (20, "done")], [(None, 1.0)], 1.0)
    found = waterfall([born], ONE, 0, 10, 100)
    assert (found.start, found.start_known, found.end, found.end_known) == (0.0, False, 1.0, True)
    assert parts(found) == {"added": 1.0}


def test_only_what_lies_between_the_two_moments_is_told() -> None:
    work = [item(1, (10, "done")), item(2, (11, "done")), item(3, (20, "done")), item(4, (21, "done"))]
    found = waterfall(work, ONE, 0, 10, 20)
    assert (found.start, found.end) == (0.25, 0.75)
    assert [one.id for one in found.items["completed"]] == [2, 3]


def test_what_was_known_then_and_is_not_now_is_remapped() -> None:
    work = [item(1, (20, "done")), item(2)]
    found = waterfall(work, ONE, 0, 10, 100, (0.25, 0.625))
    assert (found.start, found.end, parts(found)) == (0.25, 0.625, {"completed": 0.5, "remapped": -0.125})
    assert found.items["remapped"] == []


def test_two_steps_of_one_instant_are_one() -> None:
    assert parts(waterfall([item(1, (20, "done"), (20, "todo"))], ONE, 0, 10, 100)) == {}


moments = st.integers(0, 60)
words = st.sampled_from(["absent", "todo", "in_progress", "done", "done", "cancelled", "deleted"])
sizes = st.sampled_from([0.0, 0.1, 1.0, 3.0, 0.7]) | st.none()


@st.composite
def works(draw: st.DrawFn) -> list[Linked]:
    found = []
    for identity in range(draw(st.integers(0, 8))):
        when = sorted(draw(st.lists(moments, max_size=5)))
        life = [(None, draw(words)), *((at, draw(words)) for at in when)]
        resized = sorted(draw(st.lists(moments, max_size=2)))
        size = [(None, draw(sizes)), *((at, draw(sizes)) for at in resized)]
        above = tuple(sorted(draw(st.sets(st.integers(0, identity - 1), max_size=2)))) if identity else ()
        found.append(Linked(identity, draw(st.integers(1, 3)), life, size, draw(st.sampled_from([1.0, 0.3])), above))
    return found


@given(
    work=works(),
    shared=st.booleans(),
    credit=st.sampled_from([0, 0.5, 0.1]),
    start=st.integers(0, 30),
    length=st.integers(0, 30),
    then=st.none() | st.tuples(st.none() | st.floats(0, 1), st.none() | st.floats(0, 1)),
)
@settings(max_examples=300)
def test_the_parts_sum_to_the_difference_to_the_last_bit(
    work: list[Linked], shared: bool, credit: float, start: int, length: int, then: Any
) -> None:
    sources = SHARED if shared else tuple(Source(one, one, "mapping", None) for one in (1, 2, 3))
    found = waterfall(work, sources, credit, start, start + length, then)

    for some in itertools.islice(itertools.permutations(found.parts.values()), 40):
        assert sum(some) == fsum(some) == found.end - found.start == found.change
    assert set(found.parts) == set(PARTS)
    # Both ends are those of the daily numbers, or what was known then.
    ends = [progress.delivery(day.parts, credit).value for day in days(work, sources, [start, start + length])]
    assert (found.start, found.end) == tuple(
        pytest.approx(one or 0.0, abs=1e-11) for one in (ends if then is None else then)
    )
    for part, some in found.items.items():
        if part != "remapped":
            assert fsum(one.change for one in some) == pytest.approx(found.parts[part], abs=1e-8)
    if then is None:
        assert found.parts["remapped"] == 0
