"""What the application is shown of the running service: doors that whoever starts it opens."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from config import Config
from connectors.budget import Limits
from sync.jobs.job import Job
from sync.jobs.pool import Standing


@dataclass(frozen=True)
class Inside:
    """A process of the service, as its HTTP application sees it.

    `config()`: the configuration in force. `ticked()`: when the scheduler's thread was last seen at work, None where it
    never was. `standing_by()`: whether another process does the scheduled work, and this one waits to take over.
    `problems()`: what else is not as it should be, in words, as changed files that cannot be applied. `submit(job)`
    has a job done soon. `hide(text)` takes secrets out of what is answered. `jobs()`: how the jobs of this process
    stand, where no queue in the database has them. `limits()`: what this process knows of the tools' limits, by
    account, where the database does not keep that.
    """

    config: Callable[[], Config]
    now: Callable[[], datetime]
    ticked: Callable[[], datetime | None]
    submit: Callable[[Job], object]
    standing_by: Callable[[], bool] = lambda: False
    problems: Callable[[], Iterable[str]] = tuple
    hide: Callable[[str], str] = lambda text: text
    jobs: Callable[[], Standing | None] = lambda: None
    limits: Callable[[], Mapping[str, Limits]] = dict
