"""Drawing a history: scope and done work day by day, and what delivery is made of since the first day."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.bars import counted, number, percent
from cli.session import Session

if TYPE_CHECKING:
    from rich.text import Text

    from sync.history.report import History
    from sync.history.snapshot import DayNumbers

ROWS = 8
NAMES = {
    "completed": "completed",
    "added": "added",
    "removed": "removed",
    "re_estimated": "re-estimated",
    "reopened": "reopened",
    "remapped": "remapped",
}
_EIGHTHS = " ▁▂▃▄▅▆▇█"


def show(found: "History", at: Session, *, shown: int | None) -> None:
    """Prints it. `shown`: how many items stand behind each part; all where None."""
    at.say(f"{found.key}  {found.title}")
    at.say(f"  cycle {found.cycle}, {found.start} to {found.end}")
    at.say()
    if any(day.size_total for day in found.days):
        for line in burn_up(found.days, at.out.width):
            at.out.print(line, no_wrap=True, crop=False, overflow="ignore", highlight=False)
    else:
        at.say("No work counted on any of these days.")
    at.say()
    _waterfall(found, at, shown)


def burn_up(days: "Sequence[DayNumbers]", width: int) -> "list[Text]":
    """The chart, as wide as there is room: one column a day, or the last of a few days where they do not fit."""
    from rich.text import Text

    top = max(day.size_total for day in days)
    label = max(len(number(top)), 1)
    room = max(width - label - 2, 10)
    per_column = -(-len(days) // room)
    wide = max(1, min(room // len(days), 2))
    columns = [days[min(first + per_column, len(days)) - 1] for first in range(0, len(days), per_column)]
    lines = []
    for row in range(ROWS - 1, -1, -1):
        name = number(top) if row == ROWS - 1 else "0" if row == 0 else ""
        line = Text(f"{name:>{label}} ", style="bright_black")
        for day in columns:
            done, scope = round(day.size_done / top * ROWS * 8), round(day.size_total / top * ROWS * 8)
            here = _EIGHTHS[max(0, min(8, done - row * 8))]
            if here == " " and day.size_total and (scope - 1) // 8 == row:
                line.append("─" * wide, style="cyan")
            else:
                line.append(here * wide, style="green")
        lines.append(line)
    axis = Text(" " * (label + 1))
    for day in columns:
        axis.append(("╌" if day.rebuilt else "━") * wide, style="bright_black")
    first, last = str(days[0].day), str(days[-1].day)
    gap = len(columns) * wide - len(first) - len(last)
    lines += [axis, Text(" " * (label + 1) + first + " " * max(gap, 1) + last, style="bright_black")]
    legend = Text.assemble(("█", "green"), " done  ", ("─", "cyan"), " all that counts")
    if any(day.rebuilt for day in days):
        legend.append("  ╌ worked out later")
    return [*lines, legend]


def _waterfall(found: "History", at: Session, shown: int | None) -> None:
    fall = found.waterfall
    start = percent(fall.start if fall.start_known else None)
    end = percent(fall.end if fall.end_known else None)
    at.say(f"delivery {start} at the end of {found.start}, {end} at the end of {found.end}")
    if not any(fall.parts.values()):
        at.say("  nothing changed it in between")
    for part, name in NAMES.items():
        change, items = fall.parts[part], found.items[part]  # ty: ignore[invalid-argument-type]
        if not change and not items:
            continue
        listed = items if shown is None else items[:shown]
        keys = ", ".join(f"{one.key} {_points(one.change)}" for one in listed)
        more = f" and {len(items) - len(listed)} more (--all lists them)" if len(listed) < len(items) else ""
        behind = f"{counted(len(items), 'item')}: {keys}{more}" if items else "mappings or histories changed meanwhile"
        at.say(f"  {name:<13}{_points(change):>8}  {behind}")


def _points(change: float) -> str:
    """`+12.5`: percentage points."""
    return f"{change * 100:+.1f}".replace("-", "−")
