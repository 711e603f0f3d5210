"""Listening and stopping, and what holds for every answer."""

import asyncio
import socket
import threading
import time
from contextlib import closing, suppress
from typing import Any

import httpx
import pytest

from config import Config
from dashboard import server
from dashboard.app import HEADERS
from dashboard.server import CannotListen, serving
from tests.dashboard.served import served


def test_what_is_not_served_is_a_problem_in_json(sqlite_url: str) -> None:
    with served(Config(database=sqlite_url)) as one:
        for path in ("/", "/docs", "/openapi.json", "/redoc", "/hooks", "/healthz/", "/hooks/x/y", "/metrics/../etc"):
            answer = one.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json() == {"title": "Not Found", "status": 404, "detail": "There is nothing here."}


def test_every_answer_is_safe_in_a_browser_and_names_no_server(sqlite_url: str) -> None:
    with served(Config(database=sqlite_url)) as one:
        for path in ("/healthz", "/readyz", "/metrics", "/nothing"):
            headers = one.get(path).headers
            assert {name: headers[name] for name in HEADERS} == HEADERS
            assert "server" not in headers


def test_a_head_request_is_answered_as_a_get_without_its_body(sqlite_url: str) -> None:
    with served(Config(database=sqlite_url)) as one:
        for path, status in (("/healthz", 200), ("/readyz", 503), ("/metrics", 200)):
            answer = one.client.head(path)
            assert (answer.status_code, answer.content) == (status, b"")


def test_another_method_is_refused_and_told_which_one_there_is(sqlite_url: str) -> None:
    with served(Config(database=sqlite_url)) as one:
        answer = one.client.post("/healthz")
        assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
        assert "GET" in answer.headers["allow"]


def test_an_error_of_the_program_is_no_page_of_it(sqlite_url: str) -> None:
    with served(Config(database=sqlite_url)) as one:
        one.ticked = "geheim"  # ty: ignore[invalid-assignment]
        answer = one.get("/healthz")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["detail"] == "An error of this program. Its log says more."


def test_a_port_in_use_is_said_with_what_to_do() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen) as refused, serving(answers, "127.0.0.1", port):
            pass
    assert refused.value.message == f"service.listen: 127.0.0.1:{port} is in use by another program."
    assert refused.value.advice == "Stop that one, or give another port in `service.listen`."


@pytest.mark.parametrize("host", ["198.51.100.7", "nowhere.invalid"])
def test_an_address_of_another_machine_is_said(host: str) -> None:
    with pytest.raises(CannotListen, match="no address of this machine"), serving(answers, host, 0):
        pass


def test_it_listens_on_ipv6() -> None:
    with serving(answers, "::1", 0) as url:
        assert url.startswith("http://[::1]:")
        assert httpx.get(url).status_code == 200


def test_it_stops_soon_though_a_request_is_under_way_and_a_connection_is_open() -> None:
    begun = threading.Event()

    async def slow(scope: Any, _receive: Any, _send: Any) -> None:
        assert scope["type"] == "http"
        begun.set()
        await asyncio.sleep(60)

    before = threading.active_count()
    with serving(slow, "127.0.0.1", 0) as url:
        idle, asking = socket.create_connection(place(url)), socket.create_connection(place(url))
        asking.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert begun.wait(10)
        start = time.monotonic()
    took = time.monotonic() - start
    idle.close()
    asking.close()
    assert took < 2.5
    assert threading.active_count() <= before


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n",
    ],
)
def test_connections_on_which_nothing_is_asked_shut_nobody_out(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(server, "REQUEST_WITHIN_S", 0.3)
    with serving(answers, "127.0.0.1", 0) as url, closing(socket.create_connection(place(url), timeout=10)) as idle:
        idle.sendall(sent)
        with suppress(ConnectionResetError):
            while idle.recv(1000):
                with suppress(OSError):
                    idle.sendall(b"x")  # which alone would keep it open


def test_after_a_stop_the_port_is_free_at_once() -> None:
    with serving(answers, "127.0.0.1", 0) as url:
        assert httpx.get(url).status_code == 200
    port = int(url.rpartition(":")[2])
    with serving(answers, "127.0.0.1", port) as again:
        assert again == url
        assert httpx.get(again).status_code == 200


def place(url: str) -> tuple[str, int]:
    """Host and port of an address."""
    return url.split("/")[2].split(":", maxsplit=1)[0], int(url.rpartition(":")[2])


async def answers(scope: Any, _receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"fine"})
