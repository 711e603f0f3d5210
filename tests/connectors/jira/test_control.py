"""Discovery through the `jira` library, whose answers are judged by our rules."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import responses

from config import Conventions
from connectors.base import Context
from connectors.errors import Refused, TryAgain
from connectors.jira import Jira, JiraOptions
from connectors.jira.control import Control, Myself
from connectors.jira.options import JiraAuth
from connectors.jira.rules import classify
from connectors.transport import Transport

SITE = "https://acme.example"
MYSELF = f"{SITE}/rest/api/2/myself"
SIGNED = base64.b64encode(b"sync@acme.example:s3cret").decode()
BEGIN = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


def options(**values: Any) -> JiraOptions:
    auth = {"email": "sync@acme.example", "token": "s3cret"}
    return JiraOptions.model_validate({"kind": "jira", "url": SITE, "auth": auth, "projects": ["SHOP"], **values})


@pytest.fixture
def control(context: Context) -> Control:
    return Control(options(), Transport(SITE, auth=dict, context=context, classify=classify))


def test_a_question_is_signed_and_names_us(server: responses.RequestsMock, control: Control) -> None:
    server.get(MYSELF, json={"displayName": "Sync", "timeZone": "Europe/Zurich", "emailAddress": "x"})
    assert control.myself() == Myself(display_name="Sync", time_zone="Europe/Zurich")
    sent = server.calls[0].request.headers
    assert sent["Authorization"] == f"Basic {SIGNED}"
    assert str(sent["User-Agent"]).startswith("northing/")


def test_a_personal_access_token_is_a_bearer(server: responses.RequestsMock, context: Context) -> None:
    server.get(MYSELF, json={})
    by_token = options(auth=JiraAuth.model_validate({"token": "pat"}))
    Control(by_token, Transport(SITE, auth=dict, context=context)).myself()
    assert server.calls[0].request.headers["Authorization"] == "Bearer pat"


@pytest.mark.parametrize("header", ["3600", "Tue, 24 Nov 2026 10:00:00 GMT"])
def test_a_told_wait_is_not_cut_short(
    server: responses.RequestsMock, control: Control, context: Context, header: str
) -> None:
    server.get(MYSELF, status=429, headers={"Retry-After": header})
    with pytest.raises(TryAgain) as caught:
        control.myself()
    assert caught.value.wait == 3600
    assert context.now() == BEGIN
    server.replace(responses.GET, MYSELF, status=429, headers={"Retry-After": "100"})
    with pytest.raises(TryAgain):
        control.myself()
    assert context.now() == BEGIN  # the first wait holds all requests back, and is too long to wait for


def test_a_short_wait_is_kept_in_full(server: responses.RequestsMock, control: Control, context: Context) -> None:
    server.get(MYSELF, status=429, headers={"Retry-After": "100"})
    server.get(MYSELF, json={"displayName": "Sync"})
    control.myself()
    assert timedelta(seconds=100) <= context.now() - BEGIN <= timedelta(seconds=106)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 502, "body": "<html>Bad gateway</html>"},
        {"status": 503, "json": {}},
        {"body": "<!doctype html><title>Log in</title>", "content_type": "text/html"},
        {"body": ""},
        {"body": '{"displayName": "Sy'},
        {"body": requests.ConnectionError("reset")},
        {"body": requests.ReadTimeout("slow")},
    ],
)
def test_a_fault_is_asked_again(server: responses.RequestsMock, control: Control, fault: dict[str, Any]) -> None:
    server.get(MYSELF, **fault)
    server.get(MYSELF, json={"displayName": "Sync"})
    assert control.myself().display_name == "Sync"


@pytest.mark.parametrize(
    "answer,words",
    [
        ({"status": 401, "body": "Client must be authenticated"}, "not accepted"),
        ({"status": 410, "json": {"message": "null for uri"}}, "410: null for uri"),
        ({"json": []}, "something else"),
        (
            {"status": 302, "headers": {"Location": "https://sso.example/login?x=1"}},
            "redirects to https://sso.example,",
        ),
        ({"body": requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED")}, "not trusted"),
    ],
)
def test_what_a_person_must_act_on_is_refused_with_advice_and_no_secret(
    server: responses.RequestsMock, control: Control, answer: dict[str, Any], words: str
) -> None:
    server.get(MYSELF, **answer)
    with pytest.raises(Refused, match=words) as caught:
        control.myself()
    assert caught.value.advice
    assert "s3cret" not in str(caught.value)
    assert SIGNED not in str(caught.value)
    assert len(server.calls) == 1


def test_a_list_of_projects_that_is_no_list_is_not_taken_for_an_empty_one(
    server: responses.RequestsMock, control: Control
) -> None:
    server.get(f"{SITE}/rest/api/2/project", body="")
    with pytest.raises(TryAgain, match="nothing"):
        control.projects()


def test_behind_the_api_gateway_people_are_sent_to_the_site(server: responses.RequestsMock, context: Context) -> None:
    gateway = "https://api.atlassian.com/ex/jira/11-22"
    info = {"baseUrl": "https://acme.atlassian.net", "deploymentType": "Cloud"}
    server.get(f"{gateway}/rest/api/2/myself", json={})
    server.get(f"{gateway}/rest/api/2/serverInfo", json=info)
    server.get(f"{gateway}/rest/api/2/field", json=[])
    jira = Jira("jira", options(url=gateway), Conventions(), "count", context)
    assert jira.site().url == "https://acme.atlassian.net"
    jira.close()
