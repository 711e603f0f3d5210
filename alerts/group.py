"""What a message is made of: many changes become few entries. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from alerts.changes import Change, gravity

SEVERAL = 4
"""From so many on, what happened alike to findings of one code is one entry."""
CAUSE = "SYN501"
"""A connection that fails: what else is wrong with the reading of it follows from that."""

ORDER = ("opened", "escalated", "objected", "decided", "resolved", "withdrawn", "passed")
"""What comes first among entries of one severity. `passed`: it began and ended before anybody was told."""
BEGINS = {"opened", "objected"}
ENDS = {"resolved", "withdrawn"}


@dataclass(frozen=True)
class Entry:
    """One thing to tell: the change, others of the same code to which the same happened, and what follows from it."""

    change: Change
    kind: str
    alike: tuple[Change, ...] = ()
    effects: tuple[Change, ...] = ()

    @property
    def count(self) -> int:
        """How many findings it tells of."""
        return 1 + len(self.alike) + len(self.effects)


def entries(changes: Sequence[Change], *, standing: bool = False) -> list[Entry]:
    """What there is to tell of these changes, the gravest first, what is over last.

    `standing`: nobody was told anything before, so that what escalated opens for them.

    Of each finding or objection its course becomes one entry: what it came to. A decision is an entry of its own, the
    last one only. What the configuration silences since is not told.
    """
    told = [entry for about in _by_subject(changes) for entry in _course(about, standing=standing)]
    return sorted(_alike(_caused(told)), key=_place)


def _by_subject(changes: Iterable[Change]) -> list[list[Change]]:
    found: dict[tuple[str, str, str], list[Change]] = defaultdict(list)
    for change in sorted(changes, key=lambda one: one.id):
        found[change.about].append(change)
    return list(found.values())


def _course(changes: list[Change], *, standing: bool) -> list[Entry]:
    decided = [change for change in changes if change.kind == "decided"][-1:]
    course = [change for change in changes if change.kind != "decided" and not change.silenced]
    found = [Entry(change, "decided") for change in decided]
    if course:
        last, begins = course[-1], any(change.kind in BEGINS for change in course)
        if last.kind in ENDS:
            found.append(Entry(last, "passed" if begins else last.kind))
        elif last.kind == "escalated" and (begins or standing):
            # It was never told at its first severity, so for the reader it opens at the present one.
            found.append(Entry(last, "opened"))
        else:
            found.append(Entry(last, last.kind))
    return found


def _caused(told: list[Entry]) -> list[Entry]:
    causes = {
        entry.change.subject: entry
        for entry in told
        if entry.change.code == CAUSE and entry.change.subject_kind == "connection" and entry.kind in BEGINS
    }
    effects: dict[str, list[Change]] = defaultdict(list)
    rest = []
    for entry in told:
        connection = entry.change.connection
        if entry.change.code != CAUSE and connection in causes and entry.kind in ("opened", "escalated"):
            effects[connection].append(entry.change)
        else:
            rest.append(entry)
    return [
        replace(entry, effects=tuple(sorted(effects[entry.change.subject], key=gravity)))
        if entry is causes.get(entry.change.subject)
        else entry
        for entry in rest
    ]


def _alike(told: list[Entry]) -> list[Entry]:
    groups: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in told:
        groups[entry.change.code, entry.kind, entry.change.severity].append(entry)
    found = []
    for group in groups.values():
        if len(group) < SEVERAL or any(entry.effects or entry.kind == "decided" for entry in group):
            found += group
        else:
            first, *rest = sorted((entry.change for entry in group), key=gravity)
            found.append(Entry(first, group[0].kind, alike=tuple(rest)))
    return found


def _place(entry: Entry) -> tuple[object, ...]:
    over = entry.kind in ("resolved", "withdrawn", "passed")
    return over, gravity(entry.change)[0], ORDER.index(entry.kind), gravity(entry.change)
