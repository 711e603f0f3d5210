"""Values of key results from elsewhere, fetched at each sync: all side by side, none waited for long."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

import sqlalchemy as sa

from config import Config
from connectors.base import Connector, Context
from connectors.errors import Cancelled, SourceError, TryAgain
from connectors.values import Source, fetch, place
from store import values
from store.transactions import beside
from sync.pull_rows import Outcome, RunRows

AT_ONCE = 16
"""Sources that are asked at a time."""

GRACE_S = 2.0
"""How long beyond its time-out a source is waited for, before its thread is left behind."""

_TICK_S = 0.05


@dataclass(frozen=True)
class ValueResult:
    """What became of one key result's source: its value, or why there is none (what happened, what to do next)."""

    key_result: str
    value: float | None = None
    error: str | None = None
    advice: str = ""

    @property
    def outcome(self) -> Outcome:
        """Whether there is a value."""
        return "ok" if self.error is None else "failed"

    @property
    def told(self) -> str:
        """What went wrong and what to do next, as one text; empty where nothing did."""
        return str(SourceError(self.error, advice=self.advice)) if self.error else ""


@dataclass
class _Asked:
    key: str
    source: Source
    began: float = 0.0


def sources(config: Config, day: date) -> dict[str, Source]:
    """The sources to ask on a day, by key result: those of cycles that contain it. Others keep what they reached."""
    running = {cycle.key for cycle in config.cycles if cycle.start <= day <= cycle.end}
    return {
        result.key: result.value
        for objective in config.objectives
        if objective.cycle in running
        for result in objective.key_results
        if isinstance(result.value, Source)
    }


def fetch_values(
    engine: sa.Engine,
    config: Config,
    connectors: Mapping[str, Connector],
    *,
    rows: RunRows,
    now: Callable[[], datetime],
    stop: threading.Event,
) -> list[ValueResult]:
    """Asks all sources of the running cycles, and keeps each value as the day's check-in of its key result.

    `connectors` are those of the connections that can be read. A source that fails leaves the last value as it is, and
    is noted. Ends soon after `stop` is set; what did not answer by then is left as it was. Errors of this program are
    kept with those of the run (`rows`). Raises what the database raises.
    """
    day = now().astimezone(config.zone).date()
    with engine.begin() as conn:
        ids = values.sourced(conn, _with_source(config))
    wanted = {key: source for key, source in sources(config, day).items() if key in ids}
    results: list[ValueResult] = []
    context = Context(now=now, stop=stop, sleep=_sleeper(stop))
    for key, found in ask(wanted, connectors, context):
        if isinstance(found, Cancelled):
            continue
        if isinstance(found, Exception) and not isinstance(found, SourceError):
            rows.bugs.append(found)
        result = result_of(key, found)
        results.append(result)
        beside(engine, partial(_keep, result, ids[key], place(wanted[key]), day, now()))
    return sorted(results, key=lambda one: one.key_result)


def _keep(result: ValueResult, key_result_id: int, where: str, day: date, now: datetime, conn: sa.Connection) -> None:
    if result.value is not None:
        values.record(conn, key_result_id, where, day, result.value, now)
    else:
        values.fail(conn, key_result_id, where, result.told, now)


def ask(
    wanted: Mapping[str, Source], connectors: Mapping[str, Connector], context: Context
) -> Iterator[tuple[str, float | Exception]]:
    """The number of each source, or what went wrong, by its key, as they come.

    Threads are daemons; one whose source outlasts its time-out is left behind, and the others go on.
    """
    waiting = deque(_Asked(key, source) for key, source in wanted.items())
    running: dict[str, _Asked] = {}
    answers: queue.SimpleQueue[tuple[_Asked, float | Exception]] = queue.SimpleQueue()

    def work(asked: _Asked) -> None:
        try:
            answers.put((asked, fetch(asked.source, context=context, connectors=connectors)))
        except Exception as error:  # noqa: BLE001 - handed to the consumer, who raises what is no SourceError
            answers.put((asked, error))

    while (waiting or running) and not context.stop.is_set():
        while waiting and len(running) < AT_ONCE:
            asked = waiting.popleft()
            asked.began = time.monotonic()
            running[asked.key] = asked
            threading.Thread(target=work, args=(asked,), name=f"value of {asked.key}", daemon=True).start()
        try:
            asked, found = answers.get(timeout=_TICK_S)
        except queue.Empty:
            pass
        else:
            if running.pop(asked.key, None):
                yield asked.key, found
        for asked in [one for one in running.values() if time.monotonic() - one.began > one.source.timeout + GRACE_S]:
            del running[asked.key]
            yield (
                asked.key,
                TryAgain(
                    f"No answer within {asked.source.timeout:g} s.",
                    advice="If it needs longer, give the source a `timeout:` in seconds.",
                ),
            )


def result_of(key: str, found: float | Exception) -> ValueResult:
    """What a key result's source gave, as a result."""
    if isinstance(found, SourceError):
        return ValueResult(key, error=found.message, advice=found.advice)
    if isinstance(found, Exception):
        return ValueResult(key, error=f"An error of this program: {type(found).__name__}.")
    return ValueResult(key, value=found)


def _with_source(config: Config) -> set[str]:
    return {
        result.key
        for objective in config.objectives
        for result in objective.key_results
        if isinstance(result.value, Source)
    }


def _sleeper(stop: threading.Event) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Cancelled

    return sleep
