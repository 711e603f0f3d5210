"""The simulated Jira: its state, and what tests may do to it."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from simulator.files import read_json
from simulator.jira import shapes
from simulator.jira.api import JiraEndpoints
from simulator.jira.commenting import Commenting
from simulator.jira.dataset import add_self, cloud_shape, pathed, platform_shape, read_issues
from simulator.jira.editing import assign, imagine, set_status
from simulator.jira.history import entry, field_entries, record, status_entry
from simulator.jira.state import Issue, embedded, short_form, stamp
from simulator.jira.tokens import SiteTokens
from simulator.site import Raw, driven


class JiraSite(Commenting):
    """A Jira with its projects, issues, boards and sprints.

    `flavour` is "cloud" or "datacenter". `email` and `token` are the credentials: Basic on Cloud, Bearer on Data
    Center. `user_timezone` is the zone of the token's owner, in which JQL reads dates. `max_results` is the cap on Data
    Center pages, `sprints_as_json` the shape of the Sprint field (None: as the flavour has it). `history_cap` is how
    many histories Data Center shows of an issue in a search, `keyset` whether JQL there compares keys.
    """

    def __init__(
        self,
        flavour: Literal["cloud", "datacenter"] = "cloud",
        *,
        now: Callable[[], datetime] | None = None,
        email: str = "sync@acme.example",
        token: str = "jira-token",  # noqa: S107 - the password of a toy
        user_timezone: str = "Etc/UTC",
        max_results: int = 1000,
        sprints_as_json: bool | None = None,
        history_cap: int | None = None,
        keyset: bool = True,
    ) -> None:
        super().__init__(now)
        self.cloud = flavour == "cloud"
        self.email, self.token = email, token
        self.tokens = SiteTokens(self)
        self.user_timezone = user_timezone
        self.max_results = max_results
        self.history_cap, self.keyset = history_cap, keyset
        self.history_page, self.history_in_milliseconds = 10_000, False
        """How many histories Cloud gives at once, and whether it tells their time as a number, as real sites do."""
        self.warnings: list[Raw] = []
        """What every search on Cloud warns of."""
        self.search_end: int | None = None
        """How many issues searches on Cloud find before they end without a word."""
        self.index_lag = timedelta()
        """How long searches do not find what was made or, by the time of its change, changed."""
        self.token_age = 0
        self.sprints_as_json = self.cloud if sprints_as_json is None else sprints_as_json
        self.projects: dict[str, Raw] = {}
        self.issues: dict[int, Issue] = {}
        self.boards: list[Raw] = []
        self.sprints: dict[int, Raw] = {}
        self.fields: list[Raw] = shapes.fields()
        self.hidden_projects: set[str] = set()
        self.closed_projects: set[str] = set()
        """Listed, but the account may not browse them."""
        self._by_key: dict[str, Issue] = {}
        self._last: dict[str, int] = {}
        self._serial, self._histories = 20000, 60000
        self.revision = 0

    @classmethod
    def from_folder(
        cls,
        folder: Path,
        flavour: Literal["cloud", "datacenter"] = "datacenter",
        issues: str | None = None,
        **options: Any,
    ) -> "JiraSite":
        """A site that serves recorded data: `issues.jsonl` (or `.xz`), `projects.json`, and optionally `fields.json`,
        `boards.json`, `sprints.json`. `issues` names another file of issues; `options` go to the constructor.

        Issues in the shape of the agile API (`epic`, `sprint`, `closedSprints`) are turned into the platform's.
        Raises FileNotFoundError where issues are missing.
        """
        site = cls(flavour, **options)
        folder = Path(folder)
        site.fields = read_json(folder, "fields.json") or site.fields
        for project in read_json(folder, "projects.json") or []:
            site.put_project(pathed(project))
        for sprint in read_json(folder, "sprints.json", "sprints.derived.json") or []:
            site.sprints[sprint["id"]] = pathed(sprint)
        site.boards = pathed(read_json(folder, "boards.json")) or []
        boards = {
            number: sprint["originBoardId"] for number, sprint in site.sprints.items() if sprint.get("originBoardId")
        }
        epic, sprint_field = site.field_id("epic"), site.field_id("sprint")
        for raw in read_issues(folder, issues):
            above = raw["fields"].get("epic")
            shown = platform_shape(pathed(add_self(raw)), epic, sprint_field, site.sprints_as_json, boards)
            site.put_issue(cloud_shape(shown, above) if site.cloud else shown)
        return site

    def endpoints(self) -> JiraEndpoints:
        return JiraEndpoints(self)

    # What is there

    def find(self, name: str) -> Issue | None:
        """An issue by id, key or former key; None where it is not there or may not be seen."""
        issue = self.issues.get(int(name)) if name.isdigit() else self._by_key.get(name.upper())
        return issue if issue and self.can_see(issue) else None

    def issue(self, key: str) -> Raw:
        """The raw issue of a key. Raises KeyError."""
        return self._by_key[key].raw

    def keys(self) -> list[str]:
        """Present keys of all issues, in the order of their ids."""
        return [issue.key for issue in sorted(self.issues.values(), key=lambda issue: issue.id)]

    def can_see(self, issue: Issue) -> bool:
        return not issue.hidden and issue.project not in self.hidden_projects | self.closed_projects

    def project_named(self, name: str) -> Raw | None:
        """A visible project by key, id or name."""
        for key, project in self.projects.items():
            if key not in self.hidden_projects and name.lower() in (
                key.lower(),
                project["id"],
                project["name"].lower(),
            ):
                return project
        return None

    def field_id(self, purpose: Literal["epic", "sprint", "estimate"]) -> str:
        """The id of a custom field, found by `schema.custom` (estimate: by name)."""
        wanted = {"epic": shapes.EPIC_LINK, "sprint": shapes.SPRINT}.get(purpose)
        for field in self.fields:
            schema = field.get("schema") or {}
            if (wanted and schema.get("custom") == wanted) or (not wanted and field["name"] == "Story Points"):
                return field["id"]
        return {"epic": "customfield_10014", "sprint": "customfield_10020", "estimate": "customfield_10016"}[purpose]

    def field_name(self, field_id: str) -> str:
        """The name of a field; its id where it is not listed."""
        return next((field["name"] for field in self.fields if field["id"] == field_id), field_id)

    def sprints_in(self, value: Any) -> list[Raw]:
        """The sprints of a Sprint field's value, whatever its shape."""
        found = [int(one["id"] if isinstance(one, dict) else one.split("[id=")[1].split(",")[0]) for one in value or []]
        return [self.sprints[number] for number in found if number in self.sprints]

    def custom_field(self, name: str) -> str | None:
        """The id of a custom field by name, id or `cf[…]`."""
        if found := re.fullmatch(r"cf\[(\d+)\]", name.lower()):
            name = f"customfield_{found[1]}"
        named = (field["id"] for field in self.fields if name.lower() in (field["id"].lower(), field["name"].lower()))
        return next(named, None)

    # Filling it

    @driven
    def put_project(self, raw: Raw) -> None:
        """Add a raw project (with `versions`, `components`, where it has any)."""
        raw.setdefault("self", f"/rest/api/2/project/{raw['id']}")
        for name, path in (("versions", "version"), ("components", "component")):
            for one in raw.setdefault(name, []):
                one.setdefault("self", f"/rest/api/2/{path}/{one['id']}")
                if name == "versions":
                    one.setdefault("projectId", int(raw["id"]))
        self.projects[raw["key"]] = raw
        self.revision += 1

    @driven
    def put_issue(self, raw: Raw) -> None:
        """Add or replace a raw issue in platform shape, with paths for URLs."""
        issue = Issue(raw)
        self.issues[issue.id] = self._by_key[issue.key] = issue
        self._serial = max(self._serial, issue.id)
        self.revision += 1

    @driven
    def add_project(self, key: str, name: str) -> Raw:
        """A new, empty project."""
        raw = shapes.project(10000 + len(self.projects), key, name, self.cloud)
        self.put_project(raw)
        return raw

    @driven
    def add_version(self, project: str, name: str, release: date | None = None, released: bool = False) -> Raw:
        """A new version of a project."""
        raw: Raw = {"id": str(self._next()), "name": name, "archived": False, "released": released}
        raw |= {"releaseDate": release.isoformat()} if release else {}
        project_raw = self.projects[project]
        project_raw["versions"].append(raw)
        self.put_project(project_raw)
        return raw

    @driven
    def add_component(self, project: str, name: str) -> Raw:
        """A new component of a project."""
        raw: Raw = {"id": str(self._next()), "name": name, "isAssigneeTypeValid": False}
        self.projects[project]["components"].append(raw)
        self.put_project(self.projects[project])
        return raw

    @driven
    def add_board(self, project: str, kind: Literal["scrum", "kanban"] = "scrum") -> Raw:
        """A new board over a project."""
        raw = shapes.board(len(self.boards) + 1, self.projects[project], kind)
        self.boards.append(raw)
        return raw

    @driven
    def add_sprint(
        self, board: int, name: str, state: Literal["future", "active", "closed"], start: date, end: date
    ) -> Raw:
        """A new sprint on a board. Opening and closing sprints bumps no issue, as in the real tool."""
        number = max(self.sprints, default=100) + 1
        raw = shapes.sprint(number, board, name, state, start, end)
        self.sprints[number] = raw
        return raw

    @driven
    def add_issue(self, project: str, summary: str, type: str = "Story", **values: Any) -> str:  # noqa: A002
        """A new issue; gives its key.

        `values` as for `edit`, and `parent`, `status`, `resolution`, and the instants `created` and `updated` (the last
        one is also when it was resolved).
        """
        created = stamp(values.pop("created", None) or self.now())
        moved = values.pop("updated", None)
        updated = stamp(moved) if moved else created
        parent, status, resolution = (values.pop(name, None) for name in ("parent", "status", "resolution"))
        key = self._next_key(project)
        raw = shapes.issue(self._next(), key, summary, type, self.projects[project], created, self.cloud)
        raw["fields"] |= {self.field_id("estimate"): None, self.field_id("sprint"): None}
        self.put_issue(raw)
        issue = self._by_key[key]
        assign(self, issue, values)
        set_status(issue, status or "To Do", resolution, updated)
        imagine(self, issue, created, updated)
        if parent:
            self._attach(issue, parent)
        issue.fields["updated"] = updated
        issue.changed()
        return key

    # Driving it

    @driven
    def edit(self, key: str, **values: Any) -> None:
        """Change fields and bump `updated`.

        Takes `summary`, `description`, `labels`, `duedate` (date or None), `assignee` (display name), `estimate`,
        `versions` and `components` (names), `sprint` (id or list of ids), `key_result`, and raw fields by id.
        """
        issue = self._by_key[key]
        before = dict(issue.fields)
        assign(self, issue, values)
        record(self, issue, field_entries(self, before, issue.fields), stamp(self.now()))
        self.touch(issue)

    def add_label(self, key: str, label: str) -> None:
        """Put a label on an issue."""
        self.edit(key, labels=[*self.issue(key)["fields"]["labels"], label])

    def remove_label(self, key: str, label: str) -> None:
        """Take a label off an issue."""
        self.edit(key, labels=[one for one in self.issue(key)["fields"]["labels"] if one != label])

    @driven
    def transition(self, key: str, status: str, resolution: str | None = None) -> None:
        """Move an issue to a status; into Done it gets `resolution` ("Done") and its date, out of it it loses them."""
        issue = self._by_key[key]
        before = issue.fields["status"]
        set_status(issue, status, resolution, stamp(self.now()))
        record(self, issue, [status_entry(before, issue.fields["status"])], stamp(self.now()))
        self.touch(issue)

    def close(self, key: str, resolution: str = "Done") -> None:
        """Finish an issue, or cancel it by the resolution."""
        self.transition(key, "Done", resolution)

    @driven
    def set_parent(self, key: str, parent: str | None) -> None:
        """Put an issue under another: `parent`, or the Epic Link where Data Center keeps epics' children."""
        issue = self._by_key[key]
        self._attach(issue, parent)
        self.touch(issue)

    @driven
    def block(self, key: str, by: str) -> None:
        """`by` blocks `key`. Bumps both."""
        blocked, blocker = self._by_key[key], self._by_key[by]
        link = shapes.block_link(self._next())
        blocked.fields["issuelinks"].append({**link, "inwardIssue": short_form(blocker)})
        blocker.fields["issuelinks"].append({**link, "outwardIssue": short_form(blocked)})
        self.touch(blocked)
        self.touch(blocker)

    @driven
    def delete(self, key: str) -> None:
        """Delete an issue; no query tells of it."""
        issue = self._by_key[key]
        del self.issues[issue.id]
        self._by_key = {name: one for name, one in self._by_key.items() if one is not issue}
        self.revision += 1

    @driven
    def move(self, key: str, project: str) -> str:
        """Move an issue to another project; gives its new key. The id stays, the old key goes on answering."""
        issue, owner = self._by_key[key], self.projects[project]
        former = self.projects[issue.project]
        issue.raw["key"] = self._next_key(project)
        issue.fields["project"] = {name: owner[name] for name in ("self", "id", "key", "name") if name in owner}
        self._by_key[issue.raw["key"]] = issue
        ends = [{"id": one["id"], "text": one["name"]} for one in (former, owner)]
        moved = [entry("project", *ends), entry("Key", {"text": key}, {"text": issue.key}, field_id="key")]
        record(self, issue, moved, stamp(self.now()))
        self.touch(issue)
        return issue.key

    @driven
    def archive(self, project: str, *, archived: bool = True) -> None:
        """Archive a project, or take it up again: searches do not find its issues meanwhile."""
        self.projects[project]["archived"] = archived
        self.revision += 1

    @driven
    def close_project(self, key: str, *, closed: bool = True) -> None:
        """Take the permission to browse a project, which stays listed, or give it back."""
        (self.closed_projects.add if closed else self.closed_projects.discard)(key)
        self.revision += 1

    @driven
    def expire_page_tokens(self) -> None:
        """What names a next page does so no more, as after seven days."""
        self.token_age += 1

    @driven
    def hide(self, name: str) -> None:
        """Take away the permission to see a project or an issue, by key."""
        if name in self.projects:
            self.hidden_projects.add(name)
        else:
            self._by_key[name].hidden = True
        self.revision += 1

    @driven
    def show(self, name: str) -> None:
        """Give the permission back."""
        self.hidden_projects.discard(name)
        if name in self._by_key:
            self._by_key[name].hidden = False
        self.revision += 1

    # Inside

    def next_history(self) -> int:
        """A fresh number for a history."""
        self._histories += 1
        return self._histories

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _next_key(self, project: str) -> str:
        taken = (issue.number for issue in self.issues.values() if issue.project == project)
        number = (self._last.get(project) or max(taken, default=0)) + 1
        self._last[project] = number
        return f"{project}-{number}"

    def touch(self, issue: Issue) -> None:
        """Bump an issue."""
        issue.fields["updated"] = stamp(self.now())
        issue.changed()
        self.revision += 1
        for other in self.issues.values():
            # Other issues show this one's summary and status inside themselves.
            if issue.raw["id"] in other.refs:
                for copy in embedded(other.fields):
                    if copy["id"] == issue.raw["id"]:
                        copy.update(short_form(issue))
                other.changed()

    def _attach(self, issue: Issue, parent: str | None) -> None:
        subtask = issue.fields["issuetype"]["subtask"]
        if not self.cloud and not subtask:
            issue.fields[self.field_id("epic")] = parent
            return
        issue.fields.pop("parent", None)
        if parent:
            above = self._by_key[parent]
            issue.fields["parent"] = short_form(above)
            if subtask:
                above.fields["subtasks"].append(short_form(issue))
                above.changed()
