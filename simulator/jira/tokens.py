"""Who a site lets in by itself: its account's own token, personal access tokens, and nobody who failed too often."""

import base64
from datetime import datetime
from typing import TYPE_CHECKING

from simulator.site import Answer, Call, Handler, Raw, Refusal, encode

if TYPE_CHECKING:
    from simulator.jira.server import JiraSite

OPEN = ("/serverInfo", "/_edge/tenant_info")


class SiteTokens:
    """What a test may set of a site's credentials.

    `cloud_id`: what Atlassian calls the site, once an `Atlassian` knows it. `ends_at`: when the site's token stops
    being accepted. `captcha`: the account must log in with a browser first. `anonymous`: whoever has no valid token is
    answered as nobody, with what is public, in place of a refusal. `personal`: the account's personal access tokens
    (Data Center), as the API lists them. `permissions` are what the account may do, `read_only` projects where it may
    but browse, `quiet` whether it may keep people from being told of its edits.
    """

    def __init__(self, site: "JiraSite") -> None:
        self.site = site
        self.cloud_id: str | None = None
        self.ends_at: datetime | None = None
        self.captcha = False
        self.anonymous = False
        self.personal: list[Raw] = []
        self.permissions = {"BROWSE_PROJECTS", "ADD_COMMENTS", "EDIT_OWN_COMMENTS", "EDIT_ISSUES"}
        self.read_only: set[str] = set()
        self.quiet = True

    def may(self, permission: str, project: str | None) -> bool:
        """Whether the account has a permission in a project; without one, in any."""
        if project in self.site.closed_projects or (project in self.read_only and permission != "BROWSE_PROJECTS"):
            return False
        return permission in self.permissions

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The calls about credentials."""
        if self.site.cloud:
            return [("GET", "/_edge/tenant_info", self._tenant)]
        return [("GET", "/rest/pat/latest/tokens", lambda _: Answer(encode(self.personal)))]

    def _tenant(self, _: Call) -> Answer:
        if self.cloud_id is None:
            return Answer(b"<h1>Not found</h1>", 404, media="text/html")
        return Answer(encode({"cloudId": self.cloud_id}))

    def admit(self, call: Call) -> None:
        """Basic on Cloud, Bearer on Data Center. What tells of the site, and pages for people, need neither."""
        if call.path.endswith(OPEN) or call.path.startswith("/browse/"):
            return
        if self.captcha:
            denied = {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=" + self.site.origin}
            raise Refusal(403, {"message": "Basic auth with password is not allowed"}, denied)
        if not self._known(call) and not (self.anonymous and not call.path.endswith("/myself")):
            refused = {"message": "Client must be authenticated to access this resource.", "status-code": 401}
            headers = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED", "WWW-Authenticate": 'OAuth realm="jira"'}
            raise Refusal(401, refused, headers)

    def mark(self, call: Call, answer: Answer) -> Answer:
        """Data Center names the account with each answer."""
        if not self.site.cloud and not call.path.endswith(OPEN):
            answer.headers["X-AUSERNAME"] = "northing" if self._known(call) else "anonymous"
        return answer

    def _known(self, call: Call) -> bool:
        if self.ends_at is not None and self.site.now() >= self.ends_at:
            return False
        given = call.headers.get("authorization", "")
        basic = "Basic " + base64.b64encode(f"{self.site.email}:{self.site.token}".encode()).decode()
        return given == (basic if self.site.cloud else f"Bearer {self.site.token}")
