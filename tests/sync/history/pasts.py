"""Random organisations whose items have a past, and what counted on a day: once more, short, slow and obvious."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median

import msgspec
from hypothesis import strategies as st

from config import Config
from connectors.records import Category, Change, Item
from tests.sync.oracle import Work, fold
from tests.sync.organisations import NOW, works

BEGIN = datetime(2026, 9, 20, tzinfo=UTC)
LENGTH = (NOW - BEGIN) // timedelta(hours=1)
STATUSES = {"todo": ("Open", "Reopened"), "in_progress": ("Doing",), "done": ("Resolved", "Closed", "Duplicate")}

moments = st.integers(0, LENGTH).map(lambda hours: BEGIN + timedelta(hours=hours))


@st.composite
def pasts(draw: st.DrawFn, item: Item) -> Item:
    """The item with dates: some by a history that ends in its category, some by what it was created and closed at."""
    created = draw(st.none() | moments)
    first = created or BEGIN
    later = st.integers(0, max(0, (NOW - first) // timedelta(hours=1))).map(
        lambda hours: first + timedelta(hours=hours)
    )
    estimates = sorted(draw(st.lists(later, max_size=2)))
    words = [draw(st.sampled_from(["", "1", "3.0", "many"])) for _ in estimates]
    tail = "" if item.estimate is None else str(item.estimate)  # what it was set to last, which is what it is now
    changes = [
        Change(at=at, kind="estimate", before=before or None, after=after or None)
        for at, before, after in zip(estimates, words, [*words[1:], tail], strict=False)
    ]
    started = closed = None
    if draw(st.booleans()):
        categories: list[Category] = draw(st.lists(st.sampled_from(["todo", "in_progress", "done"]), max_size=3))
        steps = sorted(draw(later) for _ in range(len(categories) + 1))
        for at, category in zip(steps, [*categories, item.category], strict=True):
            status = draw(st.sampled_from(STATUSES[category]))
            changes.append(Change(at=at, kind="status", before="x", after=status, category=category))
    elif item.category == "done":
        closed = draw(later)
        started = draw(st.none() | st.just(first))
    elif item.category == "in_progress":
        started = draw(st.none() | later)
    changes.sort(key=lambda one: one.at)
    return msgspec.structs.replace(
        item, created_at=created, started_at=started, closed_at=closed, updated_at=NOW, changes=tuple(changes)
    )


@dataclass
class Told:
    """Work with a past. `gone`: since when items are deleted."""

    work: Work
    gone: dict[str, datetime] = field(default_factory=dict)


@st.composite
def organisations(draw: st.DrawFn) -> Told:
    work = draw(works(9))
    work.items = {key: draw(pasts(item)) for key, item in work.items.items()}
    gone = {key: draw(moments) for key in work.items if draw(st.integers(0, 5)) == 0}
    work.deleted = set(gone)
    return Told(work, gone)


def state_at(work: Work, item: Item, config: Config, moment: datetime) -> str:
    """Of an item that is there."""
    now = work.state(item, config)
    steps = [one for one in item.changes if one.kind == "status"]
    if steps:
        last = len(steps) - 1
        while now in ("done", "cancelled") and last and steps[last - 1].category == "done":
            last -= 1
        if moment >= steps[last].at:
            return now
        before = [one for one in steps if one.at <= moment]
        if not before:
            return "in_progress" if item.started_at and item.started_at == item.created_at else "todo"
        cancelled = fold(before[-1].after or "") in map(fold, config.counting.cancelled)
        return "cancelled" if cancelled else str(before[-1].category)
    if now in ("done", "cancelled") and item.closed_at and moment < item.closed_at:
        return "in_progress" if item.started_at and item.started_at <= moment else "todo"
    if now == "in_progress" and item.started_at and moment < item.started_at:
        return "todo"
    return now


def estimate_at(item: Item, moment: datetime) -> float | None:
    for step in item.changes:
        if step.kind == "estimate" and step.at > moment:
            try:
                return float(step.before or "")
            except ValueError:
                return None
    return item.estimate


@dataclass
class Counted:
    """What counted for a key result at a moment. Sizes and delivery are of one part: no mapping has a share."""

    total: int
    done: int
    in_progress: int
    descoped: int
    size_total: float
    size_done: float


def counted_at(told: Told, config: Config, key: str, moment: datetime) -> Counted:
    """By the links of now."""
    work = told.work
    linked: set[str] = set()
    for mapping in config.mappings:
        if mapping.key_result == key:
            linked |= work.matched(mapping.work, config)
    template = config.conventions.label
    named = {
        one
        for one, item in work.items.items()
        if template and fold(template.replace("{key}", key)) in map(fold, item.labels)
    }
    linked |= {one for one, item in work.items.items() if named & {one, *(a.external_id for a in work.ancestors(item))}}
    if config.counting.subtasks == "ignore":
        linked = {one for one in linked if work.level(work.items[one], config) != "subtask"}
    below = {
        one: [o for o in linked if one in {a.external_id for a in work.ancestors(work.items[o])}] for one in linked
    }

    def counting(when: datetime) -> tuple[list[str], list[str]]:
        def born(one: str) -> bool:
            created = work.items[one].created_at
            return created is None or created <= when

        def lives(one: str) -> bool:
            gone = told.gone.get(one)
            there = born(one) and not (gone and gone <= when)
            return there and state_at(work, work.items[one], config, when) != "cancelled"

        live = [one for one in linked if lives(one) and not any(map(lives, below[one]))]
        return live, [one for one in linked if born(one) and not lives(one) and not below[one]]

    # What is filled in for missing estimates is what is filled in now.
    given = [e for one in counting(NOW)[0] if (e := work.items[one].estimate) is not None]
    everywhere = [i.estimate for i in work.items.values() if i.estimate is not None and i.external_id not in told.gone]
    filler = median(given) if given else median(everywhere) if everywhere else 1.0
    live, descoped = counting(moment)
    size = dict.fromkeys(live, 1.0)
    if config.counting.measure != "count":
        size = {one: filler if (e := estimate_at(work.items[one], moment)) is None else e for one in live}
    state = {one: state_at(work, work.items[one], config, moment) for one in live}
    return Counted(
        total=len(live),
        done=sum(state[one] == "done" for one in live),
        in_progress=sum(state[one] == "in_progress" for one in live),
        descoped=len(descoped),
        size_total=sum(size.values()),
        size_done=sum(size[one] for one in live if state[one] == "done"),
    )
