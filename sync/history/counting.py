"""What counted for a key result at the end of each day: the rules of linking, applied to the items' lives.

Pure. A day's value is how things stood when it ended.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

from sync.facts import Part
from sync.history.timeline import LIVE, Changes

_STATES = ("todo", "in_progress", "done")
_UNIT = 1 << 40
"""Sizes are added up as whole numbers of this fraction: what was added and taken away again leaves nothing behind."""


@dataclass(frozen=True, slots=True)
class Source:
    """A mapping of a key result, as `Part` names it. All conventions together are one, with the id of the first."""

    mapping_id: int
    position: int
    via: str
    share: float | None


class Linked(NamedTuple):
    """An item that serves a key result, ignored sub-tasks aside.

    `mapping_id` is the source's that it counts for. `above`: the items linked to the same key result below which it
    lies, at any distance. `sizes` are None where it has no estimate, and then it is `filler` large.
    """

    id: int
    mapping_id: int
    life: Changes[str]
    sizes: Changes[float | None]
    filler: float
    above: tuple[int, ...] = ()


@dataclass(slots=True)
class Day:
    """What counted at the end of a day."""

    parts: tuple[Part, ...] = ()
    descoped: int = 0


def days(items: Sequence[Linked], sources: Sequence[Source], ends: Sequence[Any]) -> list[Day]:
    """What counted at each of `ends`, the last instants of days, in order and in the same form as the items' instants.

    An item counts itself while none of the linked items below it lives.
    """
    return _Counting(sources, ends).run(items)


@dataclass(slots=True)
class _Sum:
    """The difference that each day makes to a number of items, and to their size."""

    items: list[int]
    size: list[int]
    imputed: list[int]


@dataclass
class _Counting:
    sources: Sequence[Source]
    ends: Sequence[Any]
    sums: dict[tuple[int, str], _Sum] = field(default_factory=dict)

    def run(self, items: Sequence[Linked]) -> list[Day]:
        count = len(self.ends)
        parents = {above for item in items for above in item.above}
        # For each item with linked items below: the difference that each day makes to how many of them live.
        below = {one: [0] * (count + 1) for one in parents}
        descoped = [0] * (count + 1)
        containers: list[tuple[Linked, list[tuple[int, int, str]]]] = []
        for item in items:
            spans = self._spans(item.life)
            leaf = item.id not in parents
            if not leaf:
                containers.append((item, spans))
            for first, behind, word in spans:
                if word in LIVE:
                    for above in item.above:
                        below[above][first] += 1
                        below[above][behind] -= 1
                    if leaf:
                        self._add(item, first, behind, word)
                elif leaf and word != "absent":
                    descoped[first] += 1
                    descoped[behind] -= 1
        for item, spans in containers:
            alive = list(accumulate(below[item.id]))
            for first, behind, word in spans:
                if word in LIVE:
                    for day in range(first, behind):
                        if not alive[day]:
                            self._add(item, day, day + 1, word)
        return self._days(list(accumulate(descoped)))

    def _spans(self, changes: Changes[Any]) -> list[tuple[int, int, Any]]:
        """The values that held at the end of days, as (first day, day behind the last, value)."""
        count = len(self.ends)
        found: list[tuple[int, int, Any]] = []
        first, value = 0, changes[0][1]
        for since, later in changes[1:]:
            day = bisect_left(self.ends, since)
            if day >= count:
                break
            if day > first:
                found.append((first, day, value))
            first, value = max(day, first), later
        found.append((first, count, value))
        return found

    def _add(self, item: Linked, first: int, behind: int, state: str) -> None:
        key = (item.mapping_id, state)
        sums = self.sums.get(key)
        if sums is None:
            length = len(self.ends) + 1
            sums = self.sums[key] = _Sum([0] * length, [0] * length, [0] * length)
        sums.items[first] += 1
        sums.items[behind] -= 1
        if len(item.sizes) == 1:
            self._add_size(sums, first, behind, item.sizes[0][1], item.filler)
            return
        for since, until, estimate in self._spans(item.sizes):
            if max(since, first) < min(until, behind):
                self._add_size(sums, max(since, first), min(until, behind), estimate, item.filler)

    @staticmethod
    def _add_size(sums: _Sum, first: int, behind: int, estimate: float | None, filler: float) -> None:
        size = round((filler if estimate is None else estimate) * _UNIT)
        sums.size[first] += size
        sums.size[behind] -= size
        if estimate is None:
            sums.imputed[first] += size
            sums.imputed[behind] -= size

    def _days(self, descoped: list[int]) -> list[Day]:
        totals: Mapping[tuple[int, str], _Sum] = {
            key: _Sum(*(list(accumulate(one)) for one in (sums.items, sums.size, sums.imputed)))
            for key, sums in self.sums.items()
        }
        found: list[Day] = []
        for day in range(len(self.ends)):
            if found and not any(one.items[day] or one.size[day] or one.imputed[day] for one in self.sums.values()):
                parts = found[-1].parts  # nothing changed on this day, as on most
            else:
                parts = tuple(self._part(source, totals, day) for source in self.sources)
            found.append(Day(parts, descoped[day]))
        return found

    @staticmethod
    def _part(source: Source, totals: Mapping[tuple[int, str], _Sum], day: int) -> Part:
        items, size, imputed = {}, {}, 0
        for state in _STATES:
            sums = totals.get((source.mapping_id, state))
            items[state] = sums.items[day] if sums else 0
            size[state] = sums.size[day] if sums else 0
            imputed += sums.imputed[day] if sums else 0
        return Part(
            mapping_id=source.mapping_id,
            position=source.position,
            via=source.via,
            share=source.share,
            total=sum(items.values()),
            done=items["done"],
            in_progress=items["in_progress"],
            todo=items["todo"],
            size_total=sum(size.values()) / _UNIT,
            size_done=size["done"] / _UNIT,
            size_in_progress=size["in_progress"] / _UNIT,
            size_imputed=imputed / _UNIT,
        )
