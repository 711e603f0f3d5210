"""Writing into a tool: what is said at the work itself, and what a connector that can write does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, Self, runtime_checkable

import msgspec

from connectors import text
from connectors.base import Check, Usage
from connectors.limits import SECOND, Rate
from connectors.records import Ref, Scope

WRITES = Rate(1, SECOND)
"""How fast a connection is written to: what GitHub asks of its clients, and no burden on any tool."""

SERVES_NONE = "This work serves no key result that is running."
KEPT = "Northing keeps this up to date, in steps of ten per cent."


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a key result stands, in words that change seldom: shares are full steps of ten per cent, None where unknown.

    `health` is our word for it (on_track, at_risk …), `url` where its page is, None where there is none.
    """

    key: str
    title: str
    health: str
    delivery: int | None = None
    outcome: int | None = None
    url: str | None = None


@dataclass(frozen=True)
class Touched:
    """When an item last changed, as the tool says it now, and what the tool's clock shows."""

    updated_at: datetime | None
    clock: datetime | None

    @classmethod
    def told(cls, updated: str | None, clock: datetime | None) -> Self:
        """By the tool's own text of the instant."""
        return cls(text.instant(updated), clock)


@dataclass(frozen=True)
class Put:
    """What became of writing to an item. `external_id`: what to know the writing by, None where nothing stands there.

    `wrote` is False where it was there already, word for word.
    """

    external_id: str | None
    wrote: bool


@runtime_checkable
class Writes(Protocol):
    """A connector that can write. Every method but `draft` and `shared` asks the tool, and raises `SourceError`.

    `form` is one of the options model's `write_forms`. What is written is known again without anything stored: it bears
    a mark, or has a name of its own. Nothing is written twice, even where an answer is lost.
    """

    kind: ClassVar[str]

    def draft(self, form: str, standings: Sequence[Standing]) -> str | None:
        """What exactly is to stand at an item that serves these key results, once it was written there.

        Without standings: what is to stand there once it serves none any more. None: nothing.
        """
        ...

    def shared(self, form: str, standings: Sequence[Standing]) -> dict[str, str]:
        """What a scope needs once for all its items that serve these key results: content by name."""
        ...

    def touched(self, scope: Scope, ref: Ref, usage: Usage) -> Touched | None:
        """When the item last changed. None where it is gone, or not in this scope any more."""
        ...

    def put(self, form: str, scope: Scope, ref: Ref, content: str | None, known: str | None, usage: Usage) -> Put:
        """Makes the item bear `content` (None: nothing). `known`: the id that an earlier writing was given."""
        ...

    def put_shared(self, form: str, scope: Scope, name: str, content: str | None, usage: Usage) -> bool:
        """Makes the scope hold `content` (None: nothing) under the name. Whether anything was written."""
        ...

    def write_checks(self, form: str, scopes: Sequence[Scope], usage: Usage) -> list[Check]:
        """Whether the account may write to these scopes, as far as the tool tells: for `doctor`."""
        ...


def standing_words(one: Standing) -> str:
    """`on track, delivery 40 %, outcome 30 %`."""
    shares = (("delivery", one.delivery), ("outcome", one.outcome))
    told = [f"{name} {value} %" for name, value in shares if value is not None]
    return ", ".join([one.health.replace("_", " "), *told])
