"""The request limits of the real tools, with their headers. A site has none of these until they are set on it."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from simulator.site import Answer, Call, Raw, Refusal

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


class Limits(Protocol):
    """What a site asks for each request. `route` is the call with its parameters' names, `now` the site's time."""

    refused: list[tuple[datetime, str]]
    """When a request was refused, and why."""

    def admit(self, call: Call, route: str, now: datetime, under_way: int) -> None:
        """Raises `Refusal` where a limit is met. `under_way`: requests that are being answered, with this one."""

    def finish(self, call: Call, route: str, answer: Answer, now: datetime) -> None:
        """Adds the headers that tell of the limits."""


@dataclass
class GitHubLimits:
    """GitHub's secondary limits: requests at the same time, and points in a minute by REST and by GraphQL.

    `retry_after`: whether a refusal names a time. The primary limit is `GitHubSite.limit`.
    """

    concurrent: int = 100
    points: int = 900
    graphql_points: int = 2000
    retry_after: bool = True
    refused: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._spent: dict[tuple[str, bool], deque[tuple[datetime, int]]] = {}
        self.spent: dict[datetime, int] = {}
        """Requests by the hour."""

    def admit(self, call: Call, route: str, now: datetime, under_way: int) -> None:
        graphql = call.path.endswith("/graphql")
        token = call.headers.get("authorization", "")
        spent = self._spent.setdefault((token, graphql), deque())
        while spent and spent[0][0] <= now - MINUTE:
            spent.popleft()
        cost = 1 if call.method == "GET" or graphql else 5
        most = self.graphql_points if graphql else self.points
        if under_way <= self.concurrent and sum(points for _, points in spent) + cost <= most:
            spent.append((now, cost))
            return
        self.refused.append((now, "secondary"))
        raise secondary(60 if self.retry_after else None)

    def finish(self, call: Call, route: str, answer: Answer, now: datetime) -> None:
        """Counts what the primary limit counts. No header tells of the secondary ones."""
        if answer.status not in (304, 401, 403, 429):
            self.spent[_hour(now)] = self.spent.get(_hour(now), 0) + 1


def secondary(retry_after: int | None) -> Refusal:
    """How GitHub refuses for its secondary limit."""
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    body = {
        "message": message,
        "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
    }
    return Refusal(403, body, {} if retry_after is None else {"Retry-After": str(retry_after)})


class _Found(msgspec.Struct):
    issues: list[msgspec.Raw] | None = None


@dataclass
class CloudLimits:
    """Jira Cloud's: `burst` requests a second to each call and method, `points` an hour (None: as with API tokens)."""

    burst: int = 100
    points: int | None = 65_000
    refused: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._starts: dict[str, deque[datetime]] = {}
        self.spent: dict[datetime, int] = {}
        """Points by the hour."""

    def admit(self, call: Call, route: str, now: datetime, under_way: int) -> None:
        starts = self._starts.setdefault(f"{call.method} {route}", deque())
        while starts and starts[0] <= now - SECOND:
            starts.popleft()
        if len(starts) >= self.burst:
            raise self._refusal("jira-burst-based", now, self.burst, 1)
        hour = _hour(now)
        if self.points is not None and self.spent.get(hour, 0) >= self.points:
            wait = int((hour + timedelta(hours=1) - now).total_seconds()) + 1
            raise self._refusal("jira-quota-tenant-based", now, self.points, wait)
        starts.append(now)

    def finish(self, call: Call, route: str, answer: Answer, now: datetime) -> None:
        if answer.status == 429:
            return
        left = self.burst - len(self._starts.get(f"{call.method} {route}", ()))
        reset = (now + MINUTE).replace(second=0, microsecond=0)
        answer.headers |= _told(self.burst, left) | {"X-RateLimit-Reset": _iso(reset)}
        if left < self.burst / 5:
            answer.headers["X-RateLimit-NearLimit"] = "true"
        if self.points is None:
            return
        hour = _hour(now)
        self.spent[hour] = self.spent.get(hour, 0) + 1 + _objects(answer)
        rest = max(0, self.points - self.spent[hour])
        until = int((hour + timedelta(hours=1) - now).total_seconds())
        answer.headers["Beta-RateLimit-Policy"] = f'"tenant-app-quota";q={self.points};w=3600'
        answer.headers["Beta-RateLimit"] = f'"tenant-app-quota";r={rest};t={until}'

    def _refusal(self, reason: str, now: datetime, limit: int, wait: int) -> Refusal:
        self.refused.append((now, reason))
        reset = now + timedelta(seconds=wait)
        headers = {"Retry-After": str(wait), "RateLimit-Reason": reason, "X-RateLimit-Reset": _iso(reset)}
        body: Raw = {"errorMessages": ["Rate limit exceeded."], "errors": {}}
        return Refusal(429, body, _told(limit, 0) | headers)


@dataclass
class DataCenterLimits:
    """Data Center's bucket for each user: `capacity` requests, filled by `fill` every `interval`."""

    capacity: int = 50
    fill: int = 10
    interval: timedelta = SECOND
    refused: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = self.capacity
        self._filled: datetime | None = None

    def admit(self, call: Call, route: str, now: datetime, under_way: int) -> None:
        self._filled = self._filled or now
        times = int((now - self._filled) / self.interval)
        self._filled += times * self.interval
        self._left = min(self.capacity, self._left + times * self.fill)
        if self._left < 1:
            self.refused.append((now, "bucket"))
            body = {"message": "Rate limit exceeded."}
            wait = str(max(1, round(self.interval.total_seconds())))
            raise Refusal(429, body, self._headers() | {"Retry-After": wait})
        self._left -= 1

    def finish(self, call: Call, route: str, answer: Answer, now: datetime) -> None:
        answer.headers |= self._headers()

    def _headers(self) -> dict[str, str]:
        seconds = f"{self.interval.total_seconds():.0f}"
        return _told(self.capacity, self._left) | {
            "X-RateLimit-Interval-Seconds": seconds,
            "X-RateLimit-FillRate": str(self.fill),
        }


def _objects(answer: Answer) -> int:
    """How many issues an answer holds: each costs a point."""
    try:
        return len(msgspec.json.decode(answer.body, type=_Found).issues or ())
    except msgspec.MsgspecError:
        return 0


def _told(limit: int, left: int) -> dict[str, str]:
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(max(0, left))}


def _hour(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
