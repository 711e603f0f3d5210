"""What a tool answered, and what follows from it by the rules that all tools share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from connectors import limits, text
from connectors.errors import Refused, SourceError, TryAgain

_FAULTS = {408, 425}

ABSENT = frozenset({404, 405, 501})
"""How a server answers a call that it does not have."""

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What a tool said. `body` is clean JSON text (`text.clean_json`); header names compare without case.

    `clock` is the tool's own time (`Date` header). `next_url` is where `Link: rel="next"` points, followed as it is.
    `not_modified`: status 304, the body is empty and what was read before still holds.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    url: str
    not_modified: bool
    clock: datetime | None
    next_url: str | None

    @property
    def etag(self) -> str | None:
        """The validator to send as `etag` next time."""
        return self.headers.get("etag")

    @property
    def place(self) -> str:
        """Where the answer came from, without its query: for messages."""
        return self.url.partition("?")[0]

    def decode(self, into: type[T]) -> T:
        """The body as `into`. Raises TryAgain where it is cut off or no JSON, Refused where it has another shape."""
        try:
            try:
                return msgspec.json.decode(self.body, type=into)
            except msgspec.ValidationError as error:
                msgspec.json.decode(self.body, type=msgspec.Raw)  # a body may be cut off behind its first odd value
                raise Refused(
                    f"{self.place} answered with something else than expected: {error}.",
                    advice="Check that the url is the API of this tool, and the tool's version.",
                    status=self.status,
                ) from error
        except RecursionError as error:
            raise Refused(
                f"{self.place} answered with JSON nested too deeply to read.",
                advice="Find the record that holds it in the tool, and simplify it.",
                status=self.status,
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TryAgain(f"{self.place} sent incomplete or broken JSON ({error})", status=self.status) from error


_ADVICE = {
    400: "The tool did not understand the request: check the connection's options and the tool's version.",
    401: "The credentials are not accepted: renew the token, and check that it belongs to this url.",
    403: "The credentials lack a permission: grant it to the account, or to the token's scopes.",
    404: "It does not exist, or the credentials may not see it: check the name and the permissions.",
    407: "The proxy wants credentials: put them into `proxy`.",
    410: "It is gone for good, or this API was removed: check the name, and for a newer version of Northing.",
    501: "The server does not have this call: check the url, and the tool's version.",
}


def error_of(answer: Answer, now: datetime) -> SourceError | None:
    """The general rules: what follows from an answer that the tool's own rules said nothing about."""
    status, wait = answer.status, limits.told_wait(answer.headers, now)
    if status == 304:
        return None
    limited = status == 403 and (limits.exhausted(answer.headers) or "retry-after" in answer.headers)
    if status == 429 or limited:
        reason = answer.headers.get("ratelimit-reason", "")
        detail = f" ({reason})" if reason else ""
        return TryAgain(f"{answer.place} answered {status}: request limit reached{detail}", status=status, wait=wait)
    if status in _FAULTS or (status >= 500 and status not in ABSENT):
        wait = limits.retry_after(answer.headers, now)
        return TryAgain(f"{answer.place} answered {status}", status=status, wait=wait)
    if 200 <= status < 300:
        page = TryAgain(f"{answer.place} answered with a web page instead of JSON", status=status)
        return page if _is_page(answer) else None
    detail = _detail(answer)
    return Refused(
        f"{answer.place} answered {status}{': ' + detail if detail else ''}",
        advice=_ADVICE.get(status, "The tool refused the request: check the connection's options."),
        status=status,
    )


def _is_page(answer: Answer) -> bool:
    return "text/html" in answer.headers.get("content-type", "") or answer.body[:64].lstrip().startswith(b"<")


def _detail(answer: Answer) -> str:
    """The tool's own words on an error: Jira's `errorMessages` and `errors`, GitHub's `message`; cut to 300 letters."""
    if _is_page(answer):
        return ""
    try:
        said: Any = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return text.excerpt(answer.body, 300)
    if not isinstance(said, dict):
        return ""
    words = [str(word) for word in said.get("errorMessages") or [] if word]
    if isinstance(said.get("errors"), dict):
        words += [f"{name}: {word}" for name, word in said["errors"].items()]
    if isinstance(said.get("message"), str):
        words.append(said["message"])
    return "; ".join(words)[:300]
