"""When things happen: `every 15 minutes`, `daily at 02:30`, `mon 08:00`, `mon, thu at 08:00`."""

import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated

from pydantic import AfterValidator

from config.base import wrong

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Names of weekdays, Monday first, as in `date.weekday()`."""

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_LONGEST = timedelta(days=31)
_EVERY = re.compile(r"every(?:\s+(\d{1,6}))?\s+(second|minute|hour|day)s?", re.ASCII)
_AT = re.compile(
    r"(?P<days>daily|weekdays|[a-z]{3,9}(?:\s*,\s*[a-z]{3,9})*)\s+(?:at\s+)?(?P<clock>\d{1,2}:\d{2})", re.ASCII
)


@dataclass(frozen=True)
class Every:
    """Again and again, `interval` apart."""

    interval: timedelta


@dataclass(frozen=True)
class At:
    """On these weekdays (0 is Monday), at this time of the configured zone."""

    weekdays: tuple[int, ...]
    clock: time


def clock(text: str) -> time:
    """`8:00` or `08:00` as a time of day. Raises ValueError on anything else."""
    if not re.fullmatch(r"\d{1,2}:\d{2}", text, re.ASCII):
        raise wrong("a time like 08:00")
    hours, minutes = map(int, text.split(":"))
    if hours > 23 or minutes > 59:
        raise wrong("a time between 00:00 and 23:59")
    return time(hours, minutes)


def weekday(text: str) -> int:
    """`mon` or `Monday` as 0, and so on. Raises ValueError on anything else."""
    for number, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")):
        if text.lower() in (name, name[:3]):
            return number
    raise wrong(f"a weekday, one of {', '.join(DAYS)}")


def when(text: str) -> Every | At:
    """Reads a schedule. Raises ValueError on a text without sense, on 0 and on more than 31 days."""
    words = text.strip().lower()
    if every := _EVERY.fullmatch(words):
        interval = timedelta(seconds=int(every[1] or 1) * _UNITS[every[2]])
        if not timedelta() < interval <= _LONGEST:
            raise wrong("an interval between 1 second and 31 days")
        return Every(interval)
    if at := _AT.fullmatch(words):
        if at["days"] == "daily":
            days = tuple(range(7))
        elif at["days"] == "weekdays":
            days = tuple(range(5))
        else:
            days = tuple(sorted({weekday(day.strip()) for day in at["days"].split(",")}))
        return At(days, clock(at["clock"]))
    raise wrong("a schedule like `every 15 minutes`, `daily at 02:30` or `mon 08:00`")


def _checked(text: str) -> str:
    when(text)
    return text


def _repeats(text: str) -> str:
    if not isinstance(when(text), Every):
        raise wrong("an interval like `every 15 minutes`")
    return text


When = Annotated[str, AfterValidator(_checked)]
"""A schedule, kept as written; `when` reads it."""

Interval = Annotated[str, AfterValidator(_repeats)]
"""A schedule of the form `every …`, kept as written."""
