"""What a refusal concerns, how fast requests may go, and what is left to others."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Usage
from connectors.errors import TryAgain
from connectors.github.limits import rules
from connectors.limits import Rate
from connectors.transport import Transport
from tests.connectors.test_transport import BASE, START, Clock

EPOCH = int(START.timestamp())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def made(clock: Clock, steady: Rate | None = None, reserve: float = 0.0, **more: Any) -> Transport:
    return Transport(BASE, auth=dict, context=clock.context(), in_flight=1, steady=steady, reserve=reserve, **more)


BURST = {"RateLimit-Reason": "jira-burst-based", "Retry-After": "1000", "X-RateLimit-Limit": "100"}
QUOTA = {"RateLimit-Reason": "jira-quota-tenant-based", "Retry-After": "1000"}


def test_a_burst_limit_holds_back_the_same_call_only(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/project/SHOP/versions").respond(429, headers=BURST)
    same = server.get(f"{BASE}/project/PLAT/versions").respond(json=[])
    other = server.get(f"{BASE}/project/SHOP").respond(json={})
    posted = server.post(f"{BASE}/project/SHOP/versions").respond(json={})
    here = made(clock)
    for name in ("SHOP", "PLAT"):
        with pytest.raises(TryAgain, match="burst"):
            here.get(f"/project/{name}/versions")
    here.get("/project/SHOP")
    here.post("/project/SHOP/versions", {})
    assert (same.call_count, other.call_count, posted.call_count, clock.waited) == (0, 1, 1, 0)


def test_a_used_up_quota_holds_back_everything(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/a").respond(429, headers=QUOTA)
    other = server.post(f"{BASE}/b").respond(json={})
    here = made(clock)
    with pytest.raises(TryAgain):
        here.get("/a")
    with pytest.raises(TryAgain, match="quota"):
        here.post("/b", {})
    assert other.call_count == 0


def test_after_a_burst_limit_the_call_keeps_below_it(server: respx.MockRouter, clock: Clock) -> None:
    answers = [httpx.Response(429, headers=BURST | {"Retry-After": "1", "X-RateLimit-Limit": "10"})]
    server.get(f"{BASE}/a").side_effect = lambda _request: answers.pop() if answers else httpx.Response(200, json=[])
    here = made(clock)
    here.get("/a")
    began = clock.at
    for _ in range(90):
        here.get("/a")
    assert 8 <= (clock.at - began).total_seconds() <= 11  # nine a second of the ten that are allowed


def test_a_limit_that_is_near_slows_down_before_a_refusal(server: respx.MockRouter, clock: Clock) -> None:
    headers = {"X-RateLimit-NearLimit": "true", "X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "3"}
    server.get(f"{BASE}/a").respond(json=[], headers=headers)
    here = made(clock)
    for _ in range(40):
        here.get("/a")
    assert 1 <= clock.waited <= 3


def test_a_bucket_is_never_emptied_below_nothing(server: respx.MockRouter, clock: Clock) -> None:
    left = {"tokens": 5, "filled": 0}
    refused = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal refused
        times = int(clock.waited / 10) - left["filled"]
        left["filled"] += times
        left["tokens"] = min(5, left["tokens"] + 2 * times)
        refused += left["tokens"] < 1
        left["tokens"] -= 1
        told = {"Remaining": left["tokens"], "Limit": 5, "FillRate": 2, "Interval-Seconds": 10}
        return httpx.Response(200, json=[], headers={f"X-RateLimit-{name}": str(value) for name, value in told.items()})

    server.get(f"{BASE}/a").side_effect = answer
    here = made(clock)
    for _ in range(45):
        here.get("/a")
    assert refused == 0
    assert clock.waited == pytest.approx(200, abs=10)  # (45 - 5) requests, two every ten seconds


def test_requests_keep_below_what_documents_tell(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/a").respond(json=[])
    here, usage = made(clock, Rate(100, timedelta(minutes=1))), Usage()
    for _ in range(190):
        here.get("/a", usage=usage)
    assert clock.waited == pytest.approx(60)
    assert usage.waited_s == pytest.approx(60)
    [(reason, seconds)] = clock.waits
    assert "limit" in reason
    assert seconds == pytest.approx(60)


def test_points_of_an_hour_are_left_to_others(server: respx.MockRouter, clock: Clock) -> None:
    told = {
        "Beta-RateLimit-Policy": '"tenant-app-quota";q=65000;w=3600',
        "Beta-RateLimit": '"tenant-app-quota";r=6000;t=9',
    }
    server.get(f"{BASE}/a").respond(json=[], headers=told)
    here = made(clock, reserve=0.1)
    here.get("/a")
    with pytest.raises(TryAgain, match="left to others") as caught:
        here.get("/a")
    assert caught.value.wait == 3600


def test_a_secondary_limit_without_a_time_is_waited_for_ever_longer(  # bug 33
    server: respx.MockRouter, clock: Clock
) -> None:
    headers = {"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": str(EPOCH + 3000)}
    refusals = [httpx.Response(status, headers=headers, text="secondary rate limit") for status in (429, 403, 429)]
    server.get(f"{BASE}/a").side_effect = [*refusals, httpx.Response(200, json=[]), refusals[0], httpx.Response(200)]
    here = made(clock, classify=rules(clock.context().now))
    here.get("/a")
    here.get("/a")
    for (_, seconds), told in zip(clock.waits, (60, 120, 240, 60), strict=True):
        assert told <= seconds <= told * 1.05 + 1


def test_a_wait_that_never_ends_is_handed_on(server: respx.MockRouter, clock: Clock) -> None:  # bug 16
    """Each wait is within bounds; their sum is not. The patience of a request is not filled up by its retries."""
    route = server.get(f"{BASE}/a").respond(429, headers={"Retry-After": "300"})
    with pytest.raises(TryAgain) as caught:
        made(clock).get("/a")
    assert caught.value.wait == 300
    assert clock.waited <= 900
    assert route.call_count == 3


@pytest.mark.parametrize("status", [403, 429])
def test_a_used_up_token_waits_for_its_reset_or_hands_on(  # bug 17
    server: respx.MockRouter, clock: Clock, status: int
) -> None:
    def limited(seconds: int) -> httpx.Response:
        return httpx.Response(
            status, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH + seconds)}, json={}
        )

    server.get(f"{BASE}/a").side_effect = [limited(400), httpx.Response(200, json=[]), limited(4000)]
    here = made(clock, classify=rules(clock.context().now))
    assert here.get("/a").status == 200
    assert 400 <= clock.waited <= 421
    with pytest.raises(TryAgain, match="used up"):
        here.get("/a")


@pytest.mark.parametrize("status", [502, 504])
def test_a_server_in_trouble_is_an_error_and_no_empty_answer(  # bug 20
    server: respx.MockRouter, clock: Clock, status: int
) -> None:
    server.get(f"{BASE}/a").respond(status)
    with pytest.raises(TryAgain, match=str(status)):
        made(clock).get_json("/a", into=list[int])


@pytest.mark.parametrize("value", ["-5", "nan", "1e99", "soon", "99999999999999999999"])
def test_an_absurd_time_ends_within_the_deadline(server: respx.MockRouter, clock: Clock, value: str) -> None:
    for name in ("Retry-After", "X-RateLimit-Reset"):
        server.get(f"{BASE}/{name}").respond(429, headers={name: value})
        with pytest.raises(TryAgain):
            made(clock).get(f"/{name}")
    assert clock.waited <= 900


def test_requests_that_waited_for_a_place_do_not_start_all_at_once(server: respx.MockRouter, clock: Clock) -> None:
    signed = threading.Semaphore(0)
    starts: list[datetime] = []

    def sign() -> dict[str, str]:
        signed.release()
        return {}

    def answer(_: httpx.Request) -> httpx.Response:
        if not starts:
            for _signed in range(8):
                signed.acquire(timeout=10)
            clock.at += timedelta(seconds=10)
        starts.append(clock.at)
        return httpx.Response(200, json=[])

    server.get(f"{BASE}/x").mock(side_effect=answer)
    here = Transport(BASE, auth=sign, context=clock.context(), in_flight=1, steady=Rate(5, timedelta(seconds=1)))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: here.get("/x"), range(16)))
    assert len(starts) == 16
    assert max(sum(at <= one < at + timedelta(seconds=1) for one in starts[1:]) for at in starts) <= 5
