"""How long is kept what only the past needs."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

from config.base import Model, wrong

_UNITS = {"day": 1, "week": 7, "month": 30, "year": 365}
_AGE = re.compile(r"(\d{1,5})\s*(day|week|month|year)s?", re.ASCII)
FOREVER = "forever"


def age(text: str) -> timedelta | None:
    """`90 days`, `2 years` as a time; `forever` as None. Raises ValueError on anything else, and on no time at all.

    A month has 30 days and a year 365.
    """
    words = text.strip().lower()
    if words == FOREVER:
        return None
    found = _AGE.fullmatch(words)
    days = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < days <= 100 * 365:
        raise wrong("an age like `90 days` or `2 years`, or `forever`")
    return timedelta(days=days)


def _checked(text: str) -> str:
    age(text)
    return text


Age = Annotated[str, AfterValidator(_checked)]
"""An age, kept as written; `age` reads it."""


class Retention(Model):
    """How long what only the past needs is kept. What is older is removed once a day."""

    changes: Age = "2 years"
    """The steps in the history of items: `--as-of` answers for days so far back, and at least since running cycles
    began."""
    runs: Age = "30 days"
    """What was read when, and which digests were sent."""
    snapshots: Age = "2 years"
    """The numbers of key results by day, while their cycle runs. Those of closed cycles are kept."""
    findings: Age = "1 year"
    """What happened to findings, and findings that ended. What people decided about barriers is kept."""
