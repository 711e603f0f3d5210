"""What measuring hands to the findings: plain values as of one moment, counted once and read by every rule.

Sizes are in the configured measure (items, points, a field's unit), shares are the parts a mapping was given, fractions
run from 0 to 1, days are dates in the configured zone and instants are timezone-aware UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CheckInFacts:
    """A value that somebody recorded, or that was `fetched` from the key result's source.

    `value` or `confidence` is None where only the other was given.
    """

    day: date
    value: float | None
    confidence: float | None
    recorded_at: datetime
    fetched: bool = False


@dataclass(frozen=True, kw_only=True)
class Part:
    """The counted work of one mapping of a key result: an item matched by several counts in the first listed.

    All that conventions alone link is one part, with `via` "convention" and no share. Mappings without counted work
    may be given too (with zeros): their shares enter the mean that the convention part gets.
    """

    mapping_id: int
    position: int
    via: str
    share: float | None = None
    total: int = 0
    done: int = 0
    in_progress: int = 0
    todo: int = 0
    size_total: float = 0
    size_done: float = 0
    size_in_progress: float = 0
    size_imputed: float = 0


@dataclass(frozen=True, kw_only=True)
class MappingFacts:
    """What one mapping of a key result matches.

    `covered_by`: position of another mapping of the same key result that matches all that this one matches (of two
    equal ones, the earlier covers the later); None where there is none. `scopes_read`: each scope it could concern was
    read once and its connection works.
    """

    mapping_id: int
    position: int
    via: str
    text: str
    matched: int
    covered_by: int | None = None
    scopes_read: bool = True


@dataclass(frozen=True, kw_only=True)
class TeamPart:
    """The counted work of a key result that one team does. `team` is its key, None for work of no team."""

    team: str | None
    todo: int = 0
    in_progress: int = 0
    done: int = 0
    size_todo: float = 0
    size_in_progress: float = 0
    size_done: float = 0

    @property
    def remaining(self) -> int:
        """Number of items that are not done."""
        return self.todo + self.in_progress

    @property
    def size_remaining(self) -> float:
        """Their size."""
        return self.size_todo + self.size_in_progress


@dataclass(frozen=True, kw_only=True)
class ForecastFacts:
    """When the work of a key result will be done, by its teams' throughput.

    `p50`, `p85`: days by which it is done in that share of the trials, None where later than can be told. `chance`:
    share of the trials in which it is done by the end of the cycle, 1 where nothing remains. All None where there is
    no number, and `reason` says why. `remaining`: counted items not done.
    """

    remaining: int
    p50: date | None = None
    p85: date | None = None
    chance: float | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class TeamForecastFacts:
    """Whether a team's throughput carries all that remains of its work for running key results.

    `backlog`: items that remain. `completions`, on `active_days` different days: what it finished in the window of
    `days`. `chance`: share of the trials in which all is done by `ends_on`; None where there is no number (`reason`).
    `fits`: how many of the items are done by then in 85 of 100 trials.
    """

    team: str
    backlog: int
    completions: int
    active_days: int
    days: int
    fits: int | None = None
    ends_on: date | None = None
    p50: date | None = None
    p85: date | None = None
    chance: float | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeyResultFacts:
    """One key result that is not archived, with what its work and its values say.

    `active`: the day lies in its cycle. `definition`: metric, value, expected and delivery as configured.
    `outcome`, `delivery`, `expected`, `pace`: as measured, None where unknown; `health` is the word for it. `kind`:
    committed or aspirational. `last_check_in`: day of the latest check-in.
    `teams`: its counted work by team, the most remaining first; while there is none, `levers`: what its levers match.
    `lever_share`: share of either that lies in its team's subtree. `forecast`: when its work will be done.
    `linked`: items linked, whatever their state and level. `live`: those neither cancelled nor deleted.
    `cancelled`: those cancelled or deleted, ignored sub-tasks aside. `ignored_subtasks`: linked live sub-tasks that do
    not count. `descoped`: cancelled or deleted leaves.
    `moved_at`: latest change of a counted item. `open_moved_at`: latest change of a counted item in progress.
    `finished_recently`: a counted item was done in the last 14 days.
    `stale_items`: keys (at most 20) of counted items in progress that have not moved for `thresholds.stale_days`;
    `stale_count` of them in all, `stale_size` their size.
    `readable`: the scopes that its links depend on were read once, and their connections work.
    """

    id: int
    key: str
    title: str
    objective_key: str
    objective_title: str
    objective_team: str | None = None
    team: str | None = None
    owner: str | None = None
    active: bool = True
    cycle_key: str
    cycle_start: date
    cycle_end: date
    definition: dict[str, Any]
    outcome: float | None = None
    delivery: float | None = None
    expected: float | None = None
    pace: float | None = None
    health: str = "unknown"
    kind: str = "aspirational"
    last_check_in: date | None = None
    parts: tuple[Part, ...] = ()
    teams: tuple[TeamPart, ...] = ()
    levers: tuple[TeamPart, ...] = ()
    lever_share: float | None = None
    forecast: ForecastFacts | None = None
    mappings: tuple[MappingFacts, ...] = ()
    linked: int = 0
    live: int = 0
    cancelled: int = 0
    ignored_subtasks: int = 0
    descoped: int = 0
    moved_at: datetime | None = None
    open_moved_at: datetime | None = None
    finished_recently: bool = False
    stale_items: tuple[str, ...] = ()
    stale_count: int = 0
    stale_size: float = 0
    readable: bool = True

    @property
    def counted(self) -> int:
        """Number of counted items."""
        return sum(part.total for part in self.parts)

    @property
    def done(self) -> int:
        """Number of counted items that are done."""
        return sum(part.done for part in self.parts)

    @property
    def in_progress(self) -> int:
        """Number of counted items in progress."""
        return sum(part.in_progress for part in self.parts)

    @property
    def needs_work(self) -> bool:
        """False where the configuration says that this key result needs no tracked work (`delivery: {none: …}`)."""
        return needs_work(self.definition)

    @property
    def from_delivery(self) -> bool:
        """True where the outcome is the delivery (`value: {from: delivery}`)."""
        return from_delivery(self.definition)


def from_delivery(definition: Mapping[str, Any]) -> bool:
    """Whether a key result's value is its delivery, by its definition."""
    value = definition.get("value")
    return isinstance(value, Mapping) and value.get("from") == "delivery"


def manual(definition: Mapping[str, Any]) -> bool:
    """Whether people check in a key result's value, by its definition."""
    return definition.get("value", "manual") == "manual"


def has_source(definition: Mapping[str, Any]) -> bool:
    """Whether a key result's value is fetched from elsewhere, by its definition."""
    return not manual(definition) and not from_delivery(definition)


def needs_work(definition: Mapping[str, Any]) -> bool:
    """Whether tracked work is expected behind a key result, by its definition."""
    delivery = definition.get("delivery")
    return not (isinstance(delivery, Mapping) and delivery.get("none") is not None)
