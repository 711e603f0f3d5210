"""What an importer reads: objectives and key results as people wrote them, each with the line where it stands."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any


class ImportRefused(Exception):
    """A file cannot be imported. `message` says what is wrong with it, `advice` what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message} {advice}")
        self.message = message
        self.advice = advice


@dataclass(frozen=True)
class Unread:
    """Something that was left out or guessed. `line` counts from 1 (for a sheet: the row), `text` is what stands there
    and `why` says what became of it.
    """

    line: int
    text: str
    why: str


@dataclass(kw_only=True)
class KeyResultDraft:
    """A key result. `done`: ticked or not, None where nothing says so. `score`: the share reached, 0 to 1.
    `value`: the metric's current value, as of `day` where that is told.
    """

    title: str
    line: int
    key: str | None = None
    owner: str | None = None
    team: str | None = None
    weight: float | None = None
    metric: dict[str, Any] | None = None
    done: bool | None = None
    score: float | None = None
    value: float | None = None
    confidence: float | None = None
    day: date | None = None


@dataclass(kw_only=True)
class ObjectiveDraft:
    """An objective. `team` is the path of names of the sections that it stands in; `cycle` its cycle's text as written.
    `parent`: the objective above it; `supports`: what a column says it supports, a title or a key.
    """

    title: str
    line: int
    key: str | None = None
    owner: str | None = None
    team: tuple[str, ...] = ()
    cycle: str | None = None
    weight: float | None = None
    parent: "ObjectiveDraft | None" = None
    supports: str | None = None
    key_results: list[KeyResultDraft] = field(default_factory=list)


@dataclass(kw_only=True)
class Document:
    """All that was read of one file. `cycle`: the text that names the document's cycle; `starts_on` and `ends_on` where
    the document gives the days.
    """

    name: str
    objectives: list[ObjectiveDraft] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    cycle: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    def skip(self, line: int, text: str, why: str) -> None:
        """Notes what was left out or guessed."""
        self.unread.append(Unread(line, " ".join(text.split())[:300], why))
