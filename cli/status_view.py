"""Drawing how objectives stand: a table with three bars for each key result."""

import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from cli.as_of import words
from cli.bars import HEALTH, SEVERITY, age, bar, counted, number
from cli.standing import Standing, nested

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NARROW, WIDE = 104, 138
"""Columns below which there is no room for a table, and from which on bars are longer."""
MARKS = 3
_STYLES = {name: style for name, (_, style) in HEALTH.items()}


def show(found: Standing, console: "Console", *, quiet: bool = False, as_of: str | None = None) -> None:
    """Prints the objectives, and below them what else is to be known: work without a key result, age of the data.

    `as_of`: the day of which all this is, where it is not today. How old the data was then is not known.
    """
    if as_of is not None:
        console.print(words(as_of), highlight=False)
    for cycle in dict.fromkeys(row["cycle"] for row in found.objectives):
        console.print(_heading(found, cycle))
        objectives = [row for row in found.objectives if row["cycle"] == cycle]
        if console.width < NARROW:
            for line in _lines(found, objectives):
                console.print(line)
        else:
            console.print(_table(found, objectives, console.width))
    if not found.objectives:
        console.print("No objectives. Write some in the configuration, then run `northing sync`.", highlight=False)
    if not quiet:
        for line in _footer(found, ages=as_of is None):
            console.print(line, highlight=False)


def _heading(found: Standing, cycle: str) -> "Text":
    from rich.text import Text

    row = found.cycles[cycle]
    start, end, day = (date.fromisoformat(text) for text in (row["starts_on"], row["ends_on"], found.day))
    length = (end - start).days + 1
    if day < start:
        when = f"starts on {start}"
    elif day > end:
        when = f"ended on {end}"
    else:
        when = f"day {(day - start).days + 1} of {length}"
    return Text.assemble((f"\n{cycle}", "bold"), (f"  {start} to {end}, {when}", "bright_black"))


def _table(found: Standing, objectives: list[dict[str, Any]], width: int) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, expand=True)
    size = 10 if width >= WIDE else 6
    table.add_column("", no_wrap=True)
    table.add_column("", ratio=1)
    for name in ("time", "delivery", "outcome"):
        table.add_column(name, no_wrap=True, width=size + 6)
    table.add_column("health", no_wrap=True, width=8)
    table.add_column("done", no_wrap=True, justify="right", min_width=5)
    table.add_column("findings", no_wrap=True, width=10)
    for depth, row in nested(objectives):
        indent = "  " * depth
        title = Text(row["title"], style="bold")
        if names := ", ".join(filter(None, (row["owner"], row["team"]))):
            title.append(f"  {names}", style="not bold bright_black")
        style = _STYLES.get(row["health"] or "unknown", "bright_black")
        table.add_row(
            Text(indent + row["objective"], style="bold"),
            title,
            "",
            bar(row["delivery"], size, style),
            bar(row["outcome"], size, style),
            _health(row["health"]),
            "",
            _marks(found, row["objective"]),
        )
        for one in row["key_results"]:
            table.add_row(*_key_result(found, one, indent + "  ", size))
    return table


def _lines(found: Standing, objectives: list[dict[str, Any]]) -> "Iterator[Text]":
    """What the table says, for a narrow terminal: a few lines for each key result."""
    from rich.text import Text

    for depth, row in nested(objectives):
        indent = "  " * depth
        yield Text.assemble("\n", indent, (f"{row['objective']}  {row['title']}", "bold"))
        yield Text.assemble(f"{indent}  ", _health(row["health"]), "  ", _beside(_marks(found, row["objective"])))
        for one in row["key_results"]:
            key, _, *bars, health, work, marks = _key_result(found, one, f"{indent}  ", 6)
            yield Text.assemble((str(key), "bold"), f"  {one['title']}")
            named = zip(("time ", "delivery ", "outcome "), bars, strict=True)
            parts = [part for name, drawn in named for part in (name, drawn, "  ")]
            yield Text.assemble(f"{indent}    ", *parts)
            yield Text.assemble(f"{indent}    ", health, f"  {work}  ", _beside(marks))
            yield Text(f"{indent}    {_now(one)}{_reason(one)}", style="bright_black")


def _beside(marks: "Text | str") -> "Text":
    """Marks that stand one below the other, on one line."""
    from rich.text import Text

    return Text(" ").join(marks.split("\n")) if isinstance(marks, Text) else Text(marks)


def _key_result(found: Standing, row: dict[str, Any], indent: str, size: int) -> "tuple[Text | str, ...]":
    from rich.text import Text

    health = row["health"] or "unknown"
    title = Text(row["title"])
    title.append(f"\n{_now(row)}{_reason(row)}", style="bright_black")
    work = f"{row['work_done']}/{row['work_total']}" if row["work_total"] else "no work"
    style = _STYLES[health]
    return (
        Text(indent + row["key_result"]),
        title,
        bar(row["expected"], size, "bright_black"),
        bar(row["delivery"], size, style),
        bar(row["outcome"], size, style),
        _health(health),
        work,
        _marks(found, row["key_result"]),
    )


def _now(row: dict[str, Any]) -> str:
    if row["outcome_value"] is None or row["outcome_target"] is None:
        return ""
    unit = f" {row['unit']}" if row["unit"] else ""
    return f"{number(row['outcome_value'])}{unit} · "


def _reason(row: dict[str, Any]) -> str:
    # The limits are the same for all, and the bars show what is reached and expected.
    reason = re.sub(r" \((on track|behind under) [^)]*\)", "", row["health_reason"] or "not measured yet")
    return re.sub(r"(outcome|delivery) \d+ %, expected \d+ %: ", "", reason)


def _health(word: str | None) -> "Text":
    from rich.text import Text

    text, style = HEALTH[word or "unknown"]
    return Text(text, style=style)


def _marks(found: Standing, subject: str) -> "Text":
    from rich.text import Text

    text = Text()
    findings = found.findings.get(subject, [])
    for severity, code in findings[:MARKS]:
        mark, style = SEVERITY[severity]
        text.append(("\n" if text else "") + f"{mark} {code}", style=style)
    return text.append(f"\n+{len(findings) - MARKS}") if len(findings) > MARKS else text


def _footer(found: Standing, *, ages: bool) -> "list[Text]":
    from rich.text import Text

    lines = []
    whose = f" of team {found.team}" if found.team else ""
    if found.unaligned["items"]:
        count = counted(found.unaligned["items"], "item")
        serve = "serves" if found.unaligned["items"] == 1 else "serve"
        size = number(found.unaligned["size"])
        of_size = "" if found.unaligned["size"] == found.unaligned["items"] else f" (size {size})"
        text = f"{count} in progress{whose} {serve} no key result{of_size}."
        lines.append(Text(f"{text} `northing check --select COV102` lists them.", style="yellow"))
    if found.open:
        counts = ", ".join(f"{found.open[name]} {name}" for name in SEVERITY if found.open[name])
        lists = f"northing finding list --team {found.team}" if found.team else "northing check"
        lines.append(Text(f"Findings{whose}: {counts}. `{lists}` lists them, `northing explain KEY` says why."))
    return [*lines, *_ages(found)] if ages else lines


def _ages(found: Standing) -> "list[Text]":
    from rich.text import Text

    lines = []
    for row in found.scopes:
        if row["state"] != "ok":
            words = {
                "failing": "fails",
                "never_read": "was never read",
                "not_visible": "is no longer visible",
                "held_back": "lost too many items at once to be believed",
            }
            line = f"{row['connection']}:{row['name']} {words[row['state']]}: see `northing check --select SYN`."
            lines.append(Text(line, style="red"))
    ages = [row["age_s"] for row in found.scopes if row["age_s"] is not None]
    if not ages:
        return [*lines, Text("No work was read yet. Run `northing sync`.", style="red")]
    oldest = f", the oldest {age(max(ages))} ago" if age(max(ages)) != age(min(ages)) else ""
    lines.append(Text(f"Work was read {age(min(ages))} ago{oldest}. Measured as of {found.day}.", style="bright_black"))
    return lines
