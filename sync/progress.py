"""The formulas: outcome, expected, delivery, pace, health. Plain values in, a frozen result with its reason out.

Nothing here knows a clock or a database; days come as arguments, in the configured zone. Fractions
run from 0 to 1; None means "not known", and is never written as 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, fsum
from statistics import median
from typing import Any, Literal

from config import Thresholds
from sync.facts import CheckInFacts, Part, from_delivery, has_source, manual
from sync.words import percent

HealthWord = Literal["on_track", "behind", "at_risk", "stale", "unknown", "closed"]
Curve = Literal["linear"] | Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Outcome:
    """How far the metric has come.

    `outcome` is the fraction and `value` the raw number behind it; `last_check_in` is the latest one known, whatever it
    holds.
    """

    outcome: float | None
    value: float | None
    confidence: float | None
    last_check_in: CheckInFacts | None
    reason: str


@dataclass(frozen=True)
class Delivery:
    """How much of the counted work is done. `value` is None where nothing counts."""

    value: float | None
    reason: str


@dataclass(frozen=True)
class Health:
    """One word, and why."""

    word: HealthWord
    reason: str


@dataclass(frozen=True)
class Weighted:
    """A weighted mean over the parts with a value; `left_out` is the number of those without."""

    value: float | None
    left_out: int


@dataclass(frozen=True)
class Sizes:
    """Sizes with no gaps. `imputed[i]` is true where `sizes[i]` was not given."""

    sizes: tuple[float, ...]
    imputed: tuple[bool, ...]


def clamp(number: float) -> float:
    """The number, or the nearer end of 0..1."""
    return min(1.0, max(0.0, number))


# --- outcome --------------------------------------------------------------------------------------------------------


def outcome(metric: Mapping[str, Any] | None, value: float | None) -> float | None:
    """The fraction of the way that a value has come; falling targets count down.

    `metric` as configured: type `number` (start, target; the start differs from the target, which the loader holds),
    `keep` (min, max, either may be absent) or `done` (a value of at least 1 is done).
    """
    if metric is None or value is None:
        return None
    match metric.get("type") or "number":
        case "done":
            return 1.0 if value >= 1 else 0.0
        case "keep":
            low, high = metric.get("min"), metric.get("max")
            inside = (low is None or value >= low) and (high is None or value <= high)
            return 1.0 if inside else 0.0
        case _:
            start = float(metric.get("start") or 0)
            return clamp((value - start) / (metric["target"] - start))


def known(check_ins: Iterable[CheckInFacts], day: date) -> list[CheckInFacts]:
    """The check-ins known on a day, oldest first; those of one day stay in the order given, so that the later wins."""
    return sorted((entry for entry in check_ins if entry.day <= day), key=lambda entry: entry.day)


def outcome_of(
    definition: Mapping[str, Any], check_ins: Iterable[CheckInFacts], delivery: float | None, day: date
) -> Outcome:
    """A key result's outcome as of a day, by its definition.

    `check_ins` in the order in which they were listed; those dated after `day` are not known yet. Where the value comes
    from a source, what people check in counts for their confidence, and for the value only until one was fetched.
    """
    entries = known(check_ins, day)
    last = entries[-1] if entries else None
    telling = [entry for entry in entries if entry.value is not None]
    if has_source(definition):
        telling = [entry for entry in telling if entry.fetched] or telling
    value = telling[-1] if telling else None
    sure = next((entry for entry in reversed(entries) if entry.confidence is not None), None)
    confidence = sure.confidence if sure else None
    metric = definition.get("metric")
    if from_delivery(definition):
        reason = "equals delivery" if delivery is not None else "equals delivery, and no work counts"
        return Outcome(delivery, delivery, confidence, last, reason)
    if metric is None:
        return Outcome(None, value.value if value else None, confidence, last, "no metric is defined")
    if value is None:
        return Outcome(None, None, confidence, last, "no value is recorded yet")
    return Outcome(
        outcome(metric, value.value), value.value, confidence, last, f"{value.value:g}, recorded for {value.day}"
    )


# --- expected -------------------------------------------------------------------------------------------------------


def elapsed(start: date, end: date, day: date) -> float:
    """The share of a cycle that has passed on a day, in whole days: the first day of ten is 0.1."""
    return clamp(((day - start).days + 1) / ((end - start).days + 1))


def expected(start: date, end: date, curve: Curve | None, day: date) -> float:
    """What should be reached on a day: linear, or by a phased curve of (day, fraction) points.

    A curve starts at 0 on the first day and reaches 1 on the last, unless it names points for these days, and is
    straight between its points. Before the first day nothing is expected.
    """
    if curve is None or curve == "linear":
        return elapsed(start, end, day)
    if day < start:
        return 0.0
    points = {start: 0.0, end: 1.0} | {_day(point[0]): float(point[1]) for point in curve}
    if day in points:
        return clamp(points[day])
    before = max(point for point in points if point < day)
    after = min((point for point in points if point > day), default=before)
    if after == before:
        return clamp(points[before])
    share = (day - before).days / (after - before).days
    return clamp(points[before] + share * (points[after] - points[before]))


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


# --- delivery -------------------------------------------------------------------------------------------------------


def delivery(parts: Sequence[Part], credit: float = 0) -> Delivery:
    """The done share of the counted size; work in progress counts with `credit` (0..1).

    Where mappings have shares, each mapping with counted work weighs by its share, and what conventions alone link is
    one more part with the mean of the given shares.
    """
    counted = [part for part in parts if part.total]
    if not counted:
        return Delivery(None, "no work counts for it")
    given = [part.share for part in parts if part.share is not None]
    if not given:
        size = fsum(part.size_total for part in counted)
        if size <= 0:
            return Delivery(None, "all its work has size 0")
        earned = fsum(_earned(part, credit) for part in counted)
        return Delivery(clamp(earned / size), f"{earned:g} of {size:g} done")
    mean = fsum(given) / len(given)
    sized = [(mean if part.share is None else part.share, part) for part in counted if part.size_total > 0]
    weight = fsum(share for share, _ in sized)
    if weight <= 0:
        return Delivery(None, "all its work has size or share 0")
    total = fsum(share * _earned(part, credit) / part.size_total for share, part in sized)
    return Delivery(clamp(total / weight), f"mean of {len(sized)} mappings by their shares")


def _earned(part: Part, credit: float) -> float:
    return part.size_done + credit * part.size_in_progress


def impute(sizes: Sequence[float | None], fallback: float | None) -> Sizes:
    """Sizes with the gaps filled: by the median of those given, else by `fallback`, else by 1.

    `fallback` is the median of the connection's estimates, None where it has none.
    """
    given = [size for size in sizes if size is not None]
    filler = median(given) if given else fallback if fallback is not None else 1.0
    return Sizes(
        tuple(float(filler if size is None else size) for size in sizes), tuple(size is None for size in sizes)
    )


# --- pace and health ------------------------------------------------------------------------------------------------


def pace(
    definition: Mapping[str, Any], outcome_now: float | None, expected_now: float, delivery_now: float | None
) -> float | None:
    """Reached by expected: of the outcome where the key result has a metric, else of the delivery.

    None where that number is unknown, and while nothing is expected.
    """
    reached = outcome_now if _has_outcome(definition) else delivery_now
    return None if reached is None or expected_now <= 0 else reached / expected_now


def _has_outcome(definition: Mapping[str, Any]) -> bool:
    return definition.get("metric") is not None or from_delivery(definition)


def health(
    *,
    definition: Mapping[str, Any],
    day: date,
    cycle_start: date,
    cycle_end: date,
    outcome_now: float | None,
    expected_now: float,
    delivery_now: float | None,
    last_check_in: date | None,
    thresholds: Thresholds,
    source_problem: str | None = None,
    archived: bool = False,
    kind: str = "aspirational",
    chance: float | None = None,
) -> Health:
    """The health of a key result on a day: the first of closed, unknown, stale and the verdict by pace that applies.

    `source_problem`: why the data behind it is not to be trusted (a failing connection, an old read), None if it is.
    Before the grace period is over there is no verdict, and the word is unknown. A `committed` key result whose
    `chance` to finish in time is known and too low is at least behind, whatever its pace.
    """
    if archived:
        return Health("closed", "it is no longer in the configuration")
    if day > cycle_end:
        return Health("closed", f"its cycle ended on {cycle_end}")
    if source_problem:
        return Health("unknown", source_problem)
    if outcome_now is None and delivery_now is None:
        return Health("unknown", "it has neither a recorded value nor work that counts")
    early = too_early(day, cycle_start, cycle_end, thresholds)
    age = (day - last_check_in).days if last_check_in and manual(definition) else 0
    # Before its cycle nobody has to look at it.
    if age > thresholds.check_in_days and day >= cycle_start:
        return Health("stale", f"the last check-in is {age} days old, of {last_check_in}")
    if early:
        return Health("unknown", early)
    by_pace = verdict(definition, outcome_now, expected_now, delivery_now, thresholds)
    promised = chance if kind == "committed" else None
    if by_pace.word == "on_track" and promised is not None and promised < thresholds.committed_chance:
        limit = f"behind under {percent(thresholds.committed_chance)}"
        return Health(
            "behind", f"committed, with a chance of {percent(promised)} to finish in time ({limit}); {by_pace.reason}"
        )
    return by_pace


def verdict(
    definition: Mapping[str, Any],
    outcome_now: float | None,
    expected_now: float,
    delivery_now: float | None,
    thresholds: Thresholds,
) -> Health:
    """The word by pace alone: of the outcome where the key result has a metric, else of the delivery.

    Unknown where that number is not known.
    """
    measured, reached = ("outcome", outcome_now) if _has_outcome(definition) else ("delivery", delivery_now)
    if reached is None:
        return Health("unknown", f"its {measured} is not known: no value is recorded yet")
    return _verdict(measured, reached, expected_now, thresholds)


def too_early(day: date, start: date, end: date, thresholds: Thresholds) -> str | None:
    """Why there is no verdict yet in the first days of a cycle; None after them."""
    if day < start:
        return f"too early: its cycle starts on {start}"
    passed = (day - start).days + 1
    grace = max(thresholds.grace_days, ceil(_exact(((end - start).days + 1) * thresholds.grace_share)))
    return f"too early: day {passed} of the cycle, judged from day {grace} on" if passed < grace else None


def _verdict(measured: str, reached: float, expected_now: float, thresholds: Thresholds) -> Health:
    """The word by pace: by the ratio, the gap or the score, whichever the thresholds compare."""
    numbers = f"{measured} {percent(reached)}, expected {percent(expected_now)}"
    if thresholds.pace == "gap":
        gap = _exact(expected_now - reached)
        return _word(gap < thresholds.on_track, gap <= thresholds.behind, f"{numbers}: gap {gap:.2f}", thresholds)
    if thresholds.pace == "score":
        score = _exact(reached)
        shown = f"{measured} {percent(reached)}"
        return _word(score >= thresholds.on_track, score >= thresholds.behind, shown, thresholds)
    if expected_now <= 0:
        return Health("on_track", "nothing is expected of it yet")
    ratio = _exact(reached / expected_now)
    return _word(ratio >= thresholds.on_track, ratio >= thresholds.behind, f"{numbers}: pace {ratio:.2f}", thresholds)


def _word(good: bool, fair: bool, numbers: str, thresholds: Thresholds) -> Health:
    limits = f"on track from {thresholds.on_track:g}, behind from {thresholds.behind:g}"
    if thresholds.pace == "gap":
        limits = f"on track below {thresholds.on_track:g}, behind up to {thresholds.behind:g}"
    return Health("on_track" if good else "behind" if fair else "at_risk", f"{numbers} ({limits})")


def _exact(number: float) -> float:
    """0.27 of 0.3 is 0.9, though not in binary: what lies on a threshold must not fall beside it."""
    return round(number, 9)


def weighted(parts: Iterable[tuple[float, float | None]]) -> Weighted:
    """The mean of (weight, value) pairs over those with a value; None where no pair with a weight has one."""
    pairs = list(parts)
    valued = [(weight, value) for weight, value in pairs if value is not None]
    weight = fsum(weight for weight, _ in valued)
    value = clamp(fsum(weight * value for weight, value in valued) / weight) if weight > 0 else None
    return Weighted(value, len(pairs) - len(valued))
