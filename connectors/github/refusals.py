"""What GitHub refuses, and what to do about each: tokens, permissions, repositories and issues out of sight."""

import re
from urllib.parse import urlsplit

import msgspec

from connectors.answers import Answer
from connectors.errors import Refused

REPOSITORY = re.compile(r"/repos/([^/?]+/[^/?]+)|/(repositories/\d+)")
ISSUE = re.compile(r"/issues/\d+$")
WITHIN = {
    "repo": ("public_repo", "repo:status", "repo_deployment", "repo:invite", "security_events"),
    "admin:org": ("write:org", "read:org"),
    "write:org": ("read:org",),
    "project": ("read:project",),
    "user": ("read:user", "user:email", "user:follow"),
}
"""The scopes of classic tokens that others hold within."""


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
    scope = _missing_scope(answer)
    if answer.status == 410:
        what = "an issue was deleted, or issues are disabled" if ISSUE.search(answer.place) else "issues are disabled"
        return Missing(
            f"{name}: {what} in this repository.",
            advice="Enable them in the repository's settings, or take it out of `repositories`.",
            status=410,
            place=answer.place,
        )
    if scope is not None:
        return Missing(
            f"{name}: not found. The token lacks the scope `{scope}`, without which GitHub hides what is private.",
            advice=f"Give the token the scope `{scope}`: {_pages(answer)}/settings/tokens",
            status=404,
            place=answer.place,
        )
    return Missing(
        f"{name}: not found, or the token may not see it ({answer.place} answered 404).",
        advice="Check the name, and that the token has this repository with the permission “Issues: read”.",
        status=404,
        place=answer.place,
    )


def unknown(answer: Answer) -> Refused:
    """What a 401 stands for: the token itself, or an App's signature, is not accepted."""
    words, pages = _words(answer), _pages(answer)
    said = f"{answer.place} answered 401: {words}"
    if "claim" in words:
        return Refused(said, advice="This machine's clock is wrong: set it (NTP).", status=401)
    if "JSON web token" in words or "Integration" in words:
        return Refused(
            said,
            advice="The private key is not one of this App: check `app_id`, or make a key in the App's settings, "
            f"{pages}/settings/apps",
            status=401,
        )
    return Refused(
        said,
        advice="The token is mistyped, revoked or expired, or belongs to another server: renew the token at "
        f"{pages}/settings/personal-access-tokens (fine-grained) or {pages}/settings/tokens (classic).",
        status=401,
    )


def forbidden(answer: Answer) -> Refused | None:
    """What a 403 stands for that is no limit. None where GitHub's words are not known here."""
    words, pages = _words(answer), _pages(answer)
    said = f"{answer.place} answered 403"
    if sso := answer.headers.get("x-github-sso", ""):
        where = sso.partition("url=")[2] or f"{pages}/settings/tokens › Configure SSO"
        return _denied(
            f"{said}: the organisation wants single sign-on for this token.",
            f"Authorise the token for the organisation: {where}",
        )
    if "IP allow list" in words:
        return _denied(
            f"{said}: {words}",
            "Have the address of this machine (or of its proxy) added to the organisation's IP allow list: the "
            "organisation's settings › Authentication security.",
        )
    if "suspended" in words:
        return _denied(
            f"{said}: {words}",
            "Unsuspend the App's installation: the organisation's settings › GitHub Apps › Configure, or "
            f"{pages}/settings/installations",
        )
    if "access via" in words and "forbids" in words:
        return _denied(
            f"{said}: {words}",
            "The organisation takes no tokens of this kind, or of this length of life. Make a fine-grained one that "
            f"it allows ({pages}/settings/personal-access-tokens), or connect as a GitHub App.",
        )
    wanted = _permissions(answer.headers.get("x-accepted-github-permissions", ""))
    if "not accessible by integration" in words:
        return _denied(
            f"{said}: {words}.",
            f"The App lacks the permission {wanted}. Grant it in the App's settings › Permissions & events "
            f"({pages}/settings/apps), then accept it in the organisation's settings › GitHub Apps.",
        )
    if "not accessible by personal access token" in words:
        return _denied(
            f"{said}: {words}.",
            f"The token lacks the permission {wanted}, or this repository. Edit it: "
            f"{pages}/settings/personal-access-tokens",
        )
    if scope := _missing_scope(answer):
        return _denied(
            f"{said}: the token has not the scope `{scope}`.",
            f"Give the token the scope `{scope}`: {pages}/settings/tokens",
        )
    return None


def of_installation(error: Refused, app_id: str, installation: int) -> Refused:
    """What to say where an App gets no token for its installation."""
    if error.status != 404:
        return error
    return Refused(
        f"The GitHub App {app_id} has no installation {installation} ({error.message}).",
        advice="Check `installation_id`: it ends the address of the organisation's settings › GitHub Apps › Configure. "
        "Where it was uninstalled, install the App again.",
        status=401,  # what is wrong are the credentials, not a repository
    )


def _denied(message: str, advice: str) -> Refused:
    return Refused(message, advice=advice, status=403)


def _words(answer: Answer) -> str:
    try:
        said = msgspec.json.decode(answer.body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return str(said.get("message") or "")[:300]


def _pages(answer: Answer) -> str:
    """Where GitHub's own pages are: beside the API, on github.com under another name."""
    place = urlsplit(answer.url)
    host = place.netloc.removesuffix(":443")
    return f"{place.scheme}://{host.removeprefix('api.') if host == 'api.github.com' else host}"


def _permissions(accepted: str) -> str:
    """`issues=read; metadata=read,contents=write` as people read it: the first way that GitHub would accept."""
    first = accepted.split(";", maxsplit=1)[0]
    pairs = [pair.strip().partition("=") for pair in first.split(",") if pair.strip()]
    named = [f"“{name.replace('_', ' ').capitalize()}: {level or 'read'}”" for name, _, level in pairs]
    return " and ".join(named) or "that this call needs"


def _missing_scope(answer: Answer) -> str | None:
    """The scope that a classic token lacks; None where it has one that is accepted, or is no classic token."""
    held = _listed(answer.headers.get("x-oauth-scopes"))
    accepted = _listed(answer.headers.get("x-accepted-oauth-scopes"))
    if held is None or not accepted:
        return None
    given = {wider for scope in held for wider in (scope, *WITHIN.get(scope, ()))}
    return None if given & set(accepted) else accepted[-1] if "repo" not in accepted else "repo"


def _listed(header: str | None) -> list[str] | None:
    return None if header is None else [one.strip() for one in header.split(",") if one.strip()]
