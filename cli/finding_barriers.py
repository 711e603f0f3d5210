"""How early barriers were raised, and how long it took to decide: by cycle."""

from collections import Counter
from statistics import median
from typing import Any

from cli.reader import Row, reading
from cli.session import Session

BARRIERS = "SELECT * FROM northing_barriers ORDER BY raised_at, code, subject, team"
CYCLES = "SELECT key FROM cycle WHERE NOT archived ORDER BY starts_on, key"
UNDECIDED = ("raised", "discussed", "expired")


def show_barriers(at: Session, cycle: str | None) -> None:
    """Prints the statistics of each cycle, or of one. Raises Failure where there is no such cycle."""
    from cli.status import unknown

    with reading(at) as reader:
        cycles = [row["key"] for row in reader.rows(CYCLES)]
        rows = reader.rows(BARRIERS)
    if cycle is not None and cycle not in cycles:
        raise unknown("cycle", cycle, cycles)
    named = list(dict.fromkeys([*cycles, *(row["cycle"] for row in rows)]))
    wanted = [one for one in named if cycle in (None, one)]
    found = [statistics(one, [row for row in rows if row["cycle"] == one]) for one in wanted]
    if at.json:
        at.data({"cycles": found, "barriers": [row for row in rows if row["cycle"] in wanted]})
        return
    told = [one for one in found if one["raised"]]
    for one in told:
        _show(at, one)
    if not told:
        at.say("No barriers.")


def statistics(cycle: str | None, rows: list[Row]) -> dict[str, Any]:
    """What a cycle's barriers come to. `undecided` and `decided` stand, `ended` are over; days are medians.

    `days_left_when_raised`: of the cycle, at the first raising. `days_to_decision`: of those that were ever decided.
    """
    states = Counter(row["state"] for row in rows)
    return {
        "cycle": cycle,
        "raised": len(rows),
        "undecided": sum(states[state] for state in UNDECIDED),
        "decided": states["decided"],
        "ended": states["ended"],
        "days_left_when_raised": _median(rows, "days_left_when_raised"),
        "days_to_decision": _median(rows, "days_to_decision"),
        "codes": dict(sorted(Counter(row["code"] for row in rows).items())),
    }


def _median(rows: list[Row], column: str) -> float | None:
    known = [row[column] for row in rows if row[column] is not None]
    return float(median(known)) if known else None


def _show(at: Session, one: dict[str, Any]) -> None:
    codes = ", ".join(f"{code} {count}" for code, count in one["codes"].items())
    at.say(f"{one['cycle'] or 'outside of all cycles'}: {one['raised']} raised ({codes})")
    at.say(f"  {one['undecided']} undecided, {one['decided']} decided, {one['ended']} ended")
    if one["days_left_when_raised"] is not None:
        at.say(f"  days left in the cycle when raised: {one['days_left_when_raised']:g} (median)")
    if one["days_to_decision"] is not None:
        at.say(f"  days to a decision: {one['days_to_decision']:g} (median)")
