"""The calls that write: comments at issues, labels on them, and the labels of a repository."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.github import shapes
from simulator.github.access import refusal
from simulator.github.state import REACTIONS, Issue, Repository, stamp, with_origin
from simulator.site import Answer, Call, Handler, Raw, Refusal, encode

if TYPE_CHECKING:
    from simulator.github.server import GitHubSite


class WritingEndpoints:
    """Answers from the state of a `GitHubSite`, whose issues and repositories are found by `issue` and `repository`."""

    def __init__(
        self,
        site: "GitHubSite",
        issue: Callable[[Call], Issue],
        repository: Callable[[Call], Repository],
        listed: Callable[[Call, list[Raw]], Answer],
    ) -> None:
        self.site = site
        self._issue = issue
        self._repository = repository
        self._listed = listed

    def routes(self, place: str) -> list[tuple[str, str, Handler]]:
        """The calls on the repository at `place`."""
        one = place + "/issues/{number}"
        comment, label = place + "/issues/comments/{comment}", place + "/labels/{label:path}"
        return [
            ("GET", one + "/comments", lambda call: self._listed(call, self._issue(call).comments)),
            ("POST", one + "/comments", self._comment),
            ("GET", comment, lambda call: self._send(self._one(call)[1])),
            ("PATCH", comment, self._edit),
            ("DELETE", comment, self._delete),
            ("GET", one + "/labels", lambda call: self._listed(call, self._issue(call).raw["labels"])),
            ("POST", one + "/labels", self._put_on),
            ("DELETE", one + "/labels/{label:path}", self._take_off),
            ("POST", place + "/labels", self._make_label),
            ("GET", label, lambda call: self._send(self._label(call))),
            ("PATCH", label, self._edit_label),
            ("DELETE", label, self._delete_label),
        ]

    def _send(self, value: object, status: int = 200) -> Answer:
        return Answer(with_origin(encode(value), self.site.origin, self.site.origin + self.site.prefix), status)

    def _login(self, call: Call) -> str:
        return self.site.tokens[call.headers.get("authorization", "").rpartition(" ")[2]]

    def _may(self, call: Call, repository: Repository) -> None:
        token = call.headers.get("authorization", "").rpartition(" ")[2]
        if token in self.site.access.read_only:
            message = "Resource not accessible by personal access token"
            body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": "403"}
            raise Refusal(403, body, {"X-Accepted-GitHub-Permissions": "issues=write"})
        if repository.raw["archived"]:
            raise refusal(403, "Repository was archived so is read-only.")

    def _touch(self, issue: Issue) -> None:
        issue.raw["comments"] = len(issue.comments)
        issue.raw["updated_at"] = stamp(self.site.now())
        issue.changed()

    # Comments

    def _comment(self, call: Call) -> Answer:
        issue = self._issue(call)
        self._may(call, issue.repository)
        if issue.raw.get("locked"):
            raise refusal(403, "Unable to create comment because issue is locked.")
        comment = self.site.make_comment(issue, self._login(call), str(call.json().get("body") or ""))
        self._touch(issue)
        return self._send(comment, 201)

    def _one(self, call: Call) -> tuple[Issue, Raw]:
        for issue in self._repository(call).issues.values():
            for comment in issue.comments:
                if str(comment["id"]) == call.params["comment"] and not issue.hidden:
                    return issue, comment
        raise refusal(404, "Not Found")

    def _edit(self, call: Call) -> Answer:
        issue, comment = self._one(call)
        self._may(call, issue.repository)
        comment |= {"body": str(call.json().get("body") or ""), "updated_at": stamp(self.site.now())}
        self._touch(issue)
        return self._send(comment)

    def _delete(self, call: Call) -> Answer:
        issue, comment = self._one(call)
        self._may(call, issue.repository)
        issue.comments.remove(comment)
        self._touch(issue)
        return Answer(b"", 204)

    # Labels

    def _put_on(self, call: Call) -> Answer:
        issue = self._issue(call)
        self._may(call, issue.repository)
        labels = issue.raw["labels"]
        for name in call.json().get("labels") or []:
            known = _named(issue.repository, name) or self._new(issue.repository, name)
            if known not in labels:
                labels.append(known)
                self._touch(issue)
        return self._send(labels)

    def _take_off(self, call: Call) -> Answer:
        issue, name = self._issue(call), call.params["label"].lower()
        self._may(call, issue.repository)
        kept = [one for one in issue.raw["labels"] if one["name"].lower() != name]
        if len(kept) == len(issue.raw["labels"]):
            raise refusal(404, "Label does not exist")
        issue.raw["labels"] = kept
        self._touch(issue)
        return self._send(kept)

    def _label(self, call: Call) -> Raw:
        found = _named(self._repository(call), call.params["label"])
        if found is None:
            raise refusal(404, "Not Found")
        return found

    def _new(self, repository: Repository, name: str) -> Raw:
        made = repository.labels[name] = shapes.label(repository.full_name, name)
        return made

    def _make_label(self, call: Call) -> Answer:
        repository, asked = self._repository(call), call.json()
        self._may(call, repository)
        name = str(asked.get("name") or "")
        if not name or len(name) > 50 or len(asked.get("description") or "") > 100 or _named(repository, name):
            raise refusal(422, "Validation Failed")
        made = self._new(repository, name)
        made |= {one: asked[one] for one in ("color", "description") if one in asked}
        return self._send(made, 201)

    def _edit_label(self, call: Call) -> Answer:
        label, asked = self._label(call), call.json()
        self._may(call, self._repository(call))
        if len(asked.get("description") or "") > 100:
            raise refusal(422, "Validation Failed")
        label |= {one: asked[one] for one in ("color", "description") if one in asked}
        self._repository(call).changed()
        return self._send(label)

    def _delete_label(self, call: Call) -> Answer:
        label, repository = self._label(call), self._repository(call)
        self._may(call, repository)
        del repository.labels[label["name"]]
        for issue in repository.issues.values():
            if label in issue.raw["labels"]:
                issue.raw["labels"].remove(label)
                issue.changed()
        return Answer(b"", 204)


def comment_shape(issue: Issue, identity: int, login: str, body: str, now: str) -> Raw:
    """A comment in its full shape."""
    return {
        "id": identity,
        "node_id": shapes.node_id("IC", identity),
        "url": f"/repos/{issue.repository.full_name}/issues/comments/{identity}",
        "html_url": f"/{issue.repository.full_name}/issues/{issue.number}#issuecomment-{identity}",
        "issue_url": issue.path,
        "body": body,
        "user": shapes.user(login),
        "author_association": "MEMBER",
        "performed_via_github_app": None,
        "reactions": {"url": f"/repos/{issue.repository.full_name}/issues/comments/{identity}/reactions"}
        | dict.fromkeys(REACTIONS, 0),
        "created_at": now,
        "updated_at": now,
    }


def _named(repository: Repository, name: str) -> Raw | None:
    return next((one for one in repository.labels.values() if one["name"].lower() == str(name).lower()), None)
