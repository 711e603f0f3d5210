"""What the simulated GitHub keeps of repositories and issues, and how issues are written out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.github import shapes
from simulator.site import Raw, encode

HOSTS = ("https://api.github.com", "https://github.com", "http://github.com")
WITHOUT_ASSIGNEE = "2026-03-10"
REACTIONS = ("total_count", "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def stamp(moment: datetime) -> str:
    """An instant as GitHub writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pathed(value: Any) -> Any:
    """The value with every URL of GitHub cut to its path, in place; avatars stay where they are."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.endswith("url") and isinstance(inner, str):
                for host in HOSTS:
                    if inner.startswith(host + "/"):
                        value[key] = inner[len(host) :]
            elif isinstance(inner, dict | list):
                pathed(inner)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list):
                pathed(inner)
    return value


def with_origin(body: bytes, host: str, api: str) -> bytes:
    """Put the hosts before every URL that is a path.

    Exact on bytes: inside JSON text a quote is escaped, so `url":"/` can only end a key.
    """
    body = body.replace(b'html_url":"/', b'html_url":"' + host.encode() + b"/")
    return body.replace(b'url":"/', b'url":"' + api.encode() + b"/")


def placeless(raw: Raw) -> None:
    """Make a recorded issue one that lies nowhere yet, with the keys that old records lack, in place."""
    pathed(raw)
    raw.setdefault("node_id", shapes.node_id("I", raw["id"]))
    raw.setdefault("assignees", [raw["assignee"]] if raw.get("assignee") else [])
    raw.setdefault("assignee", raw["assignees"][0] if raw["assignees"] else None)
    raw.setdefault("state_reason", "completed" if raw["state"] == "closed" and "pull_request" not in raw else None)
    for name in (
        "url",
        "repository_url",
        "labels_url",
        "comments_url",
        "events_url",
        "timeline_url",
        "html_url",
        "reactions",
    ):
        # Where an issue lies is told by its repository from now on.
        raw.pop(name, None)


FEATURES = {
    "sub_issues": ("sub_issues_summary", "parent_issue_url"),
    "types": ("type",),
    "dependencies": ("issue_dependencies_summary",),
}
"""The keys of an issue that an older server does not have, by what it lacks."""


def _aged(raw: Raw, without: frozenset[str]) -> Raw:
    missing = {key for feature in without for key in FEATURES.get(feature, ())}
    return {key: value for key, value in raw.items() if key not in missing} if missing else raw


@dataclass(eq=False)
class Issue:
    """An issue or pull request.

    `raw` holds what does not depend on its place; the rest is put in when it is written.
    """

    raw: Raw
    repository: "Repository"
    parent: "Issue | None" = None
    children: list["Issue"] = field(default_factory=list)
    blocked_by: list["Issue"] = field(default_factory=list)
    blocking: list["Issue"] = field(default_factory=list)
    hidden: bool = False
    comments: list[Raw] = field(default_factory=list)
    _rendered: dict[object, bytes] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return self.raw["number"]

    @property
    def key(self) -> str:
        return f"{self.repository.full_name}#{self.number}"

    @property
    def path(self) -> str:
        return f"/repos/{self.repository.full_name}/issues/{self.number}"

    @property
    def open(self) -> bool:
        return self.raw["state"] == "open"

    def changed(self) -> None:
        """To be called after every change that shows in this issue's JSON."""
        self._rendered.clear()
        self.repository.revision += 1

    def rendered(self, version: str, host: str, api: str, without: frozenset[str] = frozenset()) -> bytes:
        """The issue as JSON, with URLs below `host` and `api`, in an API version.

        `without` names what the server is too old for (`FEATURES`).
        """
        milestone = self.repository.milestones.get((self.raw["milestone"] or {}).get("number", 0), {})
        # The milestone's counts show in each of its issues and change without them.
        counts = (milestone.get("open_issues"), milestone.get("closed_issues"), milestone.get("updated_at"))
        how = (version, host, counts)
        found = self._rendered.get(how)
        if found is None:
            self._rendered.clear()
            found = self._rendered[how] = with_origin(encode(_aged(self._shown(version), without)), host, api)
        return found

    def _shown(self, version: str) -> Raw:
        repository, path = self.repository, self.path
        done = sum(not child.open for child in self.children)
        place = "pull" if "pull_request" in self.raw else "issues"
        milestone = self.raw.get("milestone")
        shown: Raw = {
            "url": path,
            "repository_url": f"/repos/{repository.full_name}",
            "labels_url": path + "/labels{/name}",
            "comments_url": path + "/comments",
            "events_url": path + "/events",
            "timeline_url": path + "/timeline",
            "html_url": f"/{repository.full_name}/{place}/{self.number}",
            "type": None,
            "state_reason": None,
            "closed_by": None,
            "active_lock_reason": None,
            "performed_via_github_app": None,
            "reactions": {"url": path + "/reactions", **dict.fromkeys(REACTIONS, 0)},
            **self.raw,
            # The milestone is shown as it is now: renaming one bumps no issue.
            "milestone": repository.milestones.get(milestone["number"], milestone) if milestone else None,
            "sub_issues_summary": {
                "total": len(self.children),
                "completed": done,
                "percent_completed": 100 * done // len(self.children) if self.children else 0,
            },
            "issue_dependencies_summary": {
                "blocked_by": sum(other.open for other in self.blocked_by),
                "total_blocked_by": len(self.blocked_by),
                "blocking": sum(other.open for other in self.blocking),
                "total_blocking": len(self.blocking),
            },
            "parent_issue_url": self.parent.path if self.parent else None,
        }
        if "pull_request" in shown:
            merged = shown["pull_request"].get("merged_at")
            shown["pull_request"] = shapes.pull_request(repository.full_name, self.number, merged)
        if version >= WITHOUT_ASSIGNEE:
            del shown["assignee"]
        return shown


@dataclass(eq=False)
class Repository:
    """A repository with its issues. `former` are full names that redirect here."""

    raw: Raw
    issues: dict[int, Issue] = field(default_factory=dict)
    milestones: dict[int, Raw] = field(default_factory=dict)
    labels: dict[str, Raw] = field(default_factory=dict)
    moved: dict[int, Issue] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    former: set[str] = field(default_factory=set)
    hidden: bool = False
    last_number: int = 0
    revision: int = 0
    """Grows with every change of an issue, so that a sorted list of them need not be made for every page."""

    @property
    def id(self) -> int:
        return self.raw["id"]

    @property
    def full_name(self) -> str:
        return self.raw["full_name"]

    def changed(self) -> None:
        """To be called when something that all issues show has changed: the name, a milestone."""
        for issue in self.issues.values():
            issue.changed()
            for other in (*issue.children, *issue.blocked_by, *issue.blocking):
                other.changed()

    def next_number(self) -> int:
        self.last_number += 1
        return self.last_number
