"""GitHub's GraphQL API: what it answers with status 200 may still be an error, whole or in part."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from connectors import limits
from connectors.answers import Answer
from connectors.base import Usage
from connectors.errors import Refused, SourceError, TryAgain
from connectors.github.limits import SECONDARY_WAIT_S
from connectors.transport import Transport

TOO_LARGE = {"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"}
MISSING = "NOT_FOUND"
DENIED = {"FORBIDDEN", "INSUFFICIENT_SCOPES", "SAML_FAILURE", "IP_ALLOW_LIST"}
KNOWN = {"RATE_LIMITED", MISSING, *TOO_LARGE, *DENIED}
SLOW_DOWN = "secondary rate limit"
LIMITED_AT_MOST = 5
"""How often one question is asked that meets a limit each time."""


class Problem(msgspec.Struct):
    message: str = ""
    type: str | None = None


class Reply(msgspec.Struct):
    """What came back. Data beside errors is not all of the data."""

    data: dict[str, Any] | None = None
    errors: list[Problem] | None = None


class TooLarge(TryAgain):
    """The same question for fewer nodes may be answered."""


def address(base_url: str) -> str:
    """Where a server takes GraphQL: beside `/api/v3` on an Enterprise Server."""
    place = urlsplit(base_url)
    path = place.path.rstrip("/")
    return urlunsplit(place._replace(path=f"{path.removesuffix('/v3')}/graphql"))


def ask(
    transport: Transport, query: str, variables: dict[str, Any], now: Callable[[], datetime], usage: Usage
) -> tuple[Answer, dict[str, Any]]:
    """The answer and its data. Raises TooLarge, TryAgain or Refused where the answer holds any error."""
    for _ in range(LIMITED_AT_MOST):
        answer, reply = transport.post_json(
            address(transport.base_url),
            {"query": query, "variables": variables},
            into=Reply,
            usage=usage,
            check=_again,
        )
        error = error_of(reply, answer, now())
        if error is None:
            return answer, reply.data or {}
        if not (isinstance(error, TryAgain) and error.wait):
            break
        transport.pause(error.wait, error.message)  # the next request waits for it, and all others do
    raise error


def _again(reply: Reply) -> None:
    """Raises TryAgain for faults that may pass at once."""
    if not reply.errors and reply.data is None:
        raise TryAgain("GraphQL answered with neither data nor errors.")
    if reply.errors and not any(_kind(one) in KNOWN or SLOW_DOWN in one.message.lower() for one in reply.errors):
        raise TryAgain(f"GraphQL answered with errors: {_words(reply.errors)}")


def error_of(reply: Reply, answer: Answer, now: datetime) -> SourceError | None:
    """What the errors of a reply stand for; None where it has none and holds data."""
    problems = reply.errors or []
    if not problems:
        return None
    kinds, words = {_kind(one) for one in problems}, _words(problems)
    said = f"{answer.place} answered with errors: {words}"
    if "RATE_LIMITED" in kinds or SLOW_DOWN in words.lower():
        wait = limits.told_wait(answer.headers, answer.clock or now) or SECONDARY_WAIT_S
        return TryAgain(said, status=answer.status, wait=wait)
    if kinds & TOO_LARGE:
        return TooLarge(said, status=answer.status)
    if kinds & DENIED:
        return Refused(said, advice="Give the token the permission “Projects: read”.", status=403)
    if MISSING in kinds:
        return Refused(said, advice="Check the name, and what the token may see.", status=404)
    return TryAgain(said, status=answer.status)


def _kind(problem: Problem) -> str:
    return (problem.type or "").upper()


def _words(problems: list[Problem]) -> str:
    return ("; ".join(one.message for one in problems if one.message) or ", ".join(map(_kind, problems)))[:300]
