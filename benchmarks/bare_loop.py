"""The peer of a full sync: `python -m benchmarks.bare_loop KIND URL FILE SCOPES ISSUES`.

It does the least that a program can do that keeps the same issues: download the same pages with httpx, eight in
flight, read them with `json`, and insert them with `sqlite3`: a row for each issue with the columns that matter, a row
for each of its labels, one commit a page, the same journal and durability as our own. No retries, no limits, no change
detection, no checks, no resume points, no links.

Prints one line of JSON: its seconds, and how many issues it kept.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import httpx

from benchmarks.sites import EMAIL, TOKENS, Kind

IN_FLIGHT = 8
GITHUB_PAGE = JIRA_PAGE = 100
IDS_A_PAGE = 5000
FIELDS = (
    "summary", "status", "issuetype", "project", "parent", "resolution", "resolutiondate", "created", "updated",
    "duedate", "labels", "components", "fixVersions", "assignee", "issuelinks", "description",
)  # fmt: skip
CUSTOM = {"Sprint", "Story Points", "Story point estimate", "Epic Link", "Epic Name"}
TABLES = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE issue (
        id TEXT PRIMARY KEY, key TEXT, url TEXT, title TEXT, type TEXT, status TEXT, category TEXT, resolution TEXT,
        parent TEXT, assignee TEXT, release TEXT, sprint TEXT, estimate REAL, created TEXT, updated TEXT, closed TEXT,
        due TEXT
    );
    CREATE TABLE issue_label (issue TEXT, label TEXT, PRIMARY KEY (issue, label)) WITHOUT ROWID;
    CREATE INDEX label ON issue_label (label);
"""
Page = list[dict[str, Any]]
Row = tuple[Any, ...]


def github(client: httpx.Client, scopes: int, issues: int) -> Iterator[Callable[[], Page]]:
    """A download for each page of each repository."""
    pages = -(-issues // GITHUB_PAGE)
    for repository in range(1, scopes + 1):
        for page in range(1, pages + 1):
            asked = {"state": "all", "sort": "created", "direction": "asc", "per_page": GITHUB_PAGE, "page": page}
            yield lambda url=f"/repos/bulk/repo-{repository}/issues", asked=asked: client.get(url, params=asked).json()


def cloud(client: httpx.Client, fields: list[str]) -> Iterator[Callable[[], Page]]:
    """Ids in large pages first, then a download for each hundred."""
    for key in _projects(client):
        ids, asked = [], {"jql": f"project = {key} ORDER BY created", "fields": ["id"], "maxResults": IDS_A_PAGE}
        while True:
            found = client.post("/rest/api/3/search/jql", json=asked).json()
            ids += [one["id"] for one in found["issues"]]
            if "nextPageToken" not in found:
                break
            asked["nextPageToken"] = found["nextPageToken"]
        for at in range(0, len(ids), JIRA_PAGE):
            chunk = {"issueIdsOrKeys": ids[at : at + JIRA_PAGE], "fields": fields}
            yield lambda chunk=chunk: client.post("/rest/api/3/issue/bulkfetch", json=chunk).json()["issues"]


def datacenter(client: httpx.Client, fields: list[str]) -> Iterator[Callable[[], Page]]:
    """A download for each offset."""
    for key in _projects(client):
        asked = {"jql": f"project = {key} ORDER BY created", "fields": fields, "maxResults": JIRA_PAGE}
        total = client.post("/rest/api/2/search", json=asked | {"maxResults": 0}).json()["total"]
        for at in range(0, total, JIRA_PAGE):
            page = asked | {"startAt": at}
            yield lambda page=page: client.post("/rest/api/2/search", json=page).json()["issues"]


def _projects(client: httpx.Client) -> list[str]:
    found = client.get("/rest/api/2/project").json()
    return [one["key"] for one in found]


def github_row(issue: dict[str, Any]) -> Row:
    """The columns of one issue."""
    return (
        str(issue["id"]),
        issue["url"].partition("/repos/")[2],
        issue["html_url"],
        issue["title"],
        (issue.get("type") or {}).get("name"),
        issue["state"],
        issue["state"],
        issue["state_reason"],
        issue.get("parent_issue_url"),
        ", ".join(one["login"] for one in issue["assignees"]),
        (issue["milestone"] or {}).get("title"),
        None,
        None,
        issue["created_at"],
        issue["updated_at"],
        issue["closed_at"],
        None,
    )


def jira_row(issue: dict[str, Any], sprint: str, estimate: str) -> Row:
    """The columns of one issue. `sprint` and `estimate` are the ids of these fields."""
    fields = issue["fields"]
    return (
        issue["id"],
        issue["key"],
        issue["self"],
        fields["summary"],
        fields["issuetype"]["name"],
        fields["status"]["name"],
        fields["status"]["statusCategory"]["key"],
        (fields.get("resolution") or {}).get("name"),
        (fields.get("parent") or {}).get("key"),
        (fields.get("assignee") or {}).get("displayName"),
        ", ".join(one["name"] for one in fields.get("fixVersions") or ()),
        ", ".join(one if isinstance(one, str) else one["name"] for one in fields.get(sprint) or ()),
        fields.get(estimate),
        fields["created"],
        fields["updated"],
        fields.get("resolutiondate"),
        fields.get("duedate"),
    )


def run(kind: Kind, url: str, file: str, scopes: int, issues: int) -> int:
    """Downloads and keeps everything; how many issues that is."""
    database = sqlite3.connect(file)
    database.executescript(TABLES)
    auth = httpx.BasicAuth(EMAIL, TOKENS[kind]) if kind == "cloud" else None
    headers = {} if auth else {"Authorization": f"Bearer {TOKENS[kind]}"}
    with (
        httpx.Client(base_url=url, headers=headers, auth=auth, timeout=60) as client,
        ThreadPoolExecutor(IN_FLIGHT) as pool,
    ):
        kept = 0
        if kind == "github":
            for page in pool.map(lambda download: download(), github(client, scopes, issues)):
                found = [one for one in page if "pull_request" not in one]
                labels = [(str(one["id"]), label["name"]) for one in found for label in one["labels"]]
                kept += _keep(database, [github_row(one) for one in found], labels)
            return kept
        custom = {one["name"]: one["id"] for one in client.get("/rest/api/2/field").json() if one["name"] in CUSTOM}
        sprint = custom["Sprint"]
        estimate = custom.get("Story Points") or custom["Story point estimate"]
        downloads = cloud if kind == "cloud" else datacenter
        for page in pool.map(lambda download: download(), downloads(client, [*FIELDS, *custom.values()])):
            labels = [(one["id"], label) for one in page for label in one["fields"]["labels"]]
            kept += _keep(database, [jira_row(one, sprint, estimate) for one in page], labels)
        return kept


def _keep(database: sqlite3.Connection, rows: list[Row], labels: list[Row]) -> int:
    marks = ", ".join("?" * 17)
    with database:
        database.executemany(f"INSERT OR REPLACE INTO issue VALUES ({marks})", rows)
        database.executemany("INSERT OR IGNORE INTO issue_label VALUES (?, ?)", labels)
    return len(rows)


def main() -> None:
    """One download of everything."""
    kind, url, file, scopes, issues = sys.argv[1:6]
    began, busy = time.perf_counter(), time.process_time()
    kept = run(cast("Kind", kind), url, file, int(scopes), int(issues))
    measured = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - busy, "items": kept}
    sys.stdout.write(json.dumps(measured) + "\n")


if __name__ == "__main__":
    main()
