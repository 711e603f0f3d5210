"""How long a tool asks us to wait, read from the headers of its answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import isfinite

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
    "beta-ratelimit-policy",
    "beta-ratelimit",
)
"""What `doctor` shows of a tool's limits."""

_EPOCH_FROM = 10**9  # a smaller number is a span of seconds
_MILLISECONDS_FROM = 10**12
_LONGEST_INTERVAL_S = 3600
_POINTS = re.compile(r"[;,]\s*[qr]=(\d+)")
_OF_ENDPOINT = {"jira-burst-based", "jira-per-issue-on-write"}
SECOND = timedelta(seconds=1)


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
        told = reset_in(headers, now)
        interval = number(headers, "x-ratelimit-interval-seconds") if told is None else told
        return None if interval is None else max(0.0, interval)
    return None


@dataclass(frozen=True)
class Rate:
    """So many requests within a span of time."""

    count: float
    span: timedelta


@dataclass(frozen=True)
class Hourly:
    """What an answer tells of a limit that fills up at a fixed time, `reset_s` seconds from now."""

    limit: float
    remaining: float
    reset_s: float


def number(headers: Mapping[str, str], name: str) -> float | None:
    """A header's number; None where there is none."""
    try:
        value = float(headers[name])
    except (KeyError, ValueError):
        return None
    return value if isfinite(value) else None


def hourly(headers: Mapping[str, str], now: datetime) -> Hourly | None:
    """The limit that an answer tells of: Jira's points, else `X-RateLimit-*`. None where it tells of none."""
    policy, state = (_POINTS.search(headers.get(name, "")) for name in ("beta-ratelimit-policy", "beta-ratelimit"))
    if policy and state:
        # `t` was seen to be wrong once the points are used up; they come back with the hour.
        return Hourly(float(policy[1]), float(state[1]), 3600 - now.timestamp() % 3600)
    limit, remaining = number(headers, "x-ratelimit-limit"), number(headers, "x-ratelimit-remaining")
    reset = reset_in(headers, now)
    return None if limit is None or remaining is None or reset is None else Hourly(limit, remaining, reset)


def bucket(headers: Mapping[str, str]) -> tuple[int, int, timedelta] | None:
    """What is left in Data Center's bucket, and by how much it fills in which time. None where none is told."""
    left, fill, span = (
        number(headers, f"x-ratelimit-{name}") for name in ("remaining", "fillrate", "interval-seconds")
    )
    if left is None or fill is None or span is None or fill < 1 or not 0 < span <= _LONGEST_INTERVAL_S:
        return None
    return max(0, int(left)), int(fill), timedelta(seconds=span)


def near(headers: Mapping[str, str]) -> bool:
    """Whether the tool says that a limit is near (Jira: less than a fifth is left)."""
    return headers.get("x-ratelimit-nearlimit", "").strip().lower() == "true"


def of_endpoint(headers: Mapping[str, str]) -> bool:
    """Whether a refusal concerns one call only (Jira's burst and per-issue limits), not the whole connection."""
    return headers.get("ratelimit-reason", "").strip() in _OF_ENDPOINT


def of_speed(headers: Mapping[str, str]) -> bool:
    """Whether a refusal says that requests come too fast, not that too many came in an hour."""
    reason = headers.get("ratelimit-reason", "")
    return reason in _OF_ENDPOINT if reason else not exhausted(headers)


def later(now: datetime, seconds: float) -> datetime:
    """`now` plus `seconds`, at most a year: a tool that says more is not believed."""
    return now + timedelta(seconds=min(seconds, 365 * 86_400))
