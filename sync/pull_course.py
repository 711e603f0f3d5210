"""How far a reading of a scope's items has come, and from where the next one starts."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from connectors.base import Reading
from connectors.records import Page
from store.streams import StreamState


@dataclass
class Course:
    """One reading, from its first page (or from where an interrupted one stopped) to its last.

    `reading`: what it starts from. `clock`: the time when its first page was answered, None until then.
    `pages`, `read` and `changed` count what was stored of it; `validators` are those that its pages gave.
    """

    reading: Reading
    clock: datetime | None = None
    pages: int = 0
    read: int = 0
    changed: int = 0
    validators: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, state: StreamState, *, full: bool) -> Self:
        """What to read now: the rest of an interrupted reading, what changed since the last one, or everything.

        `full` reads everything whatever is known, also where an earlier full reading was interrupted.
        """
        if full:
            return cls(Reading())
        if state.resume is not None:
            return cls(Reading(since=state.resume_since, resume=state.resume), clock=state.resume_clock)
        return cls(Reading(since=state.watermark, validators=dict(state.validators)))

    @property
    def full(self) -> bool:
        """Whether everything is read, and not only what changed."""
        return self.reading.since is None

    @property
    def resumed(self) -> bool:
        """Whether this is the rest of a reading that was interrupted."""
        return self.reading.resume is not None

    def note(self, page: Page, changed: int) -> None:
        """Count a page that was stored, with the number of rows that it changed."""
        self.pages += 1
        self.read += len(page.items) + len(page.set_aside)
        self.changed += changed
        self.validators |= dict(page.validators)

    def noting(self, page: Page, changed: int) -> Self:
        """This course as it will be once `page` is noted: what is kept with the page, which may have to be tried."""
        found = replace(self, validators=dict(self.validators))
        found.note(page, changed)
        return found

    def under_way(self, state: StreamState, resume: str) -> StreamState:
        """The state behind a page that is not the last. What the last complete reading left stays as it was."""
        return replace(state, resume=resume, resume_since=self.reading.since, resume_clock=self.clock)

    def ended(self, state: StreamState, overlap: timedelta) -> StreamState:
        """The state behind the last page.

        The watermark moves to the tool's time before the first page, less the overlap: whatever changes while the
        reading goes on is read again by the next one. Validators answer for the URLs of one watermark and go with it.
        It stays put where one page told everything and changed nothing, and staying costs nothing: that page is
        answered by 304 from now on, or has nothing in it. Where it holds items, or fills more than a page, the next
        reading should not read them again.
        """
        one_page = self.pages <= 1 and not self.resumed
        quiet = one_page and not self.full and not self.changed
        if quiet and (self.validators or not self.read):
            watermark, validators = self.reading.since, self.validators
        else:
            watermark, validators = self._reached(state, overlap), {}
        return StreamState(watermark=watermark, validators=validators)

    def closing(self, overlap: timedelta) -> Self | None:
        """The reading that follows a full one, from its new watermark, so that validators are known for that.

        None behind a reading that was not full, or that met no page.
        """
        if not self.full or self.clock is None:
            return None
        return type(self)(Reading(since=self.clock - overlap))

    def _reached(self, state: StreamState, overlap: timedelta) -> datetime | None:
        # Without a page there is no time: then what changes is read from the old watermark again.
        return state.watermark if self.clock is None else self.clock - overlap
