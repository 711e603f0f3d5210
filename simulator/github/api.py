"""The calls of the REST API."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from simulator.github import shapes
from simulator.github.projects import ProjectEndpoints
from simulator.github.state import WITHOUT_ASSIGNEE, Issue, Repository, stamp, with_origin
from simulator.github.writing import WritingEndpoints
from simulator.site import Answer, Call, Endpoints, Handler, Raw, Refusal, encode

if TYPE_CHECKING:
    from simulator.github.server import GitHubSite

VERSIONS = ("2022-11-28", WITHOUT_ASSIGNEE)
DOCS = "https://docs.github.com/rest"
RESOURCES = ("core", "search", "graphql", "integration_manifest", "code_search", "dependency_snapshots")
SORTS = {"created": "created_at", "updated": "updated_at", "comments": "comments"}
KEPT_LISTS = 64
EPOCH = "1970-01-01T00:00:00Z"


class GitHubEndpoints(Endpoints):
    """Answers requests from the state of a `GitHubSite`."""

    def __init__(self, site: "GitHubSite") -> None:
        self.site = site
        self._used: dict[tuple[str, int], int] = {}
        self._sorted: dict[object, tuple[int, list[Issue]]] = {}
        self._projects = ProjectEndpoints(site, self._written)
        self._writing = WritingEndpoints(site, self._issue, self._repository, self._listed)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Every call; those on a repository by name and by id."""
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/user", self._user),
            ("GET", "/rate_limit", self._rate_limit),
            (
                "POST",
                "/app/installations/{installation}/access_tokens",
                lambda call: self.site.access.installation_token(self.site, call),
            ),
            ("GET", "/installation/repositories", self._installed),
            ("GET", "/user/repos", lambda call: self._listed(call, self._repository_rows(None))),
            ("GET", "/orgs/{owner}", self._owner),
            ("GET", "/users/{owner}", self._owner),
            (
                "GET",
                "/orgs/{owner}/repos",
                lambda call: self._listed(call, self._repository_rows(call.params["owner"])),
            ),
            (
                "GET",
                "/users/{owner}/repos",
                lambda call: self._listed(call, self._repository_rows(call.params["owner"])),
            ),
        ]
        for place in ("/repos/{owner}/{name}", "/repositories/{id}"):
            one = place + "/issues/{number}"
            routes += [
                ("GET", place, lambda call: self._send(self._shown(self._repository(call)))),
                ("GET", place + "/issues", self._issues),
                ("GET", one, lambda call: self._send_issue(call, self._issue(call))),
                ("GET", one + "/sub_issues", self._sub_issues),
                ("GET", one + "/parent", self._parent),
                ("GET", one + "/dependencies/blocked_by", self._blocked_by),
                ("GET", one + "/dependencies/blocking", self._blocking),
                ("GET", place + "/milestones", self._milestones),
                ("GET", place + "/labels", self._labels),
                *self._writing.routes(place),
            ]
        pages = [("GET", "/{owner}/{name}/" + kind + "/{number}", self._page) for kind in ("issues", "pull")]
        return [*routes, *self._projects.routes(), *pages]

    # Admission, limits, validators

    def admit(self, call: Call) -> None:
        """A token that the site knows, an API version that it speaks, and something left of the hour's limit."""
        if self._is_page(call) or call.path.startswith(f"{self.site.prefix}/app/"):
            return
        token = self._token(call)
        if token not in self.site.tokens:
            message = "Bad credentials" if token else "Requires authentication"
            raise _refusal(401, message)
        self.site.access.check(self.site, token, call.path)
        version = call.headers.get("x-github-api-version", VERSIONS[0])
        if version not in VERSIONS:
            raise _refusal(400, f"The version {version} of the API is not supported.")
        counted = self.site.limit is not None and not call.path.endswith("/rate_limit")
        if counted and self._left(token)["remaining"] <= 0:
            message = f"API rate limit exceeded for user ID {shapes.user(self.site.tokens[token])['id']}."
            raise _refusal(403, message)

    def finish(self, call: Call, answer: Answer) -> Answer:
        """ETag and 304 per URL and token; the primary limit, which a 304 does not touch."""
        token = self._token(call)
        if token not in self.site.tokens or self._is_page(call):
            return answer
        answer.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        answer.headers |= self.site.access.headers(token)
        if answer.status == 200 and call.method == "GET":
            mark = hashlib.sha256(f"{token} {call.url} ".encode() + answer.body).hexdigest()
            answer.headers |= {"ETag": f'W/"{mark}"', "Cache-Control": "private, max-age=60, s-maxage=60"}
            answer.headers["Vary"] = "Accept, Authorization, Cookie, X-GitHub-OTP"
            if mark in call.headers.get("if-none-match", ""):
                answer = Answer(b"", 304, answer.headers)
        if self.site.limit is not None:
            if (
                answer.status not in (304, 401)
                and not call.path.endswith("/rate_limit")
                and self._spent(token) < self.site.limit
            ):
                self._used[token, self._window()] = self._spent(token) + 1
            answer.headers |= {
                f"X-RateLimit-{name.capitalize()}": str(value) for name, value in self._left(token).items()
            }
            answer.headers["X-RateLimit-Resource"] = "core"
        return answer

    def nothing_here(self, call: Call) -> Answer:
        return _not_found().answer

    def _token(self, call: Call) -> str:
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() in ("bearer", "token") else ""

    def _is_page(self, call: Call) -> bool:
        return "text/html" in call.headers.get("accept", "")

    def _window(self) -> int:
        return int(self.site.now().timestamp()) // 3600

    def _spent(self, token: str) -> int:
        return self._used.get((token, self._window()), 0)

    def _left(self, token: str) -> dict[str, int]:
        limit, used = self.site.limit or 0, self._spent(token)
        return {"limit": limit, "remaining": limit - used, "reset": (self._window() + 1) * 3600, "used": used}

    # Who and what

    def _send(self, value: object) -> Answer:
        return Answer(with_origin(encode(value), self.site.origin, self.site.origin + self.site.prefix))

    def _user(self, call: Call) -> Answer:
        return self._send(shapes.myself(self.site.tokens[self._token(call)], "2020-01-01T00:00:00Z"))

    def _rate_limit(self, call: Call) -> Answer:
        if self.site.limit is None:
            raise _refusal(404, "Rate limiting is not enabled.")
        left = self._left(self._token(call))
        shown: Raw = {"resources": dict.fromkeys(RESOURCES, left)}
        if call.headers.get("x-github-api-version", VERSIONS[0]) != WITHOUT_ASSIGNEE:
            shown["rate"] = left
        return self._send(shown)

    def _installed(self, call: Call) -> Answer:
        if self._token(call) not in self.site.access.handed:
            raise _refusal(403, "You must authenticate with an installation access token to list these.")
        rows = self._repository_rows(None)
        part, headers = self._paged(call, len(rows))
        answer = self._send({"total_count": len(rows), "repositories": rows[part]})
        answer.headers = headers
        return answer

    def _owner(self, call: Call) -> Answer:
        self._repository_rows(call.params["owner"])
        return self._send(shapes.organisation(call.params["owner"]))

    def _repository_rows(self, owner: str | None) -> list[Raw]:
        seen = [repository for repository in self.site.repositories.values() if not repository.hidden]
        found = [one for one in seen if owner is None or one.full_name.split("/")[0].lower() == owner.lower()]
        if owner is not None and not found:
            raise _not_found()
        return [self._shown(one) for one in sorted(found, key=lambda one: one.full_name)]

    def _shown(self, repository: Repository) -> Raw:
        count = sum(issue.open for issue in repository.issues.values())
        return {**repository.raw, "open_issues": count, "open_issues_count": count}

    def _repository(self, call: Call) -> Repository:
        """The repository of the path. A former name redirects to the id."""
        if identity := call.params.get("id"):
            found = self.site.repositories.get(int(identity)) if identity.isdigit() else None
            if found is None or found.hidden:
                raise _not_found()
            return found
        wanted = f"{call.params['owner']}/{call.params['name']}".lower()
        for repository in self.site.repositories.values():
            if not repository.hidden and repository.full_name.lower() == wanted:
                return repository
        for repository in self.site.repositories.values():
            if not repository.hidden and wanted in repository.former:
                rest = call.path[len(f"{self.site.prefix}/repos/{wanted}") :]
                query = f"?{call.query}" if call.query else ""
                raise self._moved(f"/repositories/{repository.id}{rest}{query}")
        raise _not_found()

    def _with_issues(self, call: Call) -> Repository:
        """The repository of the path: 410 where its issues are disabled."""
        repository = self._repository(call)
        if not repository.raw.get("has_issues", True):
            raise _refusal(410, "Issues are disabled for this repo")
        return repository

    def _moved(self, path: str) -> Refusal:
        url = self.site.origin + self.site.prefix + path
        return Refusal(301, {"message": "Moved Permanently", "url": url, "documentation_url": DOCS}, {"Location": url})

    # Lists

    def _paged(self, call: Call, count: int) -> tuple[slice, dict[str, str]]:
        """The rows of the page asked for, and its Link header, which names a repository by its id."""
        size = min(max(call.number("per_page", 30), 1), 100)
        page, last = max(call.number("page", 1), 1), max(-(-count // size), 1)
        targets = {"prev": page - 1 if page > 1 else None, "next": page + 1 if page < last else None}
        targets |= {"last": last if page < last else None, "first": 1 if page > 1 else None}
        path = call.path[len(self.site.prefix) :]
        if "owner" in call.params and "name" in call.params:
            rest = path.split("/", 4)[4]
            path = f"/repositories/{self._repository(call).id}/{rest}"
        asked = [(name, value) for name, value in call.query.multi_items() if name != "page"]
        links = ", ".join(
            f'<{self.site.origin}{self.site.prefix}{path}?{urlencode([*asked, ("page", target)])}>; rel="{name}"'
            for name, target in targets.items()
            if target is not None
        )
        return slice((page - 1) * size, page * size), {"Link": links} if links else {}

    def _listed(self, call: Call, rows: list[Raw]) -> Answer:
        part, headers = self._paged(call, len(rows))
        answer = self._send(rows[part])
        answer.headers = headers
        return answer

    def _issue_list(self, call: Call, issues: Iterable[Issue]) -> Answer:
        rows = [issue for issue in issues if not issue.hidden and not issue.repository.hidden]
        part, headers = self._paged(call, len(rows))
        body = b"[" + b",".join(self._written(call, issue) for issue in rows[part]) + b"]"
        return Answer(body, headers=headers)

    def _written(self, call: Call, issue: Issue) -> bytes:
        version = call.headers.get("x-github-api-version", VERSIONS[0])
        return issue.rendered(version, self.site.origin, self.site.origin + self.site.prefix, self.site.without)

    def _issues(self, call: Call) -> Answer:
        repository, asked = self._with_issues(call), call.query
        filters = tuple((name, value) for name, value in asked.multi_items() if name not in ("page", "per_page"))
        kept = self._sorted.get((repository.id, filters))
        if kept is None or kept[0] != repository.revision:
            kept = self._sorted[repository.id, filters] = (repository.revision, _matching(repository, asked))
            if len(self._sorted) > KEPT_LISTS:
                self._sorted.pop(next(iter(self._sorted)))
        return self._issue_list(call, kept[1])

    def _milestones(self, call: Call) -> Answer:
        state = call.query.get("state", "open")
        rows = [one for one in self._repository(call).milestones.values() if state in ("all", one["state"])]
        late = "9999"
        rows.sort(key=lambda one: (one["due_on"] or late, one["number"]), reverse=call.query.get("direction") == "desc")
        return self._listed(call, rows)

    # One issue

    def _issue(self, call: Call) -> Issue:
        """The issue of the path: 301 where it was transferred, 410 where it was deleted, else 404."""
        repository = self._with_issues(call)
        number = int(call.params["number"]) if call.params["number"].isdigit() else 0
        issue = repository.issues.get(number)
        if issue and not issue.hidden:
            return issue
        target = repository.moved.get(number)
        if target and not target.repository.hidden:
            rest = call.path.split(f"/issues/{number}", 1)[1]
            raise self._moved(f"/repositories/{target.repository.id}/issues/{target.number}{rest}")
        if number in repository.deleted:
            raise _refusal(410, "This issue was deleted")
        raise _not_found()

    def _send_issue(self, call: Call, issue: Issue) -> Answer:
        return Answer(self._written(call, issue))

    def _has(self, feature: str) -> None:
        if feature in self.site.without:
            raise _not_found()

    def _sub_issues(self, call: Call) -> Answer:
        self._has("sub_issues")
        return self._issue_list(call, self._issue(call).children)

    def _parent(self, call: Call) -> Answer:
        self._has("sub_issues")
        parent = self._issue(call).parent
        if parent is None:
            raise _not_found()
        return self._send_issue(call, parent)

    def _blocked_by(self, call: Call) -> Answer:
        self._has("dependencies")
        return self._issue_list(call, self._issue(call).blocked_by)

    def _blocking(self, call: Call) -> Answer:
        self._has("dependencies")
        return self._issue_list(call, self._issue(call).blocking)

    def _labels(self, call: Call) -> Answer:
        return self._listed(call, list(self._repository(call).labels.values()))

    def _page(self, call: Call) -> Answer:
        issue = self._issue(call)
        title = f"{issue.key}: {issue.raw['title']}".replace("&", "&amp;").replace("<", "&lt;")
        page = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{issue.raw['state']}</p>"
        return Answer(page.encode(), media="text/html; charset=utf-8")


def _refusal(status: int, message: str) -> Refusal:
    return Refusal(status, {"message": message, "documentation_url": DOCS, "status": str(status)})


def _not_found() -> Refusal:
    return _refusal(404, "Not Found")


def _matching(repository: Repository, asked: QueryParams) -> list[Issue]:
    """The issues that a list's parameters ask for, in order. Raises `Refusal` 422 on values that are none."""
    state, sort = asked.get("state", "open"), asked.get("sort", "created")
    if state not in ("open", "closed", "all") or sort not in SORTS:
        raise _refusal(422, "Validation Failed")
    since = _since(asked.get("since"))
    if since == EPOCH:
        # The real one does this, too: the epoch is not taken for "everything".
        return []
    labels = {name.lower() for name in asked.get("labels", "").split(",") if name}
    milestone, assignee = asked.get("milestone"), asked.get("assignee")
    rows = [
        issue
        for issue in repository.issues.values()
        if state in ("all", issue.raw["state"])
        and (since is None or issue.raw["updated_at"] >= since)
        and (not labels or labels <= {label["name"].lower() for label in issue.raw["labels"]})
        and (milestone is None or _in_milestone(issue, milestone))
        and (assignee is None or any(one["login"] == assignee for one in issue.raw["assignees"]))
    ]
    descending = asked.get("direction", "desc") == "desc"
    return sorted(rows, key=lambda issue: (issue.raw[SORTS[sort]], issue.number), reverse=descending)


def _since(text: str | None) -> str | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise _refusal(422, "Invalid since") from error
    return stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _in_milestone(issue: Issue, wanted: str) -> bool:
    milestone = issue.raw.get("milestone")
    if wanted in ("none", "*"):
        return (milestone is None) is (wanted == "none")
    return milestone is not None and str(milestone["number"]) == wanted
