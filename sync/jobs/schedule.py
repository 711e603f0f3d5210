"""What the service does by the clock: all scheduled jobs, by the configuration and the scopes known so far."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from config import Config
from config.times import when
from connectors.hooks import Recalls, hears, hooks_of
from connectors.values import Source
from store.known_scopes import Known
from sync.jobs.job import Job
from sync.jobs.triggers import Trigger, trigger
from sync.membership import asks

SPREAD = 0.4
"""Part of the sync interval over which the reading of scopes is spread, so that they do not all ask at once."""
WIDEST = timedelta(minutes=10)
"""The longest time over which it is spread."""

EACH_MINUTE = "every 1 minute"
EACH_HOUR = "every 1 hour"
DAY_ENDS = "daily at 23:59"
FORGETS = "daily at 03:45"


@dataclass(frozen=True)
class Scheduled:
    """A job that is done by the clock. `when` says how often in words, in the configured zone."""

    job: Job
    when: str
    trigger: Trigger

    def next(self, now: datetime) -> datetime:
        """When it is due next, `now` included."""
        return self.trigger.get_next_fire_time(None, now)

    def slot(self, due: datetime) -> datetime:
        """The nominal moment of what is due then: the same in every process that has this schedule."""
        return self.trigger.slot(due)


def schedule(config: Config, scopes: Mapping[str, Iterable[Known]]) -> list[Scheduled]:
    """All that is done by the clock. `scopes`: by connection, those known so far."""
    return list(_schedule(config, scopes))


def _schedule(config: Config, scopes: Mapping[str, Iterable[Known]]) -> Iterator[Scheduled]:
    sync, reconcile, zone = config.schedule.sync, config.schedule.reconcile, config.zone

    def at(words: str, job: Job, later: timedelta = timedelta()) -> Scheduled:
        return Scheduled(job, words, trigger(when(words), zone, later))

    for name, options in config.connections.items():
        later = _later(config.schedule.sync_interval, name, *options.scope_patterns())
        yield at(sync, Job("list", name), later)
        if asks(config, name):
            yield at(sync, Job("ask", name), later)
        for scope in scopes.get(name, ()):
            own = _later(config.schedule.sync_interval, name, *options.scope_patterns(), scope.external_id)
            yield at(sync, Job("read", name, scope.external_id), own)
            if not scope.archived:
                yield at(reconcile, Job("sweep", name, scope.external_id))
        if hears(options) and isinstance(hooks_of(options), Recalls):
            yield at(EACH_HOUR, Job("missed", name), later)
    if any(isinstance(result.value, Source) for one in config.objectives for result in one.key_results):
        yield at(sync, Job("values"))
    if any(hears(options) for options in config.connections.values()):
        yield at(EACH_MINUTE, Job("hints"))
    yield at(sync, Job("count"))
    yield at(DAY_ENDS, Job("count"))
    yield at(EACH_MINUTE, Job("alerts"))
    for name, digest in config.digests.items():
        yield at(digest.at or config.schedule.digest, Job("digest", name=name))
    yield at(FORGETS, Job("retain"))


def _later(interval: timedelta, *words: str) -> timedelta:
    """How long after its slots something is due: always the same for the same words, and another time for others."""
    part = int.from_bytes(blake2b("\n".join(words).encode(), digest_size=4).digest()) / 2**32
    return min(interval * SPREAD, WIDEST) * part
