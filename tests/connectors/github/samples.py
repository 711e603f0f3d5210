"""Answers in GitHub's shape, and a connector to ask for them."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from config import Conventions
from connectors.base import Context
from connectors.github import GitHub, GitHubOptions
from connectors.records import Item, Scope

API = "https://api.github.com"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DATE = "Tue, 24 Nov 2026 12:00:00 GMT"
SHOP = Scope(external_id="501", key="acme/shop", name="shop", kind="repository", url="https://github.com/acme/shop")


def issue(number: int, /, **changes: Any) -> dict[str, Any]:
    """A row of a list of issues, as github.com gives it today."""
    repository = f"{API}/repos/acme/shop"
    return {
        "id": 9000 + number,
        "node_id": f"I_{number}",
        "number": number,
        "url": f"{repository}/issues/{number}",
        "repository_url": repository,
        "html_url": f"https://github.com/acme/shop/issues/{number}",
        "title": f"Issue {number}",
        "user": {"login": "dana", "id": 1},
        "labels": [],
        "state": "open",
        "state_reason": None,
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": 0,
        "created_at": "2026-10-01T08:00:00Z",
        "updated_at": "2026-10-02T09:30:00Z",
        "closed_at": None,
        "closed_by": None,
        "author_association": "MEMBER",
        "type": None,
        "body": None,
        "parent_issue_url": None,
        "sub_issues_summary": {"total": 0, "completed": 0, "percent_completed": 0},
        "issue_dependencies_summary": {"blocked_by": 0, "blocking": 0, "total_blocked_by": 0, "total_blocking": 0},
        **changes,
    }


def without(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The row as an older server gives it."""
    return {key: value for key, value in row.items() if key not in keys}


def item(number: int, **changes: Any) -> Item:
    """The record of `issue(number)`."""
    values: dict[str, Any] = {
        "external_id": str(9000 + number),
        "key": f"acme/shop#{number}",
        "scope": "501",
        "url": f"https://github.com/acme/shop/issues/{number}",
        "title": f"Issue {number}",
        "category": "todo",
        "status": "open",
        "self_reported": True,
        "created_at": datetime(2026, 10, 1, 8, tzinfo=UTC),
        "updated_at": datetime(2026, 10, 2, 9, 30, tzinfo=UTC),
    }
    return Item(**{**values, **changes})


def milestone(number: int, **changes: Any) -> dict[str, Any]:
    """A row of a list of milestones."""
    return {
        "id": 700 + number,
        "number": number,
        "html_url": f"https://github.com/acme/shop/milestone/{number}",
        "title": f"Milestone {number}",
        "description": None,
        "state": "open",
        "open_issues": 2,
        "closed_issues": 1,
        "due_on": None,
        "created_at": "2026-09-01T08:00:00Z",
        "updated_at": "2026-09-01T08:00:00Z",
        "closed_at": None,
        **changes,
    }


def repository(name: str, identity: int, owner: str = "acme", **changes: Any) -> dict[str, Any]:
    """A row of a list of repositories."""
    return {
        "id": identity,
        "name": name,
        "full_name": f"{owner}/{name}",
        "private": True,
        "owner": {"login": owner, "id": 7, "type": "Organization"},
        "html_url": f"https://github.com/{owner}/{name}",
        "url": f"{API}/repos/{owner}/{name}",
        "archived": False,
        "has_issues": True,
        **changes,
    }


def scope(name: str, identity: int, owner: str = "acme", *, archived: bool = False) -> Scope:
    """The record of `repository(name, identity)`."""
    return Scope(
        external_id=str(identity),
        key=f"{owner}/{name}",
        name=name,
        kind="repository",
        url=f"https://github.com/{owner}/{name}",
        archived=archived,
    )


def body(*rows: object) -> bytes:
    """An answer that lists the rows."""
    return json.dumps(rows).encode()


def connector(url: str = API, conventions: Conventions | None = None, **options: Any) -> GitHub:
    """A connector whose waits take no time; `waits` of its context is the list of their seconds."""
    values = {"kind": "github", "url": url, "auth": {"token": "ghp_secret"}, "repositories": ["acme/shop"], **options}
    return GitHub("github", GitHubOptions.model_validate(values), conventions or Conventions(), "count", Clock())


class Clock(Context):
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.time = NOW
        self.waits: list[float] = []
        super().__init__(now=lambda: self.time, stop=threading.Event(), sleep=self._wait)

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += timedelta(seconds=seconds)
