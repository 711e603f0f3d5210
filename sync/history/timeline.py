"""An item's life, from what is stored of it: since when it is there, its state and its estimate at each instant.

Pure. Instants are only compared, so that they may be in whatever form the database gives them, as long as it is one.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

ABSENT, DELETED = "absent", "deleted"
"""What an item is before it was created, and after it was gone; between the two it is in a state."""
LIVE = frozenset({"todo", "in_progress", "done"})
ENDED = frozenset({"done", "cancelled"})

Value = TypeVar("Value")
Changes = list[tuple[Any, Value]]
"""A value's changes by time, each with the instant from which on it holds. The first one's is None: it held from the
beginning.
"""


class Step(NamedTuple):
    """A status or an estimate was set, as in `work_change`."""

    at: Any
    kind: str
    before: str | None
    after: str | None
    category: str | None


class Past(NamedTuple):
    """What is stored of an item, with its steps by time."""

    id: int
    estimate: float | None
    state: str
    created_at: Any
    started_at: Any
    closed_at: Any
    updated_at: Any
    presence: str
    gone_at: Any
    steps: Sequence[Step] = ()


def at(changes: Changes[Value], moment: Any) -> Value:
    """The value that held at a moment."""
    value = changes[0][1]
    for since, later in changes[1:]:
        if since > moment:
            break
        value = later
    return value


def life(past: Past, is_cancelled: Callable[[str | None], bool]) -> Changes[str]:
    """What an item is from when on: absent, in one of its states, deleted.

    An item without a date of creation was always there, and one that is deleted without a date was always deleted.
    `is_cancelled` tells the status names that stand for cancelled work.
    """
    changes = states(past, is_cancelled)
    born = past.created_at
    if born is not None:
        if len(changes) == 1:
            changes = [(None, ABSENT), (born, changes[0][1])]
        else:
            later = [one for one in changes[1:] if one[0] > born]
            changes = [(None, ABSENT), (born, at(changes, born)), *later]
    if past.presence == "deleted":
        if past.gone_at is None:
            return [(None, DELETED)]
        gone = past.gone_at if past.created_at is None else max(past.gone_at, past.created_at)
        changes = [*(one for one in changes if one[0] is None or one[0] < gone), (gone, DELETED)]
    return changes


def states(past: Past, is_cancelled: Callable[[str | None], bool]) -> Changes[str]:
    """The state at each instant, as if the item had always been there.

    By the history of its status, where there is one, else by its dates. From the last step on it is the state of now.
    """
    if moves := [step for step in past.steps if step.kind == "status"]:
        return _by_steps(past, moves, is_cancelled)
    if past.state in ENDED:
        end = past.closed_at if past.closed_at is not None else past.updated_at
        if end is None:
            return [(None, past.state)]
        started = past.started_at is not None and past.started_at < end
        return [(None, "todo"), *([(past.started_at, "in_progress")] if started else []), (end, past.state)]
    if past.state == "in_progress" and past.started_at is not None:
        return [(None, "todo"), (past.started_at, "in_progress")]
    return [(None, past.state)]


def _by_steps(past: Past, moves: list[Step], is_cancelled: Callable[[str | None], bool]) -> Changes[str]:
    # Before its first step an item was to do, unless work on it began when it was created.
    started = past.started_at is not None and past.created_at is not None and past.started_at <= past.created_at
    changes: Changes[str] = [(None, "in_progress" if started else "todo")]
    # A status that the tool no longer knows changes nothing.
    known = [move for move in moves if move.category is not None]
    for move in known:
        word = "cancelled" if move.category == "done" and is_cancelled(move.after) else str(move.category)
        changes.append((move.at, word))
    since = moves[-1].at
    if past.state in ENDED:
        stay = len(known)
        while stay and known[stay - 1].category == "done":
            stay -= 1
        if stay < len(known):
            # What ended its last stay in a done category (cancelled or not) ended it when that stay began.
            since = known[stay].at
        elif past.closed_at is not None and past.closed_at > since:
            since = past.closed_at
    return [*(one for one in changes if one[0] is None or one[0] < since), (since, past.state)]


def estimates(past: Past) -> Changes[float | None]:
    """The estimate at each instant, None where there was none. What a tool kept and is no number is none."""
    steps = [step for step in past.steps if step.kind == "estimate"]
    if not steps:
        return [(None, past.estimate)]
    found: Changes[float | None] = [(None, number(steps[0].before))]
    found += [(step.at, number(following.before)) for step, following in pairwise(steps)]
    return [*found, (steps[-1].at, past.estimate)]


def number(text: str | None) -> float | None:
    """The number that a tool's text tells, None where it tells none."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def reopenings(past: Past) -> list[Any]:
    """The instants at which the item was taken up again after it had been done, by its history."""
    known = [step for step in past.steps if step.kind == "status" and step.category is not None]
    return [step.at for before, step in pairwise(known) if before.category == "done" and step.category != "done"]
