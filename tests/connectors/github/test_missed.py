"""Deliveries that did not arrive are fetched from GitHub, which keeps them and sends none again."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import store
from connectors.base import Context, Usage
from connectors.errors import Refused
from connectors.github.options import GitHubOptions
from connectors.hooks import About, Hint
from connectors.records import Ref, Scope
from store import hints, work
from sync.missed import fetch_missed

API = "https://api.github.com"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SHOP = Scope(external_id="501", key="acme/shop", name="shop", kind="repository", url="https://github.com/acme/shop")
HOOKS = f"{API}/repos/acme/shop/hooks"
DELIVERIES = f"{HOOKS}/7/deliveries"
OURS = [{"id": 7, "config": {"url": "https://northing.acme.example/hooks/github"}}]
BODY = {
    "action": "edited",
    "issue": {"id": 9001, "number": 1},
    "repository": {"id": 501, "full_name": "acme/shop"},
}
HINT = Hint(
    delivery="guid-1",
    event="issues.edited",
    about=About(scope="501", scope_key="acme/shop", refs=(Ref(external_id="9001", key="acme/shop#1"),)),
)


def options(**auth: Any) -> GitHubOptions:
    given: dict[str, Any] = {"kind": "github", "auth": auth or {"token": "t"}, "repositories": ["acme/*"]}
    return GitHubOptions(**given)


def context() -> Context:
    return Context(now=lambda: NOW, stop=threading.Event(), sleep=lambda seconds: None)


def delivered(number: int, guid: str, status: int, *, event: str = "issues", hours: float = 1, **more: Any) -> Any:
    at = (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"id": number, "guid": guid, "delivered_at": at, "status_code": status, "event": event, **more}


def detail(body: object = BODY) -> httpx.Response:
    return httpx.Response(200, json={"id": 1, "request": {"headers": None, "payload": body}})


def found(given: GitHubOptions | None = None, since: datetime = NOW - timedelta(days=1)) -> list[Hint]:
    given = given or options()
    return list(given.hooks().missed(context(), [SHOP], since, Usage()))


@pytest.fixture
def wire(respx_mock: respx.MockRouter) -> respx.MockRouter:
    respx_mock.get(f"{API}/orgs/acme/hooks").respond(404, json={"message": "Not Found"})
    respx_mock.get(HOOKS).respond(json=OURS)
    return respx_mock


def test_what_failed_is_fetched_and_what_arrived_is_not(wire: respx.MockRouter) -> None:
    rows = [
        delivered(5, "guid-5", 500, event="push"),
        delivered(4, "guid-4", 202),
        delivered(3, "guid-3", 200),
        delivered(2, "guid-3", 502),
        delivered(1, "guid-1", 0),
    ]
    wire.get(DELIVERIES).respond(json=rows)
    wire.get(f"{DELIVERIES}/1").mock(detail())
    assert found() == [HINT]
    assert {call.request.method for call in wire.calls} == {"GET"}


def test_all_pages_are_read_as_far_back_as_asked(wire: respx.MockRouter) -> None:
    link = {"Link": f'<{DELIVERIES}?cursor=v1_2>; rel="next"'}
    wire.get(DELIVERIES, params={"per_page": "100"}).respond(json=[delivered(2, "guid-2", 202)], headers=link)
    older = [delivered(1, "guid-1", 502, hours=2), delivered(0, "guid-0", 502, hours=30)]
    wire.get(DELIVERIES, params={"cursor": "v1_2"}).respond(json=older, headers=link)
    wire.get(f"{DELIVERIES}/1").mock(detail())
    assert found() == [HINT]


def test_webhooks_that_lead_elsewhere_are_left_alone(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{API}/orgs/acme/hooks").respond(403, json={"message": "Must have admin rights"})
    respx_mock.get(HOOKS).respond(json=[{"id": 8, "config": {"url": "https://ci.acme.example/github"}}])
    assert found() == []


def test_a_delivery_that_is_no_longer_kept_or_odd_is_passed_over(wire: respx.MockRouter) -> None:
    rows = [delivered(number, f"guid-{number}", 500) for number in (3, 2, 1)]
    wire.get(DELIVERIES).respond(json=rows)
    wire.get(f"{DELIVERIES}/3").respond(404, json={"message": "Not Found"})
    wire.get(f"{DELIVERIES}/2").mock(detail({"action": "edited", "issue": 1}))
    wire.get(f"{DELIVERIES}/1").mock(detail())
    assert found() == [HINT]


def test_a_token_that_is_not_accepted_is_told(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{API}/orgs/acme/hooks").respond(401, json={"message": "Bad credentials"})
    with pytest.raises(Refused):
        found()


def test_an_app_asks_for_its_own_webhook_and_its_own_installation(respx_mock: respx.MockRouter) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    rows = [
        delivered(2, "guid-2", 500, installation_id=13),
        delivered(1, "guid-1", 500, installation_id=12),
    ]
    listed = respx_mock.get(f"{API}/app/hook/deliveries").respond(json=rows)
    respx_mock.get(f"{API}/app/hook/deliveries/1").mock(detail())
    assert found(options(app_id="1", installation_id=12, private_key=pem)) == [HINT]
    assert listed.calls[0].request.headers["Authorization"].count(".") == 2  # signed by the App, not by a token


def test_what_was_missed_is_put_in_the_queue_once_and_the_next_look_goes_back_to_this_one(
    migrated_url: str, wire: respx.MockRouter
) -> None:
    engine: sa.Engine = store.connect(migrated_url)
    try:
        with engine.begin() as conn:
            work.save_scopes(conn, "code", "github", [SHOP])
        wire.get(DELIVERIES).respond(json=[delivered(1, "guid-1", 502, hours=50)])
        body = wire.get(f"{DELIVERIES}/1").mock(detail())
        assert fetch_missed(engine, "code", options(), context()) == 1
        assert fetch_missed(engine, "code", options(), context()) == 0
        assert body.call_count == 1
        with engine.begin() as conn:
            assert [one.about for one in hints.take(conn, "code", NOW)] == [HINT.about]
    finally:
        engine.dispose()
