"""Recorded answers of real servers as seeds: their issues, in the shapes in which the tools send them."""

import json
import lzma
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tests.fuzz.conversations import Conversation

EACH = 60
"""Bodies for a place: recorded data repeats itself."""
ISSUES_A_BODY = 3


def add_recorded(talk: Conversation, folder: Path) -> None:
    """Adds bodies with recorded issues to every place of a conversation that gives issues."""
    github = talk.name == "github"
    rows = list(islice(_github(folder) if github else _jira(folder), EACH * ISSUES_A_BODY))
    for place in talk.places():
        body: Any = _json(talk.bodies(place)[0])
        listed = body if github else body.get("issues") if isinstance(body, dict) else None
        if not (isinstance(listed, list) and listed and isinstance(listed[0], dict) and _is_issue(listed[0])):
            continue
        for at in range(0, len(rows), ISSUES_A_BODY):
            some = rows[at : at + ISSUES_A_BODY]
            if not github:
                # Issues of other projects are passed over: these become the project's own.
                some = [{**one, "fields": {**one["fields"], "project": _project_of(listed[0])}} for one in some]
            talk.more.setdefault(place, []).append(json.dumps(some if github else {**body, "issues": some}).encode())


def _is_issue(row: dict[str, Any]) -> bool:
    return ("number" in row and "labels" in row) or bool(row.get("fields", {}).get("project"))


def _project_of(issue: dict[str, Any]) -> Any:
    return issue["fields"]["project"]


def _github(folder: Path) -> Iterator[dict[str, Any]]:
    yield from json.loads((folder / "github/dogsheep__github-to-sqlite/issues.json").read_bytes())
    yield from json.loads((folder / "github/hub4j__github-api/issues.json").read_bytes())


def _jira(folder: Path) -> Iterator[dict[str, Any]]:
    for line in (folder / "jira/devlake-merico/issues.jsonl").read_text().splitlines():
        row = json.loads(line)
        if isinstance(row.get("fields"), dict):
            yield row
    with lzma.open(folder / "jira/tidev-titanium/issues.full.jsonl.xz", "rt") as lines:
        yield from map(json.loads, islice(lines, 0, None, 97))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
