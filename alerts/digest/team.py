"""The digest of a team and those below it."""

from collections import defaultdict
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from alerts.digest.document import (
    Bullets,
    Code,
    Document,
    Health,
    Inline,
    Item,
    Line,
    Link,
    Paragraph,
    Section,
    Strong,
)
from alerts.digest.facts import Facts, KeyResult, WorkGroup
from alerts.digest.say import counted, day, key, line, listed, percent
from alerts.digest.sections import (
    SHOWN,
    barriers_line,
    closing,
    decisions_section,
    drift,
    effort_line,
    findings_line,
    findings_section,
    health_counts,
    health_section,
    moves_section,
    no_cycle,
    outcomes_section,
    place_in_time,
    some,
    unaligned_section,
    warnings,
)

GROUPS = 4
"""Epics, milestones … named for a key result."""
KEY_RESULTS = 12
OBJECTION = "objection"


def team(facts: Facts, zone: ZoneInfo) -> Document:
    """What a team is told: what its work counts toward, what it is asked, and which of its work serves nothing."""
    assert facts.team is not None
    title = f"OKR digest for {facts.named(facts.team)}, {day(facts.day)}"
    opening = [*warnings(facts, zone)]
    if not facts.cycles:
        waiting = [one for one in (decisions_section(facts, zone),) if one is not None]
        return Document(title, place_in_time(facts), [*opening, no_cycle(facts)], waiting, closing(facts))
    opening.append(Bullets([Item(one) for one in _summary(facts)]))
    sections = (
        _counts_toward(facts),
        _waits(facts),
        _objections(facts),
        decisions_section(facts, zone),
        health_section(facts),
        moves_section(facts),
        outcomes_section(facts),
        findings_section(facts),
        unaligned_section(facts, SHOWN),
    )
    return Document(title, place_in_time(facts), opening, [one for one in sections if one is not None], closing(facts))


def _summary(facts: Facts) -> list[Line]:
    whose = facts.named(facts.team)
    lines = []
    if facts.key_results:
        lines.append(
            line(
                Strong("Health: "),
                f"{whose} holds {counted(len(facts.key_results), 'key result')}: {health_counts(facts.key_results)}.",
                drift(facts),
            )
        )
    else:
        lines.append(line(Strong("Health: "), f"{whose} holds no key result in this cycle."))
    return [*lines, effort_line(facts, whose), barriers_line(facts), findings_line(facts)]


# --- upward ----------------------------------------------------------------------------------------------------------


def _counts_toward(facts: Facts) -> Section:
    """Each key result that the team's work counts for, with that work, and what it supports up to the top."""
    title = "What this team's work counts toward"
    groups: dict[str, list[WorkGroup]] = defaultdict(list)
    for group in facts.works_for:
        groups[group.key_result].append(group)
    if not groups:
        said = "No work of this team counts for a key result yet. "
        return Section(title, [Paragraph(line(said, Code("northing map suggest"), " proposes what could."))])
    order = sorted(groups, key=lambda name: -sum(group.total for group in groups[name]))
    items = [_upward(facts, facts.all_key_results[name], groups[name]) for name in order[:KEY_RESULTS]]
    bare = [one.key for one in facts.key_results if one.key not in groups]
    blocks: list[Bullets | Paragraph] = [Bullets(items)]
    if len(order) > KEY_RESULTS:
        blocks.append(Paragraph(line(f"and for {listed(order[KEY_RESULTS:])}.")))
    if bare:
        blocks.append(Paragraph(line(f"No work of this team counts for {listed(bare, 6)}, which it holds.")))
    return Section(title, blocks, chat=4, deep=True)


def _upward(facts: Facts, one: KeyResult, groups: list[WorkGroup]) -> Item:
    done, total = sum(group.done for group in groups), sum(group.total for group in groups)
    work: list[Inline] = [f"this team: {done} of {counted(total, 'item')} done: "]
    for number, group in enumerate(groups[:GROUPS]):
        work += [", " if number else "", *_group(group)]
    if len(groups) > GROUPS:
        work.append(f" and {len(groups) - GROUPS} more")
    head = line(*key(one.key, one.title), ": ", Health(one.health), f", {_numbers(one)}")
    return Item(head, [Item(line(*work)), *(Item(path) for path in _paths(facts, one))])


def _numbers(one: KeyResult) -> str:
    outcome = f"outcome {percent(one.outcome)}, " if one.outcome is not None else ""
    return f"{outcome}delivery {percent(one.delivery)}"


def _group(group: WorkGroup) -> tuple[Inline, ...]:
    so_far = f" ({group.done}/{group.total})"
    if group.kind == "item":
        return (Link(group.key, group.url), f" {group.title}{so_far}")
    if group.kind == "scope":
        return (f"single items of {group.title}{so_far}",)
    return (f"{group.kind} ", Link(group.title, group.url), so_far)


def _paths(facts: Facts, one: KeyResult) -> Iterator[Line]:
    """What a key result's objective supports, step by step, one line for each way to the top."""
    objective = facts.above.get(one.objective)
    if objective is None:
        return
    for way in _ways(facts, one.objective, (one.objective,)):
        steps = " → ".join(f"{name} {facts.titles[name]}" if name in facts.titles else name for name in way)
        supports = "" if len(way) > 1 else ", which supports nothing above it"
        yield line(f"toward {steps}{supports if _is_below(facts, objective.key) else ''}")


def _ways(facts: Facts, objective: str, way: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All ways from an objective up; what supports itself in a circle ends where it closes."""
    targets = facts.above[objective].supports if objective in facts.above else ()
    if not targets:
        yield way
    for target in targets:
        one = facts.all_key_results.get(target)
        step = (target, one.objective) if one is not None else (target,)
        if step[-1] in way:
            yield way
        else:
            yield from _ways(facts, step[-1], (*way, *step))


def _is_below(facts: Facts, objective: str) -> bool:
    """Whether it stands below the top: some objective of a running cycle is supported, and not this one."""
    supported = {facts.all_key_results[target].objective if target in facts.all_key_results else target
                 for one in facts.above.values() for target in one.supports}  # fmt: skip
    return bool(supported) and objective not in supported


# --- what the team is asked ------------------------------------------------------------------------------------------


def _waits(facts: Facts) -> Section | None:
    """Key results of others that this team works for and never said that it knows of."""
    if not facts.waits:
        return None
    items = []
    for one in facts.waits:
        found = facts.all_key_results[one.key_result]
        whose = facts.named(found.team)
        who = f" by {facts.named(one.team)}" if one.team != facts.team else ""
        say = line(Code(f"northing finding ack {one.key_result} --team {one.team}"), " says yes; ",
                   Code(f"northing finding object {one.key_result} WHY --team {one.team}"), " objects")  # fmt: skip
        head = line(*key(found.key, found.title), f", held by {whose}: {counted(one.items, 'item')} to finish{who}")
        items.append(Item(head, [Item(say)]))
    return Section("Waits for this team's word", [some(items, "northing check --select HYG408", SHOWN)])


def _objections(facts: Facts) -> Section | None:
    """Objections that stand: by this team, or to its key results."""
    found = [one for one in facts.barriers if one.code == OBJECTION and one.state != "ended"]
    if not found:
        return None
    items = []
    for one in found:
        by = f", raised by {one.raised_by}" if one.raised_by else ""
        decided = f"; decided: {one.decision}" if one.state == "decided" else ""
        items.append(Item(line(Strong(one.subject), f" {one.summary}{by}{decided}")))
    return Section("Objections", [Bullets(items)])
