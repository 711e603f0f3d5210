"""Drawing what is wrong with a plan: a section for each question, and a table of what the teams are promised."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from cli.bars import SEVERITY, counted, number
from cli.check import GRAVITY
from cli.session import Session

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

WIDTH = 100
"""Columns at most: lines of text that are longer are hard to read."""
NARROW = 84
"""Columns below which there is no room for a table."""
HEADINGS = {
    "levers_elsewhere": "Levers owned elsewhere",
    "levers_of_nobody": "Levers owned by nobody",
    "many_teams": "Key results that need many teams",
    "overpromised": "Teams promised more than they carry",
    "cascade_ends": "Where the cascade ends",
    "nothing_behind": "Nothing says what moves them: no mapping, no levers",
}
COLUMNS = (
    "promised",
    "open\nbefore",
    "done by\nthe start",
    "left\nthen",
    "done\na week",
    "fit by\nP85",
    "too\nmany",
    "chance",
)
QUIET = "bright_black"


def show(plans: Sequence[dict[str, Any]], at: Session, day: date) -> None:
    """Prints plans as `plan_check` gives them as data."""
    for plan in plans:
        _show_cycle(plan, at, day)
    if not at.quiet:
        found = [one for plan in plans for one in plan["findings"] if one["hidden"] is None]
        counts = ", ".join(f"{sum(one['severity'] == name for one in found)} {name}" for name in GRAVITY)
        advice = f"{counts}. `northing explain CODE` says what ends one." if found else "Nothing is wrong with it."
        at.say(f"{advice} Nothing was kept.")


def _show_cycle(plan: dict[str, Any], at: Session, day: date) -> None:
    _print(at, _heading(plan, day))
    for section, heading in HEADINGS.items():
        found = [one for one in plan["findings"] if one["section"] == section and one["hidden"] is None]
        if found:
            at.out.print()
            _print(at, heading, style="bold")
        for one in found:
            _print(at, _title(one), indent=2)
            _print(at, one["summary"], indent=4)
            _print(at, _source(one), indent=4)
    if plan["teams"]:
        at.out.print()
        _print(at, "What the teams are promised, and what they carry", style="bold")
        _show_teams(plan, at)
    for lines, heading in ((_without_number(plan), "No number"), (_uncounted(plan), "Not counted")):
        if lines:
            at.out.print()
            _print(at, heading, style="bold")
        for line in lines:
            _print(at, line, indent=2)
    if plan["unjudged"]:
        at.out.print()
        names = ", ".join(sorted({one["subject"] for one in plan["unjudged"]}))
        why = "their work cannot be read now (`northing doctor` says why), or their `jql` was never asked"
        _print(at, f"Not judged in all, as {why}: {names}")
    at.out.print()


def _show_teams(plan: dict[str, Any], at: Session) -> None:
    if at.out.width >= NARROW:
        at.out.print(_table(plan, min(WIDTH, at.out.width)))
        return
    for one in plan["teams"]:
        pairs = zip(COLUMNS, _cells(one), strict=True)
        numbers = ", ".join(f"{name.replace(chr(10), ' ')} {value}" for name, value in pairs)
        _print(at, f"{_name(one)}: {numbers}", indent=2)


def _heading(plan: dict[str, Any], day: date) -> "Text":
    from rich.text import Text

    left = (plan["start"] - day).days
    when = f"begins in {counted(left, 'day')}" if left > 0 else "has begun"
    size = f"{counted(plan['objectives'], 'objective')}, {counted(len(plan['key_results']), 'key result')}"
    words = f"  {plan['start']} to {plan['end']}, {when}: {size}"
    return Text.assemble((plan["cycle"], "bold"), (words, QUIET))


def _title(one: dict[str, Any]) -> "Text":
    from rich.text import Text

    mark, style = SEVERITY[one["severity"]]
    name = f"  {one['title']}" if one["title"] else ""
    return Text.assemble((f"{mark} ", style), (one["subject"], "bold"), name)


def _source(one: dict[str, Any]) -> "Text":
    from rich.text import Text

    place = f", {one['file']}:{one['line']}" if one["file"] else ""
    return Text(f"{one['code']} {one['severity']}{place}", QUIET)


def _table(plan: dict[str, Any], width: int) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, width=width)
    table.add_column("team", ratio=1)
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for one in plan["teams"]:
        table.add_row(Text(_name(one)), *_cells(one), style=_style(one))
    return table


def _cells(one: dict[str, Any]) -> list[str]:
    """The numbers of a team, as `COLUMNS` names them."""
    from sync.forecast.work import chance_text

    backlog = None if one["reason"] else one["backlog"]
    numbers = (one["promised"], one["earlier_open"], one["done_before"], backlog)
    numbers += (one["per_week"], one["fits_p85"], one["over"] or None)
    return [*("–" if value is None else number(round(value, 1)) for value in numbers), chance_text(one["chance"])]


def _style(one: dict[str, Any]) -> str:
    return QUIET if one["reason"] else "yellow" if one["over"] else ""


def _name(one: dict[str, Any]) -> str:
    return "work of no team" if one["team"] is None else one["name"]


def _without_number(plan: dict[str, Any]) -> list[str]:
    return [f"{_name(one)}: {one['reason']}" for one in plan["teams"] if one["reason"]]


def _uncounted(plan: dict[str, Any]) -> list[str]:
    lines = []
    for one in plan["findings"]:
        if hidden := one["hidden"]:
            until = f" until {hidden['until']}: {hidden['reason']}" if hidden["by"] == "suppress" else ""
            words = "suppressed" if hidden["by"] == "suppress" else "its code is ignored"
            lines.append(f"{one['subject']}: {one['code']} {one['severity']}, {words}{until}")
    return lines


def _print(at: Session, text: "str | Text", *, indent: int = 0, style: str = "") -> None:
    from rich.text import Text

    shown = Text(at.hide(text), style) if isinstance(text, str) else text
    for line in shown.wrap(at.out, min(WIDTH, at.out.width) - indent):
        at.out.print(Text(" " * indent).append_text(line), highlight=False)
