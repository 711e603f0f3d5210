"""Which repositories there are, and what `doctor` says."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
import responses
from responses.matchers import query_param_matcher

from connectors.base import Check
from connectors.errors import Refused, TryAgain
from tests.connectors.github.samples import API, DATE, Clock, connector, issue, repository, scope

HOST = f"{API}:443"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def lists(wire: responses.RequestsMock, path: str, *rows: object, **query: str) -> responses.BaseResponse:
    match = [query_param_matcher({"per_page": "100", **query})]
    return wire.get(f"{HOST}{path}", json=list(rows), match=match, headers={"Date": DATE})


def test_a_repository_named_in_full_is_asked_for_alone(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/repos/acme/shop", json=repository("shop", 501, archived=True))
    assert connector().scopes().scopes == [scope("shop", 501, archived=True)]
    assert wire.calls[0].request.headers["Authorization"] == "token ghp_secret"
    assert wire.calls[0].request.headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert str(wire.calls[0].request.headers["User-Agent"]).startswith("northing/")
    assert len(wire.calls) == 1


def test_a_repository_answers_with_its_name_of_today(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/repos/acme/shop", status=301, headers={"Location": f"{API}/repositories/501"})
    wire.get(f"{HOST}/repositories/501", json=repository("store", 501))
    assert connector().scopes().scopes == [scope("store", 501)]


def test_a_glob_lists_the_owner_once_and_ignores_case(wire: responses.RequestsMock) -> None:
    rows = [repository("Platform-API", 1), repository("shop", 2), repository("platform-web", 3)]
    listing = lists(wire, "/orgs/acme/repos", *rows)
    found = connector(repositories=["acme/platform-*", "Acme/*web", "acme/sh?p"]).scopes().scopes
    assert found == [scope("Platform-API", 1), scope("platform-web", 3), scope("shop", 2)]
    assert listing.call_count == 1


def test_letters_that_are_no_globs_stand_for_themselves(wire: responses.RequestsMock) -> None:
    lists(wire, "/orgs/acme/repos", repository("a.b", 1), repository("axb", 2), repository("a[x]b", 3))
    assert connector(repositories=["acme/a.*"]).scopes().scopes == [scope("a.b", 1)]


def test_a_long_list_is_read_page_by_page(wire: responses.RequestsMock) -> None:
    more = f"{HOST}/organizations/7/repos?per_page=100&page=2"
    wire.get(
        f"{HOST}/orgs/acme/repos",
        json=[repository("a", 1)],
        headers={"Link": f'<{API}{more[len(HOST) :]}>; rel="next"'},
    )
    wire.get(more, json=[repository("b", 2)])
    assert connector(repositories=["acme/*"]).scopes().scopes == [scope("a", 1), scope("b", 2)]


def test_an_owner_who_is_a_person_is_listed_as_one(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/orgs/kim/repos", status=404, json={"message": "Not Found"})
    wire.get(f"{HOST}/user", json={"login": "dana"})
    lists(wire, "/users/kim/repos", repository("notes", 9, owner="kim"))
    assert connector(repositories=["kim/*"]).scopes().scopes == [scope("notes", 9, owner="kim")]


def test_an_owner_who_does_not_exist_is_named(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/orgs/acne/repos", status=404, json={"message": "Not Found"})
    wire.get(f"{HOST}/user", json={"login": "dana"})
    wire.get(f"{HOST}/users/acne/repos", status=404, json={"message": "Not Found"})
    with pytest.raises(Refused, match="acne: no organisation or person of this name"):
        connector(repositories=["acne/*"]).scopes()


def test_ones_own_private_repositories_are_found(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/orgs/Dana/repos".lower(), status=404, json={"message": "Not Found"})
    wire.get(f"{HOST}/user", json={"login": "Dana"})
    lists(wire, "/user/repos", repository("notes", 9, owner="Dana"), affiliation="owner")
    assert connector(repositories=["dana/*"]).scopes().scopes == [scope("notes", 9, owner="Dana")]


@pytest.mark.parametrize("pattern", ["*", "*/shop", "ac*"])
def test_a_glob_without_an_owner_looks_at_all_that_the_token_sees(wire: responses.RequestsMock, pattern: str) -> None:
    lists(wire, "/user/repos", repository("shop", 501))
    assert connector(repositories=[pattern]).scopes().scopes == [scope("shop", 501)]


def test_a_glob_that_finds_nothing_is_told_and_doubles_count_once(wire: responses.RequestsMock) -> None:
    lists(wire, "/orgs/acme/repos", repository("shop", 501))
    wire.get(f"{HOST}/repos/acme/shop", json=repository("shop", 501))
    found = connector(repositories=["acme/x*", "acme/shop", "acme/sh*"]).scopes()
    assert found.scopes == [scope("shop", 501)]
    [(words, error)] = found.refused
    assert (words, "No repository found for acme/x*" in error.message) == ("acme/x*", True)


def test_repositories_and_owners_that_are_not_seen_stop_no_other(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/repos/acme/shop", json=repository("shop", 501))
    wire.get(f"{HOST}/repos/acme/nope", status=404, json={"message": "Not Found"})
    wire.get(f"{HOST}/repos/acme/shut", status=403, json={"message": "Repository access blocked"})
    wire.get(f"{HOST}/orgs/other/repos", status=403, json={"message": "Resource not accessible by token"})
    found = connector(repositories=["acme/nope", "acme/shut", "other/*", "acme/shop"]).scopes()
    assert found.scopes == [scope("shop", 501)]
    assert [words for words, _ in found.refused] == ["acme/nope", "acme/shut", "other/*"]
    for (_, error), said in zip(found.refused, ["token may not see", "access blocked", "not accessible"], strict=True):
        assert said in error.message
        assert error.advice


def test_a_connection_that_sees_nothing_of_what_it_names_is_refused(wire: responses.RequestsMock) -> None:
    for name in ("nope", "neither"):
        wire.get(f"{HOST}/repos/acme/{name}", status=404, json={"message": "Not Found"})
    with pytest.raises(Refused, match=r"acme/nope: there is none.*Neither is acme/neither to be seen") as caught:
        connector(repositories=["acme/nope", "acme/neither"]).scopes()
    assert "Issues: read" in caught.value.advice


def test_a_bad_token_is_refused_at_once(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/repos/acme/shop", status=401, json={"message": "Bad credentials"})
    with pytest.raises(Refused, match="Bad credentials") as caught:
        connector().scopes()
    assert (caught.value.status, "renew the token" in caught.value.advice) == (401, True)
    assert len(wire.calls) == 1


def test_limits_and_faults_are_waited_out(wire: responses.RequestsMock) -> None:
    limited = {"Retry-After": "30"}
    wire.get(f"{HOST}/repos/acme/shop", status=403, json={"message": "slow down"}, headers=limited)
    wire.get(f"{HOST}/repos/acme/shop", status=502, body="<html>Unicorn!</html>")
    wire.get(f"{HOST}/repos/acme/shop", body=requests.exceptions.ConnectionError("reset"))
    wire.get(f"{HOST}/repos/acme/shop", json=repository("shop", 501))
    github = connector()
    assert github.scopes().scopes == [scope("shop", 501)]
    clock = github._context
    assert isinstance(clock, Clock)
    assert clock.waits[0] >= 30
    assert len(clock.waits) == 3


def test_a_web_page_in_place_of_the_api_is_not_taken_for_an_answer(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/repos/acme/shop", body="<html>Sign in</html>", content_type="text/html")
    with pytest.raises(TryAgain):
        connector().scopes()


def test_a_redirect_to_another_host_is_refused(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/repos/acme/shop", status=301, headers={"Location": "https://login.example/"})
    with pytest.raises(Refused, match="redirected from host"):
        connector().scopes()


def test_a_certificate_that_is_not_trusted_is_refused_at_once(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/repos/acme/shop", body=requests.exceptions.SSLError("self-signed certificate"))
    with pytest.raises(Refused, match="certificate is not trusted") as caught:
        connector().scopes()
    assert "ca_bundle" in caught.value.advice


def test_an_enterprise_server_is_asked_below_its_own_address(wire: responses.RequestsMock) -> None:
    wire.get("https://ghe.acme.example:443/api/v3/repos/acme/shop", json=repository("shop", 501))
    assert connector(url="https://ghe.acme.example/api/v3").scopes().scopes == [scope("shop", 501)]


RATE = {"limit": 5000, "remaining": 4321, "reset": 1_795_523_400, "used": 679}


def healthy(wire: responses.RequestsMock, **headers: str) -> None:
    wire.get(f"{HOST}/user", json={"login": "dana"}, headers={"Date": DATE, **headers})
    wire.get(f"{HOST}/rate_limit", json={"resources": {"core": RATE}, "rate": RATE})
    wire.get(f"{HOST}/repos/acme/shop", json=repository("shop", 501))


def test_doctor_tells_what_works(wire: responses.RequestsMock, respx_mock: Any) -> None:
    healthy(wire, **{"X-OAuth-Scopes": "repo, read:org"})
    lists(wire, "/orgs/acme/repos", repository("platform-api", 1), repository("platform-web", 2))
    for name in ("shop", "platform-api", "platform-web"):
        respx_mock.get(f"{API}/repos/acme/{name}/issues?per_page=1").respond(json=[issue(1)])
    github = connector(repositories=["acme/shop", "acme/platform-*"])
    assert github.doctor() == [
        Check("reachable", True, "https://api.github.com answers to dana"),
        Check("token", True, "classic token with the scopes repo, read:org"),
        Check("clock", True, "this machine is 0 s behind the server"),
        Check("repositories acme/shop", True, "1 found: acme/shop"),
        Check("repositories acme/platform-*", True, "2 found: acme/platform-api, acme/platform-web"),
        Check("issues", True, "of 3 of 3 repositories can be read"),
        Check("limit", True, "4321 of 5000 requests left, full again at 12:30 UTC"),
    ]


def test_doctor_names_the_repositories_whose_issues_cannot_be_read(
    wire: responses.RequestsMock, respx_mock: Any
) -> None:
    healthy(wire)
    lists(wire, "/orgs/acme/repos", *(repository(f"platform-{n}", n) for n in range(1, 4)))
    for name in ("shop", "platform-1"):
        respx_mock.get(f"{API}/repos/acme/{name}/issues?per_page=1").respond(json=[])
    for n in (2, 3):
        respx_mock.get(f"{API}/repos/acme/platform-{n}/issues?per_page=1").respond(410, json={"message": "Gone"})
    found = connector(repositories=["acme/shop", "acme/platform-*"]).doctor()
    fine, faulty = (one for one in found if one.name == "issues")
    assert fine == Check("issues", True, "of 2 of 4 repositories can be read")
    assert (faulty.ok, faulty.detail.split(":")[0]) == (False, "cannot be read of acme/platform-2, acme/platform-3")
    assert "Enable them in the repository's settings" in faulty.advice


def test_doctor_stops_where_nobody_answers(wire: responses.RequestsMock) -> None:
    wire.get(f"{HOST}/user", status=401, json={"message": "Bad credentials"})
    (check,) = connector().doctor()
    assert (check.name, check.ok) == ("reachable", False)
    assert "Bad credentials" in check.detail
    assert "renew the token" in check.advice


def test_doctor_names_what_does_not_work(wire: responses.RequestsMock, respx_mock: Any) -> None:
    healthy(wire)
    wire.replace("GET", f"{HOST}/rate_limit", status=404, json={"message": "Rate limiting is not enabled."})
    wire.get(f"{HOST}/repos/acme/nope", status=404, json={"message": "Not Found"})
    respx_mock.get(f"{API}/repos/acme/shop/issues?per_page=1").respond(404, json={"message": "Not Found"})
    github = connector(repositories=["acme/shop", "acme/nope"], auth={"token": "github_pat_1"})
    clock = github._context
    assert isinstance(clock, Clock)
    clock.time += timedelta(minutes=7)
    checks = {check.name: check for check in github.doctor()}
    assert {name: check.ok for name, check in checks.items()} == {
        "reachable": True,
        "token": True,
        "clock": False,
        "repositories acme/shop": True,
        "repositories acme/nope": False,
        "issues": False,
        "limit": True,
    }
    assert checks["token"].detail == "fine-grained token; its permissions are set per repository"
    assert checks["clock"].detail == "this machine is 420 s ahead of the server"
    assert "Issues: read" in checks["issues"].advice
    assert checks["limit"].detail == "this server sets no limit"
