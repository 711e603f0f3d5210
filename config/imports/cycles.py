"""Cycles as people write them: 2018-Q3, Q3 2018, 3Q2018, FY22-Q4, CY2019, H1 2024, or two dates."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

_YEAR = r"(?P<year>(?:19|20)\d\d|'?\d\d)"
_PART = r"(?P<part>[QH])\s?(?P<number>[1-4])"
_PATTERNS = [
    re.compile(rf"(?<![a-z0-9])(?P<kind>FY|CY)?\s?{_YEAR}\s?[-_/ .]?\s?{_PART}(?![a-z0-9])", re.IGNORECASE),
    re.compile(rf"(?<![a-z0-9]){_PART}\s?[-_/ .,]*\s?(?P<kind>FY|CY)?\s?{_YEAR}(?![a-z0-9])", re.IGNORECASE),
    re.compile(rf"(?<![a-z0-9])(?P<number>[1-4])(?P<part>[QH])\s?(?P<kind>FY|CY)?{_YEAR}(?![a-z0-9])", re.IGNORECASE),
    re.compile(rf"(?<![a-z0-9])(?P<kind>FY|CY)\s?{_YEAR}(?![a-z0-9])", re.IGNORECASE),
]
_BARE_YEAR = re.compile(r"(?<![\w.-])(?P<year>20\d\d)(?![\w-])")
_DATES = re.compile(r"(\d{4}-\d{2}-\d{2})\s*(?:to|until|through|bis|[-–—])\s*(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class Span:
    """A cycle: its key in the one way we write it, and its days. `fiscal`: by a year that may not be the calendar's."""

    key: str
    start: date
    end: date
    fiscal: bool = False


def find_cycle(text: str, *, fiscal_start: int = 1, bare_year: bool = False) -> Span | None:
    """The first cycle that a text names. `fiscal_start`: the month in which fiscal years begin; one that does not begin
    in January is named by the year in which it ends. `bare_year`: whether a year alone is a cycle, too.
    """
    text = text.replace("_", "-")
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if span := _span(match.groupdict(), fiscal_start):
                return span
    if bare_year and (match := _BARE_YEAR.search(text)):
        return _span(match.groupdict(), fiscal_start)
    return None


def find_days(text: str) -> tuple[date, date] | None:
    """Two dates that a text gives as the bounds of a cycle; None where there are none or no calendar has them."""
    match = _DATES.search(text)
    if match is None:
        return None
    try:
        start, end = date.fromisoformat(match[1]), date.fromisoformat(match[2])
    except ValueError:
        return None
    return (start, end) if start < end else None


def only_cycle(text: str) -> bool:
    """Whether a text is nothing but the name of a cycle, perhaps with the word OKRs beside it."""
    rest = re.sub(r"(?i)\b(okrs?|goals?|plan|annual|objectives?( and| &)? key results?)\b|[()\[\]:–—-]", " ", text)
    rest = " ".join(rest.split())
    return any(pattern.fullmatch(rest) for pattern in _PATTERNS) or bool(_BARE_YEAR.fullmatch(rest))


def quarter_of(day: date) -> Span:
    """The calendar quarter of a day."""
    number = (day.month + 2) // 3
    span = _span({"year": str(day.year), "part": "Q", "number": str(number)}, 1)
    assert span is not None
    return span


def _span(found: dict[str, str | None], fiscal_start: int) -> Span | None:
    written = (found["year"] or "").lstrip("'")
    year = int(written) if len(written) == 4 else 2000 + int(written)
    part, number = (found.get("part") or "").upper(), int(found.get("number") or 1)
    if part == "H" and number > 2:
        return None
    kind = (found.get("kind") or "").upper()
    fiscal = kind == "FY"
    months = {"Q": 3, "H": 6}.get(part, 12)
    offset = (number - 1) * months if part else 0
    first = (year - 1, fiscal_start) if fiscal and fiscal_start > 1 else (year, 1)
    start = _month(*first, offset)
    end = _month(start.year, start.month, months) - timedelta(days=1)
    named = f"{kind}{year if kind != 'FY' else f'{year % 100:02}'}" if kind else str(year)
    return Span(f"{named}-{part}{number}" if part else named, start, end, fiscal)


def _month(year: int, month: int, later: int) -> date:
    total = year * 12 + month - 1 + later
    return date(total // 12, total % 12 + 1, 1)
