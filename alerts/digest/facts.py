"""What a digest tells, gathered and not yet said. Fractions are 0 to 1, and None where unknown."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from config import Config

PARTS = ("completed", "added", "removed", "re_estimated", "reopened", "remapped")
"""What can change delivery, in the order in which it is told."""


@dataclass(frozen=True)
class Moved:
    """Why a key result's delivery changed. The parts sum to `end - start`; `items`: keys behind each, largest first."""

    start: float | None
    end: float | None
    parts: Mapping[str, float]
    items: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Effort:
    """Size of what a team had in progress or closed in a cycle. `kind`: objective, intentional or unaligned."""

    cycle: str
    team: str
    kind: str
    size: float


@dataclass(frozen=True)
class Unaligned:
    """Work in progress that serves no key result, as one line would link it: an item with all below it, or a milestone.

    `suggested`: the key result that it looks most like, with how much (0 to 1) and the line that would link it.
    """

    kind: str
    key: str
    title: str
    url: str | None
    team: str | None
    items: int
    suggested: str | None = None
    suggested_title: str | None = None
    score: float | None = None
    paste: str | None = None


class Asked(Protocol):
    """What only the engine can work out. A digest asks it, and knows nothing of how it does so."""

    def moves(
        self, conn: sa.Connection, config: Config, keys: Collection[str], start: date, end: date
    ) -> Mapping[str, Moved]:
        """Why the delivery of key results changed from the end of a day to that of another."""
        ...

    def effort(self, conn: sa.Connection, config: Config, day: date) -> Sequence[Effort]:
        """What effort went into by the end of a day, as known now."""
        ...

    def unaligned(self, conn: sa.Connection, config: Config, day: date) -> Sequence[Unaligned]:
        """Unaligned work in progress, the largest first."""
        ...


@dataclass(frozen=True)
class CycleDay:
    """A cycle. `number`: which of its `length` days it is; below 1 before it begins."""

    key: str
    starts_on: date
    ends_on: date
    number: int

    @property
    def length(self) -> int:
        return (self.ends_on - self.starts_on).days + 1

    @property
    def days_left(self) -> int:
        return self.length - self.number


@dataclass(frozen=True)
class KeyResult:
    """A key result of a running cycle. `was`, `outcome_was`: at the end of the earlier day; None where it is not kept.

    `on_purpose`: why it needs no tracked work, where its configuration says that it needs none.
    """

    key: str
    title: str
    cycle: str
    objective: str
    team: str | None
    owner: str | None
    outcome: float | None
    delivery: float | None
    expected: float | None
    confidence: float | None
    health: str
    health_reason: str
    was: str | None
    outcome_was: float | None
    work_total: int
    work_done: int
    open_findings: int
    on_purpose: str | None


@dataclass(frozen=True)
class Objective:
    """An objective of a running cycle. `supports`: keys of objectives or key results one level up."""

    key: str
    title: str
    cycle: str
    team: str | None
    outcome: float | None
    delivery: float | None
    health: str
    key_results: int
    without_work: int
    supports: Sequence[str]


@dataclass(frozen=True)
class Finding:
    """A finding that is open."""

    code: str
    severity: str
    subject: str
    team: str | None
    summary: str
    opened_at: datetime
    acknowledged_by: str | None
    decision: str | None


@dataclass(frozen=True)
class Barrier:
    """A barrier as its view has it: `state` is raised, discussed, decided, expired or ended."""

    code: str
    subject: str
    team: str | None
    summary: str
    state: str
    severity: str
    raised_at: datetime
    raised_by: str | None
    days_left: int | None
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    decided_until: date | None
    ended_at: datetime | None

    @property
    def undecided(self) -> bool:
        return self.state in ("raised", "discussed", "expired")


@dataclass(frozen=True)
class Source:
    """A project or repository that does not answer as it should. `state` as in the view of scopes, or `old`."""

    connection: str
    scope: str
    state: str
    last_ok_at: datetime | None


@dataclass(frozen=True)
class WorkGroup:
    """What a team does for a key result, as people know it: an epic, a milestone or version, or single items."""

    key_result: str
    kind: Literal["item", "milestone", "version", "scope"]
    key: str
    title: str
    url: str | None
    done: int
    total: int


@dataclass(frozen=True)
class Waits:
    """A key result of others that a team works for, and that the team never acknowledged. `items`: not done yet."""

    key_result: str
    team: str
    items: int


@dataclass(frozen=True)
class Facts:
    """All that a digest tells, of the company or of a team with those below it.

    `day`: that of the last count; `since`: the day at whose end the comparison begins. `targets`: for each key of an
    objective or key result its objective, to follow what supports what; `titles` and `teams` by key.
    """

    team: str | None
    day: date
    since: date
    counted_at: datetime | None
    overdue: bool
    cycles: Sequence[CycleDay]
    next_cycle: CycleDay | None
    last_cycle: CycleDay | None
    sources: Sequence[Source]
    key_results: Sequence[KeyResult]
    objectives: Sequence[Objective]
    moves: Mapping[str, Moved]
    effort: Sequence[Effort]
    effort_then: Sequence[Effort]
    findings: Sequence[Finding]
    resolved: int
    barriers: Sequence[Barrier]
    unaligned: Sequence[Unaligned]
    titles: Mapping[str, str]
    teams: Mapping[str, str]
    above: Mapping[str, Objective] = field(default_factory=dict)
    all_key_results: Mapping[str, KeyResult] = field(default_factory=dict)
    works_for: Sequence[WorkGroup] = ()
    waits: Sequence[Waits] = ()
    since_moment: datetime | None = None
    measure: str = "items"

    def named(self, team: str | None) -> str:
        """A team as people call it."""
        return "no team" if team is None else self.teams.get(team, team)


Row = Mapping[str, Any]
