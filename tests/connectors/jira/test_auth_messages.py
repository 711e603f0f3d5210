"""Each way in which a token is not accepted has its own words, and says where to mend it."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import respx

from config import Conventions
from connectors.base import Context, Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.jira import Jira, JiraOptions
from connectors.jira.rules import classify
from connectors.retry import Patience
from connectors.transport import Transport
from simulator import JiraSite, serve

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SITE = "https://jira.acme.example"
Connect = Callable[..., Jira]


@pytest.fixture
def site() -> JiraSite:
    site = JiraSite("datacenter", now=lambda: NOW)
    site.add_project("SHOP", "Shop")
    site.add_issue("SHOP", "Guest checkout")
    return site


@pytest.fixture
def connect(site: JiraSite) -> Iterator[Connect]:
    opened: list[Jira] = []
    with serve(site) as running:

        def build(token: str = site.token, **values: Any) -> Jira:
            given = {"kind": "jira", "url": running.url_of(site), "auth": {"token": token}, "projects": ["SHOP"]}
            context = Context(now=lambda: NOW, stop=threading.Event(), sleep=lambda _: None)
            options = JiraOptions.model_validate({**given, **values})
            opened.append(Jira("jira", options, Conventions(), "count", context))
            return opened[-1]

        yield build
        for one in opened:
            one.close()


def personal(name: str, ends: str | None, used: str | None) -> dict[str, Any]:
    return {"id": len(name), "name": name, "createdAt": "2026-01-01T00:00:00.000+0000"} | {
        "lastAccessed": used,
        "expiringAt": ends,
    }


def ends_at(jira: Jira) -> datetime | None:
    return jira.scopes().credentials_end_at


def test_a_personal_token_tells_when_it_ends(site: JiraSite, connect: Connect) -> None:
    site.tokens.personal = [personal("northing", "2026-12-01T08:00:00.000+0000", None)]
    assert ends_at(connect()) == datetime(2026, 12, 1, 8, tzinfo=UTC)
    [check] = [one for one in connect().doctor() if one.name == "credentials"]
    assert (check.ok, check.detail) == (False, "end on 2026-12-01")


def test_of_several_tokens_the_one_that_was_just_used_is_ours(site: JiraSite, connect: Connect) -> None:
    site.tokens.personal = [
        personal("never used", "2026-11-25T08:00:00.000+0000", None),
        personal("old", "2026-11-26T08:00:00.000+0000", "2026-11-01T08:00:00.000+0000"),
        personal("northing", "2027-01-01T08:00:00.000+0000", "2026-11-24T09:30:00.000+0000"),
    ]
    assert ends_at(connect()) == datetime(2027, 1, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        [personal("unlimited", None, "2026-11-24T09:30:00.000+0000")],
        [personal("one", "2026-12-01T08:00:00.000+0000", None), personal("other", None, None)],
        [personal("odd", "soon", None)],
        [{"id": 1, "expiringAt": 5}],
    ],
)
def test_a_token_without_an_end_or_of_which_nothing_is_known_has_none(
    site: JiraSite, connect: Connect, tokens: list[dict[str, Any]]
) -> None:
    site.tokens.personal = tokens
    assert ends_at(connect()) is None


def test_a_personal_token_that_has_expired_is_refused_with_advice(  # bug 28
    site: JiraSite, connect: Connect
) -> None:
    site.tokens.ends_at = NOW
    with pytest.raises(Refused, match="the credentials are not accepted") as caught:
        connect().scopes()
    assert "has expired" in caught.value.advice
    assert "Personal access tokens" in caught.value.advice


def test_an_answer_to_nobody_is_no_answer(site: JiraSite, connect: Connect) -> None:  # bug 28
    """Jira answers a token that has become invalid with what is public: 200 and a list, short or empty."""
    jira = connect()
    [scope] = jira.scopes().scopes
    site.tokens.ends_at, site.tokens.anonymous = NOW, True
    for ask in (
        lambda: list(jira.items(scope, Reading(), Usage())),
        lambda: list(jira.ids(scope, Usage()) or ()),
        lambda: jira.matching("project = SHOP", Usage()),
    ):
        with pytest.raises(Refused, match="answered as if to nobody"):
            ask()


def test_a_captcha_is_told_apart_from_a_wrong_token(site: JiraSite, connect: Connect) -> None:
    site.tokens.captcha = True
    with pytest.raises(Refused, match="prove that it is a person") as caught:
        connect().scopes()
    assert "Log in once with a browser" in caught.value.advice


PAGE = "<!doctype html><html><head><title>{}</title></head><body>{}</body></html>"


@pytest.mark.parametrize(
    "answer, error, message, advice",
    [
        ({"status_code": 401}, Refused, "the credentials are not accepted", "make a new one"),
        (
            {"status_code": 403, "headers": {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}},
            Refused,
            "prove that it is a person",
            "browser",
        ),
        (
            {"status_code": 403, "headers": {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=x"}},
            Refused,
            "prove that it is a person",
            "browser",
        ),
        (
            {"json": [], "headers": {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}},
            Refused,
            "the credentials are not accepted",
            "make a new one",
        ),
        ({"json": [], "headers": {"X-AUSERNAME": "anonymous"}}, Refused, "answered as if to nobody", "has expired"),
        (
            {"json": [], "headers": {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}},
            Refused,
            "prove that it is a person",
            "browser",
        ),
        (
            {"html": PAGE.format("Log in - Acme Jira", '<input name="os_password">')},
            TryAgain,
            "a login page instead of JSON",
            "single sign-on",
        ),
        ({"html": PAGE.format("Dashboard - Confluence", "")}, TryAgain, "a page of Confluence", "the Jira site"),
        (
            {"html": PAGE.format("Hello", ""), "headers": {"X-Confluence-Request-Time": "1"}},
            TryAgain,
            "a page of Confluence",
            "the Jira site",
        ),
        ({"html": PAGE.format("Welcome to nginx", "")}, TryAgain, "a web page instead of JSON", "is a Jira site"),
        (
            {"status_code": 302, "headers": {"Location": "https://sso.acme.example/login"}},
            Refused,
            "redirects to https://sso.acme.example",
            "login page there means that the credentials",
        ),
        (
            {"status_code": 401, "json": {"code": 401, "message": "Unauthorized; scope does not match"}},
            Refused,
            "the token lacks the scope read:jira-work",
            "https://id.atlassian.com/manage-profile/security/api-tokens",
        ),
    ],
)
def test_each_refusal_has_its_own_words(
    context: Context, answer: dict[str, Any], error: type[Exception], message: str, advice: str
) -> None:
    transport = Transport(SITE, auth=dict, context=context, classify=classify, patience=Patience(attempts=2))
    with respx.mock as router:
        router.get(f"{SITE}/rest/api/2/field").respond(**answer)
        with pytest.raises(error, match=message) as caught:
            transport.get("/rest/api/2/field")
    transport.close()
    assert isinstance(caught.value, Refused | TryAgain)
    assert advice in caught.value.advice


def test_a_page_for_once_is_a_fault_that_passes(context: Context) -> None:
    transport = Transport(SITE, auth=dict, context=context, classify=classify)
    with respx.mock as router:
        route = router.get(f"{SITE}/rest/api/2/field")
        route.side_effect = [
            respx.MockResponse(html=PAGE.format("Log in", "")),
            respx.MockResponse(json=[]),
        ]
        assert transport.get("/rest/api/2/field").body == b"[]"
    transport.close()
    assert context.now() - datetime(2026, 11, 24, 9, tzinfo=UTC) < timedelta(seconds=2)
