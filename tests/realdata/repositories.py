"""The story of recorded GitHub repositories: read in full, read again, and read once more after a few edits."""

import csv
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from simulator import GitHubSite, serve
from tests.realdata.facts import Raw, Work, github_fact, instant
from tests.realdata.plan import configuration, github_plan
from tests.realdata.tell import START, Clock, Northing, kept, northing, rows

HUB4J = "hub4j/github-api"
EDITED_AT = START + timedelta(hours=1)
PLAN = github_plan()

ITEMS = (
    "SELECT scope, key, url, type, level, title, state, status, parent_key, milestone, versions, labels, estimate,"
    " created_at, closed_at, due_on, updated_at, presence FROM northing_work"
)


@dataclass(frozen=True)
class Chapter:
    """What there was after a sync: items by key, all tables, key results with their links, and how requests were
    answered, as (path, status).
    """

    items: dict[str, Raw]
    tables: dict[str, list[str]]
    numbers: dict[str, Raw]
    links: list[Raw]
    milestones: list[Raw]
    runs: list[Raw]
    answers: list[tuple[str, int]]


@dataclass(frozen=True)
class Story:
    """The chapters of one database, and what the recording says at the beginning and after the edits."""

    url: str
    raw: list[Raw]
    work: Work
    edited: Work
    first: Chapter
    again: Chapter
    last: Chapter


def recorded(folder: Path) -> list[Raw]:
    """The 606 issues and pull requests of hub4j, and the 42 of another repository, which has a milestone."""
    usual = csv.field_size_limit(10**7)
    with (folder / "apache__devlake_e2e" / "_raw_github_api_issues.csv").open(newline="") as file:
        others = {raw["id"]: raw for raw in (json.loads(line["data"]) for line in csv.DictReader(file))}
    csv.field_size_limit(usual)
    return [*json.loads((folder / "hub4j__github-api" / "issues.json").read_bytes()), *others.values()]


def tell(folder: Path, database: str, place: Path) -> Story:
    """Syncs three times into `database`."""
    raw = recorded(folder)
    (place / "issues.json").write_text(json.dumps(raw))
    clock = Clock()
    site = GitHubSite.from_folder(place, now=clock)
    work = Work(github_fact(one) for one in raw if "pull_request" not in one)
    with serve(site) as running:
        url = running.url_of(site)
        connection = {"kind": "github", "url": url, "auth": {"token": "${TOKEN}"}}
        connection["repositories"] = ["hub4j/*", "panjf2000/ants"]
        with northing(place, configuration(database, connection, PLAN), clock) as program:
            first = _chapter(program, site)
            again = _chapter(program, site)
            clock.time = EDITED_AT
            _edit(site, work)
            last = _chapter(program, site)
    return Story(url, raw, work, _after(work), first, again, last)


def _chapter(program: Northing, site: GitHubSite) -> Chapter:
    program.clock.advance(timedelta(minutes=15))
    before = len(site.requests)
    result = program.sync()
    assert result.outcome == "ok", result
    engine: sa.Engine = program.engine
    return Chapter(
        items={row["key"]: row for row in rows(engine, ITEMS)},
        tables=kept(engine),
        numbers={row["key_result"]: row for row in rows(engine, "SELECT * FROM northing_key_results")},
        links=rows(engine, "SELECT key_result, item_key, direct, counted FROM northing_links"),
        milestones=rows(engine, "SELECT * FROM northing_containers WHERE kind = 'milestone'"),
        runs=rows(engine, "SELECT * FROM northing_sync_runs WHERE run = (SELECT max(run) FROM northing_sync_runs)"),
        answers=[(seen.path, seen.status) for seen in site.requests[before:]],
    )


def chosen(work: Work) -> list[str]:
    """The issues that are edited: the three first ones of hub4j."""
    keys = [key for key, fact in work.facts.items() if fact.scope == HUB4J]
    return sorted(keys, key=lambda key: int(key.rpartition("#")[2]))[:3]


def _edit(site: GitHubSite, work: Work) -> None:
    reopened, dropped, named = chosen(work)
    site.reopen(reopened)
    site.close(dropped, "not_planned")
    site.edit(named, title=" A new\0 name", labels=["Bug", "enhancement"], body="\0")
    site.edit_milestone("panjf2000/ants", "v0.11.0", title="v0.12.0", due_on="2026-12-05T08:00:00Z")


def _after(work: Work) -> Work:
    moment = instant(EDITED_AT.isoformat()) or ""
    reopened, dropped, named = (work.facts[key] for key in chosen(work))
    changed = [
        replace(reopened, state="todo", status="open", resolution="reopened", closed_at=None),
        replace(dropped, state="cancelled", resolution="not_planned", closed_at=moment),
        replace(named, title=" A new name", labels=("Bug", "enhancement")),
    ]
    facts = work.facts | {one.key: replace(one, updated_at=moment) for one in changed}
    moved = {key: replace(one, milestone="v0.12.0") for key, one in facts.items() if one.milestone}
    return Work((facts | moved).values())
