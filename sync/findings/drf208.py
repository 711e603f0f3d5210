"""DRF208: delivery jumped without work done."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from sync import progress
from sync.facts import KeyResultFacts, Part
from sync.findings.past import Known, Moved, end_of, last_known, moved_since
from sync.findings.rule import Hit, Rule, Subject, Unjudged
from sync.findings.world import World
from sync.words import percent


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for key_result, known, moved in _jumped(world, open_now):
        without = progress.delivery(_undone(key_result, moved), world.config.counting.in_progress_credit).value
        if without is None or key_result.delivery is None:
            continue
        jump = round(without - known.delivery, 9)
        if abs(jump) <= _limit(world, key_result, open_now):
            continue
        yield Hit(
            subject_kind="key_result",
            subject=key_result.key,
            severity=RULE.severity,
            summary=(
                f"The delivery of {key_result.key} went from {percent(known.delivery)} on {known.day} to"
                f" {percent(key_result.delivery)}, and {abs(jump) * 100:.0f} points of that are not from work done:"
                " mappings or scope changed"
            ),
            evidence={
                "before": known.delivery,
                "before_day": known.day.isoformat(),
                "delivery": key_result.delivery,
                "jump": jump,
                "by_work": round(key_result.delivery - without, 9),
            },
            team=key_result.team,
            cycle_end=key_result.cycle_end,
        )
    for key_result in world.active:
        if not key_result.readable:
            yield Unjudged("key_result", key_result.key)


def _limit(world: World, key_result: KeyResultFacts, open_now: frozenset[Subject]) -> float:
    return world.eased(world.config.thresholds.jump, ("key_result", key_result.key) in open_now)


def _jumped(world: World, open_now: frozenset[Subject]) -> Iterator[tuple[KeyResultFacts, Known, Sequence[Moved]]]:
    """Key results whose delivery is far from what it was, with what was done of their work since."""
    before = last_known(world)
    by_day: dict[date, dict[int, KeyResultFacts]] = defaultdict(dict)
    for key_result in world.active:
        known = before.get(key_result.id)
        if known is None or key_result.delivery is None or not key_result.readable:
            continue
        if abs(round(key_result.delivery - known.delivery, 9)) > _limit(world, key_result, open_now):
            by_day[known.day][key_result.id] = key_result
    for day, some in by_day.items():
        moved = moved_since(world, end_of(world, day), some)
        for identity, key_result in some.items():
            yield key_result, before[identity], moved.get(identity, ())


def _undone(key_result: KeyResultFacts, moved: Sequence[Moved]) -> list[Part]:
    """The counted work as if nothing of it had been done, taken up again or begun since."""
    by_convention = {one.mapping_id for one in key_result.mappings if one.via != "mapping"}
    done: dict[int, float] = defaultdict(float)
    in_progress: dict[int, float] = defaultdict(float)
    together = next((part.mapping_id for part in key_result.parts if part.via == "convention"), 0)
    for one in moved:
        part = together if one.mapping_id in by_convention else one.mapping_id
        if one.state == "in_progress":
            in_progress[part] -= one.size
        if one.how == "done":
            done[part] -= one.size
        elif one.how == "reopened":
            done[part] += one.size
    return [
        replace(
            part,
            size_done=part.size_done + done[part.mapping_id],
            size_in_progress=part.size_in_progress + in_progress[part.mapping_id],
        )
        for part in key_result.parts
    ]


RULE = Rule(
    code="DRF208",
    severity="info",
    finds="A key result whose delivery changed at once by far more than work that was done explains.",
    why=(
        "A number that leaps without anybody having finished anything tells of the counting, not of the work: a mapping"
        " was edited, an epic was moved, much work was cancelled or added. Who reads the curve should know."
    ),
    computed=(
        "Delivery now, against what was measured on the last earlier day on which the program ran: more than"
        " `thresholds.jump` (25 points) higher or lower, and still so without the work that was done, taken up again or"
        " begun since. Days that were rebuilt later do not count as measured."
    ),
    ends="The next day: it is said once, of the day on which it happened.",
    find=_find,
)
