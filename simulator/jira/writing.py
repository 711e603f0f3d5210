"""The calls that write: comments at issues, and properties of them."""

from typing import TYPE_CHECKING, Any

import msgspec

from simulator.jira.state import Issue, document, stamp, with_origin
from simulator.site import Answer, Call, Handler, Raw, Refusal, encode

if TYPE_CHECKING:
    from simulator.jira.server import JiraSite

NO_ISSUE = "Issue does not exist or you do not have permission to see it."


class WritingEndpoints:
    """Answers from the state of a `JiraSite`."""

    def __init__(self, site: "JiraSite") -> None:
        self.site = site

    def routes(self, api: str) -> list[tuple[str, str, Handler]]:
        """The calls of one version of the API."""
        comments, properties = f"{api}/issue/{{key}}/comment", f"{api}/issue/{{key}}/properties"
        return [
            ("GET", comments, self._comments),
            ("POST", comments, self._add),
            ("GET", comments + "/{id}", lambda call: self._shown(call, self._comment(call)[1])),
            ("PUT", comments + "/{id}", self._edit),
            ("DELETE", comments + "/{id}", self._delete),
            ("GET", properties + "/{name}", self._property),
            ("PUT", properties + "/{name}", self._set_property),
            ("DELETE", properties + "/{name}", self._delete_property),
        ]

    def _send(self, value: object, status: int = 200) -> Answer:
        return Answer(with_origin(encode(value), self.site.origin), status)

    def _issue(self, call: Call) -> Issue:
        issue = self.site.find(call.params["key"])
        if issue is None:
            raise _refusal(404, NO_ISSUE)
        return issue

    def _may(self, issue: Issue, permission: str) -> None:
        if not self.site.tokens.may(permission, issue.project):
            raise _refusal(403, f"You do not have the permission {permission} for this issue.")

    # Comments

    def _comments(self, call: Call) -> Answer:
        rows = self._issue(call).comments
        start, size = max(call.number("startAt", 0), 0), min(max(call.number("maxResults", 100), 1), 100)
        shown = [_of_version(one, call) for one in rows[start : start + size]]
        return self._send({"startAt": start, "maxResults": size, "total": len(rows), "comments": shown})

    def _comment(self, call: Call) -> tuple[Issue, Raw]:
        issue = self._issue(call)
        for comment in issue.comments:
            if comment["id"] == call.params["id"]:
                return issue, comment
        raise _refusal(404, "Can not find a comment for the id: " + call.params["id"])

    def _shown(self, call: Call, comment: Raw, status: int = 200) -> Answer:
        return self._send(_of_version(comment, call), status)

    def _add(self, call: Call) -> Answer:
        issue = self._issue(call)
        self._may(issue, "ADD_COMMENTS")
        comment = self.site.make_comment(issue, "Northing Sync", call.json().get("body"))
        self.site.touch(issue)
        return self._shown(call, comment, 201)

    def _edit(self, call: Call) -> Answer:
        issue, comment = self._comment(call)
        self._may(issue, "EDIT_OWN_COMMENTS")
        if call.query.get("notifyUsers") == "false" and not self.site.tokens.quiet:
            raise _refusal(
                403, "To discard the user notification either admin or project admin permissions are required."
            )
        comment |= {"body": call.json().get("body"), "updated": stamp(self.site.now())}
        self.site.mails += call.query.get("notifyUsers") != "false"
        self.site.touch(issue)
        return self._shown(call, comment)

    def _delete(self, call: Call) -> Answer:
        issue, comment = self._comment(call)
        self._may(issue, "EDIT_OWN_COMMENTS")
        issue.comments.remove(comment)
        self.site.touch(issue)
        return Answer(b"", 204)

    # Properties, which bump nothing

    def _property(self, call: Call) -> Answer:
        found = self._issue(call).properties
        name = call.params["name"]
        if name not in found:
            raise _refusal(404, f"The property {name} does not exist.")
        return self._send({"key": name, "value": found[name]})

    def _set_property(self, call: Call) -> Answer:
        issue, name = self._issue(call), call.params["name"]
        self._may(issue, "EDIT_ISSUES")
        try:
            value: Any = msgspec.json.decode(call.body)
        except msgspec.DecodeError as error:
            raise _refusal(400, "The value is no valid JSON.") from error
        status = 200 if name in issue.properties else 201
        issue.properties[name] = value
        return Answer(b"{}", status)

    def _delete_property(self, call: Call) -> Answer:
        issue, name = self._issue(call), call.params["name"]
        self._may(issue, "EDIT_ISSUES")
        if issue.properties.pop(name, None) is None:
            raise _refusal(404, f"The property {name} does not exist.")
        return Answer(b"", 204)


def _of_version(comment: Raw, call: Call) -> Raw:
    return {**comment, "body": document(comment["body"]) if "/rest/api/3/" in call.path else comment["body"]}


def _refusal(status: int, message: str) -> Refusal:
    return Refusal(status, {"errorMessages": [message], "errors": {}})
