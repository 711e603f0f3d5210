"""A runner that does nothing and remembers what it was given."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sync.jobs.job import Job


@dataclass
class Recording:
    """`submitted` and `fired` in the order in which they came. `fault`, while it is set, is raised instead."""

    submitted: list[tuple[Job, timedelta]] = field(default_factory=list)
    fired: list[tuple[Job, datetime]] = field(default_factory=list)
    fault: Exception | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)
    asked: int = 0

    def submit(self, job: Job, *, after: timedelta = timedelta()) -> bool:
        with self.changed:
            self.submitted.append((job, after))
            self.changed.notify_all()
        return True

    def fire(self, job: Job, slot: datetime) -> bool:
        with self.changed:
            self.asked += 1
            self.changed.notify_all()
            if self.fault is not None:
                raise self.fault
            if (job, slot) in self.fired:
                return False
            self.fired.append((job, slot))
        return True

    def wait(self, number: int) -> None:
        """Until so many slots were fired."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.fired) >= number, 20)
