"""The numbers and findings of an organisation once more: short, slow and obvious, from its JSON and nothing else."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from statistics import median
from typing import Any

from tests.sync.whole.organisation import TODAY, Json, day

Found = tuple[str, str, str | None]
"""Code, subject and reason of a finding."""


@dataclass
class Result:
    """A key result with what its work comes to. Sizes are in the configured measure."""

    json: Json
    objective: Json
    linked: set[str]
    counted: dict[str, float]
    imputed: set[str]
    delivery: float | None
    outcome: float | None
    expected: float

    @property
    def key(self) -> str:
        return self.json["key"]

    @property
    def team(self) -> str | None:
        return self.json.get("team") or self.objective.get("team")

    @property
    def owner(self) -> str | None:
        return self.json.get("owner") or self.objective.get("owner")

    @property
    def from_delivery(self) -> bool:
        return "value" in self.json

    @property
    def needs_work(self) -> bool:
        return "delivery" not in self.json


class Oracle:
    def __init__(self, config: Json, items: list[Json]) -> None:
        self.config = config
        self.items = {one["id"]: one for one in items}
        self.points = config["counting"]["measure"] == "points"
        self.cycles = {one["key"]: one for one in config["cycles"]}

    # --- work --------------------------------------------------------------------------------------------------------

    def ancestors(self, one: str) -> list[str]:
        parent = self.items[one]["parent"]
        return [] if parent is None else [parent, *self.ancestors(parent)]

    def matches_itself(self, selector: Json, one: str) -> bool:
        item = self.items[one]
        return all(
            {
                "project": item["key"].split("-")[0] == value,
                "label": value in item["labels"],
                "epic": value in (item["key"], *(self.items[above]["key"] for above in self.ancestors(one))),
            }[name]
            for name, value in selector.items()
        )

    def matched(self, selector: Json) -> set[str]:
        own = {one for one in self.items if self.matches_itself(selector, one)}
        return {one for one in self.items if one in own or own & set(self.ancestors(one))}

    def state(self, one: str) -> str:
        return "cancelled" if self.items[one]["resolution"] else self.items[one]["category"]

    def is_subtask(self, one: str) -> bool:
        return self.items[one]["level"] == "subtask"

    def leaves(self, linked: set[str]) -> set[str]:
        """The items that count: live, no sub-tasks, with no live linked item below."""
        live = {one for one in linked if self.state(one) != "cancelled" and not self.is_subtask(one)}
        return {one for one in live if not any(one in self.ancestors(other) for other in live)}

    def size(self, one: str, filler: float) -> float:
        estimate = self.items[one]["estimate"]
        return 1.0 if not self.points else filler if estimate is None else estimate

    @cached_property
    def median_of_all(self) -> float:
        estimates = [one["estimate"] for one in self.items.values() if one["estimate"] is not None]
        return median(estimates) if estimates else 1.0

    # --- teams -------------------------------------------------------------------------------------------------------

    def team_of(self, one: str) -> str | None:
        owns = [(selector, team["key"]) for team in self.config["teams"] for selector in team["owns"]]
        owns.sort(key=lambda pair: -len(pair[0]))
        direct = [team for selector, team in owns if self.matches_itself(selector, one)]
        inherited = [team for selector, team in owns if one in self.matched(selector)]
        return next(iter(direct + inherited), None)

    def subtree(self, team: str) -> set[str]:
        below = [one["key"] for one in self.config["teams"] if one["parent"] == team]
        return {team}.union(*(self.subtree(one) for one in below))

    # --- key results -------------------------------------------------------------------------------------------------

    @cached_property
    def results(self) -> dict[str, Result]:
        return {
            one["key"]: self._result(objective, one)
            for objective in self.config["objectives"]
            for one in objective["key_results"]
        }

    @property
    def active(self) -> list[Result]:
        return [one for one in self.results.values() if self.is_active(one.objective)]

    def is_active(self, objective: Json) -> bool:
        cycle = self.cycles[objective["cycle"]]
        return day(cycle["start"]) <= TODAY <= day(cycle["end"])

    def mappings(self, key: str) -> list[Json]:
        return [one for one in self.config["mappings"] if one["key_result"] == key]

    def _result(self, objective: Json, json: Json) -> Result:
        linked = set().union(*(self.matched(one["work"]) for one in self.mappings(json["key"])))
        leaves = self.leaves(linked)
        estimates = [self.items[one]["estimate"] for one in leaves if self.items[one]["estimate"] is not None]
        filler = median(estimates) if estimates else self.median_of_all
        counted = {one: self.size(one, filler) for one in leaves}
        total = sum(counted.values())
        done = sum(size for one, size in counted.items() if self.state(one) == "done")
        delivery = done / total if total else None
        cycle = self.cycles[objective["cycle"]]
        return Result(
            json=json,
            objective=objective,
            linked=linked,
            counted=counted,
            imputed={one for one in leaves if self.points and self.items[one]["estimate"] is None},
            delivery=delivery,
            outcome=delivery if "value" in json else self._outcome(json),
            expected=_expected(json.get("expected"), day(cycle["start"]), day(cycle["end"])),
        )

    def check_ins(self, key: str) -> list[Json]:
        known = [one for one in self.config["checkins"] if one["key_result"] == key and day(one["date"]) <= TODAY]
        return sorted(known, key=lambda one: one["date"])

    def _outcome(self, json: Json) -> float | None:
        metric, values = json.get("metric"), self.check_ins(json["key"])
        if metric is None or not values:
            return None
        value = values[-1]["value"]
        if metric.get("type") == "keep":
            return 1.0 if value <= metric["max"] else 0.0
        return min(1.0, max(0.0, (value - metric["start"]) / (metric["target"] - metric["start"])))

    def remaining(self, result: Result) -> dict[str | None, float]:
        """Size of counted work that is not done, by team."""
        sizes: dict[str | None, float] = defaultdict(float)
        for one, size in result.counted.items():
            if self.state(one) != "done":
                sizes[self.team_of(one)] += size
        return sizes

    def lever_share(self, result: Result) -> float | None:
        """The share that its team and those below hold of what remains, or before work counts, of its levers."""
        sizes = self.remaining(result) if result.counted else self.lever_sizes(result)
        total = sum(sizes.values())
        if result.team is None or not total:
            return None
        return sum(size for team, size in sizes.items() if team in self.subtree(result.team)) / total

    def lever_sizes(self, result: Result) -> dict[str | None, float]:
        """Size of what its levers match and is not done, or where all is done, of that; by team."""
        matched = set().union(*(self.matched(one) for one in result.json.get("levers", [])))
        leaves = self.leaves(matched)
        for wanted in (lambda one: self.state(one) != "done", lambda _: True):
            sizes: dict[str | None, float] = defaultdict(float)
            for one in filter(wanted, leaves):
                sizes[self.team_of(one)] += self.size(one, self.median_of_all)
            if sum(sizes.values()):
                break
        return sizes

    def items_left(self, result: Result) -> Counter[str | None]:
        """Items that are not done by team, of its counted work, or before work counts of what its levers match."""
        levers = set().union(*(self.matched(one) for one in result.json.get("levers", [])))
        work = result.counted or self.leaves(levers)
        return Counter(self.team_of(one) for one in work if self.state(one) != "done")

    def has_owner(self, lever: Json) -> bool:
        """Whether an item that a lever matches is a team's; where it matches none, whether a team owns all such."""
        live = [one for one in self.matched(lever) if self.state(one) != "cancelled"]
        owns = [selector for team in self.config["teams"] for selector in team["owns"]]
        return any(map(self.team_of, live)) if live else any(own.items() <= lever.items() for own in owns)

    # --- alignment of teams ------------------------------------------------------------------------------------------

    def alignment(self, cycle: str) -> dict[tuple[str, str, str | None], float]:
        """Size in progress, or closed in the cycle, by team, kind and objective."""
        start, end = (day(self.cycles[cycle][name]) for name in ("start", "end"))
        named = set().union(*(self.matched(one["work"]) for one in self.config["intentional"]))
        results = [one for one in self.results.values() if one.objective["cycle"] == cycle]
        sizes: dict[tuple[str, str, str | None], float] = defaultdict(float)
        for one in self.leaves(set(self.items)):
            state, team = self.state(one), self.team_of(one)
            closed = state == "done" and start <= _days_ago(self.items[one]["closed_days_ago"]) <= end
            running = state == "in_progress" and start <= TODAY <= end
            if team is None or not (closed or running):
                continue
            served = [result.objective["key"] for result in results if one in result.linked]
            size = self.size(one, 1.0)
            for objective in served:
                sizes[team, "objective", objective] += size / len(served)
            if not served:
                sizes[team, "intentional" if one in named else "unaligned", None] += size
        return sizes


def _days_ago(days: int) -> date:
    return date.fromordinal(TODAY.toordinal() - days)


def _expected(curve: list[list[Any]] | None, start: date, end: date) -> float:
    if curve is None:
        return min(1.0, max(0.0, ((TODAY - start).days + 1) / ((end - start).days + 1)))
    if start > TODAY:
        return 0.0
    points = sorted(({start: 0.0, end: 1.0} | {day(one): fraction for one, fraction in curve}).items())
    before = max(point for point in points if point[0] <= TODAY)
    after = min((point for point in points if point[0] > TODAY), default=before)
    if before == after:
        return before[1]
    return before[1] + (after[1] - before[1]) * (TODAY - before[0]).days / (after[0] - before[0]).days
