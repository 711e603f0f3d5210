"""The simulated tools as sources of a mirror: real connectors read them over loopback while their work changes."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Literal

from config import Config
from connectors.base import Connector, Context, Listing, Reading, Usage
from connectors.records import Category, Containers, Looked, Page, Ref, Scope
from connectors.registry import connector
from simulator import GitHubSite, JiraSite
from tests.sync.fake import START
from tests.sync.mirror_model import Shown

CATEGORIES = {"new": "todo", "indeterminate": "in_progress", "done": "done"}


class JiraSource:
    """Two projects that are read, and one that is not."""

    kinds = ("create", "edit", "transition", "delete", "move", "reparent", "hide", "hide_project", "plan")

    def __init__(self, flavour: Literal["cloud", "datacenter"]) -> None:
        self.clock = START
        self.site = JiraSite(flavour, now=lambda: self.clock)
        for key in ("ONE", "TWO", "OUT"):
            self.site.add_project(key, key)
            for name in ("1.0", "2.0"):
                self.site.add_version(key, name)
        self._hidden: set[str] = set()

    def options(self, url: str) -> dict[str, Any]:
        auth = {"email": self.site.email, "token": self.site.token} if self.site.cloud else {"token": self.site.token}
        return {"kind": "jira", "url": url, "auth": auth, "projects": ["ONE", "TWO"]}

    def happen(self, kind: str, seed: int) -> None:
        self.clock += timedelta(seconds=30)
        pick = random.Random(seed)
        keys = [one.key for one in self.site.issues.values()]
        if kind == "create":
            for _ in range(pick.choice([1, 5])):
                kind_of = pick.choice(["Epic", "Story"])
                self.site.add_issue(pick.choice(["ONE", "TWO", "OUT"]), f"Title {pick.randrange(999)}", kind_of)
        elif kind == "hide_project":
            self._toggle(pick.choice(["ONE", "TWO"]))
        elif keys:
            self._change(kind, pick.choice(keys), pick)

    def _change(self, kind: str, key: str, pick: random.Random) -> None:
        project = key.split("-", maxsplit=1)[0]
        match kind:
            case "edit":
                labels = sorted(pick.sample(["a", "b", "c"], pick.randrange(4)))
                self.site.edit(key, summary=f"Edited {pick.randrange(999)}", labels=labels)
            case "transition":
                self.site.transition(key, pick.choice(["To Do", "In Progress", "Done"]))
            case "delete":
                self.site.delete(key)
            case "move":
                self.site.edit(key, versions=[])
                self.site.move(key, pick.choice([one for one in ("ONE", "TWO", "OUT") if one != project]))
            case "hide":
                self._toggle(key)
            case "plan":
                self.site.edit(key, versions=[pick.choice(["1.0", "2.0"])])
            case "reparent" if self.site.issue(key)["fields"]["issuetype"]["name"] == "Story":
                epics = [one.key for one in self.site.issues.values() if one.fields["issuetype"]["name"] == "Epic"]
                self.site.set_parent(key, pick.choice([*epics, None]))

    def _toggle(self, name: str) -> None:
        known = self.site.find(name) if "-" in name else None
        mark = str(known.id) if known else name
        if mark in self._hidden:
            self.site.show(name)
        else:
            self.site.hide(name)
        self._hidden ^= {mark}

    def shown(self) -> dict[str, Shown]:
        listed = {self.site.projects[key]["id"]: key for key in ("ONE", "TWO") if key not in self._hidden}
        seen = {
            str(one.id): one
            for one in self.site.issues.values()
            if not one.hidden and one.fields["project"]["id"] in listed
        }
        return {
            identity: Shown(
                issue.key,
                issue.fields["project"]["id"],
                issue.fields["summary"],
                CATEGORIES[issue.fields["status"]["statusCategory"]["key"]],
                self._parent(issue.fields, seen),
                tuple(issue.fields["labels"]),
                tuple(sorted(one["name"] for one in issue.fields["fixVersions"])),
            )
            for identity, issue in seen.items()
        }

    def _parent(self, fields: dict[str, Any], seen: dict[str, Any]) -> str | None:
        told = (fields.get("parent") or {}).get("id")
        if told is None and not self.site.cloud and (epic := fields.get(self.site.field_id("epic"))):
            found = self.site.find(epic)
            told = str(found.id) if found else "?"
        return told if told is None or told in seen else "?"

    def exists(self, identity: str) -> bool:
        return int(identity) in self.site.issues

    def successor(self, identity: str) -> str:
        return identity

    def listed(self) -> set[str]:
        return {self.site.projects[key]["id"] for key in ("ONE", "TWO") if key not in self._hidden}


class GitHubSource:
    """Two repositories that are read, and one that is not.

    GitHub hides no single issue: one that is not found in a repository that can be read is deleted.
    """

    kinds = (
        "create", "edit", "close", "delete", "transfer", "reparent", "hide_project", "plan", "rename",
    )  # fmt: skip

    def __init__(self) -> None:
        self.clock = START
        self.site = GitHubSite(now=lambda: self.clock)
        for name in ("acme/one", "acme/two", "other/out"):
            self.site.add_repository(name)
            for title in ("1.0", "2.0"):
                self.site.add_milestone(name, title)
        self.moved: dict[str, str] = {}
        self._names = 0

    def options(self, url: str) -> dict[str, Any]:
        return {"kind": "github", "url": url, "auth": {"token": "github-token"}, "repositories": ["acme/*"]}

    def _repositories(self) -> list[str]:
        return sorted(one.full_name for one in self.site.repositories.values())

    def happen(self, kind: str, seed: int) -> None:
        self.clock += timedelta(seconds=30)
        pick = random.Random(seed)
        if kind == "create":
            for _ in range(pick.choice([1, 5])):
                self.site.add_issue(pick.choice(self._repositories()), f"Title {pick.randrange(999)}")
        elif kind == "hide_project":
            name = pick.choice([one for one in self._repositories() if one.startswith("acme/")])
            (self.site.show if self.site.repository(name).hidden else self.site.hide)(name)
        elif kind == "rename":
            self._names += 1
            name = pick.choice([one for one in self._repositories() if one.startswith("acme/")])
            self.site.rename(name, f"acme/n{self._names}")
        elif keys := self.site.keys():
            self._change(kind, pick.choice(keys), pick)

    def _change(self, kind: str, key: str, pick: random.Random) -> None:
        issue = self.site.find(key)
        match kind:
            case "edit":
                labels = sorted(pick.sample(["a", "b", "c"], pick.randrange(4)))
                self.site.edit(key, title=f"Edited {pick.randrange(999)}", labels=labels)
            case "close":
                (self.site.close if issue.open else self.site.reopen)(key)
            case "delete":
                self.site.delete(key)
            case "transfer":
                home = issue.repository.full_name
                before = str(issue.raw["id"])
                new = self.site.transfer(key, pick.choice([one for one in self._repositories() if one != home]))
                self.moved[before] = str(self.site.find(new).raw["id"])
            case "plan":
                self.site.edit(key, milestone=pick.choice(["1.0", "2.0", None]))
            case "reparent":
                parent = self.site.find(pick.choice(self.site.keys()))
                above = parent
                while above is not None:
                    if above is issue:
                        return
                    above = above.parent
                self.site.set_parent(key, pick.choice([parent.key, None]))

    def shown(self) -> dict[str, Shown]:
        seen = {
            str(issue.raw["id"]): issue
            for one in self.site.repositories.values()
            if str(one.id) in self.listed()
            for issue in one.issues.values()
            if not issue.hidden
        }
        return {
            identity: Shown(
                issue.key,
                str(issue.repository.id),
                issue.raw["title"],
                "todo" if issue.open else "done",
                self._parent(issue, seen),
                tuple(sorted(one["name"] for one in issue.raw["labels"])),
                (issue.raw["milestone"]["title"],) if issue.raw["milestone"] else (),
            )
            for identity, issue in seen.items()
        }

    def _parent(self, issue: Any, seen: dict[str, Any]) -> str | None:
        told = None if issue.parent is None else str(issue.parent.raw["id"])
        return told if told is None or told in seen else "?"

    def exists(self, identity: str) -> bool:
        return any(
            str(issue.raw["id"]) == identity for one in self.site.repositories.values() for issue in one.issues.values()
        )

    def successor(self, identity: str) -> str:
        while identity in self.moved:
            identity = self.moved[identity]
        return identity

    def listed(self) -> set[str]:
        return {
            str(one.id)
            for one in self.site.repositories.values()
            if one.full_name.startswith("acme/") and not one.hidden
        }


class Trapped:
    """A connector before whose every page something may happen."""

    def __init__(self, source: JiraSource | GitHubSource, url: str, stop: threading.Event) -> None:
        values = source.options(url)
        kind = connector(values["kind"])
        self.options = kind.options_model.model_validate(values)
        config = Config(connections={"fake": self.options})
        context = Context(now=lambda: source.clock, stop=stop, sleep=lambda _seconds: None)
        self.inner: Connector = kind("fake", self.options, config.conventions, config.counting.measure, context)
        self.request: Callable[[], None] = lambda: None
        self.name = "fake"
        self.kind, self.conditional = self.inner.kind, self.inner.conditional

    @property
    def overlap(self) -> timedelta:
        return self.inner.overlap

    def scopes(self) -> Listing:
        self.request()
        return self.inner.scopes()

    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        self.request()
        return self.inner.containers(scope, validators, usage)

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        for page in self.inner.items(scope, reading, usage):
            self.request()
            yield page

    def ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]] | None:
        pages = self.inner.ids(scope, usage)
        return None if pages is None else self._after_each(pages)

    def _after_each(self, pages: Iterator[dict[str, Category]]) -> Iterator[dict[str, Category]]:
        for page in pages:
            self.request()
            yield page

    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        self.request()
        return self.inner.look(scope, refs, usage)

    def close(self) -> None:
        self.inner.close()
