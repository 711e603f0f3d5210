"""The story of a recorded Jira with 29,049 issues: read in full, read again, and read once more after a few edits."""

import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

import store
from simulator import JiraSite, serve
from tests.realdata.facts import Mapped, Raw, Work, instant, jira_fact, jira_lines
from tests.realdata.plan import configuration, jira_plan, most
from tests.realdata.tell import START, Clock, northing

EDITED_AT = START + timedelta(hours=1)


@dataclass(frozen=True)
class Recorded:
    """What the recording says: its items, its sprints and projects as JSON, and key results over it."""

    work: Work
    sprints: list[Raw]
    projects: list[Raw]
    plan: dict[str, list[Mapped]]


@dataclass(frozen=True)
class Chapters:
    """The databases after each sync, how many requests each took, and where the site was."""

    first: sa.Engine
    again: sa.Engine
    edited: sa.Engine
    requests: list[int]
    url: str


def recorded(folder: Path) -> Recorded:
    """Reads the folder of the recording."""
    work = Work(map(jira_fact, jira_lines(folder)))
    sprints = json.loads((folder / "sprints.derived.json").read_bytes())
    projects = json.loads((folder / "projects.json").read_bytes())
    facts = work.facts.values()
    [unseen] = most(one.parent for one in facts if one.level == "issue" and one.parent and one.parent not in work.facts)
    titles = {one["id"]: one["name"] for one in sprints}
    return Recorded(work, sprints, projects, jira_plan(work, titles, unseen))


def tell(folder: Path, told: Recorded, place: Path) -> None:
    """Syncs three times into databases below `place`."""
    clock = Clock()
    site = JiraSite.from_folder(folder, now=clock)
    site.boards = boards(told)
    requests = []
    with serve(site) as running:
        connection = {"kind": "jira", "url": running.url_of(site), "auth": {"token": "${TOKEN}"}, "projects": ["*"]}
        with northing(place, configuration(f"sqlite:///{place}/story.db", connection, told.plan), clock) as program:
            for chapter in ("first", "again", "edited"):
                before = len(site.requests)
                if chapter == "edited":
                    clock.time = EDITED_AT
                    edit(site, told.work)
                clock.advance(timedelta(minutes=15))
                result = program.sync()
                assert result.outcome == "ok", result
                requests.append(len(site.requests) - before)
                with closing(sqlite3.connect(place / "story.db")) as database:
                    database.execute("VACUUM INTO ?", [f"{place / chapter}.db"])
        url = running.url_of(site)
    (place / "told.json").write_text(json.dumps({"requests": requests, "url": url}))


def open_chapters(place: Path) -> Chapters:
    """The databases that `tell` wrote."""
    told = json.loads((place / "told.json").read_text())
    first, again, edited = (store.connect(f"sqlite:///{place}/{one}.db") for one in ("first", "again", "edited"))
    return Chapters(first, again, edited, told["requests"], told["url"])


def boards(told: Recorded) -> list[Raw]:
    """The recording lost its boards: each is given to the project that has most issues in its sprints."""
    origins = {one["id"]: one.get("originBoardId") for one in told.sprints}
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for fact in told.work.facts.values():
        for sprint in fact.sprints:
            if board := origins[sprint]:
                found[board][fact.scope] += 1
    numbers = {one["key"]: int(one["id"]) for one in told.projects}
    return [
        {
            "id": board,
            "name": f"Board {board}",
            "type": "scrum",
            "location": {"projectKey": most(scopes.elements())[0], "projectId": numbers[most(scopes.elements())[0]]},
        }
        for board, scopes in sorted(found.items())
    ]


def chosen(work: Work) -> list[str]:
    """The issues that are edited: open ones that stand alone, of several projects."""
    free = [one for one in work.facts.values() if one.state == "todo" and one.level == "issue" and not one.parent]
    alone = sorted((one for one in free if one.key not in work.children), key=lambda one: (one.updated_at, one.key))
    return [next(one.key for one in alone if one.scope == scope) for scope in ("AC", "ALOY", "MOD", "TIMOB")]


def edit(site: JiraSite, work: Work) -> None:
    """What people did in Jira after the second sync. `after` tells the same in facts."""
    done, dropped, labelled, adopted = chosen(work)
    site.close(done, "Fixed")
    site.close(dropped, "Won't Fix")
    site.edit(labelled, summary="  A\0new name ", labels=["no-such-label"])
    site.set_parent(adopted, _epic(work))


def after(work: Work) -> Work:
    """The work once `edit` was done."""
    done, dropped, labelled, adopted = (work.facts[key] for key in chosen(work))
    moment = instant(EDITED_AT.isoformat()) or ""
    changed = [
        replace(done, state="done", status="Done", resolution="Fixed", closed_at=moment),
        replace(dropped, state="cancelled", status="Done", resolution="Won't Fix", closed_at=moment),
        replace(labelled, title="  Anew name ", labels=("no-such-label",)),
        replace(adopted, parent=_epic(work)),
    ]
    return Work((work.facts | {one.key: replace(one, updated_at=moment) for one in changed}).values())


def _epic(work: Work) -> str:
    """The epic with most children."""
    return most(one.parent for one in work.facts.values() if one.parent in work.facts and one.level == "issue")[0]
