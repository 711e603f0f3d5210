"""Why delivery changed between two moments: completed, added, removed, re-estimated, reopened, remapped.

Pure. What happened to the linked items is replayed in order of time, and each event changes delivery by its own part.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import fsum
from typing import Any, Literal

from sync.history.counting import Linked, Source
from sync.history.timeline import LIVE, Changes, at

PartName = Literal["completed", "added", "removed", "re_estimated", "reopened", "remapped"]
PARTS: tuple[PartName, ...] = ("completed", "added", "removed", "re_estimated", "reopened", "remapped")
_GRID = 1 << 40
"""Shown numbers are whole multiples of this fraction, so that sums of them are exact."""
_ORDER = {"added": 0, "re_estimated": 1, "completed": 2, "reopened": 3, "removed": 4}
_RANK = {"todo": 0, "in_progress": 1, "done": 2}


@dataclass(frozen=True)
class Contribution:
    """What events of one kind that befell an item changed in all. `at`: when the last of them did."""

    id: int
    change: float
    at: Any


@dataclass(frozen=True)
class Waterfall:
    """`end - start` is the sum of the parts, to the last bit and in any order. Where nothing counted, delivery is 0.

    `start_known`, `end_known`: whether work counted at that moment. `items`: what made a part, the largest first.
    """

    start: float
    end: float
    parts: Mapping[PartName, float]
    items: Mapping[PartName, Sequence[Contribution]]
    start_known: bool = True
    end_known: bool = True

    @property
    def change(self) -> float:
        """What the parts sum to."""
        return self.end - self.start


@dataclass(frozen=True)
class _Event:
    at: Any
    kind: str
    item: Linked
    life: str | None = None
    estimate: float | None = None


def waterfall(
    items: Sequence[Linked],
    sources: Sequence[Source],
    credit: float,
    start: Any,
    end: Any,
    then: tuple[float | None, float | None] | None = None,
) -> Waterfall:
    """What happened after `start` and until `end`, instants in the form of the items'.

    `then`: the delivery that was known at both moments when they came, where that is to be explained; what it differs
    by from what is known of them now is `remapped`. None where nothing else than what is known now is to be explained.

    An item that comes into being or comes back from being cancelled is added, one that is cancelled or gone is removed,
    with all that follows from it (a container stops counting, or counts again). A state that is nearer to done is
    completed work, and so is work that was begun, as far as `credit` is given for it; one that is further is reopened.
    """
    replay = _Replay(items, sources, credit, start)
    known_before = now = replay.delivery()
    changes: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    last: dict[tuple[str, int], Any] = {}
    for event in _events(items, start, end):
        before, now = now, replay.apply(event)
        changes[event.kind][event.item.id].append((now or 0.0) - (before or 0.0))
        last[event.kind, event.item.id] = event.at
    shown = (known_before, now) if then is None else then
    contributions: dict[PartName, list[Contribution]] = {
        name: sorted(
            (
                Contribution(one, total, last[name, one])
                for one, some in changes[name].items()
                if (total := fsum(some)) != 0
            ),
            key=lambda one: (-abs(one.change), one.id),
        )
        for name in PARTS
    }
    parts = {name: fsum(one for some in changes[name].values() for one in some) for name in PARTS}
    return _exact(shown, parts, contributions)


def _exact(
    shown: tuple[float | None, float | None],
    parts: dict[PartName, float],
    items: Mapping[PartName, Sequence[Contribution]],
) -> Waterfall:
    """Puts all on the grid. What the events leave is `remapped`; what is not even a part in 10⁹ is rounding."""
    start, end = (round((one or 0.0) * _GRID) for one in shown)
    whole = {name: round(value * _GRID) for name, value in parts.items()}
    rest = end - start - sum(whole.values())
    if abs(rest) * 10**9 > _GRID:
        whole["remapped"] = rest
    elif rest:
        whole[max(PARTS, key=lambda name: abs(whole[name]))] += rest
    return Waterfall(
        start=start / _GRID,
        end=end / _GRID,
        parts={name: value / _GRID for name, value in whole.items()},
        items=items,
        start_known=shown[0] is not None,
        end_known=shown[1] is not None,
    )


def _events(items: Sequence[Linked], start: Any, end: Any) -> list[_Event]:
    found = [event for item in items for event in _of_item(item, start, end)]
    return sorted(found, key=lambda event: (event.at, _ORDER[event.kind], event.item.id))


def _of_item(item: Linked, start: Any, end: Any) -> Iterator[_Event]:
    word = at(item.life, start)
    for since, later in _last_of_each(item.life[1:]):
        if start < since <= end and later != word:
            yield _Event(since, _kind(word, later), item, life=later)
            word = later
    for since, estimate in _last_of_each(item.sizes[1:]):
        if start < since <= end:
            yield _Event(since, "re_estimated", item, estimate=estimate)


def _last_of_each(changes: Changes[Any]) -> list[tuple[Any, Any]]:
    """The changes without those that another of the same instant follows."""
    return list({since: (since, value) for since, value in changes}.values())


def _kind(before: str, after: str) -> str:
    if after not in LIVE:
        return "removed"
    if before not in LIVE:
        return "added"
    return "completed" if _RANK[after] >= _RANK[before] else "reopened"


@dataclass
class _Sums:
    size: Fraction = Fraction(0)
    earned: Fraction = Fraction(0)
    items: int = 0


@dataclass
class _Standing:
    """How an item stands in the replay. `below`: how many of the linked items below it live."""

    item: Linked
    word: str
    estimate: float | None
    below: int = 0
    size: Fraction = field(default=Fraction(0))
    credit: Fraction = field(default=Fraction(0))
    counted: bool = False


class _Replay:
    """Delivery after each event. Sums are kept as fractions: what is added and taken away leaves nothing behind."""

    def __init__(self, items: Sequence[Linked], sources: Sequence[Source], credit: float, start: Any) -> None:
        self._credit = {"todo": Fraction(0), "in_progress": Fraction(credit), "done": Fraction(1)}
        given = [source.share for source in sources if source.share is not None]
        mean = fsum(given) / len(given) if given else None
        self._shares = {source.mapping_id: mean if source.share is None else source.share for source in sources}
        self._shared = bool(given)
        self._sums: dict[int, _Sums] = defaultdict(_Sums)
        self._standing = {item.id: _Standing(item, at(item.life, start), at(item.sizes, start)) for item in items}
        for one in self._standing.values():
            if one.word in LIVE:
                for above in one.item.above:
                    self._standing[above].below += 1
        for one in self._standing.values():
            self._count(one)

    def apply(self, event: _Event) -> float | None:
        """Delivery after the event."""
        one = self._standing[event.item.id]
        if event.life is None:
            one.estimate = event.estimate
        else:
            lived = one.word in LIVE
            one.word = event.life
            change = (one.word in LIVE) - lived
            for above in one.item.above if change else ():
                self._standing[above].below += change
                self._count(self._standing[above])
        self._count(one)
        return self.delivery()

    def _count(self, one: _Standing) -> None:
        """Brings the sums in line with how an item stands."""
        sums = self._sums[one.item.mapping_id]
        if one.counted:
            sums.size -= one.size
            sums.earned -= one.size * one.credit
            sums.items -= 1
        one.counted = one.word in LIVE and not one.below
        if one.counted:
            one.size = Fraction(one.item.filler if one.estimate is None else one.estimate)
            one.credit = self._credit[one.word]
            sums.size += one.size
            sums.earned += one.size * one.credit
            sums.items += 1

    def delivery(self) -> float | None:
        """As `progress.delivery`, of exact sums."""
        if not self._shared:
            size = sum((sums.size for sums in self._sums.values()), Fraction(0))
            earned = sum((sums.earned for sums in self._sums.values()), Fraction(0))
            return float(min(max(earned / size, Fraction(0)), Fraction(1))) if size > 0 else None
        sized = [(self._shares[one] or 0.0, sums) for one, sums in self._sums.items() if sums.items and sums.size > 0]
        weight = fsum(share for share, _ in sized)
        if weight <= 0:
            return None
        total = fsum(share * float(sums.earned / sums.size) for share, sums in sized)
        return min(1.0, max(0.0, total / weight))
