"""What `doctor` tries on each project: browse it, search it, read its boards and its history.

Fine projects are told together, and so are those with the same fault: fifty projects are read at a glance.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from connectors.answers import ABSENT
from connectors.base import Check
from connectors.errors import Refused, SourceError
from connectors.jira import cloud as cloud_site
from connectors.jira import datacenter
from connectors.jira.containers import BOARDS
from connectors.jira.door import Access
from connectors.jira.options import JiraOptions, matches
from connectors.jira.values import Id
from connectors.transport import Transport

SHOWN = 10
_COUNT = "/rest/api/3/search/approximate-count"
_HISTORY = "/rest/api/3/changelog/bulkfetch"


class _Row(msgspec.Struct):
    id: Id


class _Found(msgspec.Struct):
    issues: list[_Row]
    total: int | None = None


class _Counted(msgspec.Struct):
    count: int


@dataclass
class _Project:
    """What was tried on a project. `faults`: what cannot be done, and why."""

    key: str
    issues: int | None = None
    faults: list[tuple[str, SourceError]] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            self.key
            if self.issues is None
            else f"{self.key} ({self.issues:,} {'issue' if self.issues == 1 else 'issues'})"
        )


def inspect(options: JiraOptions, access: Access, *, cloud: bool, boards: bool) -> list[Check]:
    """The checks of all projects that `options` name. `boards`: whether boards can be read at all."""
    try:
        keys = [one.key for one in access.control.projects()]
    except SourceError as error:
        return [Check("projects", ok=False, detail=error.message, advice=error.advice)]
    wanted = [key for key in keys if matches(key, options.projects)]
    with ThreadPoolExecutor(options.in_flight, thread_name_prefix="doctor") as pool:
        tried = {one.key: one for one in pool.map(lambda key: _try(access, key, cloud=cloud, boards=boards), wanted)}
    found = []
    for pattern in options.projects:
        matched = [tried[key] for key in wanted if matches(key, (pattern,))]
        fine = [one for one in matched if not one.faults]
        if fine or not matched:
            found.append(_together(pattern, fine))
    return found + _faults(list(tried.values()))


def _together(pattern: str, fine: list[_Project]) -> Check:
    if not fine:
        return Check(
            "projects",
            ok=False,
            detail=f"{pattern}: no such project is visible",
            advice="Grant the account `Browse projects` there, or correct `projects`.",
        )
    return Check("projects", ok=True, detail=f"{pattern}: {_listed([str(one) for one in fine])}")


def _faults(projects: list[_Project]) -> list[Check]:
    """One line for each thing that fails for one reason, whatever the number of projects."""
    groups: dict[tuple[str, str], list[tuple[str, SourceError]]] = defaultdict(list)
    for one in projects:
        for what, error in one.faults:
            groups[what, error.advice].append((one.key, error))
    return [
        Check(
            "projects",
            ok=False,
            detail=f"{what}: {_listed([key for key, _ in group])}: {group[0][1].message}",
            advice=advice,
        )
        for (what, advice), group in groups.items()
    ]


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _try(access: Access, key: str, *, cloud: bool, boards: bool) -> _Project:
    project = _Project(key)
    transport = access.transport
    try:
        if not access.control.may_browse(key):
            raise Refused(
                "the account lacks the permission.", advice=f"Grant it `Browse projects` in {_settings(access, key)}."
            )
    except SourceError as error:
        project.faults.append(("cannot be browsed", error))
        return project
    issue = None
    try:
        issue, project.issues = _search(transport, key, cloud=cloud)
    except SourceError as error:
        project.faults.append(("cannot be searched", error))
    try:
        if issue is not None:
            _history(transport, issue, cloud=cloud)
    except SourceError as error:
        project.faults.append(("history cannot be read", error))
    try:
        if boards:
            transport.get(BOARDS, params={"projectKeyOrId": key, "maxResults": 1})
    except SourceError as error:
        project.faults.append(("boards cannot be read", error))
    return project


def _settings(access: Access, key: str) -> str:
    site = access.site or access.transport.base_url
    return f"the project's permissions: {site}/plugins/servlet/project-config/{key}/permissions"


def _search(transport: Transport, key: str, *, cloud: bool) -> tuple[str | None, int | None]:
    """The id of one of the project's issues, None where it has none, and how many there are, None where untold."""
    jql = f'project = "{key}"'
    if not cloud:
        asked = {"jql": jql, "fields": "id", "maxResults": 1}
        found = transport.get_json(datacenter.SEARCH, params=asked, into=_Found)[1]
        return _first(found), found.total
    found = transport.post_json(cloud_site.SEARCH, {"jql": jql, "fields": ["id"], "maxResults": 1}, into=_Found)[1]
    try:
        return _first(found), transport.post_json(_COUNT, {"jql": jql}, into=_Counted)[1].count
    except Refused as error:
        if error.status not in ABSENT:
            raise
        return _first(found), None


def _first(found: _Found) -> str | None:
    return str(found.issues[0].id) if found.issues else None


def _history(transport: Transport, issue: str, *, cloud: bool) -> None:
    try:
        if cloud:
            transport.post(_HISTORY, {"issueIdsOrKeys": [issue], "maxResults": 1})
        else:
            transport.get(f"/rest/api/2/issue/{issue}", params={"fields": "id", "expand": "changelog"})
    except Refused as error:
        if error.status not in ABSENT:
            raise
