"""Sends what waits: routes what is new, sends what is due, and keeps what came of it."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from secrets import token_hex

import sqlalchemy as sa
import structlog

from alerts import channel, outbox
from alerts.channel import Outcome
from alerts.message import Setting, Words, compose
from alerts.outbox import Bound
from alerts.quiet import is_quiet
from config import Config
from store import reading

LOOK_S = 0.1
"""How often it is looked whether a message takes too long, or the service is to stop."""
GRACE_S = 2.0
"""How long what is under way may still take when the service is to stop."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Sent:
    """What one call did. `routed`: deliveries that new changes made. `messages` got through, `failed` did not.

    `quiet`: nothing was sent, as these are quiet hours.
    """

    routed: int = 0
    messages: int = 0
    failed: int = 0
    quiet: bool = False


def send_alerts(
    engine: sa.Engine,
    config: Config,
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
    words: Callable[[str], Words],
    hide: Callable[[str], str],
) -> Sent:
    """Tells the channels what is new, at least once.

    Each channel is sent one message at a time, in order, all of them side by side. What does not get through is tried
    again by later calls, with longer and longer waits. Any number of processes may call this at the same time. When
    `stop` is set, no further message is begun, and what is under way has two seconds. `words` gives the texts of a
    code's rule, `hide` takes secrets out of a text.
    """
    with reading(engine) as conn:
        fresh = outbox.news(conn, config, now())
    routed = 0
    if fresh:
        with engine.begin() as conn:
            routed = outbox.route(conn, config, now())
    if is_quiet(config.alerts.quiet, config.zone, now()):
        return Sent(routed, quiet=True)
    round_ = _Round(engine, config, now, stop, Setting(words, config.zone, config.service.url), hide)
    round_.run()
    return Sent(routed, round_.messages, round_.failed)


class _Round:
    """Sends to all channels until nothing is due any more."""

    def __init__(
        self,
        engine: sa.Engine,
        config: Config,
        now: Callable[[], datetime],
        stop: threading.Event,
        setting: Setting,
        hide: Callable[[str], str],
    ) -> None:
        self.messages = self.failed = 0
        self._engine = engine
        self._config = config
        self._now = now
        self._stop = stop
        self._setting = setting
        self._hide = hide
        self._who = f"{os.getpid()}-{token_hex(4)}"
        self._done: SimpleQueue[tuple[Bound, Outcome]] = SimpleQueue()
        self._under_way: dict[str, tuple[Bound, float]] = {}

    def run(self) -> None:
        with reading(self._engine) as conn:
            todo = outbox.waiting(conn, self._config)
        stopped_at: float | None = None
        while todo or self._under_way:
            for name in todo:
                self._begin(name)
            todo = []
            if self._stop.is_set():
                stopped_at = stopped_at or time.monotonic()
            try:
                bound, outcome = self._done.get(timeout=LOOK_S if self._under_way else 0)
            except Empty:
                todo += self._give_up(stopped_at)
            else:
                # What comes back after its time was over is settled already.
                if self._under_way.get(bound.channel, (None,))[0] is bound:
                    todo += self._settle(bound, outcome)

    def _begin(self, name: str) -> None:
        """Starts the next message of a channel, where there is one and nothing keeps it back."""
        url = self._config.alerts.channels[name].get_secret_value()
        while not self._stop.is_set() and not channel.busy(name):
            with self._engine.begin() as conn:
                bound = outbox.claim(conn, name, self._who, self._now(), channel.MOST_CHANGES.get(channel.form(url)))
            if bound is None:
                return
            try:
                message = compose(
                    bound.changes,
                    self._setting,
                    number=bound.number,
                    greeting=bound.greeting,
                    repetition=bound.uncertain,
                )
            except Exception as error:
                # It must not keep other channels from hearing anything, and becomes a finding as all that is refused.
                log.exception("alert cannot be written", channel=name, message=bound.number)
                self._under_way[name] = bound, time.monotonic() + channel.TIME_LIMIT_S
                self._note(bound, Outcome(False, refused=True, error=f"{type(error).__name__} while it was written."))
                return
            if message is not None:
                self._under_way[name] = bound, time.monotonic() + channel.TIME_LIMIT_S
                if not channel.start(name, url, message, partial(self._note, bound)):
                    self._note(bound, Outcome(False, error=channel.HANGS))
                return
            with self._engine.begin() as conn:
                outbox.drop(conn, bound, self._who)

    def _note(self, bound: Bound, outcome: Outcome) -> None:
        self._done.put((bound, outcome))

    def _give_up(self, stopped_at: float | None) -> list[str]:
        """Settles what takes too long, or all that is under way some time after the service was to stop."""
        clock, again = time.monotonic(), []
        for bound, deadline in list(self._under_way.values()):
            if clock > deadline:
                again += self._settle(bound, Outcome(False, error=f"No answer within {channel.TIME_LIMIT_S:.0f} s."))
            elif stopped_at is not None and clock > stopped_at + GRACE_S:
                again += self._settle(bound, Outcome(False, error="The service was stopped before an answer came."))
        return again

    def _settle(self, bound: Bound, outcome: Outcome) -> list[str]:
        """Keeps what came of a message; the channels to which more may be sent now."""
        del self._under_way[bound.channel]
        outcome = replace(outcome, error=self._hide(outcome.error) if outcome.error else None)
        with self._engine.begin() as conn:
            outbox.settle(conn, bound, self._who, self._now(), outcome)
        about = {"channel": bound.channel, "message": bound.number, "changes": len(bound.changes)}
        if outcome.sent:
            self.messages += 1
            log.info("alert sent", **about, repetition=bound.uncertain)
            return [bound.channel]
        self.failed += 1
        log.warning("alert not sent", **about, refused=outcome.refused, error=outcome.error)
        return []
