"""GitHub's own rules for answers that are none: its limits, and what to do about what it refuses."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from connectors import limits
from connectors.answers import Answer
from connectors.errors import SourceError, TryAgain
from connectors.github.refusals import forbidden, gone, unknown
from connectors.limits import Rate

SECONDARY_WAIT_S = 60.0
"""How long GitHub asks to wait for its secondary limit, where the answer names no time."""

STEADY = Rate(900, timedelta(minutes=1))
"""GitHub's secondary limit of reading requests by REST. No header tells of it."""

SECONDARY = re.compile(rb"secondary rate limit|abuse detection", re.IGNORECASE)


def rules(now: Callable[[], datetime]) -> Callable[[Answer], SourceError | None]:
    """What an answer of GitHub stands for, for `Transport(classify=…)`. None: the general rules tell."""
    strikes = _Strikes()

    def classify(answer: Answer) -> SourceError | None:
        if answer.status in {403, 429}:
            return _limit(answer, answer.clock or now(), strikes) or forbidden(answer)
        if answer.status < 400:
            strikes.over(answer.clock or now())
        if answer.status == 401:
            return unknown(answer)
        if answer.status in {404, 410}:
            return gone(answer)
        return None

    return classify


class _Strikes:
    """How often in a row GitHub asked to slow down without naming a time: each wait is twice the one before."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wait = SECONDARY_WAIT_S / 2
        self._until: datetime | None = None

    def another(self, now: datetime) -> float:
        """Seconds to wait. Refusals of requests that were under way together count once."""
        with self._lock:
            if self._until is None or now >= self._until:
                self._wait *= 2
                self._until = limits.later(now, self._wait)
            return self._wait

    def over(self, now: datetime) -> None:
        """An answer was no refusal. One that comes during the wait was under way before."""
        with self._lock:
            if self._until is not None and now >= self._until:
                self._wait, self._until = SECONDARY_WAIT_S / 2, None


def _limit(answer: Answer, now: datetime, strikes: _Strikes) -> TryAgain | None:
    wait = limits.told_wait(answer.headers, now)
    if limits.exhausted(answer.headers) and "retry-after" not in answer.headers:
        return TryAgain("GitHub's request limit is used up", status=answer.status, wait=wait or SECONDARY_WAIT_S)
    if answer.status == 429 or "retry-after" in answer.headers or SECONDARY.search(answer.body):
        return TryAgain(
            "GitHub asks to slow down (secondary limit)",
            status=answer.status,
            wait=strikes.another(now) if wait is None else wait,
        )
    return None
