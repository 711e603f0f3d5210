"""HYG403: a manual key result without a recent check-in."""

from collections.abc import Iterator
from datetime import timedelta

from sync.facts import KeyResultFacts, manual
from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged
from sync.findings.world import World


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    patience = timedelta(days=world.config.thresholds.check_in_days)
    for key_result in world.active:
        if not _checked_in_by_people(key_result):
            continue
        last = key_result.last_check_in
        silent = world.day - (last or key_result.cycle_start)
        if silent <= world.eased(patience, ("key_result", key_result.key) in open_now):
            continue
        reason = RULE.reason("old" if last else "never")
        said = f"was last checked in for {last}, {silent.days} days ago" if last else _never(silent.days)
        yield Hit(
            subject_kind="key_result",
            subject=key_result.key,
            severity=reason.severity,
            reason=reason.code,
            summary=f"{key_result.key} {said}",
            evidence={
                "last_check_in": last.isoformat() if last else None,
                "days": silent.days,
                "owner": key_result.owner,
            },
            team=key_result.team,
            cycle_end=key_result.cycle_end,
        )


def _never(days: int) -> str:
    return f"was never checked in, {days} days after its cycle's start"


def _checked_in_by_people(key_result: KeyResultFacts) -> bool:
    """Whether somebody is to record its value. Without a metric (HYG402) there is nothing to record until somebody
    begins to, if only a confidence.
    """
    recorded = key_result.definition.get("metric") is not None or key_result.last_check_in is not None
    return manual(key_result.definition) and recorded


RULE = Rule(
    code="HYG403",
    severity="warning",
    finds="A key result whose value people record by hand, and nobody has for two weeks.",
    why=(
        "Its number is as old as its last check-in, and every conclusion from it as well. A key result that nobody has"
        " looked at is not on track; nobody knows what it is."
    ),
    computed=(
        "For every key result with `value: manual`: the days since the day of its last check-in, or where it has none"
        " since the first day of its cycle, are more than `thresholds.check_in_days` (14). What is dated after today is"
        " not known yet. A key result without a metric is asked for only once somebody checked in. An open one ends"
        " when the days are fewer than the threshold by `thresholds.hysteresis` (5 %) of it."
    ),
    ends="A check-in (`northing checkin KR VALUE`), or a source for its value.",
    reasons=(
        Reason("old", "warning", "The last check-in is older."),
        Reason("never", "warning", "There is no check-in, and its cycle began longer ago."),
    ),
    find=_find,
)
