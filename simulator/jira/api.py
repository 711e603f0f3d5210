"""The calls of the platform API and of the agile API."""

import base64
from bisect import bisect_right
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from simulator.jira import shapes
from simulator.jira.agile import AgileEndpoints
from simulator.jira.history import HistoryEndpoints, expanded
from simulator.jira.jql import BadQuery
from simulator.jira.search import Found, Place, run
from simulator.jira.state import Issue, selected, stamp, with_origin
from simulator.jira.writing import WritingEndpoints
from simulator.site import Answer, Call, Endpoints, Handler, Raw, Refusal, encode

if TYPE_CHECKING:
    from simulator.jira.server import JiraSite

GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
NO_ISSUE = "Issue does not exist or you do not have permission to see it."
CLOUD_PAGE, CLOUD_ID_PAGE, BULK = 100, 5000, 100
RECONCILED = 50
KEPT_TOKENS = 20_000
KEPT_RESULTS = 16


class JiraEndpoints(Endpoints):
    """Answers requests from the state of a `JiraSite`."""

    def __init__(self, site: "JiraSite") -> None:
        self.site = site
        self._issued = 0
        self._tokens: OrderedDict[str, tuple[int, str, Place]] = OrderedDict()
        self._results: OrderedDict[str, tuple[int, Found]] = OrderedDict()

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Every call of both flavours; what a flavour lacks answers 404."""
        routes: list[tuple[str, str, Handler]] = [("GET", "/browse/{key}", self._page), *self.site.tokens.routes()]
        for version in ("2", "3") if self.site.cloud else ("2", "latest"):
            api = f"/rest/api/{version}"
            routes += [
                ("GET", f"{api}/serverInfo", self._server_info),
                ("GET", f"{api}/myself", self._myself),
                ("GET", f"{api}/mypermissions", self._permissions),
                ("GET", f"{api}/field", lambda call: self._send(self.site.fields)),
                ("GET", f"{api}/status", self._statuses),
                ("GET", f"{api}/issuetype", self._types),
                ("GET", f"{api}/project", self._projects),
                ("GET", f"{api}/project/{{key}}/versions", self._versions),
                ("GET", f"{api}/issue/{{key}}", self._issue),
                ("GET", f"{api}/search", self._search),
                ("POST", f"{api}/search", self._search),
                *WritingEndpoints(self.site).routes(api),
            ]
            if self.site.cloud:
                routes += [
                    ("GET", f"{api}/project/search", self._project_search),
                    ("GET", f"{api}/project/{{key}}/version", self._version_page),
                    ("GET", f"{api}/search/jql", self._search_jql),
                    ("POST", f"{api}/search/jql", self._search_jql),
                    ("POST", f"{api}/search/approximate-count", self._count),
                    ("POST", f"{api}/issue/bulkfetch", self._bulk),
                    *HistoryEndpoints(self.site).routes(api),
                ]
            routes.append(("GET", f"{api}/project/{{key}}", self._project))
        return routes + AgileEndpoints(self.site).routes()

    def admit(self, call: Call) -> None:
        """Whoever the site knows."""
        self.site.tokens.admit(call)

    def finish(self, call: Call, answer: Answer) -> Answer:
        return self.site.tokens.mark(call, answer)

    def nothing_here(self, call: Call) -> Answer:
        return Answer(encode({"message": "null for uri: " + call.url, "status-code": 404}), 404)

    # Who and what

    def _send(self, value: object, status: int = 200) -> Answer:
        return Answer(with_origin(encode(value), self.site.origin), status)

    def _server_info(self, call: Call) -> Answer:
        version, numbers = ("1001.0.0-SNAPSHOT", [1001, 0, 0]) if self.site.cloud else ("9.12.15", [9, 12, 15])
        info = {
            "baseUrl": self.site.origin,
            "version": version,
            "versionNumbers": numbers,
            "deploymentType": "Cloud" if self.site.cloud else "Server",
            "buildNumber": 100285,
            "buildDate": "2026-01-15T00:00:00.000+0000",
            "serverTime": stamp(self.site.now()),
            "scmInfo": "0000000000000000000000000000000000000000",
            "serverTitle": "Jira",
        }
        return self._send(info)

    def _myself(self, call: Call) -> Answer:
        me = shapes.user("Northing Sync", self.site.cloud)
        mine = {"timeZone": self.site.user_timezone, "locale": "en_US", "emailAddress": self.site.email}
        return self._send({**me, **mine})

    def _permissions(self, call: Call) -> Answer:
        asked = [name for name in call.query.get("permissions", "").split(",") if name]
        if self.site.cloud and not asked:
            raise Refusal(400, {"errorMessages": ["The 'permissions' query parameter is required."], "errors": {}})
        project = call.query.get("projectKey") or call.query.get("projectId")
        owner = self.site.project_named(project) if project else None
        if project and owner is None:
            raise Refusal(404, {"errorMessages": [f"No project could be found with key '{project}'."], "errors": {}})
        key = owner["key"] if owner is not None else None
        rows = {
            name: {
                "id": str(10 + index),
                "key": name,
                "name": name.replace("_", " ").capitalize(),
                "type": "PROJECT",
                "description": "",
                "havePermission": self.site.tokens.may(name, key),
            }
            for index, name in enumerate(asked or ["BROWSE_PROJECTS"])
        }
        return self._send({"permissions": rows})

    def _statuses(self, call: Call) -> Answer:
        found = {one["id"]: one for one in map(shapes.status, shapes.STATUSES)}
        found |= {
            issue.fields["status"]["id"]: issue.fields["status"]
            for issue in self.site.issues.values()
            if issue.fields.get("status")
        }
        return self._send(list(found.values()))

    def _types(self, call: Call) -> Answer:
        found = {issue.fields["issuetype"]["id"]: issue.fields["issuetype"] for issue in self.site.issues.values()}
        return self._send(list(found.values()) or [shapes.issue_type(name, self.site.cloud) for name in shapes.TYPES])

    # Projects

    def _visible(self) -> list[Raw]:
        site = self.site
        return [project for key, project in site.projects.items() if key not in site.hidden_projects]

    def _projects(self, call: Call) -> Answer:
        return self._send([_short(project) for project in self._visible()])

    def _project_search(self, call: Call) -> Answer:
        wanted, text = call.query.getlist("keys"), call.query.get("query", "").lower()
        states = call.query.get("status", "live").split(",")
        found = [
            _short(project)
            for project in self._visible()
            if (not wanted or project["key"] in wanted)
            and text in f"{project['key']} {project['name']}".lower()
            and ("archived" if project.get("archived") else "live") in states
        ]
        return self._page_of(call, sorted(found, key=lambda project: project["key"]), cap=100)

    def _page_of(self, call: Call, rows: list[Raw], cap: int) -> Answer:
        start, size = max(call.number("startAt", 0), 0), min(max(call.number("maxResults", 50), 1), cap)
        page = {
            "self": call.url,
            "maxResults": size,
            "startAt": start,
            "total": len(rows),
            "isLast": start + size >= len(rows),
            "values": rows[start : start + size],
        }
        if not page["isLast"]:
            page["nextPage"] = str(call.url).split("?")[0] + f"?startAt={start + size}&maxResults={size}"
        return self._send(page)

    def _project_or_404(self, call: Call) -> Raw:
        project = self.site.project_named(call.params["key"])
        if project is None:
            message = f"No project could be found with key '{call.params['key']}'."
            raise Refusal(404, {"errorMessages": [message], "errors": {}})
        return project

    def _project(self, call: Call) -> Answer:
        project = self._project_or_404(call)
        return self._send(project)

    def _versions(self, call: Call) -> Answer:
        return self._send(self._project_or_404(call)["versions"])

    def _version_page(self, call: Call) -> Answer:
        return self._page_of(call, self._project_or_404(call)["versions"], cap=50)

    # Issues

    def _issue(self, call: Call) -> Answer:
        issue = self.site.find(call.params["key"])
        if issue is None:
            raise Refusal(404, {"errorMessages": [NO_ISSUE], "errors": {}})
        history = "alone" if "changelog" in call.query.get("expand", "") else ""
        return Answer(self._written(issue, _fields(call.query.getlist("fields")), _version(call), history))

    def _written(self, issue: Issue, wanted: tuple[str, ...], version: str, history: str = "") -> bytes:
        """The issue's bytes. `history`: with its changelog, as an issue has it "alone", or "among" others."""

        def make(one: Issue) -> Raw:
            raw = selected(one, wanted, version)
            return raw | {"changelog": expanded(self.site, one, alone=history == "alone")} if history else raw

        return issue.rendered((wanted, version, history), make).replace(
            b'"self":"/', b'"self":"' + self.site.origin.encode() + b"/"
        )

    def _found(self, text: str) -> Found:
        """The result of a query, kept while the site does not change: pages of one search need not run it again."""
        kept = self._results.get(text)
        if kept and kept[0] == self.site.revision and not self.site.index_lag:
            return kept[1]
        try:
            result = run(self.site, text)
        except BadQuery as error:
            raise Refusal(400, {"errorMessages": [str(error)], "warningMessages": [], "errors": {}}) from error
        self._results[text] = (self.site.revision, result)
        if len(self._results) > KEPT_RESULTS:
            self._results.popitem(last=False)
        return result

    def _search(self, call: Call) -> Answer:
        if self.site.cloud:
            raise Refusal(410, {"errorMessages": [GONE], "errors": {}})
        asked = call.json() if call.method == "POST" else dict(call.query)
        issues, _, _ = self._found(str(asked.get("jql", "")))
        start, size = max(int(asked.get("startAt", 0)), 0), max(int(asked.get("maxResults", 50)), 0)
        size = min(size, self.site.max_results)
        wanted = _fields(asked.get("fields") if call.method == "POST" else call.query.getlist("fields"))
        told = asked.get("expand") or ""
        history = "among" if "changelog" in told else ""
        rows = b",".join(self._written(issue, wanted, "2", history) for issue in issues[start : start + size])
        head = f'{{"expand":"schema,names","startAt":{start},"maxResults":{size},"total":{len(issues)},"issues":['
        return Answer(head.encode() + rows + b"]}")

    def _search_jql(self, call: Call) -> Answer:
        asked = call.json() if call.method == "POST" else dict(call.query)
        text = str(asked.get("jql") or "")
        issues, places, query = self._found(text)
        if len(asked.get("reconcileIssues") or []) > RECONCILED:
            raise Refusal(400, {"errorMessages": [f"Give at most {RECONCILED} issues to reconcile."], "errors": {}})
        if self.site.search_end is not None:
            issues, places = issues[: self.site.search_end], places[: self.site.search_end]
        if query.where is None:
            message = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
            raise Refusal(400, {"errorMessages": [message], "errors": {}})
        wanted = _fields(asked.get("fields") if call.method == "POST" else call.query.getlist("fields")) or ("id",)
        only_ids = set(wanted) <= {"id", "key"}
        size = max(int(asked.get("maxResults") or 50), 1)
        size = min(size, CLOUD_ID_PAGE if only_ids else CLOUD_PAGE)
        start = self._place(asked.get("nextPageToken"), text, places)
        page = issues[start : start + size]
        if only_ids:
            shown = [{"id": issue.raw["id"], **({"key": issue.key} if "key" in wanted else {})} for issue in page]
            rows = b",".join(encode(row) for row in shown)
        else:
            rows = b",".join(self._written(issue, wanted, _version(call)) for issue in page)
        last = start + size >= len(issues)
        tail = (
            b'],"isLast":true}'
            if last
            else f'],"nextPageToken":"{self._token(text, places[start + size - 1])}"}}'.encode()
        )
        warned = b'"warnings":' + encode(self.site.warnings) + b"," if self.site.warnings else b""
        return Answer(b"{" + warned + b'"issues":[' + rows + tail)

    def _token(self, text: str, place: Place) -> str:
        self._issued += 1
        token = base64.b64encode(f"cursor:{self._issued}:{place[-1]}".encode()).decode()
        self._tokens[token] = (self.site.token_age, text, place)
        if len(self._tokens) > KEPT_TOKENS:
            self._tokens.popitem(last=False)
        return token

    def _place(self, token: Any, text: str, places: list[Place]) -> int:
        if not token:
            return 0
        known = self._tokens.get(str(token))
        if known is None or known[:2] != (self.site.token_age, text):
            raise Refusal(
                400, {"errorMessages": ["The value of 'nextPageToken' is invalid or has expired."], "errors": {}}
            )
        return bisect_right(places, known[2])

    def _count(self, call: Call) -> Answer:
        issues, _, query = self._found(str(call.json().get("jql") or ""))
        if query.where is None:
            raise Refusal(400, {"errorMessages": ["Unbounded JQL queries are not allowed here."], "errors": {}})
        return self._send({"count": len(issues)})

    def _bulk(self, call: Call) -> Answer:
        asked = call.json()
        names = [str(name) for name in asked.get("issueIdsOrKeys") or []]
        if not names or len(names) > BULK:
            message = f"The number of issues must be between 1 and {BULK}."
            raise Refusal(400, {"errorMessages": [message], "errors": {}})
        wanted = _fields(asked.get("fields"))
        found = {issue.id: issue for name in names if (issue := self.site.find(name))}
        rows = b",".join(self._written(found[number], wanted, _version(call)) for number in sorted(found))
        return Answer(b'{"issues":[' + rows + b'],"issueErrors":[]}')

    def _page(self, call: Call) -> Answer:
        issue = self.site.find(call.params["key"])
        if issue is None:
            return Answer(b"<h1>No such issue</h1>", 404, media="text/html")
        title = f"{issue.key}: {issue.fields.get('summary', '')}".replace("&", "&amp;").replace("<", "&lt;")
        state = (issue.fields.get("status") or {}).get("name", "")
        page = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{state}</p>"
        return Answer(page.encode(), media="text/html; charset=utf-8")


def _version(call: Call) -> str:
    return "3" if call.path.startswith("/rest/api/3/") else "2"


def _fields(given: Any) -> tuple[str, ...]:
    if not given:
        return ()
    names = given if isinstance(given, list) else [given]
    return tuple(part.strip() for name in names for part in str(name).split(",") if part.strip())


def _short(project: Raw) -> Raw:
    left_out = ("versions", "components", "issueTypes", "description", "url")
    return {name: value for name, value in project.items() if name not in left_out}
