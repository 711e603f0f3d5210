"""Numbers, days and lists as a digest says them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from alerts.digest.document import Inline, Line, Strong
from alerts.digest.facts import PARTS, Moved

PART_WORDS = {
    "completed": "completed",
    "added": "added",
    "removed": "descoped",
    "re_estimated": "re-estimated",
    "reopened": "reopened",
    "remapped": "remapped",
}


def line(*parts: Inline) -> Line:
    """A line of its parts, without empty ones."""
    return tuple(one for one in parts if one != "")


def percent(share: float | None) -> str:
    """`43 %`; what is neither nothing nor all is never said to be 0 % or 100 %; a dash where it is unknown."""
    if share is None:
        return "–"
    rounded = round(share * 100)
    if 0 < share < 1:
        rounded = min(max(rounded, 1), 99)
    return f"{rounded} %"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 item`, `3 items`, `no items`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count or 'no'} {plural or noun + 's'}" if count < 1000 else f"{count:,} {plural or noun + 's'}"


def day(value: date) -> str:
    """`24 November 2026`."""
    return f"{value.day} {value:%B %Y}"


def short_day(value: date) -> str:
    """`24 November`."""
    return f"{value.day} {value:%B}"


def day_of(moment: datetime, zone: ZoneInfo) -> str:
    """The day of a moment in the configured zone: `24 November`."""
    return short_day(moment.astimezone(zone).date())


def listed(names: Sequence[str], most: int = 4) -> str:
    """`A, B and 3 more`; `A, B and C` where all are shown."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join((*([", ".join(names[:-1])] if len(names) > 1 else []), *names[-1:]))


def points(change: float) -> str:
    """`+12.5`: percentage points."""
    return f"{change * 100:+.1f}".replace("-", "−")


def why(moved: Moved, most: int = 3) -> str:
    """What changed a delivery: `completed +14.3 (SHOP-3, SHOP-9), added −1.6 (PLAT-4)`."""
    told = []
    for part in PARTS:
        keys = moved.items.get(part, ())
        if moved.parts[part] or keys:
            behind = f" ({listed(keys, most)})" if keys else ""
            told.append(f"{PART_WORDS[part]} {points(moved.parts[part])}{behind}")
    return ", ".join(told)


def has_moved(moved: Moved) -> bool:
    """Whether anything changed a delivery, even where it comes to nothing in all."""
    return any(moved.parts.values()) or any(moved.items.values())


def counts(numbers: Mapping[str, int]) -> str:
    """`5 on track, 3 behind`: those that are not 0."""
    return ", ".join(f"{number} {word}" for word, number in numbers.items() if number)


def key(text: str, title: str) -> tuple[Inline, ...]:
    """A key that stands out, with its title behind it."""
    return (Strong(text), f" {title}")
