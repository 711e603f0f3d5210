"""Recorded answers of real servers, which are not part of the repository: every issue is read, field by field."""

import csv
import itertools
import json
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import respx

from connectors.base import Reading, Usage
from connectors.github.parse import issue_page, milestone_page
from connectors.records import Item, Scope
from connectors.text import Trailer, clean_json
from tests.connectors.github.samples import connector

Row = dict[str, Any]
HUB4J = Scope(
    external_id="617210",
    key="hub4j/github-api",
    name="github-api",
    kind="repository",
    url="https://github.com/hub4j/github-api",
)


def scope_of(row: Row) -> Scope:
    key = row["repository_url"].partition("/repos/")[2]
    return Scope(external_id="1", key=key, name=key, kind="repository", url=f"https://github.com/{key}")


def lists(folder: Path) -> Iterator[list[Row]]:
    """Every recorded list of issues, each of one repository."""
    yield json.loads((folder / "hub4j__github-api/issues.json").read_bytes())
    yield json.loads((folder / "dogsheep__github-to-sqlite/issues.json").read_bytes())
    for page in sorted((folder / "hub4j__github-api/wiremock").rglob("__files/*issues.json")):
        rows = json.loads(page.read_bytes())
        if isinstance(rows, list) and rows:
            yield rows
    usual = csv.field_size_limit(10**7)
    with (folder / "apache__devlake_e2e/_raw_github_api_issues.csv").open(newline="") as file:
        rows = [json.loads(line["data"]) for line in csv.DictReader(file)]
    csv.field_size_limit(usual)
    for _, group in itertools.groupby(
        sorted(rows, key=lambda row: row["repository_url"]), lambda row: row["repository_url"]
    ):
        yield list(group)
    for fixture in (folder / "octokit__fixtures").rglob("paginate-issues/*-fixture.json"):
        for exchange in json.loads(fixture.read_bytes()):
            if isinstance(exchange["response"], list):
                yield exchange["response"]


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def told(row: Row, scope: Scope) -> dict[str, Any]:
    """What the source says, field by field, read in the plainest way."""
    people = row["assignees"] if "assignees" in row else [row.get("assignee")]
    milestone = row.get("milestone")
    hosts = [
        line.strip()[5:].strip() for line in (row.get("body") or "").split("\n") if re.match(r"(?i)\s*host:", line)
    ]
    return {
        "external_id": str(row["id"]),
        "key": f"{scope.key}#{row['number']}",
        "url": row["html_url"],
        "title": row["title"],
        "category": {"open": "todo", "closed": "done"}[row["state"]],
        "status": row["state"],
        "resolution": row.get("state_reason"),
        "labels": {label["name"] for label in row["labels"]},
        "assignees": {user["login"] for user in people if user},
        "containers": [(str(milestone["id"]), "milestone", milestone["title"])] if milestone else [],
        "key_results": {("trailer", host) for host in hosts if host},
        "created_at": instant(row["created_at"]),
        "updated_at": instant(row["updated_at"]),
        "closed_at": instant(row["closed_at"]),
    }


def kept(item: Item) -> dict[str, Any]:
    return {
        "external_id": item.external_id,
        "key": item.key,
        "url": item.url,
        "title": item.title,
        "category": item.category,
        "status": item.status,
        "resolution": item.resolution,
        "labels": set(item.labels),
        "assignees": set(item.assignees),
        "containers": [(ref.external_id, ref.kind, ref.title) for ref in item.containers],
        "key_results": set(item.key_results),
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "closed_at": item.closed_at,
    }


def test_every_recorded_issue_is_read_as_it_was_told(realdata: Path) -> None:
    issues = 0
    for rows in lists(realdata / "github"):
        scope = scope_of(rows[0])
        page = issue_page(clean_json(json.dumps(rows).encode()), scope, Trailer("host"))
        assert page.set_aside == []
        assert page.count == len(rows)
        expected = json.loads(json.dumps([row for row in rows if "pull_request" not in row]).replace("\\u0000", ""))
        assert [kept(item) for item in page.items] == [told(row, scope) for row in expected]
        issues += len(page.items)
    assert issues > 600


def test_recorded_milestones_are_all_read(realdata: Path) -> None:
    with (realdata / "github/apache__devlake_e2e/_raw_github_api_milestones.csv").open(newline="") as file:
        rows = [json.loads(line["data"]) for line in csv.DictReader(file)]
    page = milestone_page(json.dumps(rows).encode(), HUB4J)
    assert page.set_aside == []
    assert [(found.external_id, found.title, found.state, found.url) for found in page.rows] == [
        (str(row["id"]), row["title"], row["state"], row["html_url"]) for row in rows
    ]


def test_a_recorded_conversation_is_followed_to_its_end(realdata: Path) -> None:
    folder = realdata / "github/hub4j__github-api/wiremock/AppTest/testListIssues"
    exchanges = [json.loads(path.read_bytes()) for path in (folder / "mappings").glob("*issues.json")]
    with respx.mock(assert_all_called=False) as wire:
        for exchange in exchanges:
            answer = exchange["response"]
            file = answer.get("bodyFileName")
            content = (
                (folder / "__files" / file).read_bytes() if file and (folder / "__files" / file).exists() else b"[]"
            )
            headers = {name: value for name, value in answer["headers"].items() if isinstance(value, str)}
            url = f"https://api.github.com{exchange['request']['url']}"
            if url.startswith("https://api.github.com/repos/"):
                url = "https://api.github.com/repos/hub4j/github-api/issues?state=all&sort=created&direction=asc&per_page=100"
            wire.get(url).mock(return_value=httpx.Response(200, content=content, headers=headers))
        usage = Usage()
        pages = list(connector().items(HUB4J, Reading(), usage))
    assert usage.requests == len(exchanges) == len(pages)
    assert pages[0].clock is not None
    assert [page.resume is None for page in pages] == [False] * (len(pages) - 1) + [True]
    assert [aside for page in pages for aside in page.set_aside] == []


def test_reading_recorded_issues_is_quick(realdata: Path) -> None:
    """A loose bound that a quadratic or twice-decoding reader would break; the goal is 60 µs an item."""
    body = (realdata / "github/hub4j__github-api/issues.json").read_bytes()
    best, count = 1e9, 0
    for _ in range(5):
        start = time.perf_counter()
        count = issue_page(body, HUB4J, Trailer("Key-Result")).count
        best = min(best, time.perf_counter() - start)
    assert best / count < 300e-6
