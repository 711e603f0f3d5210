"""What no part of the configuration can know alone: names that must exist, be unique, and not go in circles."""

from collections.abc import Iterable, Iterator

from config.models import Config
from config.places import Place, Places
from config.plain import Plain
from config.problems import Problem, did_you_mean, shown
from config.values import QueryValue

Known = dict[str, dict[str, Place]]
"""Kind of thing to key to the place of that key: what all files declare, whether or not the rest of it is right."""

_PLURALS = {"team": "teams", "theme": "themes", "cycle": "cycles", "objective": "objectives"}


class Declared:
    """All keys that the files declare. `known[kind]` is absent where that section cannot be read."""

    def __init__(self, data: Plain, places: Places, *, complete: bool) -> None:
        self.known: Known = {}
        self.problems: list[Problem] = []
        self.complete = complete
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
        self._collect(places, "key result", inner, also=self.known["objective"])
        connections = data.get("connections")
        self.known["connection"] = (
            {one: ("connections", one) for one in connections} if isinstance(connections, dict) else {}
        )

    def _collect(
        self, places: Places, kind: str, keys: list[tuple[str, Place]], also: dict[str, Place] | None = None
    ) -> None:
        own: dict[str, Place] = {}
        for key, place in keys:
            first = own.get(key) or (also or {}).get(key)
            if first is None:
                own[key] = place
                continue
            where = places.where(places.find(first).node)
            other = kind if key in own else "objective"
            self.problems.append(
                places.problem(place, f"{kind} {shown(key)} is declared twice; first, as {other}, at {where}")
            )
        self.known[kind] = own


def _keyed(section: Plain, place: Place) -> Iterator[tuple[str, Place]]:
    for number, one in enumerate(section if isinstance(section, list) else []):
        if isinstance(one, dict) and isinstance(key := one.get("key"), str):
            yield key, (*place, number, "key")


def references(config: Config, declared: Declared, places: Places) -> Iterator[Problem]:
    """Names of teams, cycles, themes, objectives, key results, connections and channels that nothing declares."""
    known = declared.known
    results, objectives = known["key result"], known["objective"]

    def check(kind: str, name: str | None, place: Place, among: Iterable[str] | None = None) -> Iterator[Problem]:
        choices = known[kind] if among is None else among
        if name is not None and name not in choices:
            yield places.problem(place, f"unknown {kind} {shown(name)}.{did_you_mean(name, choices)}")

    def check_result(name: str, place: Place) -> Iterator[Problem]:
        if name in objectives and name not in results:
            inner = [
                one.key for objective in config.objectives if objective.key == name for one in objective.key_results
            ]
            listed = f" Its key results: {', '.join(inner[:12])}." if inner else ""
            yield places.problem(place, f"{shown(name)} is an objective, expected a key result.{listed}")
        else:
            yield from check("key result", name, place)

    for at, team in enumerate(config.teams):
        yield from check("team", team.parent, ("teams", at, "parent"))
    for at, objective in enumerate(config.objectives):
        place = ("objectives", at)
        yield from check("cycle", objective.cycle, (*place, "cycle"))
        yield from check("team", objective.team, (*place, "team"))
        yield from check("theme", objective.theme, (*place, "theme"))
        for number, target in enumerate(objective.supports):
            yield from check("objective or key result", target, (*place, "supports", number), {**objectives, **results})
        for number, result in enumerate(objective.key_results):
            inside = (*place, "key_results", number)
            if result.team != objective.team:
                yield from check("team", result.team, (*inside, "team"))
            if isinstance(result.value, QueryValue):
                yield from check("connection", result.value.connection, (*inside, "value", "jira"))
    for at, mapping in enumerate(config.mappings):
        yield from check_result(mapping.key_result, ("mappings", at, "key_result"))
    for at, checkin in enumerate(config.checkins):
        yield from check_result(checkin.key_result, ("checkins", at, "key_result"))
    for section, entries in (("routes", config.alerts.routes), ("digests", config.alerts.digests)):
        for at, entry in enumerate(entries):
            yield from check("team", entry.team, ("alerts", section, at, "team"))
            for number, channel in enumerate(entry.to):
                yield from check("channel", channel, ("alerts", section, at, "to", number), config.alerts.channels)


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
    """Every circle once that a walk finds, beginning with the node that is declared first. Deep trees need no recursion."""
    done: set[str] = set()
    order = {node: number for number, node in enumerate(edges)}
    for start in edges:
        trail: list[str] = []
        on_trail: set[str] = set()
        todo = [(start, iter(edges[start]))] if start not in done else []
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
        if mapping.share is None and len(having[mapping.key_result]) == 2:
            name = shown(mapping.key_result)
            yield places.problem(
                ("mappings", at),
                f"no `share`, while other mappings of {name} have one, expected it on all of them or on none",
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
    current = {**declared.known["objective"], **declared.known["key result"]}
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
