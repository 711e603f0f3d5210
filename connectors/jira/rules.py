"""What Jira's answers mean beyond the rules that all tools share."""

import re

import msgspec

from connectors.answers import Answer
from connectors.errors import Refused, SourceError, TryAgain

PERSONS_TOKENS = "https://id.atlassian.com/manage-profile/security/api-tokens"
SERVICE_TOKENS = "https://admin.atlassian.com (Directory, Service accounts)"
APPS = "https://developer.atlassian.com/console/myapps (Permissions)"

_SCOPES = (
    (r"/rest/agile/1\.0/board/[^/]+/configuration", ("read:board-scope.admin:jira-software", "read:project:jira")),
    (r"/rest/agile/1\.0/(board/[^/]+/)?sprint", ("read:sprint:jira-software",)),
    (r"/rest/agile/1\.0/board", ("read:board-scope:jira-software", "read:project:jira")),
    (r"/rest/api/[^/]+/myself", ("read:jira-user",)),
    (r"/rest/api/", ("read:jira-work",)),
)
"""The scopes of the calls that are made, by the documents of Atlassian's API: the first that matches."""

_WRITING = re.compile(r"/rest/api/[^/]+/issue/[^/]+/(comment|properties)")
"""Calls that only write-back makes, and the scope that it needs beside those."""
WRITING_SCOPE = "write:jira-work"

_LOGIN_PAGE = (b'name="os_password"', b'id="login-form"', b"<title>log in", b"id.atlassian.com/login")


class LacksScope(Refused):
    """The token is accepted, and lacks one of the scopes that the call needs."""


class _Warned(msgspec.Struct):
    warnings: list[msgspec.Raw] | None = None


def classify(answer: Answer) -> SourceError | None:
    """The error that an answer stands for by Jira's own rules, else None."""
    if 200 <= answer.status < 300:
        return _false_success(answer)
    if lacks_scope(answer):
        return _without(answer, needed_scopes(answer.url))
    if _by_captcha(answer):
        return _captcha(answer)
    if answer.status in (401, 403) and "/rest/agile/" in answer.url:
        needed = ", ".join(needed_scopes(answer.url))
        return Refused(
            f"{answer.place}: the account may not read boards.",
            advice=f"Give the account access to Jira Software, and a scoped token {needed} at {token_page()}; or leave "
            "sprints out with `boards: false`.",
            status=answer.status,
        )
    if answer.status == 401 or "AUTHENTICATED_FAILED" in _login(answer):
        return _not_accepted(answer)
    return None


def _false_success(answer: Answer) -> SourceError | None:
    """Answers that look good and are not."""
    if "AUTHENTICATED_FAILED" in _login(answer):
        return _not_accepted(answer)
    if _by_captcha(answer):
        return _captcha(answer)
    if answer.headers.get("x-ausername", "").lower() == "anonymous":
        return Refused(
            f"{answer.place} was answered as if to nobody: the credentials are not accepted, and Jira shows what is "
            "public.",
            advice=_RENEW,
            status=401,
        )
    if "text/html" in answer.headers.get("content-type", ""):
        return _page(answer)
    if "/search/jql" in answer.url and b'"warnings"' in answer.body:
        return _incomplete(answer)
    return None


_RENEW = (
    "The token is wrong, has expired or was revoked, or does not belong to the e-mail address: make a new one "
    f"(Cloud: {PERSONS_TOKENS}; Data Center: your profile there, Personal access tokens)."
)


def _not_accepted(answer: Answer) -> Refused:
    return Refused(f"{answer.place}: the credentials are not accepted.", advice=_RENEW, status=401)


def _captcha(answer: Answer) -> Refused:
    return Refused(
        f"{answer.place}: Jira wants the account to prove that it is a person, after too many failed log-ins.",
        advice="Log in once with a browser as this account, then renew its token.",
        status=403,
    )


def _page(answer: Answer) -> TryAgain:
    """A proxy in trouble sends pages, too: so what they say is believed only once patience has ended."""
    start = answer.body[:65536].lower()
    if b"confluence" in start or any("confluence" in name.lower() for name in answer.headers):
        return TryAgain(
            f"{answer.place} answered with a page of Confluence.",
            advice="Set the connection's url to the Jira site, with its context path.",
            status=answer.status,
        )
    if any(sign in start for sign in _LOGIN_PAGE):
        return TryAgain(
            f"{answer.place} answered with a login page instead of JSON.",
            advice="Check the connection's url and its context path, and that single sign-on lets tokens through.",
            status=answer.status,
        )
    return TryAgain(
        f"{answer.place} answered with a web page instead of JSON",
        advice="Check that the connection's url is a Jira site, with its context path.",
        status=answer.status,
    )


def _login(answer: Answer) -> str:
    return answer.headers.get("x-seraph-loginreason", "")


def _by_captcha(answer: Answer) -> bool:
    denied = answer.headers.get("x-authentication-denied-reason", "")
    return "captcha" in denied.lower() or "AUTHENTICATION_DENIED" in _login(answer)


def lacks_scope(answer: Answer) -> bool:
    """Whether the gateway says that the token lacks a scope: by a 401, as if the token were wrong."""
    return answer.status in (401, 403) and b"scope does not match" in answer.body


def needed_scopes(url: str) -> tuple[str, ...]:
    """The scopes that a call needs. Empty for calls of which nothing is known."""
    if _WRITING.search(url):
        return (WRITING_SCOPE,)
    return next((scopes for pattern, scopes in _SCOPES if re.search(pattern, url)), ())


def _without(answer: Answer, scopes: tuple[str, ...]) -> LacksScope:
    sprints = "; or leave sprints out with `boards: false`" if "/rest/agile/" in answer.url else ""
    lacking = (
        f"one of the scopes {', '.join(scopes)}" if len(scopes) > 1 else f"the scope {scopes[0]}" if scopes else ""
    )
    return LacksScope(
        f"{answer.place}: the token lacks {lacking or 'a scope'}.",
        advice=f"A token's scopes cannot be changed: make a new one with all of "
        f"{', '.join(sorted({*all_scopes(), *scopes}))} at "
        f"{token_page()}{sprints}.",
        status=401,
    )


def all_scopes() -> tuple[str, ...]:
    """The scopes that the connector needs, with those of boards."""
    return tuple(sorted({scope for _, scopes in _SCOPES for scope in scopes}))


def token_page() -> str:
    """Where tokens with scopes are made."""
    return f"{PERSONS_TOKENS}, a service account's at {SERVICE_TOKENS}, or of an OAuth app at {APPS}"


def _incomplete(answer: Answer) -> TryAgain | None:
    try:
        warnings = msgspec.json.decode(answer.body, type=_Warned).warnings
    except msgspec.DecodeError:
        return None
    if not warnings:
        return None
    said = bytes(warnings[0]).decode()[:300]
    return TryAgain(
        f"Jira says that what it found is incomplete: {said}", advice="Nothing was taken over.", status=answer.status
    )
