"""Reading a folder of raw Jira data, and turning what the agile API gives into what the platform API gives."""

import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from simulator.jira import shapes
from simulator.site import Raw

PEOPLE = ("assignee", "reporter", "creator")
ISSUE_FILES = ("issues.full.jsonl.xz", "issues.jsonl", "issues.jsonl.xz")


def read_issues(folder: Path, name: str | None = None) -> Iterator[Raw]:
    """Issues of a JSON-lines file, plain or `.xz`. Raises FileNotFoundError where the folder has none."""
    for candidate in (name,) if name else ISSUE_FILES:
        path = folder / candidate
        if path.exists():
            with lzma.open(path, "rb") if path.suffix == ".xz" else path.open("rb") as lines:
                for line in lines:
                    if line.strip():
                        yield msgspec.json.decode(line)
            return
    raise FileNotFoundError(f"{folder} holds no issues: one of {', '.join(ISSUE_FILES)} is expected.")


def pathed(value: Any) -> Any:
    """The value with every `self` cut to its path, in place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "self" and isinstance(inner, str):
                parts = urlsplit(inner)
                value[key] = parts.path + (f"?{parts.query}" if parts.query else "")
            elif isinstance(inner, dict | list):
                pathed(inner)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list):
                pathed(inner)
    return value


def platform_shape(raw: Raw, epic_field: str, sprint_field: str, sprints_as_json: bool, boards: dict[int, int]) -> Raw:
    """An issue of `/rest/agile/1.0/issue` as `/rest/api/2/issue` shows it; one in platform shape comes back as it is.

    `epic` becomes the epic's key, `sprint` and `closedSprints` the list of the Sprint field. `boards` is the board of a
    sprint, where known.
    """
    fields = raw["fields"]
    if "epic" in fields and (fields["epic"] is None or "key" in fields["epic"]):
        epic = fields.pop("epic")
        if epic:
            fields[epic_field] = epic["key"]
    sprints = [*(fields.pop("closedSprints", None) or []), *([fields.pop("sprint")] if fields.get("sprint") else [])]
    fields.pop("sprint", None)
    if sprints:
        for sprint in sprints:
            sprint.setdefault("originBoardId", boards.get(sprint["id"]))
        fields[sprint_field] = [sprint if sprints_as_json else shapes.sprint_text(sprint) for sprint in sprints]
    return raw


def cloud_shape(raw: Raw, epic: Raw | None) -> Raw:
    """An issue of Data Center as Cloud shows it: people by account id, levels of types, the `epic` as parent."""
    fields = raw["fields"]
    kind = fields.get("issuetype")
    if kind:
        kind.setdefault("hierarchyLevel", -1 if kind["subtask"] else int(kind["name"] == "Epic"))
    for name in PEOPLE:
        person = fields.get(name)
        if person and "accountId" not in person:
            account = person.pop("key", None) or person.get("name", "")
            person.pop("name", None)
            person |= {
                "accountId": account,
                "accountType": "atlassian",
                "self": f"/rest/api/2/user?accountId={account}",
            }
    if epic and not fields.get("parent"):
        short = {
            "summary": epic.get("summary"),
            "issuetype": {"id": "6", "name": "Epic", "subtask": False, "hierarchyLevel": 1},
        }
        fields["parent"] = {
            "id": str(epic["id"]),
            "key": epic["key"],
            "self": f"/rest/api/2/issue/{epic['id']}",
            "fields": short,
        }
    return raw


def add_self(raw: Raw) -> Raw:
    """Give an issue, and the objects in it, the `self` that its keepers took out."""
    fields = raw["fields"]
    raw.setdefault("self", f"/rest/api/2/issue/{raw['id']}")
    for name, path in (
        ("project", "project"),
        ("status", "status"),
        ("issuetype", "issuetype"),
        ("priority", "priority"),
        ("resolution", "resolution"),
        ("fixVersions", "version"),
        ("versions", "version"),
        ("components", "component"),
    ):
        value = fields.get(name)
        for one in value if isinstance(value, list) else [value] if value else []:
            one.setdefault("self", f"/rest/api/2/{path}/{one['id']}")
    for name in PEOPLE:
        person = fields.get(name)
        if person and "name" in person:
            person.setdefault("self", f"/rest/api/2/user?username={person['name']}")
    others = [*(fields.get("subtasks") or []), *([fields["parent"]] if fields.get("parent") else [])]
    for link in fields.get("issuelinks") or []:
        others += [link[side] for side in ("inwardIssue", "outwardIssue") if side in link]
    for other in others:
        other.setdefault("self", f"/rest/api/2/issue/{other['id']}")
    return raw
