"""Fractions, ages and words as a terminal shows them."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sync import words

if TYPE_CHECKING:
    from rich.text import Text

HEALTH = {
    "on_track": ("on track", "green"),
    "behind": ("behind", "yellow"),
    "at_risk": ("at risk", "red"),
    "stale": ("stale", "magenta"),
    "unknown": ("unknown", "bright_black"),
    "closed": ("closed", "blue"),
}
STATES = {"todo": "to do", "in_progress": "in progress", "done": "done", "cancelled": "cancelled"}
SEVERITY = {"critical": ("✖", "red"), "warning": ("▲", "yellow"), "info": ("•", "cyan")}


def bar(fraction: float | None, width: int, style: str) -> "Text":
    """A bar with its percentage; an empty one and a dash where the fraction is unknown."""
    from rich.text import Text

    if fraction is None:
        return Text("╌" * width + "     –", style="bright_black")
    full = round(max(0.0, min(1.0, fraction)) * width)
    # A little is not nothing, and nearly all is not all.
    full = max(full, fraction > 0) if fraction < 1 else width
    full = min(full, width - (fraction < 1))
    text = Text("━" * full, style=style)
    text.append("╌" * (width - full), style="bright_black")
    return text.append(f"{percent(fraction):>6}", style="default")


def percent(fraction: float | None) -> str:
    """`43 %`; a dash where the fraction is unknown."""
    return "–" if fraction is None else words.percent(fraction)


def number(value: float | None) -> str:
    """A number without needless digits."""
    return "–" if value is None else f"{value:.6g}"


def counted(count: int, noun: str) -> str:
    """`1 item`, `3 items`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def by_number(key: str) -> list[str | int]:
    """To sort keys as people count: SHOP-9 before SHOP-10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", key)]


def instant(text: str) -> datetime:
    """The instant of an ISO 8601 text of a view."""
    return datetime.fromisoformat(text).astimezone(UTC)


def age(seconds: float) -> str:
    """`5 minutes`, `3 hours`, `2 days`."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return counted(int(seconds // size), unit)
    return "less than a minute"
