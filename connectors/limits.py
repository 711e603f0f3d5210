"""How long a tool asks us to wait, read from the headers of its answer."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from connectors import text

LIMIT_HEADERS = (
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-resource",
    "x-ratelimit-nearlimit",
    "x-ratelimit-interval-seconds",
    "x-ratelimit-fillrate",
    "ratelimit-reason",
)
"""What `doctor` shows of a tool's limits."""

_EPOCH_FROM = 10**9  # a smaller number is a span of seconds
_MILLISECONDS_FROM = 10**12


def http_date(value: str | None) -> datetime | None:
    """The instant of a `Date` header, in UTC; None where there is none or it is no date."""
    if not value:
        return None
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for, written as seconds or as an HTTP date; None where unreadable."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        at = http_date(value)
    return None if at is None else max(0.0, (at - now).total_seconds())


def reset_in(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until `X-RateLimit-Reset`, written in epoch seconds (GitHub), ISO 8601 (Jira) or as a span of seconds."""
    value = headers.get("x-ratelimit-reset", "").strip()
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        at = text.instant(value)
        return None if at is None else max(0.0, (at - now).total_seconds())
    if number < _EPOCH_FROM:
        return max(0.0, number)
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    return max(0.0, seconds - now.timestamp())


def exhausted(headers: Mapping[str, str]) -> bool:
    """True where the answer says that nothing is left of the limit."""
    return headers.get("x-ratelimit-remaining", "").strip() == "0"


def told_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that an answer of status 403, 429 or 503 asks us to wait; None where it names no time.

    `Retry-After` comes first. The reset counts only where this limit is the one that is used up: nothing remains, or
    nothing is said about what remains. Otherwise another limit was met (GitHub's secondary one), whose end is not told.
    """
    asked = retry_after(headers, now)
    if asked is not None:
        return asked
    if exhausted(headers) or "x-ratelimit-remaining" not in headers or "ratelimit-reason" in headers:
        return reset_in(headers, now)
    return None


def reserve_wait(headers: Mapping[str, str], now: datetime, reserve: float) -> float | None:
    """Seconds to hold back so that `reserve` (0..1) of the limit is left to the token's other users; None: go on."""
    try:
        limit, remaining = float(headers["x-ratelimit-limit"]), float(headers["x-ratelimit-remaining"])
    except (KeyError, ValueError):
        return None
    return reset_in(headers, now) if reserve > 0 and remaining < limit * reserve else None


def later(now: datetime, seconds: float) -> datetime:
    """`now` plus `seconds`, at most a year: a tool that says more is not believed."""
    return now + timedelta(seconds=min(seconds, 365 * 86_400))
