"""The simulated GitHub: its state, and what tests may do to it."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from simulator.files import read_json
from simulator.github import shapes
from simulator.github.api import GitHubEndpoints
from simulator.github.driving import Driving
from simulator.github.state import Issue, Repository, pathed, placeless, stamp
from simulator.site import Raw, driven


class GitHubSite(Driving):
    """A GitHub with its repositories, issues and milestones. Issues are named `owner/name#12` in all methods.

    `tokens` are the tokens taken, with the login behind each. `limit` is the primary limit per token and hour; None
    stands for an Enterprise Server with limits off, `enterprise` for its place below `/api/v3`. `without` names what an
    older server does not have: `projects` (by REST), `sub_issues`, `types`, `dependencies`.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] | None = None,
        tokens: dict[str, str] | None = None,
        limit: int | None = 5000,
        enterprise: bool = False,
        without: Iterable[str] = (),
    ) -> None:
        super().__init__(now)
        self.tokens = tokens or {"github-token": "northing-bot"}
        self.limit = limit
        self.prefix = "/api/v3" if enterprise else ""
        self.without = frozenset(without)
        self.repositories: dict[int, Repository] = {}
        self._serial = 1_300_000_000

    @classmethod
    def from_folder(cls, folder: Path, **options: Any) -> "GitHubSite":
        """A site that serves recorded data: `issues.json` and, optionally, `repositories.json` and `milestones.json`.

        An issue's repository is told by its `repository_url` or `url`; repositories and milestones that only issues
        name are made up from them. `options` go to the constructor. Raises FileNotFoundError where issues are missing.
        """
        site, folder = cls(**options), Path(folder)
        issues = read_json(folder, "issues.json")
        if issues is None:
            raise FileNotFoundError(f"{folder} holds no issues.json.")
        for raw in read_json(folder, "repositories.json") or []:
            site._keep(Repository(pathed(raw)))
        for raw in read_json(folder, "milestones.json") or []:
            site._repository_of(raw).milestones[raw["number"]] = pathed(raw)
        for raw in issues:
            site._load(raw)
        return site

    def endpoints(self) -> GitHubEndpoints:
        return GitHubEndpoints(self)

    def address_of(self, path: str) -> str:
        # GraphQL lies beside the REST API of an Enterprise Server, not below it.
        return self.prefix.removesuffix("/v3") + path if path == "/graphql" else super().address_of(path)

    # What is there

    def find(self, key: str) -> Issue:
        """An issue by `owner/name#number`. Raises KeyError."""
        name, _, number = key.rpartition("#")
        return self.repository(name).issues[int(number)]

    def issue(self, key: str) -> Raw:
        """The raw issue of a key. Raises KeyError."""
        return self.find(key).raw

    def keys(self) -> list[str]:
        """Present keys of all issues, pull requests left out, by repository and number."""
        return [
            issue.key
            for repository in self.repositories.values()
            for _, issue in sorted(repository.issues.items())
            if "pull_request" not in issue.raw
        ]

    def repository(self, full_name: str) -> Repository:
        """A repository by its present name. Raises KeyError."""
        for repository in self.repositories.values():
            if repository.full_name.lower() == full_name.lower():
                return repository
        raise KeyError(full_name)

    # Filling it

    @driven
    def add_repository(self, full_name: str, *, private: bool = False, archived: bool = False) -> Repository:
        """A new, empty repository."""
        return self._keep(Repository(shapes.repository(full_name, self._next(), stamp(self.now()), private, archived)))

    @driven
    def add_milestone(self, repository: str, title: str, due_on: date | None = None, *, closed: bool = False) -> Raw:
        """A new milestone; `due_on` is kept as midnight in its creator's zone, seven hours behind UTC."""
        owner = self.repository(repository)
        number = max(owner.milestones, default=0) + 1
        due = stamp(datetime.combine(due_on, time(7), UTC)) if due_on else None
        raw = shapes.milestone(owner.full_name, number, self._next(), title, stamp(self.now()), due)
        if closed:
            raw |= {"state": "closed", "closed_at": stamp(self.now())}
        owner.milestones[number] = raw
        return raw

    @driven
    def add_issue(
        self,
        repository: str,
        title: str,
        *,
        body: str | None = None,
        labels: Iterable[str] = (),
        milestone: str | None = None,
        assignees: Iterable[str] = (),
        type: str | None = None,  # noqa: A002 - GitHub's word
        parent: str | None = None,
        state: str = "open",
        state_reason: str | None = None,
        created: datetime | None = None,
        updated: datetime | None = None,
        closed: datetime | None = None,
        pull_request: bool = False,
    ) -> str:
        """A new issue, or a pull request; gives its key."""
        owner, moment = self.repository(repository), stamp(created or self.now())
        number, identity = owner.next_number(), self._next()
        ended = stamp(closed or updated or self.now()) if state == "closed" else None
        people = [shapes.user(login) for login in assignees]
        raw: Raw = {
            "id": identity,
            "node_id": shapes.node_id("I", identity),
            "number": number,
            "title": title,
            "user": shapes.user("robin-keller"),
            "labels": [self._label(owner, name) for name in labels],
            "state": state,
            "locked": False,
            "assignee": people[0] if people else None,
            "assignees": people,
            "milestone": None,
            "comments": 0,
            "created_at": moment,
            "updated_at": stamp(updated) if updated else ended or moment,
            "closed_at": ended,
            "author_association": "MEMBER",
            "body": body,
            "type": shapes.issue_type(type) if type else None,
            "state_reason": state_reason or ("completed" if state == "closed" and not pull_request else None),
        }
        if pull_request:
            raw |= {"pull_request": shapes.pull_request(owner.full_name, number, ended), "draft": False}
        issue = owner.issues[number] = Issue(raw, owner)
        owner.revision += 1
        if milestone:
            self._set_milestone(issue, milestone)
        if parent:
            self._attach(issue, self.find(parent))
        return issue.key

    # Driving it

    @driven
    def edit(self, key: str, **values: Any) -> None:
        """Change fields and bump `updated_at`; a milestone set or taken off is bumped as well.

        Takes `title`, `body`, `labels` (names), `assignees` (logins), `milestone` (title or None) and `type` (name or
        None).
        """
        issue = self.find(key)
        for name, value in values.items():
            match name:
                case "title" | "body":
                    issue.raw[name] = value
                case "labels":
                    issue.raw["labels"] = [self._label(issue.repository, label) for label in value]
                case "assignees":
                    issue.raw["assignees"] = [shapes.user(login) for login in value]
                    issue.raw["assignee"] = issue.raw["assignees"][0] if value else None
                case "milestone":
                    self._set_milestone(issue, value)
                case "type":
                    issue.raw["type"] = shapes.issue_type(value) if value else None
                case _:
                    raise TypeError(f"edit() does not know the field {name!r}")
        self._touch(issue)

    def add_label(self, key: str, label: str) -> None:
        """Put a label on an issue."""
        self.edit(key, labels=[*(one["name"] for one in self.issue(key)["labels"]), label])

    def remove_label(self, key: str, label: str) -> None:
        """Take a label off an issue."""
        self.edit(key, labels=[one["name"] for one in self.issue(key)["labels"] if one["name"] != label])

    def close(self, key: str, reason: str = "completed") -> None:
        """Close an issue: `completed`, `not_planned` or `duplicate`."""
        self._set_state(key, "closed", reason)

    def reopen(self, key: str) -> None:
        """Open a closed issue again."""
        self._set_state(key, "open", "reopened")

    @driven
    def set_parent(self, key: str, parent: str | None) -> None:
        """Make an issue a sub-issue of another, or of none. Bumps neither of them, as in the real tool."""
        issue = self.find(key)
        self._detach(issue)
        if parent:
            self._attach(issue, self.find(parent))

    @driven
    def retype(self, key: str, type: str | None) -> None:  # noqa: A002 - GitHub's word
        """Give an issue another type, as when the organisation's types are changed: bumps nothing."""
        issue = self.find(key)
        issue.raw["type"] = shapes.issue_type(type) if type else None
        issue.changed()

    @driven
    def unblock(self, key: str) -> None:
        """Take all blockers off an issue. Bumps nothing."""
        issue = self.find(key)
        for blocker in issue.blocked_by:
            blocker.blocking.remove(issue)
            blocker.changed()
        issue.blocked_by.clear()
        issue.changed()

    @driven
    def block(self, key: str, by: str) -> None:
        """`by` blocks `key`. Bumps the blocked issue only."""
        blocked, blocker = self.find(key), self.find(by)
        blocked.blocked_by.append(blocker)
        blocker.blocking.append(blocked)
        blocker.changed()
        self._touch(blocked)

    @driven
    def delete(self, key: str) -> None:
        """Delete an issue: its number answers 410 from now on."""
        issue = self.find(key)
        self._remove(issue)
        issue.repository.deleted.add(issue.number)

    @driven
    def transfer(self, key: str, repository: str) -> str:
        """Move an issue to another repository; gives its new key. It gets another number and another id; labels and
        milestone stay only where the new place has them. The old number redirects.
        """
        issue, owner = self.find(key), self.repository(repository)
        self._remove(issue)
        raw = {**issue.raw, "number": owner.next_number(), "id": self._next(), "milestone": None}
        raw["node_id"] = shapes.node_id("I", raw["id"])
        raw["labels"] = [label for label in raw["labels"] if label["name"] in owner.labels]
        moved = owner.issues[raw["number"]] = Issue(raw, owner)
        issue.repository.moved[issue.number] = moved
        self._touch(moved)
        return moved.key

    @driven
    def rename(self, repository: str, full_name: str) -> None:
        """Rename a repository; its former name redirects to its id."""
        owner = self.repository(repository)
        owner.former.add(owner.full_name.lower())
        before, kept = owner.raw, ("description", "private", "archived", "has_issues")
        owner.raw = shapes.repository(full_name, owner.id, before["created_at"]) | {name: before[name] for name in kept}
        owner.changed()

    def rename_owner(self, owner: str, name: str) -> None:
        """Rename an organisation or person: each of its repositories redirects from its former name."""
        for repository in list(self.repositories.values()):
            before, _, rest = repository.full_name.partition("/")
            if before.lower() == owner.lower():
                self.rename(repository.full_name, f"{name}/{rest}")

    @driven
    def set_repository(self, name: str, **values: Any) -> None:
        """Change raw fields of a repository: `archived=True`, which stays readable, or `has_issues=False`."""
        self.repository(name).raw |= values

    @driven
    def edit_milestone(self, repository: str, milestone: str, **values: Any) -> None:
        """Change raw fields of the milestone of that title (`title`, `state`, `due_on` as text). Bumps no issue."""
        owner = self.repository(repository)
        raw = next(one for one in owner.milestones.values() if one["title"] == milestone)
        closed = {"closed_at": stamp(self.now()) if values["state"] == "closed" else None} if "state" in values else {}
        owner.milestones[raw["number"]] = {**raw, **values, **closed, "updated_at": stamp(self.now())}
        owner.changed()

    @driven
    def hide(self, name: str) -> None:
        """Take away the permission to see a repository or an issue."""
        (self.find(name) if "#" in name else self.repository(name)).hidden = True

    @driven
    def show(self, name: str) -> None:
        """Give the permission back."""
        (self.find(name) if "#" in name else self.repository(name)).hidden = False

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _touch(self, issue: Issue) -> None:
        issue.raw["updated_at"] = stamp(self.now())
        issue.changed()

    def _keep(self, repository: Repository) -> Repository:
        self.repositories[repository.id] = repository
        return repository

    def _label(self, repository: Repository, name: str) -> Raw:
        return repository.labels.setdefault(name, shapes.label(repository.full_name, name))

    def _set_state(self, key: str, state: str, reason: str) -> None:
        with self.lock:
            issue = self.find(key)
            self._count(issue, -1)
            ended = stamp(self.now()) if state == "closed" else None
            issue.raw |= {"state": state, "state_reason": reason, "closed_at": ended}
            self._count(issue, 1)
            self._touch(issue)
            for other in (issue.parent, *issue.blocked_by, *issue.blocking):
                if other:
                    other.changed()

    def _count(self, issue: Issue, by: int) -> None:
        if issue.raw.get("milestone"):
            milestone = issue.repository.milestones[issue.raw["milestone"]["number"]]
            milestone["open_issues" if issue.open else "closed_issues"] += by

    def _set_milestone(self, issue: Issue, title: str | None) -> None:
        milestones = issue.repository.milestones
        before = issue.raw["milestone"]
        after = next(one for one in milestones.values() if one["title"] == title) if title else None
        self._count(issue, -1)
        issue.raw["milestone"] = after
        self._count(issue, 1)
        for milestone in (before, after):
            if milestone:
                shown = milestones[milestone["number"]]
                shown["updated_at"] = max(shown["updated_at"], stamp(self.now()))

    def _attach(self, issue: Issue, parent: Issue) -> None:
        issue.parent = parent
        parent.children.append(issue)
        issue.changed()
        parent.changed()

    def _detach(self, issue: Issue) -> None:
        if issue.parent:
            issue.parent.children.remove(issue)
            issue.parent.changed()
            issue.parent = None
            issue.changed()

    def _remove(self, issue: Issue) -> None:
        self._count(issue, -1)
        self._detach(issue)
        for child in list(issue.children):
            self._detach(child)
        for other in issue.blocked_by:
            other.blocking.remove(issue)
            other.changed()
        for other in issue.blocking:
            other.blocked_by.remove(issue)
            other.changed()
        for project in self.projects.values():
            project.cards = [card for card in project.cards if card.issue is not issue]
        del issue.repository.issues[issue.number]
        issue.repository.revision += 1

    def _repository_of(self, raw: Raw) -> Repository:
        place = raw.get("repository_url") or raw["url"].split("/issues/")[0].split("/milestones/")[0]
        full_name = "/".join(place.rstrip("/").split("/")[-2:])
        try:
            return self.repository(full_name)
        except KeyError:
            return self._keep(Repository(shapes.repository(full_name, self._next(), "2008-04-10T02:17:01Z")))

    def _load(self, raw: Raw) -> None:
        owner = self._repository_of(raw)
        placeless(raw)
        milestone = raw.get("milestone")
        if milestone:
            owner.milestones.setdefault(milestone["number"], milestone)
        for label in raw["labels"]:
            owner.labels.setdefault(label["name"], label)
        owner.issues[raw["number"]] = Issue(raw, owner)
        owner.last_number = max(owner.last_number, raw["number"])
        self._serial = max(self._serial, raw["id"])
