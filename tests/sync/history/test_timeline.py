"""An item's life from its dates and steps, and what counted at the end of days."""

from typing import Any

import pytest

from sync.facts import Part
from sync.history.counting import Day, Linked, Source, days
from sync.history.timeline import Past, Step, at, estimates, life, reopenings

NONE: Any = None


def past(state: str, *steps: Step, **given: Any) -> Past:
    """An item of a tool whose instants are numbers, created at 10."""
    usual: dict[str, Any] = {
        "id": 1, "created_at": 10, "started_at": None, "closed_at": None, "updated_at": 90, "presence": "present",
        "gone_at": None, "estimate": None,
    }  # fmt: skip
    return Past(state=state, steps=steps, **usual | given)


def move(when: int, category: str | None, after: str = "") -> Step:
    return Step(when, "status", None, after, category)


def estimated(when: int, before: str | None, after: str | None) -> Step:
    return Step(when, "estimate", before, after, None)


def lived(item: Past) -> list[tuple[Any, str]]:
    return life(item, lambda word: word == "Duplicate")


@pytest.mark.parametrize(
    "item, expected",
    [
        (past("todo"), [(NONE, "absent"), (10, "todo")]),
        (past("todo", created_at=None), [(NONE, "todo")]),
        (past("done", closed_at=30), [(NONE, "absent"), (10, "todo"), (30, "done")]),
        (past("cancelled", closed_at=30), [(NONE, "absent"), (10, "todo"), (30, "cancelled")]),
        (
            past("done", closed_at=30, started_at=20),
            [(NONE, "absent"), (10, "todo"), (20, "in_progress"), (30, "done")],
        ),
        (past("in_progress", started_at=20), [(NONE, "absent"), (10, "todo"), (20, "in_progress")]),
        # What does not say since when has always been, or was closed when it changed last.
        (past("in_progress"), [(NONE, "absent"), (10, "in_progress")]),
        (past("done"), [(NONE, "absent"), (10, "todo"), (90, "done")]),
        (past("done", updated_at=None), [(NONE, "absent"), (10, "done")]),
        # Closed before it was created, as an import may say.
        (past("done", closed_at=5), [(NONE, "absent"), (10, "done")]),
    ],
)
def test_without_a_history_the_dates_tell(item: Past, expected: list[tuple[Any, str]]) -> None:
    assert lived(item) == expected


@pytest.mark.parametrize(
    "item, expected",
    [
        (
            past("done", move(20, "in_progress"), move(30, "done"), closed_at=31),
            [(NONE, "absent"), (10, "todo"), (20, "in_progress"), (30, "done")],
        ),
        # Reopened: it counts as done only while it was.
        (
            past("todo", move(20, "done"), move(30, "todo")),
            [(NONE, "absent"), (10, "todo"), (20, "done"), (30, "todo")],
        ),
        # Work began when it was created: that is known, the first status is not.
        (
            past("done", move(30, "done"), started_at=10),
            [(NONE, "absent"), (10, "in_progress"), (30, "done")],
        ),
        # Resolved, then closed: cancelled from the first of both on, as the resolution has no history.
        (
            past("cancelled", move(20, "done"), move(30, "done")),
            [(NONE, "absent"), (10, "todo"), (20, "cancelled")],
        ),
        # A status that stands for cancelled work did so then, too.
        (
            past("done", move(20, "done", "Duplicate"), move(30, "todo"), move(40, "done")),
            [(NONE, "absent"), (10, "todo"), (20, "cancelled"), (30, "todo"), (40, "done")],
        ),
        # A status that the tool no longer knows changes nothing, and the last step leads to what is now.
        (
            past("done", move(20, "in_progress"), move(25, None), move(30, "done")),
            [(NONE, "absent"), (10, "todo"), (20, "in_progress"), (30, "done")],
        ),
        (
            past("in_progress", move(20, "todo"), move(30, None)),
            [(NONE, "absent"), (10, "todo"), (20, "todo"), (30, "in_progress")],
        ),
        # A history that says nothing of the end: the date of closing tells.
        (
            past("done", move(20, "in_progress"), closed_at=40),
            [(NONE, "absent"), (10, "todo"), (20, "in_progress"), (40, "done")],
        ),
        (past("done", move(20, "in_progress")), [(NONE, "absent"), (10, "todo"), (20, "done")]),
        # Steps before it was created (it was moved here) give the state at its creation.
        (past("done", move(5, "in_progress"), move(30, "done")), [(NONE, "absent"), (10, "in_progress"), (30, "done")]),
    ],
)
def test_with_a_history_its_steps_tell(item: Past, expected: list[tuple[Any, str]]) -> None:
    assert lived(item) == expected


def test_what_is_deleted_ends_when_it_was_found_to_be() -> None:
    assert lived(past("todo", presence="deleted", gone_at=50)) == [(NONE, "absent"), (10, "todo"), (50, "deleted")]
    assert lived(past("done", presence="deleted", gone_at=50, closed_at=60))[-1] == (50, "deleted")
    assert lived(past("todo", presence="deleted")) == [(NONE, "deleted")]
    assert lived(past("todo", presence="not_visible", gone_at=50)) == [(NONE, "absent"), (10, "todo")]


def test_an_estimate_was_what_its_steps_say() -> None:
    steps = (estimated(20, "1", "2.5"), move(25, "done"), estimated(30, "2.5", None), estimated(40, "lots", "3"))
    assert estimates(past("todo", *steps, estimate=3.0)) == [(NONE, 1.0), (20, 2.5), (30, NONE), (40, 3.0)]
    assert estimates(past("todo", estimate=5.0)) == [(NONE, 5.0)]


def test_taken_up_again_is_each_step_out_of_a_done_status() -> None:
    steps = (move(20, "done"), move(25, "done"), move(30, "todo"), move(35, None), move(40, "done"), move(50, "todo"))
    assert reopenings(past("todo", *steps)) == [30, 50]


def test_a_value_holds_from_its_instant_on() -> None:
    changes = [(NONE, "a"), (10, "b"), (20, "c")]
    assert [at(changes, moment) for moment in (9, 10, 19, 20, 99)] == ["a", "b", "b", "c", "c"]


def counted(parts: Day) -> tuple[int, int, float, int]:
    """Items, done items, size, descoped items."""
    return (
        sum(part.total for part in parts.parts),
        sum(part.done for part in parts.parts),
        sum(part.size_total for part in parts.parts),
        parts.descoped,
    )


def linked(identity: int, life: list[tuple[Any, str]], *above: int, size: float = 1.0) -> Linked:
    return Linked(identity, 7, life, [(None, size)], 1.0, above)


SOURCE = Source(7, 0, "mapping", None)


def test_a_day_holds_what_is_so_at_its_end() -> None:
    item = linked(1, [(None, "absent"), (11, "todo"), (20, "in_progress"), (20.5, "done"), (29, "todo")])
    found = days([item], [SOURCE], [10, 20, 21, 28, 29, 30])
    part = Part(mapping_id=7, position=0, via="mapping", size_total=0.0)
    assert [counted(day)[:2] for day in found] == [(0, 0), (1, 0), (1, 1), (1, 1), (1, 0), (1, 0)]
    assert found[0] == Day((part,), 0)


def test_an_epic_counts_itself_while_none_of_its_children_lives() -> None:
    epic = linked(1, [(None, "todo")])
    child = linked(2, [(None, "absent"), (20, "todo"), (30, "done"), (40, "cancelled"), (60, "deleted")], 1)
    found = days([epic, child], [SOURCE], [10, 20, 30, 40, 50, 60])
    assert [counted(day) for day in found] == [
        (1, 0, 1.0, 0),
        (1, 0, 1.0, 0),
        (1, 1, 1.0, 0),
        (1, 0, 1.0, 1),
        (1, 0, 1.0, 1),
        (1, 0, 1.0, 1),
    ]


def test_a_cancelled_epic_is_not_descoped_as_what_lies_below_it_is() -> None:
    epic = linked(1, [(None, "todo"), (30, "cancelled")])
    child = linked(2, [(None, "todo"), (20, "cancelled")], 1)
    assert [counted(day)[3] for day in days([epic, child], [SOURCE], [10, 20, 30])] == [0, 1, 1]


def test_sizes_of_a_tenth_leave_nothing_behind() -> None:
    items = [linked(n, [(None, "todo"), (20, "cancelled")], size=0.1) for n in range(3)]
    found = days(items, [SOURCE], [10, 20])
    assert [day.parts[0].size_total for day in found] == [pytest.approx(0.3), 0.0]
