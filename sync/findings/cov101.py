"""COV101: a key result with no delivery work behind it."""

from collections.abc import Iterator

from sync.facts import KeyResultFacts
from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import World
from sync.progress import elapsed
from sync.words import percent


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for key_result in world.active:
        if not key_result.needs_work:
            continue
        if not key_result.readable:
            yield Unjudged("key_result", key_result.key)
        elif code := reason_of(key_result, world):
            reason = RULE.reason(code)
            yield Hit(
                subject_kind="key_result",
                subject=key_result.key,
                severity=reason.severity,
                reason=code,
                summary=f"{key_result.key} has no delivery work behind it: {_because(code, key_result, world)}",
                evidence=_evidence(key_result),
                team=key_result.team,
                cycle_end=key_result.cycle_end,
            )


def reason_of(key_result: KeyResultFacts, world: World) -> str | None:
    """The first reason that holds of a readable key result that needs work, None where work stands behind it."""
    if not key_result.linked:
        return "matches_nothing" if _written(key_result) else "no_mapping"
    if not key_result.counted:
        ignored = key_result.ignored_subtasks and not key_result.cancelled
        return "only_subtasks" if ignored else "only_cancelled"
    if key_result.done == key_result.counted:
        reached = key_result.from_delivery or (key_result.outcome is not None and key_result.outcome >= 1)
        return None if reached else "only_done"
    if key_result.in_progress:
        return "only_stale" if key_result.stale_count == key_result.in_progress else None
    late = elapsed(key_result.cycle_start, key_result.cycle_end, world.day) > world.config.thresholds.idle_share
    return "nothing_in_progress" if late and not key_result.finished_recently else None


def _because(code: str, key_result: KeyResultFacts, world: World) -> str:
    thresholds = world.config.thresholds
    match code:
        case "no_mapping":
            return "no mapping and no convention links work to it"
        case "matches_nothing":
            return f"nothing matches {listed(_written(key_result), 3)}"
        case "only_cancelled":
            return f"all that is linked was cancelled or deleted ({counted(key_result.cancelled, 'item')})"
        case "only_subtasks":
            return f"only sub-tasks are linked ({key_result.ignored_subtasks}), and sub-tasks do not count"
        case "only_done":
            outcome = key_result.outcome
            metric = "no value is recorded" if outcome is None else f"the outcome is {percent(outcome)}"
            return f"all its work is done ({counted(key_result.done, 'item')}), and {metric}"
        case "only_stale":
            stale = listed(list(key_result.stale_items))
            return f"nothing in progress has moved for {thresholds.stale_days} days: {stale}"
        case _:
            left = counted(key_result.counted - key_result.done, "item")
            return f"{left} to do, none in progress, none finished in {thresholds.stale_days} days"


def _written(key_result: KeyResultFacts) -> list[str]:
    """The mappings of the configuration, conventions aside."""
    return [mapping.text for mapping in key_result.mappings if mapping.via == "mapping"]


def _evidence(key_result: KeyResultFacts) -> dict[str, object]:
    return {
        "mappings": _written(key_result),
        "linked": key_result.linked,
        "counted": key_result.counted,
        "done": key_result.done,
        "in_progress": key_result.in_progress,
        "cancelled": key_result.cancelled,
        "ignored_subtasks": key_result.ignored_subtasks,
        "outcome": key_result.outcome,
        "items": list(key_result.stale_items),
    }


RULE = Rule(
    code="COV101",
    severity="critical",
    finds="A key result of a running cycle for which nobody is doing any work that could be seen.",
    why=(
        "A key result without work moves by luck. This is the finding that the program exists for: said in the first"
        " week, it costs a conversation; said in the last, it costs the quarter."
    ),
    computed=(
        "For every key result whose cycle contains the day, by its counted work: the leaves of what its mappings and"
        " the conventions link, cancelled and deleted items and ignored sub-tasks aside. The first of the reasons below"
        " that holds is given. Not raised where the key result says `delivery: {none: …}`, before the scopes"
        " concerned were read once, nor while their connection fails (SYN501 says so instead)."
    ),
    ends=(
        "Work that is linked and moves: add a mapping, label the work by the convention, or start it. Or say that none"
        ' is needed, and why: `delivery: {none: "reason"}`.'
    ),
    reasons=(
        Reason("no_mapping", "critical", "No mapping names work for it, and no convention links any."),
        Reason("matches_nothing", "critical", "It has mappings, and no item matches any of them."),
        Reason("only_cancelled", "critical", "Nothing counts, and what is linked was cancelled or deleted."),
        Reason("only_subtasks", "warning", "Nothing counts: only sub-tasks are linked, and `subtasks: ignore` holds."),
        Reason(
            "only_done",
            "warning",
            "All counted work is done, and the metric is not reached (outcome below 1, or no value recorded). Not where"
            " the value is the delivery.",
        ),
        Reason(
            "only_stale",
            "warning",
            "Work is in progress, and none of it changed for `thresholds.stale_days` (14) days before the end of the"
            " day.",
        ),
        Reason(
            "nothing_in_progress",
            "warning",
            "More than `thresholds.idle_share` (25 %) of the cycle has passed, work is left to do, none is in progress"
            " and none was finished in the last 14 days.",
        ),
    ),
    find=_find,
)
