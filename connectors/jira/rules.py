"""What Jira's answers mean beyond the rules that all tools share."""

import base64

import msgspec

from connectors.answers import Answer
from connectors.errors import Refused, SourceError, TryAgain
from connectors.jira.options import JiraAuth

_RENEW = (
    "Renew the token and check the e-mail address. A scoped token counts only at "
    "https://api.atlassian.com/ex/jira/CLOUD-ID: give that as url."
)
_BOARDS = (
    "Give a scoped token read:board-scope:jira-software, read:sprint:jira-software and read:project:jira, or the "
    "account Jira Software; or leave sprints out with `boards: false`."
)


class _Warned(msgspec.Struct):
    warnings: list[msgspec.Raw] | None = None


def classify(answer: Answer) -> SourceError | None:
    """The error that an answer stands for by Jira's own rules, else None."""
    denied = answer.headers.get("x-authentication-denied-reason", "")
    if "captcha" in denied.lower():
        return Refused(
            f"{answer.place}: Jira wants the account to prove that it is a person.",
            advice="Log in once with a browser as this account.",
            status=answer.status,
        )
    if answer.status in (401, 403) and "/rest/agile/" in answer.url:
        return Refused(f"{answer.place}: the account may not read boards.", advice=_BOARDS, status=answer.status)
    login = answer.headers.get("x-seraph-loginreason", "")
    if answer.status == 401 or "AUTHENTICATED_FAILED" in login or "AUTHENTICATION_DENIED" in login:
        return Refused(f"{answer.place}: the credentials are not accepted.", advice=_RENEW, status=401)
    if answer.status == 200 and "/search/jql" in answer.url and b'"warnings"' in answer.body:
        return _incomplete(answer)
    return None


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


def signature(auth: JiraAuth) -> dict[str, str]:
    """The header that signs a request. Raises Refused for OAuth 2.0, which this version does not speak."""
    if auth.token is None:
        raise Refused(
            "OAuth 2.0 for Jira is not supported by this version.",
            advice="Use `email` and `token` (Cloud) or `token` (Data Center).",
        )
    token = auth.token.get_secret_value()
    if auth.email is None:
        return {"Authorization": f"Bearer {token}"}
    return {"Authorization": "Basic " + base64.b64encode(f"{auth.email}:{token}".encode()).decode()}
