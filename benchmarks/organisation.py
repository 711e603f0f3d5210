"""A large organisation, written straight into the tables: what linking and measuring are timed on."""

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
TEAMS_PER_LEADER = 20
STATES = ("todo", "in_progress", "done", "done", "done", "cancelled")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def config(key_results: int, mappings: int, projects: int, teams: int, items: int) -> Config:
    """Objectives of five key results each, which support one another in a tree, and teams in a tree that own all work.

    Mappings are by epic, label, version and project, as companies mix them. Every tenth key result names its levers.
    """
    chance = random.Random(7)
    epics = [n for n in range(items) if n % EPIC_SIZE == 0]
    keys = [f"KR{n}" for n in range(key_results)]
    labels = items // ITEMS_PER_LABEL
    works = []
    for n in range(mappings):
        project = chance.randrange(projects)
        works.append(
            (
                {"connection": "tool", "epic": [f"P{epic % projects}-{epic}" for epic in chance.sample(epics, 4)]},
                {"connection": "tool", "project": f"P{project}", "label": f"label-{chance.randrange(labels)}"},
                {
                    "connection": "tool",
                    "project": f"P{project}",
                    "version": f"{project}.{chance.randrange(VERSIONS_PER_PROJECT)}",
                    "label": f"label-{n % labels}",
                },
                {"connection": "tool", "label": f"label-{chance.randrange(labels // 10)}?", "not": {"type": "Bug"}},
            )[n % 4]
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
                    "supports": [f"O{(n - 1) // 5}"] if n else [],
                    "key_results": [
                        _key_result(one, projects, teams) for one in range(n * 5, min(n * 5 + 5, key_results))
                    ],
                }
                for n in range((key_results + 4) // 5)
            ],
            "mappings": [{"key_result": keys[n % key_results], "work": work} for n, work in enumerate(works)],
            "checkins": [
                {"key_result": key, "date": day, "value": n % 70}
                for n, key in enumerate(keys)
                if n % 2
                for day in (date(2026, 10, 20), date(2026, 11, 10))
            ],
        }
    )


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


def _key_result(number: int, projects: int, teams: int) -> dict[str, Any]:
    """Half of them have a metric, a third another team than their objective."""
    found: dict[str, Any] = {"key": f"KR{number}", "title": f"Key result {number}"}
    if number % 2:
        found["metric"] = {"target": 100}
    if number % 3 == 0:
        found["team"] = f"T{number * 7 % teams}"
    if number % 10 == 0:
        project = number % projects
        found["levers"] = [
            {"connection": "tool", "project": f"P{project}", "version": f"{project}.{number % VERSIONS_PER_PROJECT}"},
            {"connection": "tool", "epic": f"P{number * EPIC_SIZE % projects}-{number * EPIC_SIZE}"},
        ]
    return found


def fill(engine: sa.Engine, items: int, projects: int) -> None:
    """Writes so many items, an epic and its 49 children in a row, each with two labels and mostly a version."""
    labels = items // ITEMS_PER_LABEL
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
        _many(
            conn, "tag", "id kind value folded", ((n + 1, "label", f"label-{n}", f"label-{n}") for n in range(labels))
        )
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
        _many(conn, "work_item", columns, _items(conn, items, projects))
        _many(
            conn,
            "work_tag",
            "item_id tag_id",
            ((n + 1, tag) for n in range(items) for tag in {n * 7919 % labels + 1, n // 50 % labels + 1}),
        )
        _many(
            conn,
            "work_container",
            "item_id container_id",
            (
                (n + 1, n // projects % VERSIONS_PER_PROJECT * projects + n % projects + 1)
                for n in range(items)
                if n % 3
            ),
        )


def _items(conn: sa.Connection, items: int, projects: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(3)
    for n in range(items):
        epic = n % EPIC_SIZE == 0
        state = chance.choice(STATES)
        if epic:  # there is always an open child below it; one in fifty was closed too early
            state = "done" if n // EPIC_SIZE % 50 == 7 else "in_progress"
        key = f"P{n % projects}-{n}"
        moved = _instant(conn, NOW - timedelta(minutes=chance.randrange(60 * 24 * 100)))
        kind = "Epic" if epic else chance.choice(("Story", "Bug"))
        yield (
            n + 1, 1, n % projects + 1, str(n), key, fold(key), "", f"Item {n}", f"item {n}", kind, fold(kind),
            "epic" if epic else "issue", state, "done" if state == "cancelled" else state, False, False,
            None if epic else n - n % EPIC_SIZE + 1, moved, moved,
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
