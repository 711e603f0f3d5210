"""Where an exchange may differ from the official document, and why. Each is held to be still needed."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """A problem that is none. `problem` is a regular expression over what `Document.problems` tells."""

    tool: str
    problem: str
    reason: str

    def covers(self, tool: str, problem: str) -> bool:
        return tool == self.tool and re.fullmatch(self.problem, problem) is not None


DEVIATIONS = [
    Deviation(
        "github",
        r"GET \S+: status 304 is not listed",
        "Any GET may be conditional; the document lists 304 for some calls only.",
    ),
    Deviation(
        "github",
        r"GET \S+: status 301 is not listed",
        "A repository that has another name now answers 301 to every call; the document lists it for some only.",
    ),
    Deviation(
        "github",
        r"GET /repos/\{owner\}/\{repo\}/(issues|milestones): status 410 is not listed",
        "A repository whose issues are off answers 410, which the document lists for single issues only.",
    ),
    Deviation(
        "github",
        r"GET /(orgs/\{org\}|users/\{username\})/projectsV2/\{project_number\}/fields: status 404 is not listed",
        "A server that has no such call answers 404, as all do to what they do not know.",
    ),
    Deviation(
        "jira",
        r"(POST /oauth/token|GET /oauth/token/accessible-resources): no such path",
        "OAuth 2.0 is spoken with Atlassian's own servers, which have no document of this kind.",
    ),
    Deviation(
        "jira",
        r"GET /_edge/tenant_info: no such path",
        "Where a site tells its id to whoever has a token with scopes; Atlassian's support names it, no document does.",
    ),
    Deviation(
        "datacenter",
        r"GET /rest/pat/latest/tokens: no such path",
        "Personal access tokens are Data Center's own; the document is that of Cloud.",
    ),
    Deviation(
        "github",
        r"(POST|PATCH) \S+: status 403 is not listed",
        "What may only read is answered 403 when it writes; the document lists it for some calls only.",
    ),
    *(
        Deviation(
            tool,
            r"PUT /rest/api/3/issue/\{issueIdOrKey\}/comment/\{id\}: status 403 is not listed",
            "So Jira refuses to keep an edit quiet for an account that may not, and edits of one that may not edit.",
        )
        for tool in ("jira", "datacenter")
    ),
]
