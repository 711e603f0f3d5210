"""What tests may do to comments of the simulated Jira."""

from collections.abc import Callable
from datetime import datetime

from simulator.jira import shapes
from simulator.jira.state import Issue, stamp
from simulator.site import Raw, Site, driven


class Commenting(Site):
    """The part of a site that has comments. Its issues are found by the rest of it.

    `mails` counts the edits of comments that people were told of by e-mail.
    """

    cloud: bool

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        super().__init__(now)
        self.mails = 0

    def find(self, name: str) -> Issue | None:
        """An issue by id or key."""
        raise NotImplementedError

    def touch(self, issue: Issue) -> None:
        """Bump an issue."""
        raise NotImplementedError

    def _next(self) -> int:
        raise NotImplementedError

    @driven
    def comment(self, key: str, body: str, name: str = "Robin Keller") -> Raw:
        """A person's comment at an issue; bumps it. Raises KeyError where there is no such issue."""
        issue = self.find(key)
        if issue is None:
            raise KeyError(key)
        made = self.make_comment(issue, name, body)
        self.touch(issue)
        return made

    def make_comment(self, issue: Issue, name: str, body: object) -> Raw:
        """Puts a comment at an issue, which is not bumped."""
        identity, now = self._next(), stamp(self.now())
        author = shapes.user(name, self.cloud)
        made: Raw = {
            "self": f"/rest/api/2/issue/{issue.id}/comment/{identity}",
            "id": str(identity),
            "author": author,
            "body": body,
            "updateAuthor": author,
            "created": now,
            "updated": now,
        }
        issue.comments.append(made)
        return made
