"""When a request is sent again, after how long, and when we give up."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from connectors.base import Context
from connectors.errors import TryAgain


@dataclass(frozen=True)
class Patience:
    """How much one request may cost.

    `deadline_s`: seconds of waiting in total; `attempts`: tries that end in a fault for which the tool named no wait.
    """

    attempts: int = 6
    deadline_s: float = 900.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0


def retrying(context: Context, patience: Patience, waited: Callable[[float], None]) -> Retrying:
    """A caller that runs a callable until it raises no `TryAgain`, or patience ends and the last error is raised.

    `Cancelled` passes. A wait that the tool named is kept in full, with jitter on top. `waited(seconds)` hears of it.
    """

    def wait(state: RetryCallState) -> float:
        error = _error(state)
        if error.wait:
            return error.wait + random.uniform(0, max(1.0, error.wait * 0.05))
        backoff = min(patience.longest_wait_s, patience.first_wait_s * 2 ** (state.attempt_number - 1))
        return backoff * random.uniform(1.0, 1.5)

    faults = 0

    def stop(state: RetryCallState) -> bool:
        nonlocal faults
        faults += 0 if _error(state).wait else 1
        return faults >= patience.attempts or state.idle_for + state.upcoming_sleep > patience.deadline_s

    def before_sleep(state: RetryCallState) -> None:
        waited(state.upcoming_sleep)
        context.on_wait(_error(state).message, state.upcoming_sleep)

    return Retrying(
        sleep=context.sleep,
        wait=wait,
        stop=stop,
        retry=retry_if_exception_type(TryAgain),
        before_sleep=before_sleep,
        reraise=True,
    )


def _error(state: RetryCallState) -> TryAgain:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, TryAgain):
        raise TypeError(f"only TryAgain is retried, not {error!r}")
    return error
