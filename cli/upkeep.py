"""What a running `serve` looks after beside its jobs: whether it is its turn, its files, its schedule."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from cli.jobs import SETTLE
from cli.service import Service
from cli.wiring import now
from store import reading
from store.known_scopes import known
from sync.jobs.due import NEVER_IN_ARREARS, due
from sync.jobs.job import Job, Runner
from sync.jobs.schedule import schedule

if TYPE_CHECKING:
    from cli.sole import Sole
    from config import Config
    from sync.jobs.clockwork import Clockwork

EACH_S = 2.0
"""How often it looks."""

log = structlog.get_logger()


class Upkeep:
    """Keeps the schedule of a service as the configuration, the known scopes and the other processes want it.

    `sole`: the right to be the only service of the database; None where a queue sees to it that many do no harm.
    `listen` is called each time: the address may be free by now.
    """

    def __init__(
        self,
        service: Service,
        runner: Runner,
        clockwork: "Clockwork",
        sole: "Sole | None",
        listen: Callable[[], None] = lambda: None,
    ) -> None:
        self._service = service
        self._runner = runner
        self._clockwork = clockwork
        self._sole = sole
        self._listen = listen
        self._begun = False
        self._troubled = False
        self._scheduled: tuple[Config, dict[str, list[tuple[str, bool]]]] | None = None
        """What the schedule was made of."""

    def run(self) -> None:
        """Looks after everything until the service is stopped, whatever happens meanwhile."""
        while True:
            self.turn()
            if self._service.stop.wait(EACH_S):
                return

    def thread(self) -> threading.Thread:
        """A thread that does so. Nobody waits for its end, as the database may keep it waiting."""
        return threading.Thread(target=self.run, name="upkeep", daemon=True)

    def turn(self) -> None:
        """Looks once. Errors are logged; what could not be done is done the next time."""
        try:
            self._turn()
        except Exception as error:
            told = self._service.failed(error)
            if not self._troubled and told is not None:
                log.warning("upkeep failed, tried again each few seconds", error=told)
            elif not self._troubled:
                log.exception("upkeep failed, tried again each few seconds")
            self._troubled = True
        else:
            if self._troubled:
                log.info("upkeep works again")
                self._service.worked()
            self._troubled = False

    def _turn(self) -> None:
        service = self._service
        self._listen()
        self._clockwork.mind(now())
        if self._sole is not None and not self._sole.is_ours():
            self._stand_by()
            return
        if service.status.standing_by:
            service.take_over()
        if service.look():
            self._runner.submit(Job("count"), after=SETTLE)
        if not service.is_ours():
            # Whoever changed the configuration last also keeps the schedule.
            self._leave()
            return
        if not self._begun:
            self._begin()
        service.status.standing_by = False
        self._schedule()

    def _stand_by(self) -> None:
        if not self._service.status.standing_by:
            log.info("standing by: another process serves this database, and this one takes over when it ends")
        self._service.status.standing_by = True
        self._begun = False
        self._leave()

    def _schedule(self) -> None:
        """Has the schedule follow the configuration and the scopes, where one of them changed."""
        config = self._service.config
        with reading(self._service.engine) as conn:
            scopes = known(conn)
        there = {name: [(one.external_id, one.archived) for one in found] for name, found in scopes.items()}
        if self._scheduled is None or self._scheduled[0] is not config or self._scheduled[1] != there:
            self._clockwork.replace(schedule(config, scopes))
            self._scheduled = config, there

    def _leave(self) -> None:
        """Leaves the schedule to another process."""
        self._clockwork.replace([])
        self._scheduled = None

    def _begin(self) -> None:
        """Has at once done what is due. What is done once for each moment is fired, the rest is done as it comes."""
        moment, service = now(), self._service
        with service.engine.begin() as conn:
            scopes = known(conn)
            found = due(conn, schedule(service.config, scopes), scopes, moment)
        for one in found:
            if one.job.kind in NEVER_IN_ARREARS:
                self._runner.fire(one.job, one.trigger.slot(one.trigger.latest(moment)))
            else:
                self._runner.submit(one.job)
        self._begun = True
        log.info("serving", due=len(found))
