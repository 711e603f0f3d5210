"""A large organisation, written straight into the tables: what linking and measuring are timed on.

It is made to be like a real one. An epic and its 49 children lie in one project and mostly in one version; four teams
share a project. Labels belong to a department of five projects. The older epics of a project are done with all that
lies below, the next ones are in progress, the youngest wait: about one item in twenty is in progress. A key result maps
work of its own team's project, so that it has work of one to four teams mostly; one in twenty-five maps epics of all
projects. Most have an owner, a metric and check-ins. A quarter of what is in progress serves no key result.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from config import Config
from store import fold

EPIC_SIZE = 50
ITEMS_PER_LABEL = 50
VERSIONS_PER_PROJECT = 40
VERSIONS_PER_TEAM = 10
TEAMS_PER_PROJECT = 4
PROJECTS_PER_DEPARTMENT = 5
TEAMS_PER_LEADER = 20
FINISHED, UNDER_WAY = 0.7, 0.15
"""Shares of a project's epics."""
STATES = {
    "done": ("done",) * 8 + ("cancelled",),
    "in_progress": ("todo", "todo", "in_progress", "in_progress", "done", "done", "cancelled"),
    "todo": ("todo",) * 9 + ("cancelled",),
}
"""Of the children, by the state of their epic."""
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class _Epics:
    """Where the epics lie, numbered from 0: one after the other in each project in turn."""

    def __init__(self, items: int, projects: int) -> None:
        self.projects = projects
        self.of_project = max(items // EPIC_SIZE // projects, 1)
        self.labels = max(items // ITEMS_PER_LABEL * PROJECTS_PER_DEPARTMENT // projects, 10)
        """Of a department."""

    def project(self, epic: int) -> int:
        return epic % self.projects

    def key(self, epic: int) -> str:
        return f"P{self.project(epic)}-{epic * EPIC_SIZE}"

    def version(self, epic: int) -> int:
        return epic // self.projects % VERSIONS_PER_PROJECT

    def state(self, epic: int) -> str:
        place = epic // self.projects / self.of_project
        return "done" if place < FINISHED else "in_progress" if place < FINISHED + UNDER_WAY else "todo"

    def open(self, project: int, version: int, chance: random.Random) -> int:
        """One of the project's epics that are not finished, of this version where there is one."""
        first = int(self.of_project * FINISHED)
        found = chance.randrange(first, max(self.of_project, first + 1))
        near = found - found % VERSIONS_PER_PROJECT + version
        return (near if first <= near < self.of_project else found) * self.projects + project

    def label(self, project: int, number: int) -> str:
        return f"area{project // PROJECTS_PER_DEPARTMENT}-{number % self.labels:05}"


def config(key_results: int, mappings: int, projects: int, teams: int, items: int) -> Config:
    """Objectives of five key results each, which support one another in a tree, and teams in a tree that own all work.

    Mappings are by epic, label, version and project, as companies mix them. Every tenth key result names its levers.
    """
    chance = random.Random(7)
    epics = _Epics(items, projects)
    keys = [f"KR{n}" for n in range(key_results)]
    works = []
    for n in range(mappings):
        part, project = divmod(_team_of(n % key_results, teams), projects)
        version = (part - 1) * VERSIONS_PER_TEAM % VERSIONS_PER_PROJECT + chance.randrange(VERSIONS_PER_TEAM)
        everywhere = n % key_results % 25 == 0
        places = [chance.randrange(projects) if everywhere else project for _ in range(4)]
        label = chance.randrange(epics.labels)
        works.append(
            (
                {
                    "connection": "tool",
                    "epic": sorted({epics.key(epics.open(place, version, chance)) for place in places}),
                },
                {"connection": "tool", "project": f"P{project}", "label": epics.label(project, label)},
                {
                    "connection": "tool",
                    "project": f"P{project}",
                    "version": f"{project}.{version}",
                },
                {
                    "connection": "tool",
                    "project": f"P{project}",
                    "label": f"{epics.label(project, label)[:-1]}?",
                    "not": {"type": "Bug"},
                },
            )[(n + n // key_results) % 4]
        )
    return Config.model_validate(
        {
            "version": 1,
            "teams": [_team(n, projects) for n in range(teams)],
            "cycles": [{"key": "Q", "start": date(2026, 10, 1), "end": date(2026, 12, 31)}],
            "objectives": [
                {
                    "key": f"O{n}",
                    "title": f"Objective {n}",
                    "cycle": "Q",
                    "team": f"T{n % teams}",
                    "owner": f"leader {n}",
                    "supports": [f"O{(n - 1) // 5}"] if n else [],
                    "key_results": [
                        _key_result(one, epics, teams) for one in range(n * 5, min(n * 5 + 5, key_results))
                    ],
                }
                for n in range((key_results + 4) // 5)
            ],
            "mappings": [{"key_result": keys[n % key_results], "work": work} for n, work in enumerate(works)],
            "checkins": [
                {"key_result": key, "date": day, "value": n % 70}
                for n, key in enumerate(keys)
                if n % 10 != 6
                for day in (date(2026, 10, 20), date(2026, 11, 10))
            ],
        }
    )


def _team_of(key_result: int, teams: int) -> int:
    """A third of the key results have another team than their objective."""
    return key_result * 7 % teams if key_result % 3 == 0 else key_result // 5 % teams


def _team(number: int, projects: int) -> dict[str, Any]:
    """Each project has one team, and others for a part of its versions. Every twentieth leads those up to the next."""
    project, part = number % projects, number // projects
    owns: dict[str, Any] = {"connection": "tool", "project": f"P{project}"}
    if part:
        own = range((part - 1) * VERSIONS_PER_TEAM, part * VERSIONS_PER_TEAM)
        owns["version"] = [f"{project}.{version % VERSIONS_PER_PROJECT}" for version in own]
    leader = number // TEAMS_PER_LEADER * TEAMS_PER_LEADER
    above = {"parent": f"T{leader}"} if number != leader else {}
    return {"key": f"T{number}", "owns": [owns], **above}


def _key_result(number: int, epics: _Epics, teams: int) -> dict[str, Any]:
    """One in ten has no metric, and one no owner."""
    found: dict[str, Any] = {"key": f"KR{number}", "title": f"Key result {number}"}
    if number % 10 != 3:
        found["owner"] = f"owner {number}"
    if number % 10 != 6:
        found["metric"] = {"target": 100}
    if number % 3 == 0:
        found["team"] = f"T{_team_of(number, teams)}"
    if number % 10 == 0:
        project = _team_of(number, teams) % epics.projects
        version = f"{project}.{number % VERSIONS_PER_PROJECT}"
        epic = number % epics.of_project * epics.projects + project
        found["levers"] = [
            {"connection": "tool", "project": f"P{project}", "version": version},
            {"connection": "tool", "epic": epics.key(epic)},
        ]
    return found


def fill(engine: sa.Engine, items: int, projects: int) -> None:
    """Writes so many items, an epic and its 49 children in a row, each with two labels and mostly a version."""
    epics = _Epics(items, projects)
    labels = [
        epics.label(first, n) for first in range(0, projects, PROJECTS_PER_DEPARTMENT) for n in range(epics.labels)
    ]
    with engine.begin() as conn:
        conn.execute(
            sa.text(
                "INSERT INTO connection (id, name, kind, archived, last_ok_at) VALUES (1, 'tool', 'x', FALSE, :now)"
            ),
            {"now": _instant(conn, NOW)},
        )
        _many(
            conn,
            "scope",
            "id connection_id external_id key key_folded name kind url archived visible last_ok_at",
            (
                (
                    p + 1,
                    1,
                    str(p),
                    f"P{p}",
                    fold(f"P{p}"),
                    f"Project {p}",
                    "project",
                    "",
                    False,
                    True,
                    _instant(conn, NOW),
                )
                for p in range(projects)
            ),
        )
        _many(conn, "tag", "id kind value folded", ((n, "label", label, label) for n, label in enumerate(labels, 1)))
        versions = projects * VERSIONS_PER_PROJECT
        _many(
            conn,
            "container",
            "id connection_id scope_id external_id kind title title_folded listed",
            (
                (v + 1, 1, v % projects + 1, str(v), "version", t := f"{v % projects}.{v // projects}", t, True)
                for v in range(versions)
            ),
        )
        columns = (
            "id connection_id scope_id external_id key key_folded url title title_folded type type_folded level state"
            " category self_reported parent_pending parent_id created_at updated_at closed_at presence content_hash"
        )
        _many(conn, "work_item", columns, _items(conn, items, epics))
        _many(conn, "work_tag", "item_id tag_id", _labelled(items, epics))
        _many(
            conn,
            "work_container",
            "item_id container_id",
            (
                (n + 1, epics.version(n // EPIC_SIZE) * projects + epics.project(n // EPIC_SIZE) + 1)
                for n in range(items)
                if n % 10
            ),
        )


def _labelled(items: int, epics: _Epics) -> Iterator[tuple[int, int]]:
    """One label that all of an epic share, and another one, both of the department."""
    for n in range(items):
        epic = n // EPIC_SIZE
        first = epics.project(epic) // PROJECTS_PER_DEPARTMENT * epics.labels + 1
        for label in {epic // epics.projects % epics.labels, n * 7919 % epics.labels}:
            yield n + 1, first + label


def _items(conn: sa.Connection, items: int, epics: _Epics) -> Iterator[tuple[object, ...]]:
    chance = random.Random(3)
    for n in range(items):
        epic = n // EPIC_SIZE
        project, top = epics.project(epic), n % EPIC_SIZE == 0
        state = epics.state(epic) if top else chance.choice(STATES[epics.state(epic)])
        if top and state == "in_progress" and epic % 50 == 7:  # closed too early
            state = "done"
        key = f"P{project}-{n}"
        days = 100 if state != "in_progress" or n % 200 == 0 else 13  # few that are in progress stand still
        moved = _instant(conn, NOW - timedelta(minutes=chance.randrange(60 * 24 * days)))
        kind = "Epic" if top else chance.choice(("Story", "Bug"))
        yield (
            n + 1, 1, project + 1, str(n), key, fold(key), "", f"Item {n}", f"item {n}", kind, fold(kind),
            "epic" if top else "issue", state, "done" if state == "cancelled" else state, False, False,
            None if top else n - n % EPIC_SIZE + 1, moved, moved,
            moved if state in {"done", "cancelled"} else None, "present", n,
        )  # fmt: skip


def _instant(conn: sa.Connection, moment: datetime) -> object:
    return moment if conn.dialect.name == "postgresql" else moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _many(conn: sa.Connection, table: str, columns: str, rows: Iterator[tuple[object, ...]]) -> None:
    names = columns.split()
    cursor: Any = conn.connection.cursor()
    if conn.dialect.name == "postgresql":
        with cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        cursor.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", rows)
