"""When a connection may send its next request: pauses that its tool told, and turns that keep below its limits."""

import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors import limits
from connectors.limits import Hourly, Rate

SHARE = 0.95
"""The part of a limit that is used: the tool's clock and ours do not tick together."""
OF_SECONDS_BELOW = 1000
"""A limit of fewer requests than this is one of seconds; larger ones are hourly, and other users share them."""
_LIMITED = {403, 429}
_NAMES = re.compile(r"^[^a-z]+$")


def endpoint(method: str, url: str) -> str:
    """The call that a URL is one of: `GET /rest/api/{}/project/{}/version`. Names and numbers are left out."""
    path = re.sub(r"^https?://[^/]+", "", url).partition("?")[0]
    return f"{method} {'/'.join(_NAMES.sub('{}', part) for part in path.split('/'))}"


@dataclass
class _Turns:
    """At most `rate` starts within its span."""

    rate: Rate
    starts: deque[datetime] = field(default_factory=deque)
    least: float = field(init=False)

    def __post_init__(self) -> None:
        self.least = max(1.0, self.rate.count / 8)

    def slower(self) -> None:
        self.rate = Rate(max(self.least, self.rate.count / 2), self.rate.span)

    def wait(self, now: datetime) -> float:
        """Seconds until the next start."""
        while self.starts and self.starts[0] + self.rate.span <= now:
            self.starts.popleft()
        ahead = len(self.starts) - max(1, int(self.rate.count))
        return 0.0 if ahead < 0 else (self.starts[ahead] + self.rate.span - now).total_seconds()


@dataclass
class _Bucket:
    """Our own count of a bucket of `capacity` that fills by `fill` each `interval`.

    When in the interval the tool fills it is not told: counted from any moment on, an interval later it has.
    """

    left: float
    at: datetime
    capacity: float
    fill: int
    interval: timedelta

    def wait(self, now: datetime) -> float:
        """Seconds until there is one to take."""
        times = int((now - self.at) / self.interval)
        self.at += times * self.interval
        self.left = min(self.capacity, self.left + times * self.fill)
        if self.left >= 1:
            return 0.0
        missing = -(-(1 - self.left) // self.fill)
        return (self.at + missing * self.interval - now).total_seconds()


@dataclass
class _Spent:
    """What an hourly limit was seen to lose in its present hour."""

    first: float
    least: float
    answers: int = 0

    @property
    def cost(self) -> float:
        """Of a request, on average."""
        return (self.first - self.least) / self.answers if self.answers else 0.0


class Pace:
    """For any number of threads, of which `in_flight` send at the same time.

    `steady` is what the tool's documents allow of all requests together, `reserve` (0..1) the part of an hourly limit
    that is left to others.
    """

    def __init__(
        self, now: Callable[[], datetime], *, in_flight: int = 1, reserve: float = 0.0, steady: Rate | None = None
    ) -> None:
        self._now = now
        self._others = in_flight - 1
        self._under_way = 0
        self._spent: dict[float, _Spent] = {}
        self._reserve = reserve
        self._lock = threading.Lock()
        self._pauses: dict[str, tuple[datetime, str]] = {}
        self._turns: dict[str, _Turns] = {}
        if steady is not None:
            self._turns[""] = _Turns(Rate(steady.count * SHARE, steady.span))
        self._recent: dict[str, deque[datetime]] = {}
        self._bucket: _Bucket | None = None

    def pause(self, seconds: float, reason: str, only: str = "") -> None:
        """Holds back all requests, or those of the endpoint `only`, for `seconds`."""
        until = limits.later(self._now(), seconds)
        with self._lock:
            if only not in self._pauses or self._pauses[only][0] < until:
                self._pauses[only] = (until, reason)

    def held(self, at: str, served: datetime | None) -> tuple[float, str] | None:
        """Seconds for which requests to the endpoint `at` are held back, and why; None where they are not.

        A pause that ends before `served` is one that the caller has waited for already.
        """
        now = self._now()
        with self._lock:
            for key in {"", at} & self._pauses.keys():
                until, _ = self._pauses[key]
                if until <= now or (served is not None and until <= served):
                    del self._pauses[key]
            left = [self._pauses[key] for key in {"", at} & self._pauses.keys()]
        if not left:
            return None
        until, reason = max(left)
        return (until - now).total_seconds(), reason

    def turn(self, at: str) -> float:
        """Takes a turn for a request to the endpoint `at` and gives 0, or the seconds after which to ask again.

        Whoever has taken one says when it is `over`.
        """
        now = self._now()
        with self._lock:
            turns = [self._turns[key] for key in {"", at} if key in self._turns]
            wait = max((one.wait(now) for one in turns), default=0.0)
            if self._bucket is not None:
                wait = max(wait, self._bucket.wait(now))
            if wait > 0:
                return wait
            for one in turns:
                one.starts.append(now)
            if self._bucket is not None:
                self._bucket.left -= 1
            self._under_way += 1
            recent = self._recent.setdefault(at, deque())
            recent.append(now)
            while recent[0] <= now - limits.SECOND:
                recent.popleft()
            return 0.0

    def over(self) -> None:
        """A request has been answered, or has failed."""
        with self._lock:
            self._under_way -= 1

    def heard(self, at: str, headers: Mapping[str, str], now: datetime, host: str) -> None:
        """Learns from the headers of an answer that was no refusal. `now` is the tool's time."""
        with self._lock:
            self._fill(headers)
            if limits.near(headers) and at not in self._turns:
                self._slow(at, headers)
            limit = limits.hourly(headers, now)
            if limit is None or limit.limit < OF_SECONDS_BELOW:
                return
            under_way = self._others * self._cost(limit)
        if limit.remaining - under_way < limit.limit * self._reserve or limit.remaining <= 0:
            self.pause(limit.reset_s, f"{host}: the rest of the request limit is left to others")

    def _cost(self, limit: Hourly) -> float:
        """What a request costs of a limit, by what it has lost since it was last seen to be filled up."""
        spent = self._spent.get(limit.limit)
        if spent is None or limit.remaining > spent.first:
            spent = self._spent[limit.limit] = _Spent(limit.remaining, limit.remaining)
        else:
            spent.least = min(spent.least, limit.remaining)
            spent.answers += 1
        return spent.cost

    def refused(self, at: str, status: int, headers: Mapping[str, str], wait: float, reason: str) -> None:
        """A request was refused for `wait` seconds: holds others back, and goes slower where it came too fast."""
        only = at if limits.of_endpoint(headers) else ""
        with self._lock:
            self._fill(headers)
            paused = only in self._pauses and self._pauses[only][0] > self._now()
            if (
                status in _LIMITED and limits.of_speed(headers) and not paused
            ):  # several that were under way together count once
                self._slow(only, headers)
        self.pause(wait, reason, only)

    def _slow(self, at: str, headers: Mapping[str, str]) -> None:
        """At first as fast as the tool says that it bears, or nearly as fast as it bore; half of that after each
        further refusal, down to an eighth.
        """
        known = self._turns.get(at)
        if known is not None:
            known.slower()
            return
        if not at:
            return
        told = limits.number(headers, "x-ratelimit-limit")
        recent = self._recent.get(at, deque())
        bore = told if told is not None and 0 < told < OF_SECONDS_BELOW else len(recent)
        self._turns[at] = _Turns(Rate(max(1.0, bore * SHARE), limits.SECOND), deque(recent))

    def _fill(self, headers: Mapping[str, str]) -> None:
        told = limits.bucket(headers)
        if told is None:
            return
        left, fill, interval = told
        known = self._bucket
        if known is None or (known.fill, known.interval) != (fill, interval):
            # Those under way may be missing from what the tool counted.
            # What flows in while the bucket is full is lost there, which is not seen here: hence a smaller one.
            capacity = max(fill, (limits.number(headers, "x-ratelimit-limit") or left) - fill - self._others)
            self._bucket = _Bucket(min(capacity, left - self._under_way), self._now(), capacity, fill, interval)
        else:  # answers come in any order: only less than we count is news, of somebody else's requests
            known.wait(self._now())
            known.left = min(known.left, left)
