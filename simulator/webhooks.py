"""Webhooks of the simulated tools: what changed on a site, as signed deliveries in the tool's own shape."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulator.github import GitHubSite
from simulator.jira import JiraSite
from simulator.site import Raw, encode


@dataclass(frozen=True)
class Sent:
    """One delivery. Header names are in lower case."""

    headers: dict[str, str]
    body: bytes


class GitHubSender:
    """Tells what changed on a site since it was last asked."""

    def __init__(self, site: GitHubSite, secret: str) -> None:
        self._site = site
        self._secret = secret
        self._serial = 0
        self._before = self._state()

    def deliveries(self) -> list[Sent]:
        """A delivery for each change, in an order of its own: GitHub promises none."""
        before, after = self._before, self._state()
        self._before = after
        return [self._signed(event, body) for event, body in self._changes(before, after)]

    def _state(self) -> dict[tuple[str, int], Raw]:
        state: dict[tuple[str, int], Raw] = {}
        with self._site.lock:
            for one in self._site.repositories.values():
                where = {"id": one.id, "full_name": one.full_name}
                state["repository", one.id] = {"repository": where}
                for milestone in one.milestones.values():
                    state["milestone", milestone["id"]] = {"milestone": dict(milestone), "repository": where}
                for issue in one.issues.values():
                    pull = {"pull_request": {}} if "pull_request" in issue.raw else {}
                    state["issues", issue.raw["id"]] = {
                        "issue": {**issue.raw, **pull},
                        "repository": where,
                        "parent": issue.parent.raw["id"] if issue.parent else None,
                        "blocked_by": [other.raw["id"] for other in issue.blocked_by],
                    }
        # Copied: what changes later must not change what was seen now.
        return {name: _copy(body) for name, body in state.items()}

    def _changes(
        self, before: dict[tuple[str, int], Raw], after: dict[tuple[str, int], Raw]
    ) -> Iterator[tuple[str, Raw]]:
        moved = {issue.raw["id"] for one in self._site.repositories.values() for issue in one.moved.values()}
        for name in [*before, *(one for one in after if one not in before)]:
            event, identity = name
            old, new = before.get(name), after.get(name)
            if event == "issues":
                yield from _issue_changes(old, new, transferred=identity in moved)
            elif old != new:
                shown = new or old or {}
                renamed = event == "repository" and old and new
                action = "renamed" if renamed else "created" if old is None else "edited" if new else "deleted"
                yield event, {"action": action, **shown}

    def _signed(self, event: str, body: Raw) -> Sent:
        self._serial += 1
        raw = encode(body)
        return Sent(
            {
                "content-type": "application/json",
                "x-github-event": event,
                "x-github-delivery": f"00000000-0000-0000-0000-{self._serial:012}",
                "x-hub-signature-256": _signature(self._secret, raw),
            },
            raw,
        )


class JiraSender:
    """Tells what changed on a site since it was last asked."""

    def __init__(self, site: JiraSite, secret: str) -> None:
        self._site = site
        self._secret = secret
        self._serial = 0
        self._before = self._state()

    def deliveries(self) -> list[Sent]:
        """A delivery for each change, in an order of its own: Jira promises none."""
        before, after = self._before, self._state()
        self._before = after
        return [self._signed(body) for body in self._changes(before, after)]

    def _state(self) -> dict[tuple[str, str], Raw]:
        state: dict[tuple[str, str], Raw] = {}
        with self._site.lock:
            for project in self._site.projects.values():
                for version in project.get("versions", []):
                    state["version", str(version["id"])] = {"version": {**version, "projectId": int(project["id"])}}
            for identity, sprint in self._site.sprints.items():
                state["sprint", str(identity)] = {"sprint": sprint}
            for issue in self._site.issues.values():
                state["issue", str(issue.id)] = {"issue": issue.raw}
        return {name: _copy(body) for name, body in state.items()}

    def _changes(self, before: dict[tuple[str, str], Raw], after: dict[tuple[str, str], Raw]) -> Iterator[Raw]:
        for name in [*before, *(one for one in after if one not in before)]:
            old, new = before.get(name), after.get(name)
            if old == new:
                continue
            what = "created" if old is None else "updated" if new else "deleted"
            prefix = "" if name[0] == "sprint" else "jira:"
            yield {
                "timestamp": int(self._site.now().timestamp() * 1000),
                "webhookEvent": f"{prefix}{name[0]}_{what}",
                **(new or old or {}),
            }

    def _signed(self, body: Raw) -> Sent:
        self._serial += 1
        raw = encode(body)
        return Sent(
            {
                "content-type": "application/json; charset=UTF-8",
                "x-atlassian-webhook-identifier": f"{self._serial:012}",
                "x-hub-signature": _signature(self._secret, raw),
            },
            raw,
        )


def _issue_changes(old: Raw | None, new: Raw | None, *, transferred: bool) -> Iterator[tuple[str, Raw]]:
    shown = new or old or {}
    told = {"issue": shown["issue"], "repository": shown["repository"]}
    if old is None:
        yield "issues", {"action": "opened", **told}
    elif new is None:
        yield "issues", {"action": "transferred" if transferred else "deleted", **told}
    elif old["issue"] != new["issue"]:
        yield "issues", {"action": "edited", **told}
    if old and new and old["parent"] != new["parent"]:
        action = "parent_issue_added" if new["parent"] else "parent_issue_removed"
        yield "sub_issues", {"action": action, "sub_issue": new["issue"], "repository": new["repository"]}
    if old and new and old["blocked_by"] != new["blocked_by"]:
        action = "blocked_by_added" if new["blocked_by"] else "blocked_by_removed"
        yield "issue_dependencies", {"action": action, "blocked_issue": new["issue"], "repository": new["repository"]}


def _copy(body: Any) -> Any:
    if isinstance(body, dict):
        return {key: _copy(value) for key, value in body.items()}
    return [_copy(value) for value in body] if isinstance(body, list) else body


def _signature(secret: str, body: bytes) -> str:
    return f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"
