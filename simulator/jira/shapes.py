"""Small raw objects of the Jira API: users, statuses, types, fields. URLs are paths."""

import hashlib
from datetime import date

from simulator.site import Raw

EPIC_LINK = "com.pyxis.greenhopper.jira:gh-epic-link"
SPRINT = "com.pyxis.greenhopper.jira:gh-sprint"
FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"
TEXT = "com.atlassian.jira.plugin.system.customfieldtypes:textfield"
TEAM = "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team"
FLAGGED = "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"

CATEGORIES = {
    "new": {"self": "/rest/api/2/statuscategory/2", "id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "indeterminate": {
        "self": "/rest/api/2/statuscategory/4",
        "id": 4,
        "key": "indeterminate",
        "colorName": "yellow",
        "name": "In Progress",
    },
    "done": {"self": "/rest/api/2/statuscategory/3", "id": 3, "key": "done", "colorName": "green", "name": "Done"},
}
STATUSES = {"To Do": ("10000", "new"), "In Progress": ("3", "indeterminate"), "In Review": ("10001", "indeterminate")}
STATUSES |= {"Done": ("10002", "done")}
TYPES = {"Initiative": ("10100", 2), "Epic": ("10000", 1), "Story": ("10001", 0), "Task": ("10002", 0)}
TYPES |= {"Bug": ("10004", 0), "Sub-task": ("10003", -1)}
RESOLUTIONS = {"Done": "10000", "Won't Do": "10001", "Duplicate": "10002", "Cannot Reproduce": "10003"}


def status(name: str) -> Raw:
    """A status by name. Raises KeyError where the workflow has none of that name."""
    number, category = STATUSES[name]
    return {
        "self": f"/rest/api/2/status/{number}",
        "description": "",
        "name": name,
        "id": number,
        "iconUrl": "",
        "statusCategory": CATEGORIES[category],
    }


def issue_type(name: str, cloud: bool) -> Raw:
    """An issue type by name; only Cloud tells the level in the hierarchy."""
    number, level = TYPES[name]
    kind = {
        "self": f"/rest/api/2/issuetype/{number}",
        "id": number,
        "description": "",
        "iconUrl": "",
        "name": name,
        "subtask": level < 0,
    }
    return {**kind, "hierarchyLevel": level} if cloud else kind


def resolution(name: str) -> Raw:
    number = RESOLUTIONS.get(name, "10099")
    return {"self": f"/rest/api/2/resolution/{number}", "id": number, "description": "", "name": name}


def priority(name: str = "Medium") -> Raw:
    return {"self": "/rest/api/2/priority/3", "iconUrl": "", "name": name, "id": "3"}


def user(name: str, cloud: bool) -> Raw:
    """A person by display name."""
    login = name.lower().replace(" ", ".")
    common = {"displayName": name, "active": True, "timeZone": "Etc/UTC", "avatarUrls": {}}
    if cloud:
        account = hashlib.sha256(login.encode()).hexdigest()[:24]
        return {
            "self": f"/rest/api/2/user?accountId={account}",
            "accountId": account,
            "accountType": "atlassian",
            **common,
        }
    return {"self": f"/rest/api/2/user?username={login}", "name": login, "key": login, **common}


def fields() -> list[Raw]:
    """The answer to `/field` of a site with the usual custom fields."""
    system = {
        "summary": "string",
        "status": "status",
        "issuetype": "issuetype",
        "project": "project",
        "labels": "array",
        "resolution": "resolution",
        "resolutiondate": "datetime",
        "created": "datetime",
        "updated": "datetime",
        "duedate": "date",
        "assignee": "user",
        "reporter": "user",
        "creator": "user",
        "priority": "priority",
        "fixVersions": "array",
        "versions": "array",
        "components": "array",
        "description": "string",
        "issuelinks": "array",
        "subtasks": "array",
        "parent": "issuelink",
    }
    names = {
        "fixVersions": "Fix versions",
        "versions": "Affects versions",
        "issuetype": "Issue Type",
        "duedate": "Due date",
    }
    listed: list[Raw] = [
        {
            "id": name,
            "key": name,
            "name": names.get(name, name.capitalize()),
            "custom": False,
            "orderable": True,
            "navigable": True,
            "searchable": True,
            "clauseNames": [name.lower()],
            "schema": {"type": kind, "system": name},
        }
        for name, kind in system.items()
    ]
    custom = [
        (10001, "Team", "team", TEAM),
        (10014, "Epic Link", "any", EPIC_LINK),
        (10016, "Story Points", "number", FLOAT),
        (10020, "Sprint", "array", SPRINT),
        (10021, "Flagged", "array", FLAGGED),
        (10032, "Key Result", "string", TEXT),
    ]
    for number, name, kind, origin in custom:
        schema = {"type": kind, "custom": origin, "customId": number}
        if kind == "array":
            schema["items"] = "json" if origin == SPRINT else "option"
        listed.append(
            {
                "id": f"customfield_{number}",
                "key": f"customfield_{number}",
                "name": name,
                "custom": True,
                "orderable": True,
                "navigable": True,
                "searchable": True,
                "clauseNames": [f"cf[{number}]", name],
                "schema": schema,
            }
        )
    return listed


def sprint_text(sprint: Raw) -> str:
    """A sprint as Data Center writes it into the Sprint field: the Java object's text."""
    names = [
        "id",
        "rapidViewId",
        "state",
        "name",
        "startDate",
        "endDate",
        "completeDate",
        "activatedDate",
        "sequence",
        "goal",
    ]
    computed = {"rapidViewId": sprint.get("originBoardId"), "sequence": sprint["id"], "state": sprint["state"].upper()}
    values = {**sprint, **computed, "activatedDate": sprint.get("startDate")}
    inside = ",".join(f"{name}={'<null>' if values.get(name) is None else values[name]}" for name in names)
    return f"com.atlassian.greenhopper.service.sprint.Sprint@{sprint['id']:x}[{inside}]"


def project(number: int, key: str, name: str, cloud: bool) -> Raw:
    """An empty project."""
    raw: Raw = {
        "id": str(number),
        "key": key,
        "name": name,
        "projectTypeKey": "software",
        "description": "",
        "lead": user("Robin Keller", cloud),
        "avatarUrls": {},
    }
    return {**raw, "simplified": False, "style": "classic", "isPrivate": False} if cloud else raw


def board(number: int, owner: Raw, kind: str) -> Raw:
    """A board over the project `owner`."""
    label = f"{owner['name']} ({owner['key']})"
    return {
        "id": number,
        "self": f"/rest/agile/1.0/board/{number}",
        "name": f"{owner['key']} board",
        "type": kind,
        "location": {
            "projectId": int(owner["id"]),
            "displayName": label,
            "projectName": owner["name"],
            "projectKey": owner["key"],
            "projectTypeKey": "software",
            "name": label,
        },
    }


def sprint(number: int, on_board: int, name: str, state: str, start: date, end: date) -> Raw:
    raw: Raw = {
        "id": number,
        "self": f"/rest/agile/1.0/sprint/{number}",
        "state": state,
        "name": name,
        "originBoardId": on_board,
        "goal": "",
        "startDate": f"{start}T08:00:00.000Z",
        "endDate": f"{end}T16:00:00.000Z",
    }
    return {**raw, "completeDate": f"{end}T16:30:00.000Z"} if state == "closed" else raw


def issue(number: int, key: str, summary: str, kind: str, owner: Raw, moment: str, cloud: bool) -> Raw:
    """A new issue of the project `owner`, with nothing set."""
    creator = user("Robin Keller", cloud)
    shown = ("self", "id", "key", "name", "projectTypeKey")
    return {
        "id": str(number),
        "key": key,
        "self": f"/rest/api/2/issue/{number}",
        "fields": {
            "summary": summary,
            "issuetype": issue_type(kind, cloud),
            "project": {name: owner[name] for name in shown if name in owner},
            "status": status("To Do"),
            "resolution": None,
            "resolutiondate": None,
            "priority": priority(),
            "created": moment,
            "updated": moment,
            "duedate": None,
            "labels": [],
            "components": [],
            "fixVersions": [],
            "versions": [],
            "issuelinks": [],
            "subtasks": [],
            "assignee": None,
            "reporter": creator,
            "creator": creator,
            "description": None,
        },
    }


def block_link(number: int) -> Raw:
    """An issue link of the type Blocks, without its ends."""
    kind = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
    return {"id": str(number), "type": {**kind, "self": "/rest/api/2/issueLinkType/10000"}}
