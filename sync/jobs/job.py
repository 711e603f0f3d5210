"""A job of the service, and what runs it: threads of this process, or workers on any number of machines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

Kind = Literal[
    "list",
    "ask",
    "read",
    "sweep",
    "values",
    "hints",
    "missed",
    "count",
    "alerts",
    "digest",
    "retain",
    "write_back",
]
"""What there is to do.

Of a connection: `list` its scopes, `ask` it which items its queries match, fetch the deliveries that it `missed`,
work off its `hints`, `write_back` to it. Of a scope: `read` what changed, `sweep` (read, and compare with all that the
tool lists). Of the whole: fetch `values`, see whose `hints` wait, `count` (apply the configuration, link, measure,
find), send `alerts`, send a `digest`, forget what is older than `retention` (`retain`).
"""


@dataclass(frozen=True)
class Job:
    """What is to be done, small enough for a queue. Equal jobs that wait are one.

    `connection` is a name, `scope` an external id of that connection, `name` that of a digest (`Config.digests`).
    """

    kind: Kind
    connection: str | None = None
    scope: str | None = None
    name: str | None = None

    @property
    def lock(self) -> str:
        """Jobs with the same lock never run at the same time, wherever they run."""
        if self.scope is not None:
            return f"scope {self.connection} {self.scope}"
        return " ".join(part for part in (self.kind, self.connection, self.name) if part is not None)

    @property
    def told(self) -> dict[str, str]:
        """What log lines say of it, without what it does not have."""
        parts = {"job": self.kind, "connection": self.connection, "scope": self.scope, "name": self.name}
        return {name: value for name, value in parts.items() if value is not None}

    @property
    def lane(self) -> str:
        """Whom it keeps busy: a connection (its name), or ourselves (the empty text).

        Hints have a lane beside that of their connection: what is told at once waits for no long reading.
        """
        return f"{self.connection} hints" if self.kind == "hints" and self.connection else self.connection or ""


Handlers = Mapping[Kind, Callable[[Job], None]]
"""What does each kind of job. An error that a handler raises is logged; the job is due again by its schedule."""


class Runner(Protocol):
    """Takes jobs and has them done."""

    def submit(self, job: Job, *, after: timedelta = timedelta()) -> bool:
        """Has a job done, not before `after` has passed. False where an equal one waits already."""
        ...

    def fire(self, job: Job, slot: datetime) -> bool:
        """Has a scheduled job done, once for each `slot` (the moment of its schedule) however many schedulers fire it.

        False where that was done before, or an equal job waits already.
        """
        ...
