"""What is known of the limits of one account with a tool: by this process, or by all processes that use it."""

import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Protocol

import msgspec

FORGOTTEN_AFTER = timedelta(seconds=90)
"""A user that was not heard of for so long has died with its requests: none of them may take longer."""


class Starts(msgspec.Struct, array_like=True):
    """Requests that started at nearly the same time, from `since` to `at`."""

    since: datetime
    at: datetime
    count: int


class Turns(msgspec.Struct):
    """At most `count` starts within `span`, or after refusals `least`, with those that count at present."""

    count: float
    span: timedelta
    least: float
    starts: list[Starts] = []


class Pause(msgspec.Struct):
    """Nobody asks before `until`."""

    until: datetime
    reason: str


class Bucket(msgspec.Struct):
    """Our own count of a bucket of `capacity` that fills by `fill` each `interval`.

    When in the interval the tool fills it is not told: counted from any moment on, an interval later it has.
    """

    left: float
    at: datetime
    capacity: float
    fill: int
    interval: timedelta


class Spent(msgspec.Struct):
    """What an hourly limit was seen to lose in its present hour."""

    first: float
    least: float
    answers: int = 0


class Left(msgspec.Struct):
    """What was left of an hourly limit of `limit` when it was last told, at `at`, and when it fills up again."""

    limit: float
    remaining: float
    resets_at: datetime
    at: datetime


class User(msgspec.Struct):
    """One of those that use the account: how many of its requests are under way, and when it was last heard of."""

    under_way: int
    seen: datetime


class Limits(msgspec.Struct):
    """All that is known. Keys: an endpoint ("" for all), the number of a limit as text, a user."""

    pauses: dict[str, Pause] = {}
    turns: dict[str, Turns] = {}
    recent: dict[str, list[Starts]] = {}
    spent: dict[str, Spent] = {}
    users: dict[str, User] = {}
    bucket: Bucket | None = None
    left: Left | None = None


class Budget(Protocol):
    """Keeps what is known of the limits of accounts. For any number of threads."""

    def open(self, account: str) -> AbstractContextManager[tuple[Limits, datetime]]:
        """What is known of an account, for the caller alone to look at and to change, and the time.

        Raises TryAgain where it is out of reach.
        """
        ...

    def glance(self, account: str) -> tuple[Limits, datetime]:
        """What this process knew last, which costs nothing and may be out of date; not to be changed. And the time."""
        ...

    def known(self) -> dict[str, Limits]:
        """What is known of each account; not to be changed."""
        ...


class OwnBudget:
    """What this process knows by itself."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, Limits] = {}

    @contextmanager
    def open(self, account: str) -> Generator[tuple[Limits, datetime]]:
        """See `Budget`."""
        with self._lock:
            yield self._known.setdefault(account, Limits()), self._now()

    def glance(self, account: str) -> tuple[Limits, datetime]:
        """See `Budget`."""
        return self._known.get(account) or Limits(), self._now()

    def known(self) -> dict[str, Limits]:
        """See `Budget`."""
        with self._lock:
            return dict(self._known)


def account_of(url: str, *credentials: object) -> str:
    """The name of an account: the address of the tool, and a fingerprint of what tells its users apart there."""
    print_ = blake2b("\0".join(map(str, credentials)).encode(), digest_size=8, person=b"northing").hexdigest()
    return f"{url} {print_}"
