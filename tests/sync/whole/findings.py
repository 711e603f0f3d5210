"""Which findings an organisation has, by its JSON: each rule in a line or two, as its page says."""

from collections import Counter
from collections.abc import Iterator

from tests.sync.whole.oracle import Found, Oracle, Result
from tests.sync.whole.organisation import PARENTS, TODAY, Json, day

STALE = 14
"""Days."""

JUDGED = frozenset({
    "COV101", "COV103", "COV104", "COV105", "DRF201", "DRF203", "DRF204", "HYG401", "HYG402", "HYG403",
    "HYG404", "HYG409", "STR301", "STR302", "STR303", "STR305", "STR306", "STR308", "STR309", "STR310",
})  # fmt: skip
"""The codes that this module finds."""


def findings(oracle: Oracle) -> set[Found]:
    """All findings of the codes in `JUDGED`."""
    found = {one for result in oracle.active for one in _of_key_result(oracle, result)}
    found |= {*_of_objectives(oracle), *_of_themes(oracle), *_of_teams(oracle)}
    return {one for one in found if one[0] in JUDGED}


def _of_key_result(oracle: Oracle, result: Result) -> Iterator[Found]:
    key = result.key
    if result.needs_work and (reason := _bare(oracle, result)):
        yield "COV101", key, reason
    if any(_stale(oracle, one) for one in _in_progress(oracle, result)):
        yield "COV103", key, None
    yield from _mappings(oracle, result)
    yield from _drift(oracle, result)
    yield from _hygiene(oracle, result)
    yield from _structure(oracle, result)


def _bare(oracle: Oracle, result: Result) -> str | None:
    if not result.linked:
        return "matches_nothing" if oracle.mappings(result.key) else "no_mapping"
    if not result.counted:
        live = [one for one in result.linked if oracle.state(one) != "cancelled"]
        cancelled = [one for one in result.linked if oracle.state(one) == "cancelled" and not oracle.is_subtask(one)]
        return "only_subtasks" if live and not cancelled else "only_cancelled"
    states = Counter(oracle.state(one) for one in result.counted)
    if states["done"] == len(result.counted):
        reached = result.from_delivery or (result.outcome or 0) >= 1
        return None if reached else "only_done"
    if states["in_progress"]:
        return "only_stale" if all(_stale(oracle, one) for one in _in_progress(oracle, result)) else None
    finished = [oracle.items[one]["closed_days_ago"] for one in result.counted if oracle.state(one) == "done"]
    return None if any(days < STALE for days in finished) else "nothing_in_progress"


def _in_progress(oracle: Oracle, result: Result) -> list[str]:
    return [one for one in result.counted if oracle.state(one) == "in_progress"]


def _stale(oracle: Oracle, one: str) -> bool:
    return oracle.items[one]["updated_days_ago"] >= STALE


def _mappings(oracle: Oracle, result: Result) -> Iterator[Found]:
    matched = [oracle.matched(one["work"]) for one in oracle.mappings(result.key)]
    for number, items in enumerate(matched, start=1):
        others = [(other, place) for place, other in enumerate(matched, start=1) if place != number]
        if not items:
            yield "COV104", f"{result.key}#{number}", "matches_nothing"
        elif any(items < other or (items == other and place < number) for other, place in others):
            yield "COV104", f"{result.key}#{number}", "covered"


def _drift(oracle: Oracle, result: Result) -> Iterator[Found]:
    metric, manual = result.json.get("metric"), not result.from_delivery
    reached = result.outcome if metric or not manual else result.delivery
    if reached is not None and not (manual and (_silent_days(oracle, result) or 0) > STALE) and result.expected > 0:
        pace = round(reached / result.expected, 9)
        if pace < 0.90:
            yield "DRF201", result.key, "at_risk" if pace < 0.70 else "behind"
    if metric is None or not manual or result.outcome is None or result.delivery is None:
        return
    lags_as_planned = "expected" in result.json and result.outcome >= result.expected
    if result.delivery >= 0.60 and round(result.delivery - result.outcome, 9) >= 0.40 and not lags_as_planned:
        yield "DRF203", result.key, None
    moves = metric.get("type") != "keep" and result.needs_work
    if moves and round(result.outcome - result.delivery, 9) >= 0.40:
        yield "DRF204", result.key, None


def _silent_days(oracle: Oracle, result: Result) -> int | None:
    """Days since the last check-in."""
    check_ins = oracle.check_ins(result.key)
    return (TODAY - day(check_ins[-1]["date"])).days if check_ins else None


def _hygiene(oracle: Oracle, result: Result) -> Iterator[Found]:
    metric, silent = result.json.get("metric"), _silent_days(oracle, result)
    if not result.owner or not result.team:
        yield "HYG401", result.key, _missing(result.owner, result.team)
    if metric is None and not result.from_delivery:
        yield "HYG402", result.key, None
    if not result.from_delivery and (silent is not None or metric):
        if silent is None:
            yield "HYG403", result.key, "never"  # the cycle began 54 days ago
        elif silent > STALE:
            yield "HYG403", result.key, "old"
    if len(result.imputed) > 0.30 * len(result.counted):
        yield "HYG404", result.key, None
    if metric and "target" in metric and not any(letter.isdigit() for letter in result.json["title"]):
        yield "HYG409", result.key, None


def _missing(owner: str | None, team: str | None) -> str:
    return "neither" if not owner and not team else "no_owner" if not owner else "no_team"


def _structure(oracle: Oracle, result: Result) -> Iterator[Found]:
    sizes = oracle.remaining(result) if result.counted else oracle.lever_sizes(result)
    busy = {team for team, size in oracle.items_left(result).items() if size and team}
    if len(busy) > oracle.config["thresholds"]["teams_per_key_result"]:
        yield "STR303", result.key, None
    carried = _supported(oracle) & {result.key, result.objective["key"]}
    if result.needs_work and not result.counted and not carried:
        yield "STR306", result.key, None
    if not any(team["owns"] for team in oracle.config["teams"]):
        return  # nobody's work is known
    share = oracle.lever_share(result)
    if share is not None and sum(sizes.values()) and share < 0.5:
        yield "STR302" if share else "STR301", result.key, None
    if not all(oracle.has_owner(lever) for lever in result.json.get("levers", [])):
        yield "STR308", result.key, None


def _supported(oracle: Oracle) -> set[str]:
    """What objectives of running cycles name under `supports`."""
    running = [one for one in oracle.config["objectives"] if oracle.is_active(one)]
    return {key for one in running for key in one.get("supports", ())}


def _of_themes(oracle: Oracle) -> Iterator[Found]:
    if oracle.active and not any("theme" in one for one in oracle.config["objectives"]):
        yield "STR309", "growth", "no_objectives"


def _of_teams(oracle: Oracle) -> Iterator[Found]:
    work = Counter(
        team for result in oracle.active if result.counted for team, left in oracle.items_left(result).items() if left
    )
    for team, count in work.items():
        if team and count > oracle.config["thresholds"]["key_results_per_team"]:
            yield "STR310", team, None


def _of_objectives(oracle: Oracle) -> Iterator[Found]:
    running = [one for one in oracle.config["objectives"] if oracle.is_active(one)]
    for objective in oracle.config["objectives"]:
        results = [one for one in oracle.active if one.objective is objective and one.needs_work]
        if results and not any(one.counted for one in results):
            yield "COV105", objective["key"], None
        owner, team = objective.get("owner"), objective.get("team")
        if not oracle.is_active(objective):
            continue
        if not (owner and team):
            yield "HYG401", objective["key"], _missing(owner, team)
        if "theme" not in objective:
            yield "STR309", objective["key"], "no_theme"
        if "supports" not in objective and team in PARENTS and any(_is_above(oracle, team, other) for other in running):
            yield "STR305", objective["key"], None


def _is_above(oracle: Oracle, team: str, other: Json) -> bool:
    """Whether an objective stands above a team: it is one of a team above it, or of no team and has supporters."""
    if "team" in other:
        return other["team"] != team and team in oracle.subtree(other["team"])
    keys = {other["key"], *(one["key"] for one in other["key_results"])}
    return bool(_supported(oracle) & keys)
