"""Changing an issue's raw fields by the names that tests use."""

from datetime import datetime
from typing import TYPE_CHECKING

from simulator.jira import shapes
from simulator.jira.history import record, status_entry
from simulator.jira.state import Issue, stamp
from simulator.site import Raw

if TYPE_CHECKING:
    from simulator.jira.server import JiraSite

PLAIN = {"summary", "description", "labels", "duedate"}


def set_status(issue: Issue, name: str, resolution: str | None, moment: str) -> None:
    """Put an issue into a status; done it has a resolution and its `moment`, else none."""
    issue.fields["status"] = shapes.status(name)
    done = issue.fields["status"]["statusCategory"]["key"] == "done"
    issue.fields["resolution"] = shapes.resolution(resolution or "Done") if done else None
    issue.fields["resolutiondate"] = moment if done else None


def imagine(site: "JiraSite", issue: Issue, created: str, updated: str) -> None:
    """The way of an issue that was made in the past to the status that it has: begun after a third of its time."""
    first, began, now = shapes.status("To Do"), shapes.status("In Progress"), issue.fields["status"]
    if created == updated or now["name"] == first["name"]:
        return
    since, until = datetime.fromisoformat(created), datetime.fromisoformat(updated)
    middle = since + (until - since) / 3
    record(site, issue, [status_entry(first, began)], stamp(middle))
    if now["name"] != began["name"]:
        record(site, issue, [status_entry(began, now)], updated)


def assign(site: "JiraSite", issue: Issue, values: Raw) -> None:
    """Set fields by the names that `JiraSite.edit` takes. Raises TypeError on another name."""
    project = site.projects[issue.project]
    for name, value in values.items():
        match name:
            case "assignee":
                issue.fields["assignee"] = shapes.user(value, site.cloud) if value else None
            case "estimate":
                issue.fields[site.field_id("estimate")] = value
            case "key_result":
                issue.fields[site.custom_field("Key Result") or "customfield_10032"] = value
            case "versions":
                issue.fields["fixVersions"] = [one for one in project["versions"] if one["name"] in value]
            case "components":
                issue.fields["components"] = [one for one in project["components"] if one["name"] in value]
            case "duedate":
                issue.fields["duedate"] = value.isoformat() if value else None
            case "sprint":
                numbers = value if isinstance(value, list) else [value] if value else []
                shown = [site.sprints[number] for number in numbers]
                as_text = [one if site.sprints_as_json else shapes.sprint_text(one) for one in shown]
                issue.fields[site.field_id("sprint")] = as_text or None
            case _:
                if name not in PLAIN and not name.startswith("customfield_"):
                    raise TypeError(f"edit() does not know the field {name!r}")
                issue.fields[name] = value
