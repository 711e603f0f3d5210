"""The least that can be called a Jira or a GitHub: a few addresses, no clock, no ETags, 404 for everything else.

Written from the official API documents and kept apart from the simulator, so that what the simulator misunderstands
does not hide what a connector misunderstands.
"""

import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any, dict[str, str]]
"""Status, what becomes the JSON body, and headers."""


class Site:
    """A tool on a free port of loopback. A request without `token` is refused with 401."""

    def __init__(self, token: str = "right") -> None:
        self.token = token
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                address = urlsplit(self.path)
                site.asked.append(f"{self.command} {address.path}")
                if site.token in (self.headers.get("Authorization") or ""):
                    query = {key: values[0] for key, values in parse_qs(address.query).items()} | body
                    status, content, headers = site.answer(self.command, address.path, query)
                else:
                    status, content, headers = 401, {"message": "Bad credentials"}, {}
                data = json.dumps(content).encode()
                self.send_response_only(status)
                for name, value in (headers | {"Content-Type": "application/json"}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, method: str, path: str, asked: dict[str, Any]) -> Answer:
        """What the tool says to a request with the right token."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def ago(days: float) -> str:
    """An instant of the past as GitHub writes it."""
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago_jira(days: float) -> str:
    """An instant of the past as Jira writes it."""
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


CATEGORIES = {
    "To Do": {"id": 2, "key": "new", "name": "To Do"},
    "In Progress": {"id": 4, "key": "indeterminate", "name": "In Progress"},
    "Done": {"id": 3, "key": "done", "name": "Done"},
}

POINTS = "customfield_10016"

FIELDS = [
    {"id": "summary", "key": "summary", "name": "Summary", "custom": False, "clauseNames": ["summary"]},
    {
        "id": POINTS,
        "key": POINTS,
        "name": "Story Points",
        "custom": True,
        "clauseNames": ["Story Points"],
        "schema": {"type": "number", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"},
    },
    {
        "id": "customfield_10014",
        "key": "customfield_10014",
        "name": "Epic Link",
        "custom": True,
        "clauseNames": ["Epic Link"],
        "schema": {"type": "any", "custom": "com.pyxis.greenhopper.jira:gh-epic-link"},
    },
]


def issue(number: int, status: str = "To Do", *, key: str = "", type: str = "Story", **fields: Any) -> dict[str, Any]:  # noqa: A002
    """A Jira issue as its documents show it. `status` is the name of its category, too."""
    key = key or f"SHOP-{number}"
    project = key.rpartition("-")[0]
    finished = ago_jira(20) if status == "Done" else None
    return {
        "id": str(10000 + number),
        "key": key,
        "fields": {
            "summary": f"Work {number}",
            "project": {"id": "1", "key": project},
            "issuetype": {"id": "7", "name": type, "subtask": type == "Sub-task"},
            "status": {"id": "1", "name": status, "statusCategory": CATEGORIES[status]},
            "resolution": {"name": "Done"} if status == "Done" else None,
            "resolutiondate": finished,
            "created": ago_jira(50),
            "updated": ago_jira(2),
            "labels": [],
            "assignee": None,
            **fields,
        },
    }


class Jira(Site):
    """A Jira with one project, SHOP. Searches heed `project`, `id in` and `key =`, nothing else."""

    cloud = False

    def __init__(self, issues: list[dict[str, Any]], token: str = "right") -> None:
        super().__init__(token)
        self.issues = issues
        self.queries: dict[str, list[str]] = {}

    def answer(self, method: str, path: str, asked: dict[str, Any]) -> Answer:
        simple: dict[str, Callable[[], Any]] = {
            "serverInfo": lambda: {"baseUrl": self.url, "deploymentType": "Cloud" if self.cloud else "Server"},
            "myself": lambda: {"displayName": "Sync", "timeZone": "Europe/Zurich"},
            "field": lambda: FIELDS,
            "project": lambda: [{"id": "1", "key": "SHOP", "name": "Shop"}],
        }
        name = re.sub(r"^/rest/api/[23]/", "", path)
        if name in simple:
            return 200, simple[name](), {}
        if self.cloud and path == "/rest/api/3/search/jql":
            found = self._found(asked["jql"])
            start = int(asked.get("nextPageToken") or 0)
            page = {"issues": [self._shown(one, asked) for one in found[start : start + 2]]}
            return 200, page | ({"nextPageToken": str(start + 2)} if start + 2 < len(found) else {}), {}
        if not self.cloud and path == "/rest/api/2/search":
            found, start = self._found(asked["jql"]), int(asked.get("startAt") or 0)
            size = min(int(asked.get("maxResults") or 50), 3)
            rows = [self._shown(one, asked) for one in found[start : start + size]]
            return 200, {"startAt": start, "maxResults": size, "total": len(found), "issues": rows}, {}
        return 404, {"errorMessages": [], "errors": {}}, {}

    def _found(self, jql: str) -> list[dict[str, Any]]:
        if jql in self.queries:
            return [one for one in self.issues if one["key"] in self.queries[jql]]
        ids = re.search(r"\bid in \(([^)]*)\)", jql)
        if ids:
            return [one for one in self.issues if one["id"] in re.split(r",\s*", ids[1])]
        return self.issues

    def _shown(self, one: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        wanted = asked.get("fields") or []
        wanted = wanted.split(",") if isinstance(wanted, str) else wanted
        fields = {key: value for key, value in one["fields"].items() if key in wanted or "*all" in wanted}
        return {"id": one["id"], "key": one["key"]} | ({"fields": fields} if fields else {})


class Cloud(Jira):
    """The same on Jira Cloud: two issues a page, and no `bulkfetch`."""

    cloud = True


def ticket(number: int, state: str = "open", **more: Any) -> dict[str, Any]:
    """A GitHub issue as its documents show it."""
    closed = state == "closed"
    return {
        "id": 500 + number,
        "node_id": f"I_{number}",
        "number": number,
        "title": f"Ticket {number}",
        "state": state,
        "state_reason": "completed" if closed else None,
        "html_url": f"https://github.example/o/r/issues/{number}",
        "user": {"login": "ann", "id": 1},
        "labels": [],
        "assignees": [],
        "milestone": None,
        "created_at": ago(50),
        "updated_at": ago(2),
        "closed_at": ago(20) if closed else None,
        "body": None,
        **more,
    }


def milestone(number: int, title: str, **more: Any) -> dict[str, Any]:
    """A GitHub milestone as its documents show it."""
    return {
        "id": 900 + number,
        "number": number,
        "title": title,
        "state": "open",
        "html_url": f"https://github.example/o/r/milestone/{number}",
        "due_on": None,
        "created_at": ago(55),
        "updated_at": ago(55),
        "closed_at": None,
        "open_issues": 0,
        "closed_issues": 0,
        **more,
    }


class GitHub(Site):
    """A GitHub with one repository, o/r: its issues two a page with `Link` headers, and its milestones."""

    def __init__(self, issues: list[dict[str, Any]], milestones: list[dict[str, Any]], token: str = "right") -> None:
        super().__init__(token)
        self.issues = issues
        self.milestones = milestones

    def answer(self, method: str, path: str, asked: dict[str, Any]) -> Answer:
        if path == "/repos/o/r":
            html = "https://github.example/o/r"
            return 200, {"id": 77, "name": "r", "full_name": "o/r", "html_url": html, "url": self.url + path}, {}
        if path == "/repos/o/r/issues":
            page = int(asked.get("page") or 1)
            rows = self.issues[2 * page - 2 : 2 * page]
            more = {"Link": f'<{self.url}{path}?page={page + 1}>; rel="next"'} if 2 * page < len(self.issues) else {}
            return 200, rows, more
        if path == "/repos/o/r/milestones":
            return 200, self.milestones, {}
        return 404, {"message": "Not Found"}, {}
