"""`northing serve`."""

import gc
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import typer

from cli.logs import LogOption, Style, VerboseOption
from cli.session import INTERRUPTED, ConfigOption, JsonOption, QuietOption, Session, command, session

if TYPE_CHECKING:
    from cli.service import Service
    from dashboard.inside import Inside
    from sync.jobs.clockwork import Clockwork
    from sync.jobs.job import Runner

GRACE_S = 4.0
"""How long a stop waits for the worker of this process."""


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "serve", "northing serve", "northing serve --log json --config /etc/northing/northing.yaml")
    def serve(
        ctx: typer.Context,
        log: LogOption = None,
        verbose: VerboseOption = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Run the service: read, count, tell and forget by the schedule, until Ctrl-C or SIGTERM.

        Changed configuration files are taken over as they are saved. One process serves a database, a second one stands
        by; with `queue: procrastinate` any number do, and share the work with any number of `northing worker`.
        """
        at = session(ctx, config, json, quiet)
        try:
            _serve(at, log, verbose=verbose)
        except KeyboardInterrupt:
            # The second signal: whatever still runs is left as it is.
            os._exit(INTERRUPTED)


def _serve(at: Session, style: Style | None, *, verbose: bool) -> None:
    """Serves until a signal."""
    import structlog

    from cli.config_watch import watched
    from cli.listening import Listening
    from cli.logs import configure
    from cli.service import serving
    from cli.sole import Sole
    from cli.upkeep import Upkeep
    from cli.wiring import database, stopped_by_signals
    from cli.worker import ENDS_WITHIN_S
    from sync.jobs.clockwork import Clockwork

    stop = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(stopped_by_signals(stop, ENDS_WITHIN_S))
        watch = watched(at)
        configure(style, at.secrets.hide, verbose=verbose)
        engine = stack.enter_context(database(watch.loaded.config.database))
        service = stack.enter_context(serving(at, watch, engine, stop, decides=True))
        sole = stack.enter_context(closing(Sole(engine))) if watch.loaded.config.queue is None else None
        runner, close = _runner(service)
        clockwork = Clockwork(runner)
        listening = stack.enter_context(closing(Listening(_inside(service, clockwork, runner))))
        listening.open()
        clockwork.start()
        Upkeep(service, runner, clockwork, sole, listening.open).thread().start()
        # The system may give a signal to any thread. Python heeds it in this one, once it wakes.
        while not stop.wait(1.0):
            pass
        structlog.get_logger().info("stopping")
        clockwork.stop()
        if not close():
            # Threads in the middle of a long request. What they stored so far is where the next ones go on.
            structlog.get_logger().warning("some jobs are left unfinished, and go on after the next start")
            os._exit(0)
    # Nothing is needed any more. Looking through all of it for garbage would be most of what a stop takes.
    gc.freeze()


def _runner(service: "Service") -> "tuple[Runner, Callable[[], bool]]":
    """What runs the jobs, and how it is closed: whether all of them came to an end."""
    if service.config.queue is not None:
        from cli.worker import queued

        queue, worker = queued(service)
        ended: list[bool] = []
        thread = threading.Thread(target=lambda: ended.append(worker.run()), name="worker", daemon=True)
        thread.start()

        def close() -> bool:
            thread.join(GRACE_S)
            return ended == [True]

        return queue, close
    from cli.jobs import Jobs
    from cli.worker import at_once
    from sync.jobs.pool import Pool

    pool = Pool(Jobs(service, lambda: pool).handlers(), at_once(service), service.stop)
    return pool, pool.close


def _inside(service: "Service", clockwork: "Clockwork", runner: "Runner") -> "Inside":
    from cli.wiring import now
    from dashboard.inside import Inside
    from sync.jobs.pool import Pool

    budget = service.context("").budget
    return Inside(
        config=lambda: service.config,
        now=now,
        ticked=lambda: clockwork.ticked,
        submit=runner.submit,
        standing_by=lambda: service.status.standing_by,
        problems=service.status.problems,
        hide=service.hide,
        jobs=runner.standing if isinstance(runner, Pool) else lambda: None,
        limits=budget.known if budget is not None else dict,
    )
