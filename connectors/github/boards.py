"""Projects (v2) as they are read, whichever way: fields by what they are for, and what they say of an issue. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import msgspec

from connectors.records import Category, Container, ContainerRef, Item, SetAside

ESTIMATES = ("estimate", "story points", "story point estimate", "points", "size")
DUE = ("due", "due date", "due on", "deadline", "target", "target date", "end", "end date")
"""Names of fields by what they are for, the better ones first; case does not matter."""

TODO = frozenset(
    [
        "todo",
        "to do",
        "backlog",
        "product backlog",
        "new",
        "triage",
        "needs triage",
        "inbox",
        "icebox",
        "ready",
        "open",
        "planned",
        "next",
        "up next",
        "later",
        "not started",
        "no status",
        "future",
        "ideas",
        "selected",
    ]
)
FINISHED = frozenset(
    [
        "done",
        "closed",
        "shipped",
        "complete",
        "completed",
        "finished",
        "released",
        "deployed",
        "merged",
        "resolved",
        "cancelled",
        "canceled",
        "won't do",
        "wont do",
        "won't fix",
        "wontfix",
        "rejected",
        "duplicate",
        "archived",
    ]
)
DOING = re.compile(r"progress|doing|review|testing|working|blocked|active|started|development|qa")


@dataclass(frozen=True)
class Iteration:
    """A stretch of days of an iteration field. `starts_on` None: it was deleted, and only its name is left."""

    id: str
    title: str
    starts_on: date | None = None
    days: int = 0
    completed: bool = False


@dataclass(frozen=True)
class Field:
    """A field of a project. `kind` is the data type in lower case: single_select, iteration, number, date, others."""

    name: str
    kind: str
    id: str = ""
    options: tuple[str, ...] = ()
    iterations: tuple[Iteration, ...] = ()


@dataclass(frozen=True)
class Roles:
    """The fields of a project that count, by what they are for."""

    status: Field | None = None
    sprint: Field | None = None
    estimate: Field | None = None
    due: Field | None = None

    @classmethod
    def of(cls, fields: Iterable[Field], measure: str) -> "Roles":
        """`measure`: the field that is read as the estimate, where it names one."""
        by_kind: dict[str, list[Field]] = {}
        for one in fields:
            by_kind.setdefault(one.kind, []).append(one)
        iterations = by_kind.get("iteration", [])
        return cls(
            status=_named(by_kind.get("single_select", []), ("status",)),
            sprint=_named(iterations, ("sprint", "iteration")) or next(iter(iterations), None),
            estimate=_named(by_kind.get("number", []), (measure, *ESTIMATES)),
            due=_named(by_kind.get("date", []), DUE),
        )

    def present(self) -> dict[str, Field]:
        """The fields that were found, by role."""
        found = {"status": self.status, "sprint": self.sprint, "estimate": self.estimate, "due date": self.due}
        return {role: one for role, one in found.items() if one is not None}


@dataclass(frozen=True)
class Values:
    """What a project says of one issue. None: nothing."""

    status: str | None = None
    iteration: Iteration | None = None
    estimate: float | None = None
    due_on: date | None = None


@dataclass(frozen=True)
class Card:
    """An issue in a project, by its key. `content` is the issue itself as JSON, where the answer held all of it."""

    key: str
    values: Values
    updated_at: datetime | None = None
    content: bytes | None = None


@dataclass
class Board:
    """One project as it was read. `cards` by key in lower case; `clock` is the tool's time before the first answer."""

    name: str
    roles: Roles
    cards: dict[str, Card] = field(default_factory=dict)
    clock: datetime | None = None
    way: str = "REST"
    set_aside: list[SetAside] = field(default_factory=list)

    def add(self, card: Card) -> None:
        """Take a card in. One that is met twice, because the list shifted meanwhile, counts once."""
        self.cards[card.key.casefold()] = card

    def sprints(self, today: date) -> list[Container]:
        """The iterations, completed ones included, as sprints that belong to no scope."""
        iterations = self.roles.sprint.iterations if self.roles.sprint is not None else ()
        return [
            Container(
                external_id=self._sprint_id(one),
                kind="sprint",
                title=one.title,
                state=_state(one, today),
                starts_on=one.starts_on,
                due_on=_last_day(one),
            )
            for one in iterations
        ]

    def on(self, item: Item, *, status: bool, estimate: bool, due: bool) -> Item:
        """The item with what the project says of it; status, estimate and due date only where they are wanted."""
        card = self.cards.get(item.key.casefold())
        if card is None:
            return item
        said, changes = card.values, {}
        if said.iteration is not None:
            known = {one.id: one for one in self.roles.sprint.iterations} if self.roles.sprint is not None else {}
            now = known.get(said.iteration.id, said.iteration)
            mine = ContainerRef(external_id=self._sprint_id(now), kind="sprint", title=now.title)
            changes["containers"] = (*item.containers, mine)
        if estimate and said.estimate is not None:
            changes["estimate"] = said.estimate
        if due and said.due_on is not None:
            changes["due_on"] = said.due_on
        if status and said.status is not None:
            changes |= self._status(item, said.status)
        return msgspec.structs.replace(item, **changes) if changes else item

    def _status(self, item: Item, option: str) -> dict[str, object]:
        """Whether an issue is done is told by the issue itself; how far an open one is, by its option."""
        if item.category == "done":
            return {"status": option} if _plain(option) in FINISHED else {}
        options = self.roles.status.options if self.roles.status is not None else ()
        return {"status": option, "category": category(option, options), "self_reported": False}

    def _sprint_id(self, iteration: Iteration) -> str:
        return f"{self.name.casefold()}:{iteration.id}"


def category(option: str, options: tuple[str, ...]) -> Category:
    """How far an open issue is whose status is this option: by its name, else the first option is still to do.

    Never done: an open issue whose card was already put there is what its team has not finished with.
    """
    name = _plain(option)
    if name in TODO:
        return "todo"
    if name in FINISHED or DOING.search(name):
        return "in_progress"
    return "todo" if options and options[0] == option else "in_progress"


def _plain(name: str) -> str:
    """The name without case, emoji and punctuation around it."""
    return re.sub(r"^[^\w]+|[^\w]+$", "", name.casefold().replace("’", "'").replace("-", " "))


def _named(fields: list[Field], names: Iterable[str]) -> Field | None:
    for name in names:
        for one in fields:
            if _plain(one.name) == _plain(name):
                return one
    return None


def _state(iteration: Iteration, today: date) -> str:
    if iteration.completed:
        return "closed"
    return "active" if iteration.starts_on is not None and iteration.starts_on <= today else "future"


def _last_day(iteration: Iteration) -> date | None:
    if iteration.starts_on is None or iteration.days < 1:
        return None
    try:
        return iteration.starts_on + timedelta(days=iteration.days - 1)
    except OverflowError:
        return None
