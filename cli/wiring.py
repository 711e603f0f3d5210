"""The one place where the parts are put together: configuration, database, connectors, clock and signals."""

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from cli.session import Session

if TYPE_CHECKING:
    import sqlalchemy as sa

    from config import Config, Loaded
    from connectors.base import Connector, Context


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def loaded(session: Session, more: Iterable[Path] = ()) -> "Loaded":
    """The whole configuration, checked, with the files of `more` on top of it.

    Warnings are noted on standard error. Raises ConfigError.
    """
    from cli.problems import lines
    from config import find, load
    from connectors.registry import option_models

    path = find(session.config, os.environ, Path.cwd())
    found = load(path, env=os.environ, kinds=option_models(), more=more)
    session.hide = found.references.hide
    for line in lines(found.warnings):
        session.note(line)
    return found


@contextmanager
def database(url: str) -> "Generator[sa.Engine]":
    """The database, brought to the schema of this program. Raises StoreError where it cannot be used, then or later."""
    import store
    from store.failures import telling

    engine = store.connect(url)
    try:
        store.migrate(engine)
        with telling(engine):
            yield engine
    finally:
        engine.dispose()


@contextmanager
def connected(
    config: "Config", stop: threading.Event, on_wait: Callable[[str, str, float], None]
) -> "Generator[dict[str, Connector]]":
    """A connector for each connection, by name. `on_wait(connection, reason, seconds)` hears of waits."""
    with contexts(config, stop, on_wait) as context, ExitStack() as stack:
        found: dict[str, Connector] = {}
        for name in config.connections:
            found[name] = made(name, config, context(name))
            stack.callback(found[name].close)
        yield found


@contextmanager
def contexts(
    config: "Config",
    stop: threading.Event,
    on_wait: Callable[[str, str, float], None],
    learned: Callable[[str], None] = lambda token: None,
) -> "Generator[Callable[[str], Context]]":
    """What connectors are given of the program, by name of the connection.

    Credentials that a tool replaces are kept in the database, which is made where it is not there yet: in a rehearsal,
    too, as the tool forgets what it replaced. Where a queue lets several processes read, the limits of the tools are
    kept there, too. `learned(token)` hears of each token that a tool hands out.
    """
    from connectors.base import Context
    from connectors.budget import OwnBudget
    from store.budget import SharedBudget
    from store.credentials import KeptCredentials

    kept = KeptCredentials(config.database, now)
    shared = SharedBudget(config.database) if config.queue else None
    budget = shared or OwnBudget(now)

    def context(name: str) -> Context:
        return Context(
            now,
            stop,
            lambda seconds: pause(stop, seconds),
            lambda reason, seconds: on_wait(name, reason, seconds),
            kept,
            budget,
            learned,
        )

    try:
        yield context
    finally:
        kept.close()
        if shared is not None:
            shared.close()


def made(name: str, config: "Config", context: "Context") -> "Connector":
    """The connector of a connection."""
    from connectors.registry import connector

    options = config.connections[name]
    found: Connector = connector(options.kind)(name, options, config.conventions, config.counting.measure, context)
    return found


def pause(stop: threading.Event, seconds: float) -> None:
    """Waits. Raises Cancelled as soon as `stop` is set."""
    from connectors.errors import Cancelled

    if stop.wait(seconds):
        raise Cancelled


@contextmanager
def stopped_by_signals(stop: threading.Event, within_s: float | None = None) -> Generator[None]:
    """The first Ctrl-C or SIGTERM sets `stop`, so that work ends at a good place; a second one ends it at once.

    `within_s`: so long after the first one the process ends, whatever it waits for: a database that does not answer.
    """
    signalled, over = threading.Event(), threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        signalled.set()

    def watch() -> None:
        signalled.wait()
        if not over.wait(within_s):
            os._exit(0)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if within_s is not None:
        threading.Thread(target=watch, name="end", daemon=True).start()
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        over.set()
        signalled.set()
        for number, old in before.items():
            signal.signal(number, old)
