"""GitHub's own rules for answers that are none: its limits, and what to do about what it refuses."""

import re
from collections.abc import Callable
from datetime import datetime

from connectors import limits
from connectors.answers import Answer
from connectors.errors import Refused, SourceError, TryAgain
from connectors.github.refusals import gone

SECONDARY_WAIT_S = 60.0
"""How long GitHub asks to wait for its secondary limit, where the answer names no time."""

SECONDARY = re.compile(rb"secondary rate limit|abuse detection", re.IGNORECASE)


def rules(now: Callable[[], datetime]) -> Callable[[Answer], SourceError | None]:
    """What an answer of GitHub stands for, for `Transport(classify=…)`. None: the general rules tell."""

    def classify(answer: Answer) -> SourceError | None:
        if answer.status in {403, 429}:
            return _limit(answer, answer.clock or now()) or _forbidden(answer)
        if answer.status in {404, 410}:
            return gone(answer)
        return None

    return classify


def _limit(answer: Answer, now: datetime) -> TryAgain | None:
    wait = limits.told_wait(answer.headers, now)
    if limits.exhausted(answer.headers) and "retry-after" not in answer.headers:
        return TryAgain("GitHub's request limit is used up", status=answer.status, wait=wait or SECONDARY_WAIT_S)
    if answer.status == 429 or "retry-after" in answer.headers or SECONDARY.search(answer.body):
        return TryAgain(
            "GitHub asks to slow down (secondary limit)", status=answer.status, wait=wait or SECONDARY_WAIT_S
        )
    return None


def _forbidden(answer: Answer) -> Refused | None:
    sso = answer.headers.get("x-github-sso", "")
    if not sso:
        return None
    where = sso.partition("url=")[2] or "GitHub's settings › Developer settings › Personal access tokens"
    return Refused(
        f"{answer.place} answered 403: the organisation wants single sign-on for this token.",
        advice=f"Authorise the token for the organisation: {where}",
        status=answer.status,
    )
