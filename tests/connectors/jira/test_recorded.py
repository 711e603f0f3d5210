"""Recorded answers of real Jira servers: every issue is read, and what is read equals what the JSON says."""

import json
import lzma
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors import text
from connectors.jira.fields import Field, FieldMap, discover
from connectors.jira.parse import IssueReader
from connectors.records import Item

CATEGORIES = {"new": "todo", "undefined": "todo", "indeterminate": "in_progress", "done": "done"}


def rows_of(path: Path) -> Iterator[bytes]:
    if path.suffix == ".xz":
        with lzma.open(path, "rb") as lines:
            yield from lines
    else:
        yield from path.read_bytes().splitlines()


def expected(raw: dict[str, Any], parent: tuple[str | None, str | None]) -> dict[str, Any]:
    """The facts of an issue, read a second way: straight from the JSON."""
    fields = raw["fields"]
    sprints = [*(fields.get("closedSprints") or []), *([fields["sprint"]] if fields.get("sprint") else [])]
    sprints += fields.get("customfield_10020") or []
    return {
        "external_id": str(raw["id"]),
        "key": raw["key"],
        "title": text.clean(fields.get("summary") or raw["key"]),
        "category": CATEGORIES[fields["status"]["statusCategory"]["key"]],
        "status": fields["status"]["name"],
        "type": fields["issuetype"]["name"],
        "resolution": (fields.get("resolution") or {}).get("name"),
        "labels": set(fields["labels"]),
        "components": {one["name"] for one in fields["components"]},
        "versions": {one["id"] for one in fields.get("fixVersions") or []},
        "sprints": {str(one["id"]) for one in sprints},
        "created_at": datetime.fromisoformat(fields["created"]),
        "updated_at": datetime.fromisoformat(fields["updated"]),
        "closed_at": datetime.fromisoformat(fields["resolutiondate"]) if fields.get("resolutiondate") else None,
        "assignee": (fields.get("assignee") or {}).get("displayName"),
        "parent": parent,
        "blocked_by": {
            one["inwardIssue"]["key"]
            for one in fields["issuelinks"]
            if one["type"]["name"] == "Blocks" and "inwardIssue" in one
        },
    }


def found(item: Item) -> dict[str, Any]:
    return {
        **{
            name: getattr(item, name)
            for name in ("external_id", "key", "title", "category", "status", "type", "resolution")
        },
        **{name: getattr(item, name) for name in ("created_at", "updated_at", "closed_at")},
        "labels": set(item.labels),
        "components": set(item.components),
        "versions": {one.external_id for one in item.containers if one.kind == "version"},
        "sprints": {one.external_id for one in item.containers if one.kind == "sprint"},
        "assignee": item.assignees[-1] if item.assignees else None,
        "parent": (item.parent_id, item.parent_key),
        "blocked_by": set(item.blocked_by),
    }


def test_every_issue_of_a_real_server_is_read(realdata: Path) -> None:
    reader = IssueReader(FieldMap(), site="https://jira.example", agile=True)
    count, epics = 0, 0
    for line in rows_of(realdata / "jira/tidev-titanium/issues.full.jsonl.xz"):
        raw = json.loads(line)
        fields = raw["fields"]
        read = reader.read([text.clean_json(line)], fields["project"]["id"])
        assert read.set_aside == []
        [item] = read.items
        above = fields.get("parent") or fields.get("epic")
        parent = (str(above["id"]), above["key"]) if above else (None, None)
        assert found(item) == expected(raw, parent)
        assert item.level == ("subtask" if fields["issuetype"]["subtask"] else None)
        assert "\x00" not in item.title
        count += 1
        epics += "epic" in fields
    assert (count, epics) == (29_049, 890)


@pytest.mark.parametrize("name,count", [("issues", 33), ("external_epics", 3), ("issue_relationships", 22)])
def test_every_issue_of_a_real_cloud_site_is_read(realdata: Path, name: str, count: int) -> None:
    fields = FieldMap(sprint=("customfield_10020",), epic_link=("customfield_10014",), estimate=("customfield_10024",))
    reader = IssueReader(fields, site="https://jira.example", agile=True)
    seen = 0
    for line in rows_of(realdata / f"jira/devlake-merico/{name}.jsonl"):
        whole = json.loads(line)
        raw = whole.get("data", whole)
        told = raw["fields"]
        read = reader.read([text.clean_json(msgspec.json.encode(raw))], str(told["project"]["id"]))
        assert read.set_aside == []
        [item] = read.items
        above = told.get("parent") or told.get("epic")
        parent = (str(above["id"]), above["key"]) if above else (None, told.get("customfield_10014"))
        assert found(item) == expected(raw, parent)
        points = told.get("customfield_10024")
        assert item.estimate == (points if isinstance(points, float) else None)
        assert item.due_on == text.day(told.get("duedate"))
        seen += 1
    assert seen == count


def test_the_fields_of_a_real_server_are_understood(realdata: Path) -> None:
    rows = json.loads((realdata / "jira/go-jira-mock/all_fields.json").read_text())
    fields = discover(msgspec.convert(rows, list[Field]), estimate=None, measure="count", key_result=None)
    custom = {row["id"]: row["schema"].get("custom", "") for row in rows if row.get("custom")}
    assert {custom[one] for one in fields.sprint} <= {"com.pyxis.greenhopper.jira:gh-sprint"}
    assert {custom[one] for one in fields.epic_link} <= {"com.pyxis.greenhopper.jira:gh-epic-link"}
