"""Tokens with scopes, which count only at Atlassian's gateway: the way there is found from the site's address."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
import respx

from config import Conventions
from connectors.base import Context, Reading, Usage
from connectors.errors import Refused
from connectors.jira import Jira, JiraOptions
from connectors.records import Scope
from simulator.jira import ALL_SCOPES
from tests.connectors.jira.clouds import Cloud, cloud, keys

EMAIL = "sync@acme.example"


@pytest.fixture
def acme() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def token(acme: Cloud, token: str = "scoped", email: str | None = EMAIL) -> dict[str, str]:
    return {"token": token, "gateway": acme.gateway} | ({"email": email} if email else {})


def test_a_token_of_the_site_itself_never_goes_elsewhere(acme: Cloud) -> None:
    jira = acme.connect(token(acme, acme.site.token, acme.site.email))
    assert keys(jira) == ["SHOP-1"]
    assert acme.atlassian.requests == []
    assert [one.path for one in acme.site.requests].count("/rest/api/2/myself") == 1


def test_a_token_with_scopes_is_used_at_the_gateway(acme: Cloud) -> None:
    acme.atlassian.add_token("scoped", EMAIL)
    jira = acme.connect(token(acme))
    [scope] = jira.scopes().scopes
    assert scope == Scope(
        external_id=acme.site.projects["SHOP"]["id"],
        key="SHOP",
        name="Shop",
        kind="project",
        url=f"{acme.url}/browse/SHOP",
    )
    [page] = jira.items(scope, Reading(), Usage())
    assert [item.url for item in page.items] == [f"{acme.url}/browse/SHOP-1"]
    assert [one.path for one in acme.site.requests] == [
        "/rest/api/2/myself",
        "/rest/api/3/myself",
        "/_edge/tenant_info",
    ][::2]


def test_the_way_is_looked_for_once_a_process(acme: Cloud) -> None:
    acme.atlassian.add_token("scoped", EMAIL)
    jira = acme.connect(token(acme))
    for _ in range(3):
        keys(jira)
    assert len(acme.site.requests) == 2


def test_the_way_is_found_by_whatever_call_comes_first(acme: Cloud) -> None:
    acme.atlassian.add_token("scoped", EMAIL)
    project = acme.site.projects["SHOP"]
    scope = Scope(external_id=project["id"], key="SHOP", name="Shop", kind="project", url="")
    pages = acme.connect(token(acme)).items(scope, Reading(), Usage())
    assert [item.key for page in pages for item in page.items] == ["SHOP-1"]


@pytest.mark.parametrize("basic", [True, False])
def test_a_service_accounts_token_is_tried_in_both_ways(acme: Cloud, basic: bool) -> None:
    acme.atlassian.add_token("service", EMAIL, basic=basic)
    jira = acme.connect(token(acme, "service"))
    assert keys(jira) == ["SHOP-1"]
    signed = {one.headers["authorization"].split()[0] for one in acme.atlassian.requests if one.status == 200}
    assert signed == {"Basic" if basic else "Bearer"}


def test_a_service_account_needs_no_address_at_the_gateway_itself(acme: Cloud) -> None:
    acme.atlassian.add_token("service", EMAIL, basic=False)
    url = f"{acme.gateway}/ex/jira/{acme.cloud_id}"
    assert keys(acme.connect(token(acme, "service", None), url=url)) == ["SHOP-1"]


def test_a_token_that_counts_nowhere_is_told_so(acme: Cloud) -> None:
    with pytest.raises(Refused) as caught:
        acme.connect(token(acme, "stale")).scopes()
    assert caught.value.message == (
        f"{acme.url} does not accept the credentials, and neither does Atlassian's gateway."
    )
    assert "https://id.atlassian.com/manage-profile/security/api-tokens" in caught.value.advice
    assert "https://admin.atlassian.com" in caught.value.advice


def test_a_token_that_has_expired_is_refused_in_mid_run(acme: Cloud) -> None:  # bug 28
    scoped = acme.atlassian.add_token("scoped", EMAIL)
    jira = acme.connect(token(acme))
    [scope] = jira.scopes().scopes
    scoped.ends_at = acme.clock()
    with pytest.raises(Refused, match="the credentials are not accepted"):
        list(jira.items(scope, Reading(), Usage()))


@pytest.mark.parametrize(
    "scope, named",
    [
        ("read:jira-user", "the scope read:jira-user"),
        ("read:jira-work", "the scope read:jira-work"),
        ("read:board-scope:jira-software", "one of the scopes read:board-scope:jira-software, read:project:jira"),
        ("read:sprint:jira-software", "the scope read:sprint:jira-software"),
    ],
)
def test_a_missing_scope_is_named_with_the_page_to_mend_it(acme: Cloud, scope: str, named: str) -> None:
    acme.atlassian.add_token("scoped", EMAIL, ALL_SCOPES - {scope})
    jira = acme.connect(token(acme), boards=True)
    with pytest.raises(Refused) as caught:
        jira.containers(jira.scopes().scopes[0], {}, Usage())
    assert caught.value.message.endswith(f"the token lacks {named}.")
    assert scope in caught.value.advice
    assert "https://id.atlassian.com/manage-profile/security/api-tokens" in caught.value.advice


def test_without_scopes_for_boards_there_are_no_sprints_and_nothing_else_is_missing(acme: Cloud) -> None:
    acme.atlassian.add_token("scoped", EMAIL, {"read:jira-work", "read:jira-user"})
    jira = acme.connect(token(acme))
    [scope] = jira.scopes().scopes
    assert jira.containers(scope, {}, Usage()).containers == []
    assert keys(jira) == ["SHOP-1"]
    checks = {one.name: one for one in jira.doctor()}
    assert checks["boards"].ok
    assert "read:board-scope:jira-software" in checks["boards"].detail
    assert "boards: false" in checks["boards"].advice


def test_the_day_on_which_a_token_ends_may_be_written_down(acme: Cloud) -> None:
    jira = acme.connect(token(acme, acme.site.token, acme.site.email) | {"expires": "2026-12-01"})
    ends = jira.scopes().credentials_end_at
    assert ends is not None
    assert ends.isoformat() == "2026-12-01T00:00:00+00:00"
    [check] = [one for one in jira.doctor() if one.name == "credentials"]
    assert (check.ok, check.detail) == (False, "end on 2026-12-01")
    acme.clock.advance(timedelta(days=-10))
    assert [one.ok for one in jira.doctor() if one.name == "credentials"] == [True]


UNSEEN = {"errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {}}
UNPARSED = {"error": "Failed to parse Connect Session Auth Token"}


@pytest.mark.parametrize(
    "email, status, said, signed",
    [
        (EMAIL, 404, UNSEEN, "Basic " + base64.b64encode(f"{EMAIL}:scoped".encode()).decode()),
        (None, 403, UNPARSED, "Bearer scoped"),
    ],
)
def test_a_real_sites_misleading_answers_lead_to_the_gateway_too(
    context: Context, email: str | None, status: int, said: dict[str, Any], signed: str
) -> None:
    site, gateway = "https://acme.atlassian.net", "https://api.atlassian.com/ex/jira/11-22"
    auth = {"token": "scoped"} | ({"email": email} if email else {})
    options = JiraOptions.model_validate({"kind": "jira", "url": site, "auth": auth, "projects": ["SHOP"]})
    with responses.RequestsMock(assert_all_requests_are_fired=False) as control, respx.mock as bulk:
        control.get(f"{site}/rest/api/2/myself", status=status, json=said)
        control.get(f"{site}/rest/api/3/myself", status=status, json=said)
        tenant = bulk.get(f"{site}/_edge/tenant_info").respond(json={"cloudId": "11-22"})
        control.get(f"{gateway}/rest/api/2/myself", json={"displayName": "Sync"})
        control.get(f"{gateway}/rest/api/2/serverInfo", json={"deploymentType": "Cloud"})
        control.get(f"{gateway}/rest/api/2/field", json=[])
        jira = Jira("jira", options, Conventions(), "count", context)
        assert jira.site().url == site
        jira.close()
        assert control.calls[-1].request.headers["Authorization"] == signed
    assert "authorization" not in tenant.calls[0].request.headers


def test_a_site_that_is_none_of_atlassians_is_believed(context: Context) -> None:
    site = "https://jira.acme.example"
    auth = {"email": EMAIL, "token": "stale"}
    options = JiraOptions.model_validate({"kind": "jira", "url": site, "auth": auth, "projects": ["SHOP"]})
    with responses.RequestsMock() as control, respx.mock as bulk:
        control.get(f"{site}/rest/api/2/myself", status=401, json={})
        bulk.get(f"{site}/_edge/tenant_info").respond(200, html="<title>Log in</title>")
        jira = Jira("jira", options, Conventions(), "count", context)
        with pytest.raises(Refused, match=f"{site}/rest/api/2/myself: the credentials are not accepted"):
            jira.scopes()
        jira.close()


def test_a_site_that_atlassian_does_not_know_is_a_wrong_address(context: Context) -> None:
    site = "https://acmee.atlassian.net"
    auth = {"email": EMAIL, "token": "good"}
    options = JiraOptions.model_validate({"kind": "jira", "url": site, "auth": auth, "projects": ["SHOP"]})
    with responses.RequestsMock() as control, respx.mock as bulk:
        control.get(f"{site}/rest/api/2/myself", status=404, body="<title>Your site may have moved</title>")
        control.get(f"{site}/rest/api/3/myself", status=404, body="<title>Your site may have moved</title>")
        bulk.get(f"{site}/_edge/tenant_info").respond(404, html="<title>Your site may have moved</title>")
        jira = Jira("jira", options, Conventions(), "count", context)
        with pytest.raises(Refused, match=f"There is no site of Atlassian's at {site}") as caught:
            jira.scopes()
        jira.close()
    assert "url" in caught.value.advice


@pytest.mark.parametrize("behind", ["/wiki", "/jira/software/projects/SHOP/boards/1"])
def test_an_address_that_was_copied_from_a_browser_is_told_how_to_cut(behind: str) -> None:
    given = {"kind": "jira", "url": f"https://acme.atlassian.net{behind}", "auth": {"token": "t"}, "projects": ["A"]}
    with pytest.raises(ValueError, match=r"nothing behind it, like https://acme\.atlassian\.net"):
        JiraOptions.model_validate(given)


def test_addresses_of_atlassian_that_are_in_clear_are_found_by_the_configuration() -> None:
    auth = {"client_id": "a", "client_secret": "b", "refresh_token": "c", "token_url": "http://tokens.example/x/"}
    options = JiraOptions.model_validate(
        {"kind": "jira", "url": "https://acme.atlassian.net", "auth": auth, "projects": ["A"]}
    )
    assert options.urls() == ["https://acme.atlassian.net", "http://tokens.example/x", "https://api.atlassian.com"]
    with pytest.raises(ValueError, match="an address like"):
        JiraOptions.model_validate(options.model_dump() | {"auth": auth | {"gateway": "api.atlassian.com"}})


def test_a_cloud_id_that_is_none_is_refused(acme: Cloud) -> None:
    acme.atlassian.add_token("scoped", EMAIL)
    with pytest.raises(Refused, match=r"/ex/jira/no-such-id/rest/api/2/myself answered 404"):
        acme.connect(token(acme), url=f"{acme.gateway}/ex/jira/no-such-id").scopes()
