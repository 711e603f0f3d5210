"""What a finding's rule is made of: its text, its reasons, and the function that finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from config.codes import CODES
from sync.findings.world import World

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
"""From the least to the gravest."""

Subject = tuple[str, str]
"""What a finding is about: its kind (key_result, objective, mapping, item, milestone, scope, connection), its key."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """The rule holds for a subject. `evidence` holds numbers, texts and lists of texts only, as it is kept as JSON.

    `cycle_end`: last day of the subject's cycle, None for what lives in no cycle.
    """

    subject_kind: str
    subject: str
    severity: Severity
    summary: str
    reason: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    team: str | None = None
    cycle_end: date | None = None


@dataclass(frozen=True)
class Unjudged:
    """The data about a subject cannot be read now: a finding that is open stays as it is, and none opens."""

    subject_kind: str
    subject: str


@dataclass(frozen=True)
class Reason:
    """One way for a rule to hold, where it has several."""

    code: str
    severity: Severity
    text: str


Finder = Callable[[World, frozenset[Subject]], Iterator[Hit | Unjudged]]
"""Yields what holds now, a subject once. It is given the open subjects: these leave only at an easier threshold."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A finding's rule with the text of its page. The title stands with the codes of the configuration."""

    code: str
    severity: Severity
    """Of the finding, where no reason says otherwise."""
    finds: str
    """What it is about, in a sentence or two."""
    why: str
    """Why that matters."""
    computed: str
    """How it is found, to the letter."""
    ends: str
    """What makes it go away."""
    reasons: tuple[Reason, ...] = ()
    """In order: the first that holds is given."""
    find: Finder

    @property
    def title(self) -> str:
        """The code's line in the configuration's list of codes."""
        return CODES[self.code]

    def reason(self, code: str) -> Reason:
        """The reason with this code. Raises StopIteration where the rule has none."""
        return next(reason for reason in self.reasons if reason.code == code)


def listed(keys: list[str], limit: int = 5) -> str:
    """The first keys as text, and how many more there are: `A-1, A-2 and 7 more`."""
    more = len(keys) - limit
    return ", ".join(keys[:limit]) + (f" and {more} more" if more > 0 else "")


def counted(number: int, noun: str) -> str:
    """`1 item`, `3 items`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
