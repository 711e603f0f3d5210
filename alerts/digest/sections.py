"""What digests of the company and of teams have in common."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from alerts.digest.document import (
    HEALTH_WORDS,
    Block,
    Bullets,
    Code,
    Health,
    Item,
    Line,
    Link,
    Notice,
    Paragraph,
    Section,
    Strong,
)
from alerts.digest.facts import Barrier, Effort, Facts, KeyResult
from alerts.digest.say import (
    counted,
    counts,
    day,
    day_of,
    has_moved,
    key,
    line,
    listed,
    percent,
    points,
    short_day,
    why,
)

SHOWN = 6
"""Entries of a list. What is left out is counted, and named with the command that shows it."""
SOON = timedelta(days=7)
"""A decision that ends sooner is to be made anew."""
RANK = {"at_risk": 0, "behind": 1, "on_track": 2}
"""The words that tell how it goes, from the worst. The others tell that nobody knows, or that it is over."""
ELSEWHERE = ("STR", "COV102", "HYG408")
"""Findings that have a section of their own: barriers, unaligned work, and what waits for a team's word."""
GRAVITY = {"critical": 0, "warning": 1, "info": 2}
KINDS = {"objective": "serves key results", "intentional": "is intentional", "unaligned": "serves none"}
_STATES = {
    "failing": "cannot be read",
    "never_read": "was never read",
    "not_visible": "is no longer visible",
    "held_back": "lost too many items at once to be believed",
    "old": "was not read in time",
}


# --- before all else -------------------------------------------------------------------------------------------------


def warnings(facts: Facts, zone: ZoneInfo) -> Iterator[Block]:
    """What makes the numbers old: said first, as a source that is silent is not well."""
    lines: list[Line] = []
    if facts.overdue:
        lines.append(line(Strong(f"These numbers are of {day(facts.day)}."), " Nothing has been counted since."))
    by_state: dict[tuple[str, str], list[str]] = defaultdict(list)
    oldest = {}
    for one in facts.sources:
        by_state[one.connection, one.state].append(one.scope)
        if one.last_ok_at is not None:
            oldest[one.connection, one.state] = min(
                one.last_ok_at, oldest.get((one.connection, one.state), one.last_ok_at)
            )
    for (connection, state), scopes in by_state.items():
        said = _STATES.get(state, state)
        if len(scopes) > 1:
            said = said.replace("was ", "were ").replace(" is ", " are ").replace("is no", "are no")
        last = oldest.get((connection, state))
        since = f"; last read on {day_of(last, zone)}" if last is not None else ""
        lines.append(line(Strong(f"{connection}: "), f"{listed(scopes)} {said}{since}."))
    if lines:
        yield Notice(lines)


def place_in_time(facts: Facts) -> str:
    """Which day of which cycle it is, or that none runs."""
    if not facts.cycles:
        return "No cycle runs."
    told = [
        f"{one.key}, day {one.number} of {one.length}, {counted(one.days_left, 'day')} left" for one in facts.cycles
    ]
    return "; ".join(told) + "."


def no_cycle(facts: Facts) -> Paragraph:
    """What comes next where no cycle runs."""
    said = "No cycle runs, so there is nothing to be on track with."
    if facts.last_cycle is not None:
        said += f" {facts.last_cycle.key} ended on {day(facts.last_cycle.ends_on)}."
    if (coming := facts.next_cycle) is not None:
        days = (coming.starts_on - facts.day).days
        said += f" {coming.key} begins on {day(coming.starts_on)}, in {counted(days, 'day')}."
        return Paragraph(line(said, " ", Code("northing plan check FILE"), " says now what will stand in its way."))
    return Paragraph(line(said, " None is planned: write the next one under ", Code("cycles:"), "."))


def closing(facts: Facts) -> Line:
    """Where the numbers come from."""
    return line(
        f"Numbers as of {day(facts.day)}, changes since the end of {day(facts.since)}. ",
        Code("northing explain KEY"),
        " says where any of them comes from.",
    )


# --- health ----------------------------------------------------------------------------------------------------------


def health_counts(key_results: Sequence[KeyResult]) -> str:
    """`5 on track, 3 behind, 6 at risk`."""
    found = Counter(one.health for one in key_results)
    return counts({word: found[name] for name, word in HEALTH_WORDS.items()})


def changed(facts: Facts) -> dict[str, list[KeyResult]]:
    """The key results whose health changed, by direction: `worse`, `out of sight` (nobody knows any more), `better`
    and `known again`, which leaves out whatever is not there.
    """
    found: dict[str, list[KeyResult]] = {"worse": [], "out of sight": [], "better": [], "known again": []}
    for one in facts.key_results:
        if one.was is None or one.was == one.health:
            continue
        if one.health not in RANK:
            found["out of sight"].append(one)
        elif one.was not in RANK:
            found["known again"].append(one)
        else:
            found["worse" if RANK[one.health] < RANK[one.was] else "better"].append(one)
    return {direction: some for direction, some in found.items() if some}


def drift(facts: Facts) -> str:
    """How many key results changed their health, in which direction; nothing where there was none to compare with."""
    if all(one.was is None for one in facts.key_results):
        return ""
    numbers = {direction: len(some) for direction, some in changed(facts).items()}
    return f" Since {short_day(facts.since)}: {counts(numbers) or 'none changed'}."


def health_section(facts: Facts) -> Section | None:
    """Which health words changed, in which direction, and why; None where none did."""
    items = [
        Item(
            line(f"{direction}: ", *key(one.key, one.title), ": ", Health(one.was), " → ", Health(one.health)),
            [Item(line(f"{one.health_reason}; delivery {percent(one.delivery)}"))],
        )
        for direction, some in changed(facts).items()
        for one in some
        if one.was is not None
    ]
    return Section("Changed health", [some(items, "northing status", SHOWN * 2)]) if items else None


def moves_section(facts: Facts) -> Section | None:
    """What moved delivery: the key results by how much it moved."""
    if not facts.moves:
        return None
    moved = [(name, one) for name, one in facts.moves.items() if has_moved(one) and name in facts.all_key_results]
    title = "What moved delivery"
    if not moved:
        said = f"Nothing moved the delivery of any key result since {short_day(facts.since)}."
        return Section(title, [Paragraph(line(said))])
    moved.sort(key=lambda pair: (-abs((pair[1].end or 0) - (pair[1].start or 0)), pair[0]))
    items = [
        Item(
            line(
                *key(name, facts.titles[name]),
                f": {percent(one.start)} → {percent(one.end)}: {why(one)}",
            )
        )
        for name, one in moved
    ]
    still = len(facts.moves) - len(moved)
    tail = [Paragraph(line(f"{counted(still, 'key result')} did not move."))] if still else []
    shown = some(items, f"northing history KR --from {facts.since}", SHOWN)
    return Section(title, [shown, *tail])


def outcomes_section(facts: Facts) -> Section | None:
    """Which metrics moved, the largest move first; None where none did."""
    moved = [
        (one, one.outcome - one.outcome_was)
        for one in facts.key_results
        if one.outcome is not None and one.outcome_was is not None and one.outcome != one.outcome_was
    ]
    moved.sort(key=lambda pair: (-abs(pair[1]), pair[0].key))
    items = [
        Item(
            line(
                *key(one.key, one.title),
                f": {percent(one.outcome_was)} → {percent(one.outcome)} of the way ({points(change)})",
            )
        )
        for one, change in moved
    ]
    return Section("What moved outcome", [some(items, "northing status", SHOWN)]) if items else None


# --- effort ----------------------------------------------------------------------------------------------------------


def shares(effort: Sequence[Effort]) -> dict[str, float] | None:
    """The share of each kind; None where there is no effort."""
    total = sum(one.size for one in effort)
    if not total:
        return None
    return {kind: sum(one.size for one in effort if one.kind == kind) / total for kind in KINDS}


def percents(parts: dict[str, float]) -> dict[str, str]:
    """The parts of a whole in whole percent that sum to 100: the largest remainders are rounded up."""
    exact = {kind: part * 100 for kind, part in parts.items()}
    whole = {kind: int(part) for kind, part in exact.items()}
    by_rest = sorted(exact, key=lambda kind: whole[kind] - exact[kind])
    for kind in by_rest[: round(sum(exact.values())) - sum(whole.values())]:
        whole[kind] += 1
    return {kind: f"{number} %" for kind, number in whole.items()}


def effort_line(facts: Facts, whose: str) -> Line:
    """Where effort went, and where it had gone."""
    now, then = shares(facts.effort), shares(facts.effort_then)
    if now is None:
        return line(Strong("Effort: "), f"{whose} has nothing in progress or finished in this cycle.")
    shown = percents(now)
    said = ", ".join(f"{shown[kind]} {words}" for kind, words in KINDS.items())
    if then is None:
        before = ""
    elif percents(then) == shown:
        before = f", as on {short_day(facts.since)}"
    else:
        before = f" (on {short_day(facts.since)}: {', '.join(percents(then).values())})"
    return line(Strong("Effort: "), f"{said}{before}.")


# --- barriers and findings -------------------------------------------------------------------------------------------


def barriers_line(facts: Facts) -> Line:
    """How many barriers stand, are new, decided and over, and how long there is to decide."""
    moment = facts.since_moment
    assert moment is not None
    standing = [one for one in facts.barriers if one.state != "ended"]
    ended = sum(one.ended_at is not None and one.ended_at > moment for one in facts.barriers)
    if not standing:
        return line(Strong("Barriers: "), f"none stands{f', {ended} ended' if ended else ''}.")
    numbers = {
        "new": sum(one.raised_at > moment for one in standing),
        "decided since": sum(one.decided_at is not None and one.decided_at > moment for one in standing),
        "ended": ended,
    }
    waiting = sum(one.undecided for one in standing)
    said = f"{counted(len(standing), 'stands', 'stand')}, {waiting or 'none'} without a decision"
    told = counts(numbers)
    left = min((one.days_left for one in facts.cycles), default=None)
    days = f" {counted(left, 'day is', 'days are')} left to decide." if left is not None and waiting else ""
    return line(Strong("Barriers: "), f"{said}{f' ({told})' if told else ''}.{days}")


def findings_line(facts: Facts) -> Line:
    """How many findings are open, opened and ended."""
    moment = facts.since_moment
    assert moment is not None
    if not facts.findings:
        return line(Strong("Findings: "), f"none is open; {facts.resolved or 'none'} ended.")
    found = Counter(one.severity for one in facts.findings)
    opened = sum(one.opened_at > moment for one in facts.findings)
    said = counts({word: found[word] for word in GRAVITY})
    return line(Strong("Findings: "), f"{said} open; {opened or 'none'} new, {facts.resolved or 'none'} ended.")


def decisions_section(facts: Facts, zone: ZoneInfo) -> Section | None:
    """What is to be decided: barriers without a decision, and decisions that ended or end soon."""
    waiting = [one for one in facts.barriers if one.undecided]
    ending = [
        one
        for one in facts.barriers
        if one.state == "decided" and one.decided_until is not None and one.decided_until <= facts.day + SOON
    ]
    if not waiting and not ending:
        return None
    waiting.sort(key=lambda one: (one.state != "expired", GRAVITY[one.severity], one.raised_at, one.code, one.subject))
    items = [Item(_barrier(one, zone)) for one in [*ending, *waiting]]
    command = "northing finding list --select STR" + (f" --team {facts.team}" if facts.team else "")
    say = line(Code("northing finding decide CODE SUBJECT restructure|rescope|lend|accept"), " records a decision.")
    return Section("Needs a decision", [some(items, command, SHOWN), Paragraph(say)])


def _barrier(one: Barrier, zone: ZoneInfo) -> Line:
    said = f"raised {day_of(one.raised_at, zone)}"
    if one.state == "expired":
        assert one.decided_until is not None
        said = f"the decision ({one.decision}) ended on {short_day(one.decided_until)}"
    elif one.state == "decided":
        assert one.decided_until is not None
        said = f"the decision ({one.decision}, by {one.decided_by}) ends on {short_day(one.decided_until)}"
    elif one.state == "discussed":
        said += ", acknowledged"
    return line(Strong(one.code), f" {one.summary} ({one.severity}, {said})")


def findings_section(facts: Facts) -> Section | None:
    """The gravest open findings that nobody decided about, without those of which another section tells."""
    open_ = [one for one in facts.findings if one.decision is None and not one.code.startswith(ELSEWHERE)]
    if not open_:
        return None
    items = [Item(line(Strong(one.code), f" {one.summary} ({one.severity})")) for one in open_]
    command = f"northing finding list --team {facts.team}" if facts.team else "northing check"
    return Section("Findings", [some(items, command, SHOWN)])


# --- unaligned work --------------------------------------------------------------------------------------------------


def unaligned_section(facts: Facts, most: int) -> Section | None:
    """Work in progress that serves no key result, with what it could serve and the line that says so."""
    if not facts.unaligned:
        return None
    items = []
    for one in facts.unaligned:
        noun = "" if one.kind in ("epic", "issue", "initiative", "subtask") else f"{one.kind} "
        name = (noun, Link(one.key, one.url)) if noun else (Link(one.key, one.url), f" {one.title}")
        below = []
        if one.suggested is not None and one.paste is not None:
            below = [
                Item(line(f"could serve {one.suggested} {one.suggested_title}; to link it: ", Code(one.paste))),
            ]
        items.append(Item(line(*name, f": {counted(one.items, 'item')} in progress"), below))
    total = sum(one.items for one in facts.unaligned)
    said = f"{counted(total, 'item')} in progress {'serves' if total == 1 else 'serve'} no key result. "
    advice = line(said, "What does so on purpose is named under ", Code("intentional:"), ".")
    return Section("Serves no key result", [some(items, "northing map suggest", most), Paragraph(advice)], chat=2)


def some(items: Sequence[Item], command: str, most: int) -> Bullets:
    """A list that shows `most` of the entries."""
    return Bullets(items[:most], max(0, len(items) - most), command)
