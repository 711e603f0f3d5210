"""A GitHub App's installation: its token lives for an hour and is fetched with the App's key."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import responses
import respx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests import PreparedRequest

from connectors.base import Check, Reading, Usage
from connectors.errors import Refused
from connectors.github import GitHub
from connectors.records import Page
from tests.connectors.github.samples import API, DATE, NOW, SHOP, body, connector, issue, item, repository, scope

HOST = f"{API}:443"
FIRST = f"{API}/repos/acme/shop/issues?state=all&sort=created&direction=asc&per_page=100"


@pytest.fixture(scope="module")
def key() -> str:
    """A private key in PEM."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    return made.private_bytes(*pem).decode()


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """GitHub hands out ghs_1, ghs_2, …"""
    with responses.RequestsMock() as mock:
        handed = iter(range(1, 100))

        def token(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
            assert str(request.headers["Authorization"]).startswith("Bearer ey")
            return 201, {}, json.dumps({"token": f"ghs_{next(handed)}", "expires_at": "2099-01-01T00:00:00Z"})

        mock.add_callback("POST", f"{HOST}/app/installations/34/access_tokens", token)
        yield mock


def app(key: str, **options: Any) -> GitHub:
    return connector(auth={"app_id": "12", "installation_id": 34, "private_key": key}, **options)


def authorizations(router: respx.MockRouter) -> list[str]:
    return [call.request.headers["authorization"] for call in router.calls]


def test_an_apps_token_signs_the_reading_and_is_fetched_once(
    key: str, wire: responses.RequestsMock, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(FIRST).respond(content=body(issue(1)), headers={"Date": DATE})
    github = app(key)
    for _ in range(2):
        assert list(github.items(SHOP, Reading(), Usage())) == [Page(items=[item(1)], clock=NOW)]
    assert authorizations(respx_mock) == ["Bearer ghs_1", "Bearer ghs_1"]
    assert len(wire.calls) == 1


def test_an_apps_token_that_is_refused_is_renewed_once(
    key: str, wire: responses.RequestsMock, respx_mock: respx.MockRouter
) -> None:
    bad = httpx.Response(401, json={"message": "Bad credentials"})
    good = httpx.Response(200, content=body(issue(1)))
    respx_mock.get(FIRST).mock(side_effect=[bad, good, bad, bad])
    github = app(key)
    assert [page.items for page in github.items(SHOP, Reading(), Usage())] == [[item(1)]]
    with pytest.raises(Refused, match="Bad credentials"):
        list(github.items(SHOP, Reading(), Usage()))
    assert authorizations(respx_mock) == [f"Bearer ghs_{number}" for number in (1, 2, 2, 3)]


def test_an_app_sees_the_repositories_of_its_installation(key: str, wire: responses.RequestsMock) -> None:
    rows = [repository("shop", 501), repository("web", 2), repository("notes", 3, owner="kim")]
    wire.get(f"{HOST}/installation/repositories", json={"total_count": 3, "repositories": rows})
    assert app(key, repositories=["acme/*"]).scopes().scopes == [scope("shop", 501), scope("web", 2)]


def test_doctor_knows_an_app(key: str, wire: responses.RequestsMock, respx_mock: respx.MockRouter) -> None:
    rows = [repository("shop", 501)]
    wire.get(f"{HOST}/installation/repositories", json={"total_count": 1, "repositories": rows})
    wire.get(f"{HOST}/rate_limit", status=404, json={"message": "Rate limiting is not enabled."})
    respx_mock.get(f"{API}/repos/acme/shop/issues?per_page=1").respond(json=[])
    checks = app(key, repositories=["acme/*"]).doctor()
    assert checks[:2] == [
        Check("reachable", True, "https://api.github.com answers to a GitHub App's installation"),
        Check("token", True, "GitHub App"),
    ]
    assert all(check.ok for check in checks)


def test_an_installation_that_is_gone_is_refused(key: str) -> None:
    with responses.RequestsMock() as wire:
        wire.post(f"{HOST}/app/installations/34/access_tokens", status=404, json={"message": "Not Found"})
        with pytest.raises(Refused, match="Not Found"):
            list(app(key).items(SHOP, Reading(), Usage()))


def test_a_key_that_cannot_sign_is_named() -> None:
    with pytest.raises(Refused, match="private key of the GitHub App 12 cannot sign") as caught:
        list(app("-----BEGIN garbage").items(SHOP, Reading(), Usage()))
    assert "PEM" in caught.value.advice
    (check,) = app("-----BEGIN garbage").doctor()
    assert not check.ok
