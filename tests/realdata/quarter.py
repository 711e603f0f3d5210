"""OKRs that a company might have written over its recorded work, for one quarter. What they are about is chosen from
the work itself; their values are counted in it, and some people forget to check in.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from tests.realdata.facts import CANCELLED, Raw
from tests.realdata.rewound import instant

TEAMS = 7
EPICS = 14
RELEASES = 6
TOPICS = 6
SILENT_SINCE = timedelta(days=24)


@dataclass(frozen=True)
class Quarter:
    """The days of a cycle, and the moment within it."""

    start: date
    end: date
    now: datetime

    def at(self, day: date) -> datetime:
        return datetime.combine(day, time(12), UTC)


def configuration(issues: list[Raw], quarter: Quarter, database: str, connection: Raw) -> Raw:
    """A configuration for a rewound Jira."""
    components = _most(
        (component["name"] for one in issues if _open(one, quarter.now) for component in one["fields"]["components"]),
        TEAMS,
    )
    [main, *others] = _most((one["fields"]["project"]["key"] for one in issues), 4)
    teams: list[Raw] = [{"key": "platform", "name": "Platform"}]
    teams += [
        {"key": slug(name), "parent": "platform", "owns": [{"connection": "tool", "project": main, "component": name}]}
        for name in components
    ]
    teams += [
        {"key": slug(key), "parent": "platform", "owns": [{"connection": "tool", "project": key}]} for key in others
    ]
    writing = _Writing(issues, quarter, main, components, others)
    return {
        "version": 1,
        "database": database,
        "connections": {"tool": connection},
        "counting": {"cancelled": list(CANCELLED)},
        "teams": teams,
        "themes": [{"key": "trust", "title": "Trust"}],
        "cycles": [{"key": "quarter", "start": str(quarter.start), "end": str(quarter.end)}],
        "objectives": list(writing.objectives()),
        "mappings": writing.mappings,
        "checkins": writing.checkins,
    }


def github_configuration(issues: list[Raw], quarter: Quarter, database: str, connection: Raw) -> Raw:
    """A configuration for a rewound GitHub repository: people there have no labels, so words of titles are topics."""
    repository = issues[0]["repository_url"].partition("/repos/")[2]
    titles = [set(re.findall(r"[a-z]{6,}", one["title"].lower())) for one in issues if "pull_request" not in one]
    topics = _most((word for title in titles for word in title), TOPICS)
    key_results, checkins, mappings = [], [], []
    for number, topic in enumerate(topics):
        key, about = f"TOPIC.{number}", [one for one in issues if topic in one["title"].lower()]
        counts = [
            (day, float(sum(_github_open(one, quarter.at(day)) for one in about)))
            for day in (quarter.start, quarter.start + timedelta(days=14), quarter.start + timedelta(days=28))
        ]
        start = counts[0][1]
        if number % 2 and start > 1:
            metric = {"start": start, "target": float(int(start / 2)), "unit": "issues"}
            key_results.append({"key": key, "title": f"Halve the {start:g} open issues", "metric": metric})
            checkins += [{"key_result": key, "date": str(day), "value": value} for day, value in counts]
        else:
            key_results.append({"key": key, "title": "Answer all of them", "value": {"from": "delivery"}})
        mappings.append({"key_result": key, "work": {"connection": "tool", "title": f"*{topic}*"}})
    return {
        "version": 1,
        "database": database,
        "connections": {"tool": connection},
        "counting": {"cancelled": list(CANCELLED)},
        "teams": [{"key": "maintainers", "owns": [{"connection": "tool", "repository": repository}]}],
        "themes": [{"key": "trust", "title": "Trust"}],
        "cycles": [{"key": "quarter", "start": str(quarter.start), "end": str(quarter.end)}],
        "objectives": [
            {
                "key": "TOPIC",
                "title": "People who ask are answered",
                "cycle": "quarter",
                "team": "maintainers",
                "owner": "Lead of maintainers",
                "theme": "trust",
                "key_results": key_results,
            }
        ],
        "mappings": mappings,
        "checkins": checkins,
    }


def _github_open(one: Raw, moment: datetime) -> bool:
    created, closed = instant(one["created_at"]), instant(one.get("closed_at"))
    return created is not None and created <= moment and (closed is None or closed > moment)


class _Writing:
    def __init__(
        self, issues: list[Raw], quarter: Quarter, main: str, components: list[str], projects: list[str]
    ) -> None:
        self.issues, self.quarter, self.main = issues, quarter, main
        self.components, self.projects = components, projects
        self.waiting = self._open_epics()
        self.mappings: list[Raw] = []
        self.checkins: list[Raw] = []

    def objectives(self) -> Iterator[Raw]:
        yield self._objective(
            "TOP", "platform", [{"key": "TOP.1", "title": "Grow users by 20 %", "metric": {"target": 20},
                                 "delivery": {"none": "a market number"}}]
        )  # fmt: skip
        self._check_in("TOP.1", [(day, 20.0 * n / 6) for n, day in enumerate(self._fortnights())])
        yield self._objective("SHIP", "platform", list(self._releases()), kind="committed")
        for number, component in enumerate(self.components):
            key = f"TEAM{number}"
            yield self._objective(key, slug(component), list(self._team(key, number, component)))
        for project in self.projects:
            key = f"OF.{project}"
            yield self._objective(key, slug(project), list(self._project(key, project)))
        # Nobody was named for what the epics without a component are about.
        yield {"key": "LOOSE", "title": "What else is large", "cycle": "quarter", "key_results": list(self._loose())}

    def _objective(self, key: str, team: str, key_results: list[Raw], **given: str) -> Raw:
        above = {} if key == "TOP" else {"supports": ["TOP"]}
        return {
            "key": key,
            "title": f"About {key}",
            "cycle": "quarter",
            "team": team,
            "owner": f"Lead of {team}",
            "theme": "trust",
            "key_results": key_results,
        } | above | given  # fmt: skip

    def _releases(self) -> Iterator[Raw]:
        """The versions that were to be released in the quarter or soon after, each with all that is planned for it."""
        until = self.quarter.end + timedelta(days=45)
        planned: Counter[str] = Counter()
        for one in self.issues:
            for version in one["fields"].get("fixVersions") or []:
                day = version.get("releaseDate")
                if day and self.quarter.start <= date.fromisoformat(day) <= until and "sprint" not in _name(version):
                    planned[version["name"]] += 1
        for number, name in enumerate(sorted(planned, key=lambda name: (-planned[name], name))[:RELEASES]):
            key = f"SHIP.{number}"
            yield {"key": key, "title": f"Release {number + 1} with all that is planned", "value": {"from": "delivery"}}
            self._map(key, {"version": name})

    def _team(self, key: str, number: int, component: str) -> Iterator[Raw]:
        """Fewer open bugs in its component, and its epics."""
        bugs = [one for one in self._within(component) if one["fields"]["issuetype"]["name"] == "Bug"]
        counts = [
            (day, float(sum(_open(one, self.quarter.at(day)) for one in bugs))) for day in self._fortnights(number)
        ]
        start = counts[0][1] or 1.0
        target = float(int(start * 0.8))
        if start != target:
            metric = {"start": start, "target": target, "unit": "bugs"}
            title = f"From {start:g} to {target:g} open bugs" if number % 2 else "Far fewer open bugs"
            yield {"key": f"{key}.BUGS", "title": title, "metric": metric}
            self._check_in(f"{key}.BUGS", counts)
            recent = (self.quarter.start - timedelta(days=90)).isoformat()
            self._map(
                f"{key}.BUGS",
                {
                    "connection": "tool",
                    "jql": f'project = {self.main} AND component = "{component}" AND issuetype = Bug'
                    f' AND created >= "{recent}"',
                },
            )
        yield from self._epics(key, [one for one in self.waiting if component in _components(one)][:4])

    def _project(self, key: str, project: str) -> Iterator[Raw]:
        versions = _most(
            (
                version["name"]
                for one in self.issues
                if one["fields"]["project"]["key"] == project and _open(one, self.quarter.now)
                for version in one["fields"].get("fixVersions") or []
            ),
            1,
        )
        for name in versions:
            yield {"key": f"{key}.NEXT", "title": "The next version", "value": {"from": "delivery"}}
            self._map(f"{key}.NEXT", {"project": project, "version": name})
        yield from self._epics(key, [one for one in self.waiting if one["fields"]["project"]["key"] == project])

    def _loose(self) -> Iterator[Raw]:
        yield from self._epics("LOOSE", list(self.waiting))

    def _epics(self, key: str, epics: list[Raw]) -> Iterator[Raw]:
        for number, epic in enumerate(epics):
            self.waiting.remove(epic)
            mine = f"{key}.{number}"
            value: Raw = {"value": {"from": "delivery"}}
            if number % 3 == 1:
                value = {"metric": {"type": "done"}}
                self._check_in(mine, [(day, 0.0) for day in self._fortnights(number)])
            elif number % 3 == 2:
                value = {}
            yield {"key": mine, "title": f"Finish large work {number + 1}", **value}
            self._map(mine, {"epic": epic["key"]})

    def _open_epics(self) -> list[Raw]:
        children = Counter(above["key"] for one in self.issues if (above := one["fields"].get("epic")))
        epics = [
            one
            for one in self.issues
            if one["fields"]["issuetype"]["name"] == "Epic" and _open(one, self.quarter.now) and children[one["key"]]
        ]
        return sorted(epics, key=lambda one: (-children[one["key"]], one["key"]))[:EPICS]

    def _within(self, component: str) -> list[Raw]:
        return [
            one for one in self.issues if one["fields"]["project"]["key"] == self.main and component in _components(one)
        ]

    def _fortnights(self, number: int = 1) -> list[date]:
        """The days on which people checked in. Every third stopped."""
        until = self.quarter.now.date() - (SILENT_SINCE if number % 3 == 0 else timedelta())
        days = (self.quarter.start + timedelta(days=14 * n) for n in range(8))
        return [day for day in days if day <= until]

    def _check_in(self, key: str, values: list[tuple[date, float]]) -> None:
        self.checkins += [{"key_result": key, "date": str(day), "value": value} for day, value in values]

    def _map(self, key: str, work: Raw) -> None:
        self.mappings.append({"key_result": key, "work": work})


def slug(name: str) -> str:
    """A key made of a name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _name(version: Raw) -> str:
    return str(version["name"]).lower()


def _components(one: Raw) -> set[str]:
    return {component["name"] for component in one["fields"]["components"]}


def _open(one: Raw, moment: datetime) -> bool:
    created, closed = instant(one["fields"]["created"]), instant(one["fields"].get("resolutiondate"))
    return created is not None and created <= moment and (closed is None or closed > moment)


def _most(values: Iterator[str], number: int) -> list[str]:
    counted = Counter(value for value in values if not set('*?"') & set(value))
    return [value for value, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:number]]
