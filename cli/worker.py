"""`northing worker`."""

import gc
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from cli.logs import LogOption, Style, VerboseOption
from cli.session import INTERRUPTED, ConfigOption, Failure, JsonOption, QuietOption, Session, command, session

if TYPE_CHECKING:
    from cli.service import Service
    from sync.jobs.queue import Queue
    from sync.jobs.worker import Worker

OURS_AT_ONCE = 6
"""Jobs at one time that are of no connection: as many as there are kinds, so that alerts wait for no long count."""
ENDS_WITHIN_S = 4.5
"""How long after a signal a process of the service is there at most."""
LOOK_EACH_S = 2.0
"""How often the files of the configuration are looked at."""


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "worker", "northing worker", "northing worker --concurrency 8 --log json")
    def worker(
        ctx: typer.Context,
        concurrency: Annotated[
            int | None,
            typer.Option(min=1, max=100, help="Jobs of each connection at a time. [half of its `in_flight`]"),
        ] = None,
        log: LogOption = None,
        verbose: VerboseOption = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Join the fleet: do jobs of the queue beside any number of other workers, until Ctrl-C or SIGTERM.

        Needs `queue: procrastinate`, and a `northing serve` that keeps the schedule. A worker that stops gives back
        what it has begun; the jobs of one that dies are taken over within half a minute.
        """
        at = session(ctx, config, json, quiet)
        try:
            _work(at, concurrency, log, verbose=verbose)
        except KeyboardInterrupt:
            # The second signal: whatever still runs is left as it is, and taken over.
            os._exit(INTERRUPTED)


def _work(at: Session, concurrency: int | None, style: Style | None, *, verbose: bool) -> None:
    """Works until a signal."""
    from cli.config_watch import watched
    from cli.logs import configure
    from cli.service import serving
    from cli.wiring import database, stopped_by_signals

    stop = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(stopped_by_signals(stop, ENDS_WITHIN_S))
        watch = watched(at)
        if watch.loaded.config.queue is None:
            raise Failure(
                "This configuration has no queue to take jobs from.",
                "Write `queue: procrastinate` and a PostgreSQL `database`; without a queue `northing serve` does all.",
            )
        configure(style, at.secrets.hide, verbose=verbose)
        engine = stack.enter_context(database(watch.loaded.config.database))
        service = stack.enter_context(serving(at, watch, engine, stop, decides=False))
        threading.Thread(target=_follow, args=(service,), name="configuration", daemon=True).start()
        _, work = queued(service, concurrency)
        if not work.run():
            # Threads in the middle of a long request, whose jobs were given back.
            os._exit(0)
    # Nothing is needed any more. Looking through all of it for garbage would be most of what a stop takes.
    gc.freeze()


def queued(service: "Service", concurrency: int | None = None) -> "tuple[Queue, Worker]":
    """The queue of a service, and a worker that does its jobs in this process."""
    from cli.jobs import Jobs
    from sync.jobs.queue import Queue
    from sync.jobs.worker import Worker

    queue = Queue(service.engine)
    return queue, Worker(
        service.engine, Jobs(service, lambda: queue).handlers(), at_once(service, concurrency), service.stop
    )


def at_once(service: "Service", concurrency: int | None = None) -> Callable[[str], int]:
    """How many jobs of a lane run in this process at a time, by the configuration of that moment."""

    def room(lane: str) -> int:
        options = service.config.connections.get(lane)
        if options is None:
            return OURS_AT_ONCE
        return concurrency or max(1, options.in_flight // 2)

    return room


def _follow(service: "Service") -> None:
    """Takes changed files of the configuration over, as long as the service runs."""
    import structlog

    log, troubled = structlog.get_logger(), False
    while not service.stop.wait(LOOK_EACH_S):
        try:
            service.look()
            troubled = False
        except Exception:  # the next look may fare better; it is told once
            if not troubled:
                log.exception("the configuration cannot be looked at, tried again each few seconds")
            troubled = True
