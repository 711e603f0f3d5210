"""The transport against answers as tools give them: limits, faults, redirects, signing, conditional requests."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import msgspec
import pytest
import respx

from connectors.answers import Answer
from connectors.base import Context, Usage
from connectors.errors import Cancelled, Refused, SourceError, TryAgain
from connectors.transport import BODY_LIMIT, Transport

BASE = "https://tool.example/api"
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that only waiting moves."""

    at: datetime = START
    waits: list[tuple[str, float]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def sleep(self, seconds: float) -> None:
        if self.stop.is_set():
            raise Cancelled
        self.at += timedelta(seconds=seconds)

    def context(self) -> Context:
        return Context(
            now=lambda: self.at,
            stop=self.stop,
            sleep=self.sleep,
            on_wait=lambda reason, seconds: self.waits.append((reason, seconds)),
        )

    @property
    def waited(self) -> float:
        return (self.at - START).total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def transport(
    clock: Clock,
    *,
    base: str = BASE,
    auth: Callable[[], dict[str, str]] = lambda: {"Authorization": "Bearer one"},
    classify: Callable[[Answer], SourceError | None] = lambda _answer: None,
    renew: Callable[[], bool] = lambda: False,
    reserve: float = 0.0,
) -> Transport:
    return Transport(
        base, auth=auth, context=clock.context(), classify=classify, renew=renew, reserve=reserve, in_flight=2
    )


def test_a_request_names_itself_and_is_signed(server: respx.MockRouter, clock: Clock) -> None:
    route = server.get(f"{BASE}/items", params={"page": "1"}).respond(
        json=[1], headers={"Date": "Tue, 24 Nov 2026 08:59:58 GMT", "Link": '</api/items?page=2>; rel="next"'}
    )
    answer = transport(clock).get("/items", {"page": 1})
    sent = route.calls.last.request.headers
    assert sent["User-Agent"].startswith("northing/")
    assert sent["Authorization"] == "Bearer one"
    assert (answer.status, answer.decode(list[int]), answer.not_modified) == (200, [1], False)
    assert answer.clock == datetime(2026, 11, 24, 8, 59, 58, tzinfo=UTC)
    assert answer.next_url == "https://tool.example/api/items?page=2"


@pytest.mark.parametrize(
    "headers,least",
    [
        pytest.param({"Retry-After": "40"}, 40, id="seconds"),
        pytest.param({"Retry-After": format_datetime(START + timedelta(seconds=50), usegmt=True)}, 50, id="date"),
        pytest.param({"X-RateLimit-Reset": "2026-11-24T09:01Z", "RateLimit-Reason": "jira-burst-based"}, 60, id="iso"),
        pytest.param({"X-RateLimit-Reset": "2026-11-24T09:02:00+0000"}, 120, id="iso alone"),
        pytest.param({"X-RateLimit-Reset": "80"}, 80, id="span"),
        pytest.param(
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(START.timestamp()) + 70)}, 70, id="epoch"
        ),
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_a_told_wait_is_kept_with_jitter_on_top(
    server: respx.MockRouter, clock: Clock, status: int, headers: dict[str, str], least: float
) -> None:
    if status == 403 and "Retry-After" not in headers:
        headers = {**headers, "X-RateLimit-Remaining": "0"}
    server.get(f"{BASE}/items").side_effect = [httpx.Response(status, headers=headers), httpx.Response(200, json=[])]
    usage = Usage()
    assert transport(clock).get("/items", usage=usage).status == 200
    assert least <= clock.waited <= least * 1.05 + 1
    assert (usage.requests, usage.not_modified) == (2, 0)
    assert usage.waited_s == pytest.approx(clock.waited)
    [(reason, seconds)] = clock.waits
    assert "limit" in reason
    assert seconds == pytest.approx(clock.waited)


def test_the_tools_own_clock_counts_for_a_date(server: respx.MockRouter, clock: Clock) -> None:
    ahead = START + timedelta(hours=1)
    limited = httpx.Response(
        429,
        headers={
            "Date": format_datetime(ahead, usegmt=True),
            "Retry-After": format_datetime(ahead + timedelta(seconds=30), usegmt=True),
        },
    )
    server.get(f"{BASE}/items").side_effect = [limited, httpx.Response(200, json=[])]
    transport(clock).get("/items")
    assert 30 <= clock.waited < 33


def test_a_wait_beyond_the_deadline_is_handed_on_at_once(server: respx.MockRouter, clock: Clock) -> None:
    route = server.get(f"{BASE}/items").respond(429, headers={"Retry-After": "3600"})
    with pytest.raises(TryAgain) as caught:
        transport(clock).get("/items")
    assert (caught.value.wait, clock.waited, route.call_count) == (3600, 0, 1)


def test_a_limit_that_one_request_met_holds_back_the_next(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/a").respond(429, headers={"Retry-After": "1000"})
    other = server.get(f"{BASE}/b").respond(json=[])
    connection = transport(clock)
    with pytest.raises(TryAgain):
        connection.get("/a")
    with pytest.raises(TryAgain, match="limit"):
        connection.get("/b")
    assert other.call_count == 0
    clock.at += timedelta(seconds=1000)
    assert connection.get("/b").status == 200


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(httpx.Response(502, html="<html>Bad gateway</html>"), id="502 page"),
        pytest.param(httpx.Response(500, json={"message": "oops"}), id="500"),
        pytest.param(httpx.Response(503, headers={"Retry-After": "0"}), id="503, wait 0"),
        pytest.param(httpx.Response(200, html="<html>Log in</html>"), id="200 page"),
        pytest.param(httpx.Response(200, content=b'[{"id": 1}, {"i'), id="cut off"),
        pytest.param(httpx.ReadTimeout("slow"), id="time-out"),
        pytest.param(httpx.ReadError("reset"), id="reset"),
        pytest.param(httpx.RemoteProtocolError("peer closed"), id="closed early"),
        pytest.param(httpx.ConnectError("refused"), id="cannot connect"),
    ],
)
def test_a_fault_is_asked_again(
    server: respx.MockRouter, clock: Clock, fault: httpx.Response | httpx.TransportError
) -> None:
    server.get(f"{BASE}/items").side_effect = [fault, fault, httpx.Response(200, json=[7])]
    usage = Usage()
    _, found = transport(clock).get_json("/items", into=list[int], usage=usage)
    assert (found, usage.requests) == ([7], 3)
    assert clock.waited > 0


def test_faults_end_after_six_attempts_with_the_last_error(server: respx.MockRouter, clock: Clock) -> None:
    route = server.get(f"{BASE}/items").respond(502)
    with pytest.raises(TryAgain, match="502"):
        transport(clock).get("/items")
    assert route.call_count == 6


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 422])
def test_what_a_person_must_act_on_is_refused_at_once_in_the_tools_words(
    server: respx.MockRouter, clock: Clock, status: int
) -> None:
    route = server.get(f"{BASE}/items").respond(
        status, json={"errorMessages": ["No such thing"], "errors": {"jql": "odd"}}
    )
    with pytest.raises(Refused, match=f"{status}: No such thing; jql: odd") as caught:
        transport(clock).get("/items", {"secret": "q"})
    assert (caught.value.status, route.call_count, clock.waited) == (status, 1, 0)
    assert caught.value.advice
    assert "secret" not in str(caught.value)


def test_a_secondary_limit_without_a_time_is_a_fault_not_a_wait_for_the_primary_one(
    server: respx.MockRouter, clock: Clock
) -> None:
    headers = {"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": str(int(START.timestamp()) + 3000)}
    server.get(f"{BASE}/items").side_effect = [httpx.Response(429, headers=headers), httpx.Response(200, json=[])]
    transport(clock).get("/items")
    assert 0 < clock.waited < 60


def test_a_tools_own_rule_comes_first(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/items").side_effect = [httpx.Response(200, json={"errors": ["limit"]}), httpx.Response(200)]

    def classify(answer: Answer) -> SourceError | None:
        return TryAgain("their limit", wait=60) if b"limit" in answer.body else None

    transport(clock, classify=classify).get("/items")
    assert clock.waited >= 60


def test_every_attempt_is_signed_anew(server: respx.MockRouter, clock: Clock) -> None:
    route = server.get(f"{BASE}/items")
    route.side_effect = [httpx.Response(429, headers={"Retry-After": "5"}), httpx.Response(200, json=[])]
    transport(clock, auth=lambda: {"Authorization": f"Bearer {clock.waited:.0f}"}).get("/items")
    first, second = (call.request.headers["Authorization"] for call in route.calls)
    assert first == "Bearer 0"
    assert second != first


def test_credentials_are_renewed_once_on_401(server: respx.MockRouter, clock: Clock) -> None:
    tokens = ["old"]
    route = server.get(f"{BASE}/items")
    route.side_effect = lambda request: httpx.Response(
        200 if request.headers["Authorization"] == "Bearer new" else 401, json=[]
    )

    def renew() -> bool:
        tokens.append("new")
        return True

    assert (
        transport(clock, auth=lambda: {"Authorization": f"Bearer {tokens[-1]}"}, renew=renew).get("/items").status
        == 200
    )
    with pytest.raises(Refused):
        transport(clock, auth=lambda: {"Authorization": "Bearer dead"}, renew=lambda: True).get("/items")
    assert route.call_count == 4


def test_an_unchanged_page_costs_a_conditional_request(server: respx.MockRouter, clock: Clock) -> None:
    route = server.get(f"{BASE}/items").respond(304)
    usage = Usage()
    answer, found = transport(clock).get_json("/items", into=list[int], etag='W/"abc"', usage=usage)
    assert route.calls.last.request.headers["If-None-Match"] == 'W/"abc"'
    assert (answer.not_modified, found) == (True, None)
    assert usage == Usage(requests=1, not_modified=1)


def test_a_redirect_is_followed_on_the_same_host_with_credentials(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/old").respond(301, headers={"Location": "/api/new?x=1"})
    moved = server.get(f"{BASE}/new", params={"x": "1"}).respond(json=[])
    assert transport(clock).get("/old", {"y": "2"}).url == f"{BASE}/new?x=1"
    assert moved.calls.last.request.headers["Authorization"] == "Bearer one"


@pytest.mark.parametrize(
    "to", ["https://sso.example/login", "http://tool.example/api/new", "https://tool.example:99/x"]
)
def test_credentials_are_sent_to_no_other_place(server: respx.MockRouter, clock: Clock, to: str) -> None:
    server.get(f"{BASE}/old").respond(302, headers={"Location": to})
    elsewhere = server.get(to).respond(json=[])
    with pytest.raises(Refused, match="not sent there"):
        transport(clock).get("/old")
    with pytest.raises(Refused, match="not sent there"):
        transport(clock).get(to)
    assert elsewhere.call_count == 0


def test_a_circle_of_redirects_ends(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/a").respond(302, headers={"Location": "/api/a"})
    with pytest.raises(Refused, match="circles"):
        transport(clock).get("/a")


@pytest.mark.parametrize("to", ["https://[tool.example/", "https://tool.example:many/"])
@pytest.mark.parametrize("status,header", [(302, "{}"), (200, '<{}>; rel="next"')])
def test_an_answer_that_points_to_no_address_is_a_fault(
    server: respx.MockRouter, clock: Clock, status: int, header: str, to: str
) -> None:
    headers = {"Location" if status == 302 else "Link": header.format(to)}
    server.get(f"{BASE}/list").respond(status, json=[], headers=headers)
    with pytest.raises(TryAgain, match=r"GET https://tool\.example/api/list"):
        transport(clock).get("/list")


def test_a_stop_ends_a_wait_and_sends_nothing_more(server: respx.MockRouter, clock: Clock) -> None:
    route = server.get(f"{BASE}/items").respond(429, headers={"Retry-After": "60"})
    context = clock.context()

    def stop_then_sleep(seconds: float) -> None:
        clock.stop.set()
        clock.sleep(seconds)

    context.sleep = stop_then_sleep
    connection = Transport(BASE, auth=dict, context=context)
    with pytest.raises(Cancelled):
        connection.get("/items")
    with pytest.raises(Cancelled):
        connection.get("/items")
    assert route.call_count == 1


def test_a_post_sends_json_again_after_a_fault(server: respx.MockRouter, clock: Clock) -> None:
    route = server.post(f"{BASE}/search")
    route.side_effect = [httpx.Response(503), httpx.Response(200, json={"ids": ["1"]})]
    _, found = transport(clock).post_json("/search", {"jql": "x"}, into=dict[str, list[str]])
    assert found == {"ids": ["1"]}
    assert [msgspec.json.decode(call.request.content) for call in route.calls] == [{"jql": "x"}] * 2


def test_an_answer_of_another_shape_is_refused(server: respx.MockRouter, clock: Clock) -> None:
    route = server.get(f"{BASE}/items").respond(json={"not": "a list"})
    with pytest.raises(Refused, match="something else"):
        transport(clock).get_json("/items", into=list[int])
    assert route.call_count == 1


def test_unsafe_text_does_not_fail_a_page(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/items").respond(content=rb'["a\u0000b", "\ud800c", "\ud83d\ude00", "\\ud800", "\udc00\n"]')
    _, found = transport(clock).get_json("/items", into=list[str])
    assert found == ["ab", "c", "😀", "\\ud800", "\n"]


def test_a_body_without_end_is_refused(server: respx.MockRouter, clock: Clock) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(BODY_LIMIT // 2**20 + 1):
            yield b" " * 2**20

    server.get(f"{BASE}/items").respond(stream=httpx.ByteStream(b"")).mock(
        return_value=httpx.Response(200, content=endless())
    )
    with pytest.raises(Refused, match="64 MB"):
        transport(clock).get("/items")


def test_a_part_of_the_limit_is_left_to_others(server: respx.MockRouter, clock: Clock) -> None:
    headers = {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "400",
        "X-RateLimit-Reset": str(int(START.timestamp()) + 300),
    }
    server.get(f"{BASE}/items").respond(json=[], headers=headers)
    connection = transport(clock, reserve=0.1)
    connection.get("/items")
    assert clock.waited == 0
    connection.get("/items")
    assert clock.waited >= 300


def test_requests_in_flight_are_bounded(server: respx.MockRouter, clock: Clock) -> None:
    lock, busy, most = threading.Lock(), 0, 0
    both_in = threading.Barrier(2)

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        both_in.wait(5)
        with lock:
            busy -= 1
        return httpx.Response(200, json=[])

    server.get(f"{BASE}/items").side_effect = answer
    connection, usage = transport(clock), Usage()
    threads = [threading.Thread(target=connection.get, args=("/items",), kwargs={"usage": usage}) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, usage.requests) == (2, 6)


def test_a_certificate_that_is_not_trusted_is_refused_with_advice(server: respx.MockRouter, clock: Clock) -> None:
    fault = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    server.get(f"{BASE}/items").side_effect = fault
    with pytest.raises(Refused, match="not trusted") as caught:
        transport(clock).get("/items")
    assert "ca_bundle" in caught.value.advice


def test_a_ca_bundle_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="CA bundle"):
        Transport(BASE, auth=dict, context=Clock().context(), ca_bundle=Path("absent.pem"))


@pytest.mark.parametrize("url", ["tool.example", "ftp://tool.example", "https://"])
def test_what_is_no_address_is_refused(clock: Clock, url: str) -> None:
    with pytest.raises(Refused, match="no address"):
        transport(clock, base=url)


def test_the_default_port_is_the_same_place(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/new").respond(json=[])
    assert transport(clock).get("https://tool.example:443/api/new").status == 200


def test_json_that_is_nested_without_end_is_refused(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/items").respond(content=b"[" * 5000 + b"]" * 5000)
    with pytest.raises(Refused, match="too deeply"):
        transport(clock).get_json("/items", into=list[msgspec.Raw])


def test_an_error_in_plain_text_is_shown_as_it_is(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/items").respond(400, text="Bad \x00 luck")
    with pytest.raises(Refused, match="400: Bad  luck"):
        transport(clock).get("/items")
