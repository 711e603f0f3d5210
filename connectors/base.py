"""What a connector is, to the rest of the program."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Protocol, Self

from config import ConnectionOptions, Conventions
from connectors.budget import Budget
from connectors.errors import Refused, SourceError
from connectors.records import Category, Containers, Looked, Page, Ref, Scope


@dataclass(frozen=True)
class Reading:
    """What a reading of a scope starts from.

    `since`: the watermark, None for a full read. `resume`: where an interrupted reading stopped, None to start afresh.
    `validators`: ETag by URL, as `Page.validators` gave them after the last complete reading with the same `since`.
    """

    since: datetime | None = None
    resume: str | None = None
    validators: dict[str, str] = field(default_factory=dict)


@dataclass
class Usage:
    """What a scope's reading has cost so far. Counted by the transport, shown by the engine."""

    requests: int = 0
    not_modified: int = 0
    waited_s: float = 0.0


@dataclass(frozen=True)
class Listing:
    """What a connection sees of what its options name.

    `refused`: the option's own words (a scope named in full, an owner whose list is denied, a glob that finds nothing),
    each with the reason. It stops nothing else. `credentials_end_at`: when the token or key stops being accepted, where
    the tool tells.
    """

    scopes: list[Scope]
    refused: list[tuple[str, SourceError]] = field(default_factory=list)
    credentials_end_at: datetime | None = None

    def unless_empty(self) -> Self:
        """The listing itself. Raises where all that was asked for is refused: then the connection is what fails."""
        if self.scopes or not self.refused:
            return self
        (_, first), *others = self.refused
        if not others:
            raise first
        rest = ", ".join(words for words, _ in others)
        raise Refused(f"{first.message} Neither is {rest} to be seen.", advice=first.advice, status=first.status)


@dataclass(frozen=True)
class Check:
    """One line of `doctor`: what was tried, whether it worked, what was seen, and what to do about it."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


class Kept(Protocol):
    """Keeps what a tool replaces at each use (a rotating refresh token), for all processes that use a connection."""

    def replace(self, connection: str, step: Callable[[str | None], str]) -> str:
        """Runs `step` with what is kept of the connection (None: nothing), keeps what it returns, and returns that.

        One process at a time; what was kept stays where `step` raises. The text is sealed by the caller.
        """
        ...


class Unkept:
    """Keeps nothing beyond this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, str] = {}

    def replace(self, connection: str, step: Callable[[str | None], str]) -> str:
        with self._lock:
            self._kept[connection] = step(self._kept.get(connection))
            return self._kept[connection]


@dataclass
class Context:
    """What the program lends a connector: the time, a way to wait that can be cancelled, and someone to tell about it.

    `sleep(seconds)` raises `Cancelled` as soon as `stop` is set. `on_wait(reason, seconds)` feeds the progress bar.
    `budget`, where there is one, is what keeps the limits of all who use the same account with a tool. `learned(token)`
    is told each token that a tool hands out, before anything is done with it, so that no log holds it.
    """

    now: Callable[[], datetime]
    stop: threading.Event
    sleep: Callable[[float], None]
    on_wait: Callable[[str, float], None] = lambda reason, seconds: None
    kept: Kept = field(default_factory=Unkept)
    budget: Budget | None = None
    learned: Callable[[str], None] = lambda token: None


class Connector(Protocol):
    """One connection to one tool. Methods raise `SourceError`; they may be called from several threads at once."""

    kind: ClassVar[str]
    conditional: ClassVar[bool]
    """True where an unchanged scope answers 304: a full read is then closed by one reading from the new watermark."""
    options_model: ClassVar[type[ConnectionOptions]]

    def __init__(
        self, name: str, options: ConnectionOptions, conventions: Conventions, measure: str, context: Context
    ) -> None:
        """`measure` is `counting.measure`: where it names a field, that field is read as the estimate."""

    @property
    def overlap(self) -> timedelta:
        """How far before the tool's clock a watermark is set: its index may lag behind its clock."""
        ...

    def doctor(self) -> list[Check]:
        """Reachable, who am I, permissions, fields found, limits, clock skew."""
        ...

    def scopes(self) -> Listing:
        """The projects or repositories that the options name, those that the token can see and those that it cannot.

        Raises where the connection as a whole fails: out of reach, credentials not accepted, nothing to be seen at all.
        """
        ...

    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        """All milestones, versions and sprints of the scope. None: unchanged, by `validators` (ETag by URL)."""
        ...

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        """The scope's items, all or changed since, page by page. No page: nothing changed (all answers were 304)."""
        ...

    def ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]] | None:
        """The external ids of all of the scope's items with the category of each, page by page, to the end or raising.

        Nothing is asked before the first page. None where the tool has no cheaper way than reading the items
        themselves.
        """
        ...

    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        """What became of these items, which were in the scope when last seen. Each is in exactly one of its fields.

        `deleted` only on the tool's own proof. Raises where the scope itself cannot be read: then nothing is known.
        """
        ...

    def matching(self, query: str, usage: Usage) -> set[str]:
        """External ids of the items that a `jql` selector matches. Raises Refused where there is no query language."""
        ...

    def close(self) -> None:
        """Close sockets."""
        ...
