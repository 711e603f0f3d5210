"""Recorded sites as they were on an earlier day, as far as what was recorded tells.

Nobody kept the histories. An item that was closed later was open then. It was in progress where it stood in a sprint
that ran, or was closed within two weeks: somebody must have been at it. When it had last moved is the latest event
known from before.
"""

import json
from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.realdata.facts import Raw, jira_lines

SOON = timedelta(days=14)
KEPT = timedelta(days=400)
"""Work closed longer ago is left out: what nobody asks for takes time."""
SPRINTS_PLANNED, RELEASES_PLANNED = timedelta(days=21), timedelta(days=150)
"""How far ahead open work was given to sprints and releases: versions after that came to it later."""

IN_PROGRESS = {
    "id": "3",
    "name": "In Progress",
    "statusCategory": {"id": 4, "key": "indeterminate", "name": "In Progress"},
}
OPEN = {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new", "name": "To Do"}}


def instant(text: str | None) -> datetime | None:
    """An instant as either tool writes it."""
    if not text:
        return None
    return datetime.fromisoformat(text).astimezone(UTC)


def jira(folder: Path, then: datetime, place: Path) -> list[Raw]:
    """Writes the recorded Jira as of `then` to `place`, for the simulator, and gives its issues."""
    issues = [one for raw in jira_lines(folder) if (one := _issue(raw, then))]
    with (place / "issues.jsonl").open("w") as file:
        file.writelines(json.dumps(one) + "\n" for one in issues)
    projects = json.loads((folder / "projects.json").read_bytes())
    for project in projects:
        project["versions"] = [_version(one, then) for one in project.get("versions", ())]
    (place / "projects.json").write_text(json.dumps(projects))
    (place / "sprints.json").write_bytes((folder / "sprints.derived.json").read_bytes())
    return issues


def _version(raw: Raw, then: datetime) -> Raw:
    day = raw.get("releaseDate")
    return raw | {"released": bool(day and date.fromisoformat(day) <= then.date()), "archived": False}


def _issue(raw: Raw, then: datetime) -> Raw | None:
    fields = raw["fields"]
    created, closed, updated = (instant(fields.get(name)) for name in ("created", "resolutiondate", "updated"))
    if created is None or created > then or (closed and closed < then - KEPT):
        return None
    sprints = [*(fields.get("closedSprints") or []), *([fields["sprint"]] if fields.get("sprint") else [])]
    known = [one for one in sprints if (began := instant(one.get("startDate"))) and began <= then]
    fields["closedSprints"], fields["sprint"] = known, None
    moments = [created, *(began for one in known if (began := instant(one["startDate"])))]
    if closed and closed <= then:
        moments.append(closed)
    else:
        moments += _opened(fields, known, closed, then)
    if updated and updated <= then:
        moments.append(updated)
    fields["updated"] = max(moments).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return raw


def _opened(fields: Raw, sprints: list[Raw], closed: datetime | None, then: datetime) -> Iterator[datetime]:
    """Sets what is open then, and gives when somebody must have been at it."""
    soon = closed is not None and closed - then <= SOON
    running = any((ends := instant(one.get("endDate"))) and then <= ends for one in sprints)
    fields["resolution"] = fields["resolutiondate"] = None
    fields["fixVersions"] = [one for one in fields.get("fixVersions") or [] if _planned(one, then)]
    fields["status"] = deepcopy(IN_PROGRESS if soon or running else OPEN)
    if soon:
        yield then - timedelta(days=1)


def _planned(version: Raw, then: datetime) -> bool:
    """Whether open work may have been given to a version by then. Some teams made a version for each sprint."""
    ahead = SPRINTS_PLANNED if "sprint" in version["name"].lower() else RELEASES_PLANNED
    day = version.get("releaseDate")
    return not day or date.fromisoformat(day) <= (then + ahead).date()


def github(raw: Iterable[Raw], then: datetime) -> list[Raw]:
    """Recorded issues and pull requests of GitHub as of `then`. One closed within two weeks has an assignee."""
    return [one for issue in raw if (one := _github_issue(deepcopy(issue), then))]


def _github_issue(raw: Raw, then: datetime) -> Raw | None:
    created, closed, updated = (instant(raw.get(name)) for name in ("created_at", "closed_at", "updated_at"))
    if created is None or created > then:
        return None
    moved = [created]
    if closed and closed > then:
        raw |= {"state": "open", "closed_at": None, "closed_by": None, "state_reason": None}
        if closed - then <= SOON:
            raw["labels"] = [*raw["labels"], {"id": 1, "name": "in progress", "color": "ededed"}]
            moved.append(then - timedelta(days=1))
    elif closed:
        moved.append(closed)
    if updated and updated <= then:
        moved.append(updated)
    raw["updated_at"] = max(moved).strftime("%Y-%m-%dT%H:%M:%SZ")
    return raw
