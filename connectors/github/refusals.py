"""What GitHub refuses, and what to do about each: repositories and issues out of sight."""

import re

from connectors.answers import Answer
from connectors.errors import Refused

REPOSITORY = re.compile(r"/repos/([^/?]+/[^/?]+)|/(repositories/\d+)")
ISSUE = re.compile(r"/issues/\d+$")


class Missing(Refused):
    """Nothing is to be seen at `place`, the address that answered 404 or 410, behind all redirects."""

    def __init__(self, message: str, *, advice: str, status: int, place: str) -> None:
        super().__init__(message, advice=advice, status=status)
        self.place = place


def gone(answer: Answer) -> Missing | None:
    """What a 404 or 410 below a repository stands for. None elsewhere."""
    found = REPOSITORY.search(answer.place)
    if found is None:
        return None
    name = found[1] or found[2]
    if answer.status == 410:
        what = "an issue was deleted, or issues are disabled" if ISSUE.search(answer.place) else "issues are disabled"
        return Missing(
            f"{name}: {what} in this repository.",
            advice="Enable them in the repository's settings, or take it out of `repositories`.",
            status=410,
            place=answer.place,
        )
    return Missing(
        f"{name}: not found, or the token may not see it ({answer.place} answered 404).",
        advice="Check the name, and that the token has this repository with the permission “Issues: read”.",
        status=404,
        place=answer.place,
    )
