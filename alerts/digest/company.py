"""The digest of the company."""

from collections import defaultdict
from zoneinfo import ZoneInfo

from alerts.digest.document import Bullets, Document, Health, Item, Line, Section, Strong, Table
from alerts.digest.facts import Effort, Facts
from alerts.digest.say import counted, day, line, listed, percent
from alerts.digest.sections import (
    barriers_line,
    closing,
    decisions_section,
    drift,
    effort_line,
    findings_line,
    health_counts,
    health_section,
    moves_section,
    no_cycle,
    outcomes_section,
    percents,
    place_in_time,
    shares,
    unaligned_section,
    warnings,
)

ROWS = 12
"""Rows of a table in a document."""
UNALIGNED = 3
"""Pieces of unaligned work that the company is told of; each team hears of more of its own."""


def company(facts: Facts, zone: ZoneInfo) -> Document:
    """What the company is told: coverage, drift, barriers, and what changed."""
    title = f"OKR digest, {day(facts.day)}"
    opening = [*warnings(facts, zone)]
    if not facts.cycles:
        waiting = [one for one in (decisions_section(facts, zone),) if one is not None]
        return Document(title, place_in_time(facts), [*opening, no_cycle(facts)], waiting, closing(facts))
    opening.append(Bullets([Item(one) for one in _summary(facts)]))
    sections = (
        decisions_section(facts, zone),
        health_section(facts),
        moves_section(facts),
        outcomes_section(facts),
        _objectives(facts),
        _teams(facts),
        unaligned_section(facts, UNALIGNED),
    )
    return Document(title, place_in_time(facts), opening, [one for one in sections if one is not None], closing(facts))


def _summary(facts: Facts) -> list[Line]:
    lines = []
    if facts.key_results:
        lines.append(
            line(
                Strong("Health: "),
                f"of {counted(len(facts.key_results), 'key result')} {health_counts(facts.key_results)}.",
                drift(facts),
            )
        )
        lines.append(_coverage(facts))
    else:
        lines.append(line(Strong("Health: "), "this cycle has no key results yet."))
    return [*lines, effort_line(facts, "the company"), barriers_line(facts), findings_line(facts)]


def _coverage(facts: Facts) -> Line:
    bare = [one.key for one in facts.key_results if not one.work_total and one.on_purpose is None]
    meant = [one.key for one in facts.key_results if not one.work_total and one.on_purpose is not None]
    covered = sum(one.work_total > 0 for one in facts.key_results)
    said = f"{covered} of {len(facts.key_results)} key results have work behind them."
    without = f" Nothing stands behind {listed(bare, 6)}." if bare else ""
    on_purpose = f" {listed(meant)} {'needs' if len(meant) == 1 else 'need'} none." if meant else ""
    return line(Strong("Coverage: "), said, without, on_purpose)


def _objectives(facts: Facts) -> Section | None:
    if not facts.objectives:
        return None
    rows = [
        (
            line(Strong(one.key), f" {one.title}", f" ({facts.named(one.team)})" if one.team else ""),
            line(percent(one.outcome)),
            line(percent(one.delivery)),
            line(Health(one.health)),
        )
        for one in facts.objectives
    ]
    table = Table(("Objective", "Outcome", "Delivery", "Worst health"), rows[:ROWS], right=frozenset((1, 2)))
    return Section(_titled("Objectives", len(rows)), [table], chat=0)


def _teams(facts: Facts) -> Section | None:
    """Where the effort of each team goes, those with the most unaligned work first."""
    by_team: dict[str, list[Effort]] = defaultdict(list)
    for one in facts.effort:
        by_team[one.team].append(one)
    found = []
    for team, effort in by_team.items():
        if (of_team := shares(effort)) is not None:
            found.append((team, of_team, sum(one.size for one in effort)))
    if not found:
        return None
    found.sort(key=lambda one: (-one[1]["unaligned"] * one[2], one[0]))
    rows = [
        (
            line(facts.named(team)),
            *(line(share) for share in percents(of_team).values()),
            line(f"{size:g}"),
        )
        for team, of_team, size in found
    ]
    columns = ("Team", "Key results", "Intentional", "None", facts.measure.capitalize())
    table = Table(columns, rows[:ROWS], right=frozenset((1, 2, 3, 4)))
    return Section(_titled("Where effort goes", len(rows)), [table], chat=0)


def _titled(title: str, rows: int) -> str:
    return f"{title} (the first {ROWS} of {rows})" if rows > ROWS else title
