"""What no part of the configuration can know alone: names that must exist, be unique, and not go in circles."""

from collections import ChainMap
from collections.abc import Collection, Iterator

from config.models import Config
from config.okr import Objective
from config.places import Place, Places
from config.plain import Plain
from config.problems import Problem, did_you_mean, shown
from config.values import QueryValue

Known = dict[str, dict[str, Place]]
"""Kind of thing to key to place of that key: what all files declare, whether or not the rest of the entry is right."""

_PLURALS = {"team": "teams", "theme": "themes", "cycle": "cycles", "objective": "objectives"}


MAX_COMPARISONS = 100_000
"""How many words are compared to find what unknown names were meant to be: thousands of them are no misspellings."""


class Declared:
    """All keys that the files declare. A kind is absent from `known` where its section cannot be read.

    `complete` is false where a file could not be read: then nothing is unknown for certain.
    """

    def __init__(self, data: Plain, places: Places, *, complete: bool) -> None:
        self.known: Known = {}
        self.problems: list[Problem] = []
        assert isinstance(data, dict)
        for kind, section in _PLURALS.items():
            self._collect(places, kind, list(_keyed(data.get(section), (section,))))
        objectives = data.get("objectives")
        inner = [
            one
            for number, objective in enumerate(objectives if isinstance(objectives, list) else [])
            if isinstance(objective, dict)
            for one in _keyed(objective.get("key_results"), ("objectives", number, "key_results"))
        ]
        self._collect(places, "key result", inner)
        connections = data.get("connections")
        self.known["connection"] = {
            one: ("connections", one) for one in (connections if isinstance(connections, dict) else {})
        }
        for kind, section in {**_PLURALS, "key result": "objectives"}.items():
            if not complete or not isinstance(data.get(section), list | None):
                del self.known[kind]
        if not complete or not isinstance(connections, dict | None):
            del self.known["connection"]

    def _collect(self, places: Places, kind: str, keys: list[tuple[str, Place]]) -> None:
        own: dict[str, Place] = {}
        objectives = self.known.get("objective", {}) if kind == "key result" else {}
        for key, place in keys:
            if key in own or key in objectives:
                where = places.where(places.find(own.get(key) or objectives[key]).node)
                what = (
                    f"{kind} {shown(key)} is declared twice; first"
                    if key in own
                    else f"{shown(key)} is an objective too,"
                )
                self.problems.append(places.problem(place, f"{what} at {where}"))
            own.setdefault(key, place)
        self.known[kind] = own


def _keyed(section: Plain, place: Place) -> Iterator[tuple[str, Place]]:
    for number, one in enumerate(section if isinstance(section, list) else []):
        if isinstance(one, dict) and isinstance(key := one.get("key"), str):
            yield key, (*place, number, "key")


class References:
    """Finds names that nothing declares."""

    def __init__(self, config: Config, declared: Declared, places: Places) -> None:
        self.config = config
        self.known = declared.known
        self.places = places
        self.comparisons = MAX_COMPARISONS

    def problems(self) -> Iterator[Problem]:
        """Unknown teams, cycles, themes, objectives, key results, connections and channels."""
        for at, team in enumerate(self.config.teams):
            yield from self._unknown("team", team.parent, ("teams", at, "parent"))
        for at, objective in enumerate(self.config.objectives):
            yield from self._of_objective(("objectives", at), objective)
        for at, mapping in enumerate(self.config.mappings):
            yield from self._unknown_result(mapping.key_result, ("mappings", at, "key_result"))
        for at, checkin in enumerate(self.config.checkins):
            yield from self._unknown_result(checkin.key_result, ("checkins", at, "key_result"))
        yield from self._of_alerts()

    def _of_objective(self, place: Place, objective: Objective) -> Iterator[Problem]:
        yield from self._unknown("cycle", objective.cycle, (*place, "cycle"))
        yield from self._unknown("team", objective.team, (*place, "team"))
        yield from self._unknown("theme", objective.theme, (*place, "theme"))
        if "objective" in self.known:
            targets = ChainMap(self.known["objective"], self.known["key result"])
            for number, target in enumerate(objective.supports):
                yield from self._unknown("objective or key result", target, (*place, "supports", number), targets)
        for number, result in enumerate(objective.key_results):
            inside = (*place, "key_results", number)
            if result.team != objective.team:
                yield from self._unknown("team", result.team, (*inside, "team"))
            if isinstance(result.value, QueryValue):
                yield from self._unknown("connection", result.value.connection, (*inside, "value", "jira"))

    def _of_alerts(self) -> Iterator[Problem]:
        alerts = self.config.alerts
        entries = [("routes", at, one) for at, one in enumerate(alerts.routes)]
        for section, at, entry in [*entries, *(("digests", at, one) for at, one in enumerate(alerts.digests))]:
            place = ("alerts", section, at)
            yield from self._unknown("team", entry.team, (*place, "team"))
            for number, channel in enumerate(entry.to):
                if not self.places.is_damaged(("alerts", "channels")):
                    yield from self._unknown("channel", channel, (*place, "to", number), alerts.channels)

    def _unknown(
        self, kind: str, name: str | None, place: Place, among: Collection[str] | None = None
    ) -> Iterator[Problem]:
        choices = self.known.get(kind) if among is None else among
        if name is not None and choices is not None and name not in choices and not self.places.is_damaged(place):
            self.comparisons -= len(choices)
            advice = did_you_mean(name, choices) if self.comparisons > 0 else ""
            yield self.places.problem(place, f"unknown {kind} {shown(name)}.{advice}")

    def _unknown_result(self, name: str, place: Place) -> Iterator[Problem]:
        results = self.known.get("key result", {})
        if name in results or name not in self.known.get("objective", {}):
            yield from self._unknown("key result", name, place)
            return
        inner = [
            one.key for objective in self.config.objectives if objective.key == name for one in objective.key_results
        ]
        listed = f" Its key results: {', '.join(inner[:12])}." if inner else ""
        yield self.places.problem(place, f"{shown(name)} is an objective, expected a key result.{listed}")


def circles(config: Config, places: Places) -> Iterator[Problem]:
    """Teams that are above themselves, objectives that support themselves."""
    parents = {team.key: [team.parent] if team.parent else [] for team in config.teams}
    at = {team.key: ("teams", number, "parent") for number, team in enumerate(config.teams)}
    for circle in _circles(parents):
        yield places.problem(at[circle[0]], f"teams in a circle: {' → '.join([*circle, circle[0]])}")

    home = {one.key: objective.key for objective in config.objectives for one in objective.key_results}
    supports = {one.key: [home.get(target, target) for target in one.supports] for one in config.objectives}
    place = {one.key: ("objectives", number, "supports") for number, one in enumerate(config.objectives)}
    for circle in _circles(supports):
        yield places.problem(place[circle[0]], f"`supports` goes in a circle: {' → '.join([*circle, circle[0]])}")


def _circles(edges: dict[str, list[str]]) -> Iterator[list[str]]:
    """Circles, each beginning with its node that is declared first. Walks without recursion: chains may be long."""
    done: set[str] = set()
    order = {node: number for number, node in enumerate(edges)}
    for start, first_edges in edges.items():
        trail: list[str] = []
        on_trail: set[str] = set()
        todo = [(start, iter(first_edges))] if start not in done else []
        while todo:
            node, following = todo[-1]
            if node not in on_trail:
                trail.append(node)
                on_trail.add(node)
            target = next(following, None)
            if target is None:
                todo.pop()
                trail.pop()
                on_trail.discard(node)
                done.add(node)
            elif target in on_trail:
                circle = trail[trail.index(target) :]
                first = min(range(len(circle)), key=lambda number: order[circle[number]])
                yield circle[first:] + circle[:first]
            elif target in edges and target not in done:
                todo.append((target, iter(edges[target])))


def shares(config: Config, places: Places) -> Iterator[Problem]:
    """Key results some of whose mappings have a share and some none."""
    having: dict[str, set[bool]] = {}
    for mapping in config.mappings:
        having.setdefault(mapping.key_result, set()).add(mapping.share is not None)
    for at, mapping in enumerate(config.mappings):
        if mapping.share is None and len(having[mapping.key_result]) == 2 and not places.is_damaged(("mappings", at)):
            name = shown(mapping.key_result)
            yield places.problem(
                ("mappings", at),
                f"no `share`, while other mappings of {name} have one: expected on all of them or on none",
            )


def curves(config: Config, places: Places) -> Iterator[Problem]:
    """Points of an expected curve outside the objective's cycle."""
    cycles = {cycle.key: cycle for cycle in config.cycles}
    for at, objective in enumerate(config.objectives):
        cycle = cycles.get(objective.cycle)
        for number, result in enumerate(objective.key_results):
            for point, (day, _) in enumerate(() if result.expected == "linear" else result.expected):
                if cycle and not cycle.start <= day <= cycle.end:
                    place = ("objectives", at, "key_results", number, "expected", point, 0)
                    yield places.problem(
                        place, f"found {day}, expected a day of cycle {shown(cycle.key)}, {cycle.start} to {cycle.end}"
                    )


def former_keys(config: Config, declared: Declared, places: Places) -> Iterator[Problem]:
    """`was:` that names a key still in use, or one that another took over already."""
    current = {**declared.known.get("objective", {}), **declared.known.get("key result", {})}
    taken: dict[str, Place] = {}
    for at, objective in enumerate(config.objectives):
        inner = [(("objectives", at, "key_results", number), one) for number, one in enumerate(objective.key_results)]
        for place, one in [(("objectives", at), objective), *inner]:
            if one.was is None:
                continue
            here = (*place, "was")
            if one.was in current:
                where = places.where(places.find(current[one.was]).node)
                yield places.problem(here, f"{shown(one.was)} is still a key, at {where}, expected a key that is gone")
            elif one.was in taken:
                where = places.where(places.find(taken[one.was]).node)
                yield places.problem(here, f"{shown(one.was)} was taken over already, at {where}")
            else:
                taken[one.was] = here


def queue(config: Config, places: Places) -> Iterator[Problem]:
    """A queue in a database that cannot hold one."""
    if config.queue is not None and config.database.startswith("sqlite") and not places.is_damaged(("database",)):
        yield places.problem(
            ("queue",),
            f"{shown(config.queue)} needs a PostgreSQL database, and `database` is SQLite: expected"
            " `database: postgresql://…`, or no `queue`, as one process does without",
        )
