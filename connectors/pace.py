"""When a connection may send its next request: pauses that its tool told, and turns that keep below its limits."""

import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from random import uniform
from uuid import uuid4

from connectors import limits
from connectors.budget import FORGOTTEN_AFTER, Bucket, Budget, Left, Limits, Pause, Spent, Starts, Turns, User
from connectors.errors import TryAgain
from connectors.limits import Hourly, Rate

SHARE = 0.95
"""The part of a limit that is used: the tool's clock and ours do not tick together."""
OF_SECONDS_BELOW = 1000
"""A limit of fewer requests than this is one of seconds; larger ones are hourly, and other users share them."""
_LIMITED = {403, 429}
_NAMES = re.compile(r"^[^a-z]+$")
_TOGETHER = 64
"""Starts within this part of a span count as the latest of them: so many numbers at most are kept of a span."""
_FULL_S = 0.1
_WRITES = "writes"
"""Stands where an endpoint has its name: all requests that write."""


def endpoint(method: str, url: str) -> str:
    """The call that a URL is one of: `GET /rest/api/{}/project/{}/version`. Names and numbers are left out."""
    path = re.sub(r"^https?://[^/]+", "", url).partition("?")[0]
    return f"{method} {'/'.join(_NAMES.sub('{}', part) for part in path.split('/'))}"


class Pace:
    """For any number of threads, and for all who use the same `account` of `budget`.

    `in_flight` requests of the account are under way at the same time, all its users' together. `steady` is what the
    tool's documents allow of all requests together, `writes` how fast it is written to, `reserve` (0..1) the part of an
    hourly limit that is left to others.
    """

    def __init__(
        self,
        budget: Budget,
        account: str = "",
        *,
        in_flight: int = 1,
        reserve: float = 0.0,
        steady: Rate | None = None,
        writes: Rate | None = None,
    ) -> None:
        self._budget = budget
        self._account = account
        self._user = uuid4().hex[:12]
        self._in_flight = in_flight
        self._others = in_flight - 1
        self._under_way = 0
        self._lock = threading.Lock()
        self._reserve = reserve
        self._told = {key: rate for key, rate in (("", steady), (_WRITES, writes)) if rate is not None}

    def pause(self, seconds: float, reason: str, only: str = "") -> None:
        """Holds back all requests, or those of the endpoint `only`, for `seconds`."""
        with self._budget.open(self._account) as (known, now):
            _pause(known, now, seconds, reason, only)

    def held(self, at: str, served: datetime | None) -> tuple[float, str] | None:
        """Seconds for which requests to the endpoint `at` are held back, as far as this process knows, and why.

        None where they are not. A pause that ends before `served` is one that the caller has waited for already.
        """
        known, now = self._budget.glance(self._account)
        return _held(known, now, at, served)

    def turn(self, at: str, served: datetime | None = None, *, writes: bool = False) -> tuple[float, str | None]:
        """Takes a turn for a request to the endpoint `at`: seconds to wait, 0 where it was taken, and why.

        With a reason, requests are held back (see `held`); without one it is not this one's turn yet, or as many
        requests as may be are under way. Whoever has taken a turn says when it is `over`.
        """
        taken = False
        try:
            with self._budget.open(self._account) as (known, now):
                found = self._turn(known, now, at, served, writes=writes)
                if taken := found == (0.0, None):
                    known.users[self._user] = User(self._count(1), now)
        except TryAgain:
            if taken:  # and could not be kept
                self._count(-1)
            raise
        return found

    def _turn(
        self, known: Limits, now: datetime, at: str, served: datetime | None, *, writes: bool
    ) -> tuple[float, str | None]:
        if held := _held(known, now, at, served):
            return held
        under_way = self._forget(known, now)
        if under_way >= self._in_flight:
            return uniform(_FULL_S / 2, _FULL_S), None
        for key, rate in self._told.items():
            if key not in known.turns:
                known.turns[key] = _turns(rate.count * SHARE, rate.span)
        keys = {"", at, _WRITES} if writes else {"", at}
        turns = [known.turns[key] for key in keys if key in known.turns]
        wait = max((_wait(one, now) for one in turns), default=0.0)
        if known.bucket is not None:
            wait = max(wait, _wait_for(known.bucket, now))
        if wait > 0:
            return wait, None
        for one in turns:
            _start(one.starts, now, one.span)
        if known.bucket is not None:
            known.bucket.left -= 1
        _start(known.recent.setdefault(at, []), now, limits.SECOND)
        return 0.0, None

    def over(self) -> None:
        """A request has been answered, or has failed."""
        self._count(-1)
        with suppress(TryAgain), self._budget.open(self._account) as (known, now):
            # Where it cannot be kept now, the next turn keeps it.
            known.users[self._user] = User(self._count(0), now)

    def heard(self, at: str, headers: Mapping[str, str], now: datetime, host: str) -> None:
        """Learns from the headers of an answer that was no refusal. `now` is the tool's time."""
        limit = limits.hourly(headers, now)
        slow = limits.near(headers)
        if limit is None and not slow and limits.bucket(headers) is None:
            return
        # What cannot be kept of an answer, the next one tells again: this one counts all the same.
        with suppress(TryAgain), self._budget.open(self._account) as (known, ours):
            self._fill(known, ours, headers)
            if slow and at not in known.turns:
                _slow(known, at, headers)
            if limit is None or limit.limit < OF_SECONDS_BELOW:
                return
            known.left = Left(limit.limit, limit.remaining, limits.later(ours, limit.reset_s), ours)
            under_way = self._others * _cost(known, limit)
            if limit.remaining - under_way < limit.limit * self._reserve or limit.remaining <= 0:
                _pause(known, ours, limit.reset_s, f"{host}: the rest of the request limit is left to others", "")

    def refused(self, at: str, status: int, headers: Mapping[str, str], wait: float, reason: str) -> None:
        """A request was refused for `wait` seconds: holds others back, and goes slower where it came too fast."""
        only = at if limits.of_endpoint(headers) else ""
        with suppress(TryAgain), self._budget.open(self._account) as (known, now):
            self._fill(known, now, headers)
            paused = only in known.pauses and known.pauses[only].until > now
            if (
                status in _LIMITED and limits.of_speed(headers) and not paused
            ):  # several that were under way together count once
                _slow(known, only, headers)
            _pause(known, now, wait, reason, only)

    def _count(self, more: int) -> int:
        """How many of our own requests are under way, with `more` of them."""
        with self._lock:
            self._under_way += more
            return self._under_way

    def _forget(self, known: Limits, now: datetime) -> int:
        """Forgets what is over and who has died; how many requests are under way."""
        known.pauses = {key: one for key, one in known.pauses.items() if one.until > now}
        known.users = {key: one for key, one in known.users.items() if now - one.seen < FORGOTTEN_AFTER}
        # What is kept of us may be old: the budget was out of reach when a request was over.
        known.users[self._user] = User(self._count(0), now)
        for key in list(known.recent):
            known.recent[key] = [one for one in known.recent[key] if one.at > now - limits.SECOND]
            if not known.recent[key]:
                del known.recent[key]
        return sum(one.under_way for one in known.users.values())

    def _fill(self, known: Limits, now: datetime, headers: Mapping[str, str]) -> None:
        told = limits.bucket(headers)
        if told is None:
            return
        left, fill, interval = told
        mine = known.bucket
        if mine is None or (mine.fill, mine.interval) != (fill, interval):
            # Those under way may be missing from what the tool counted.
            # What flows in while the bucket is full is lost there, which is not seen here: hence a smaller one.
            capacity = max(fill, (limits.number(headers, "x-ratelimit-limit") or left) - fill - self._others)
            under_way = sum(one.under_way for one in known.users.values())
            known.bucket = Bucket(min(capacity, left - under_way), now, capacity, fill, interval)
        else:  # answers come in any order: only less than we count is news, of somebody else's requests
            _wait_for(mine, now)
            mine.left = min(mine.left, left)


def _pause(known: Limits, now: datetime, seconds: float, reason: str, only: str) -> None:
    until = limits.later(now, seconds)
    if only not in known.pauses or known.pauses[only].until < until:
        known.pauses[only] = Pause(until, reason)


def _held(known: Limits, now: datetime, at: str, served: datetime | None) -> tuple[float, str] | None:
    pauses = [known.pauses.get(key) for key in {"", at}]
    left = [one for one in pauses if one and one.until > now and not (served is not None and one.until <= served)]
    if not left:
        return None
    longest = max(left, key=lambda one: one.until)
    return (longest.until - now).total_seconds(), longest.reason


def _turns(count: float, span: timedelta) -> Turns:
    return Turns(count, span, max(1.0, count / 8))


def _start(starts: list[Starts], now: datetime, span: timedelta) -> None:
    if starts and now - starts[-1].since < span / _TOGETHER:
        starts[-1].at = max(now, starts[-1].at)
        starts[-1].count += 1
    else:
        starts.append(Starts(now, now, 1))


def _wait(turns: Turns, now: datetime) -> float:
    """Seconds until the next start."""
    turns.starts = [one for one in turns.starts if one.at + turns.span > now]
    ahead = sum(one.count for one in turns.starts) - max(1, int(turns.count))
    for one in turns.starts:
        if ahead < 0:
            break
        ahead -= one.count
        if ahead < 0:
            return (one.at + turns.span - now).total_seconds()
    return 0.0


def _wait_for(bucket: Bucket, now: datetime) -> float:
    """Seconds until there is one to take."""
    times = int((now - bucket.at) / bucket.interval)
    bucket.at += times * bucket.interval
    bucket.left = min(bucket.capacity, bucket.left + times * bucket.fill)
    if bucket.left >= 1:
        return 0.0
    missing = -(-(1 - bucket.left) // bucket.fill)
    return (bucket.at + missing * bucket.interval - now).total_seconds()


def _cost(known: Limits, limit: Hourly) -> float:
    """What a request costs of a limit, by what it has lost since it was last seen to be filled up."""
    key = f"{limit.limit:g}"
    spent = known.spent.get(key)
    if spent is None or limit.remaining > spent.first:
        spent = known.spent[key] = Spent(limit.remaining, limit.remaining)
    else:
        spent.least = min(spent.least, limit.remaining)
        spent.answers += 1
    return (spent.first - spent.least) / spent.answers if spent.answers else 0.0


def _slow(known: Limits, at: str, headers: Mapping[str, str]) -> None:
    """At first as fast as the tool says that it bears, or nearly as fast as it bore; half of that after each further
    refusal, down to an eighth.
    """
    turns = known.turns.get(at)
    if turns is not None:
        turns.count = max(turns.least, turns.count / 2)
        return
    if not at:
        return
    told = limits.number(headers, "x-ratelimit-limit")
    recent = known.recent.get(at, [])
    bore = told if told is not None and 0 < told < OF_SECONDS_BELOW else sum(one.count for one in recent)
    known.turns[at] = _turns(max(1.0, bore * SHARE), limits.SECOND)
    known.turns[at].starts = [Starts(one.since, one.at, one.count) for one in recent]
