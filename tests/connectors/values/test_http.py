"""A number in a JSON document, of servers that mean well, badly, or harm."""

import gzip
import json
import logging
import socket
import threading
import time
import tracemalloc
import zlib
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from config import HttpValue
from connectors.base import Context
from connectors.errors import Cancelled, Refused, SourceError, TryAgain
from connectors.values import fetch, place
from tests.connectors.values.small_server import SmallServer


def source(url: str, path: str = "value", **more: Any) -> HttpValue:
    return HttpValue.model_validate({"http": url, "path": path, "allow_private": True, **more})


def ask(one: HttpValue, context: Context) -> float:
    return fetch(one, context=context, connectors={})


@pytest.mark.parametrize(
    "document, path, value",
    [
        ({"value": 2.5}, "value", 2.5),
        ({"data": [{"value": 3}]}, "data.0.value", 3),
        ({"data": [{"value": 3}]}, "data[0].value", 3),
        ([1, [2, 7]], "1.1", 7),
        ({"items": [{"n": "a", "v": 1}, {"n": "b", "v": 4}]}, "items[?n=='b'].v | [0]", 4),
        ({"items": [{"v": 1}, {"v": 4}]}, "sum(items[].v)", 5),
        ({"value": " -1.5e3 "}, "value", -1500),
        ({"value": 0}, "value", 0),
        (17, "@", 17),
    ],
)
def test_the_number_at_the_path_is_taken(
    server: SmallServer, context: Context, document: Any, path: str, value: float
) -> None:
    assert ask(source(server.says("/v", document), path), context) == value


@pytest.mark.parametrize(
    "body, words",
    [
        (b'{"value": true}', "gives true, expected a number"),
        (b'{"value": null}', "value finds nothing in http://127.0.0.1:.*At its top it has: value"),
        (b'{"other": 1}', "At its top it has: other"),
        (b'{"value": [1]}', "gives a list of 1, expected one number"),
        (b'{"value": {"a": 1}}', "gives an object with 1 keys, expected one number"),
        (b'{"value": "much"}', "gives 'much', expected a number"),
        (b'{"value": "1,5"}', "gives '1,5', with a comma. Numbers are written with a decimal point"),
        (b'{"value": "1_000"}', "gives '1_000', expected a number"),
        (b'{"value": ""}', "gives '', expected a number"),
        (b'{"value": "NaN"}', "gives NaN"),
        (b'{"value": 1e400}', "gives a number beyond all bounds"),
        (b'{"value": "1e400"}', "gives a number beyond all bounds"),
        (b'{"value": -1' + b"0" * 400 + b"}", "gives a number beyond all bounds"),
        (b'{"value": 1' + b"0" * 9000 + b"}", "holds a number that is too long"),
        (b'{"value": NaN}', "holds NaN, which is no JSON"),
        (b'{"value": -Infinity}', "holds -Infinity, which is no JSON"),
        (b'{"value": ' * 100_000, "nested too deeply"),
        (b'{"value": "' + b"x" * 1_000_000 + b'"}', "expected a number"),
    ],
    ids=lambda one: str(one)[:24],
)
def test_what_is_no_number_is_refused(server: SmallServer, context: Context, body: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        ask(source(server.says("/v", body)), context)
    assert len(str(caught.value)) < 1000
    assert len(server.asked) == 1


def test_a_path_that_cannot_be_worked_out_is_refused(server: SmallServer, context: Context) -> None:
    with pytest.raises(Refused, match="Correct the source's `path`"):
        ask(source(server.says("/v", {"value": "x"}), "sum(value)"), context)


def test_a_request_names_itself_and_has_the_headers_given(server: SmallServer, context: Context) -> None:
    url = server.says("/v", {"value": 1})
    ask(source(f"{url}?a=b%20c", headers={"Authorization": "Bearer secret"}), context)
    [(path, headers)] = server.asked
    assert path == "/v?a=b%20c"
    assert headers["User-Agent"].startswith("northing/")
    assert (headers["Authorization"], headers["Accept-Encoding"]) == ("Bearer secret", "identity")


def test_a_user_and_password_in_the_url_sign_the_request(server: SmallServer, context: Context) -> None:
    url = server.says("/v", {"value": 1}).replace("//", "//me:pa%40ss@")
    ask(source(url), context)
    assert server.asked[0][1]["Authorization"] == "Basic bWU6cGFAc3M="


# --- hostile answers --------------------------------------------------------------------------------------------------


def test_a_document_beyond_the_limit_is_refused(server: SmallServer, context: Context) -> None:
    with pytest.raises(Refused, match="answered with more than 5 MB"):
        ask(source(server.says("/v", b'{"value": 1, "x": "' + b"x" * 10_000_000 + b'"}')), context)


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_a_small_body_that_unpacks_to_a_large_one_is_refused_and_never_in_memory(
    server: SmallServer, context: Context, packing: str
) -> None:
    whole = b'{"value": 1, "x": "' + b"x" * 200_000_000 + b'"}'
    body = gzip.compress(whole, 1) if packing == "gzip" else zlib.compress(whole, 1)
    del whole
    url = server.says("/v", body, Content_Encoding=packing)
    tracemalloc.start()
    with pytest.raises(Refused, match="answered with more than 5 MB"):
        ask(source(url), context)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000


def test_a_packed_body_is_read_and_an_odd_packing_is_refused(server: SmallServer, context: Context) -> None:
    body = gzip.compress(b'{"value": 4}')
    assert ask(source(server.says("/v", body, Content_Encoding="gzip")), context) == 4
    with pytest.raises(Refused, match="answered packed as 'br'"):
        ask(source(server.says("/v", body, Content_Encoding="br")), context)
    with pytest.raises(TryAgain, match="sent a damaged gzip body"):
        ask(source(server.says("/v", b"xx" + body, Content_Encoding="gzip")), context)


def test_a_page_for_people_is_asked_again_and_then_told(server: SmallServer, context: Context) -> None:
    url = server.says("/v", b"<html>Sign in</html>", Content_Type="text/html")
    with pytest.raises(TryAgain, match="answered with a web page instead of JSON"):
        ask(source(url), context)
    assert len(server.asked) == 3


def test_json_that_is_cut_off_is_told(server: SmallServer, context: Context) -> None:
    with pytest.raises(TryAgain, match="sent incomplete or broken JSON"):
        ask(source(server.says("/v", b'{"value": 1')), context)


def test_a_fault_that_passes_is_no_failure(server: SmallServer, context: Context) -> None:
    left = [503, 500]

    def page(handler: BaseHTTPRequestHandler) -> None:
        status = left.pop() if left else 200
        handler.send_response(status)
        handler.end_headers()
        handler.wfile.write(b'{"value": 9}')

    assert ask(source(server.does("/v", page)), context) == 9
    assert len(server.asked) == 3


def test_a_wait_that_is_longer_than_the_time_out_is_not_waited_for(server: SmallServer, context: Context) -> None:
    with pytest.raises(TryAgain, match="request limit reached"):
        ask(source(server.says("/v", {}, 429, Retry_After="120")), context)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "status, advice",
    [(401, "headers"), (403, "headers"), (404, "It is not there"), (410, "url"), (418, "url")],
)
def test_what_a_person_must_act_on_is_refused_at_once(
    server: SmallServer, context: Context, status: int, advice: str
) -> None:
    with pytest.raises(Refused, match=advice) as caught:
        ask(source(server.says("/v", {"message": "no"}, status)), context)
    assert caught.value.status == status
    assert len(server.asked) == 1


def drip(handler: BaseHTTPRequestHandler, over: threading.Event, first: bytes, drop: bytes) -> None:
    """A byte now and then, for ever."""
    handler.wfile.write(first)
    while not over.wait(0.05):
        handler.wfile.write(drop)
        handler.wfile.flush()


@pytest.mark.parametrize(
    "first, drop",
    [
        (b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n", b" "),
        (b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n", b" "),
        (b"HTTP/1.0 200 OK\r\n", b"X-A: b\r\n"),
        (b"", b""),
        (b"HTTP/1.0 302 Found\r\nLocation: /v\r\n", b"X-A: b\r\n"),
    ],
    ids=["body without a length", "body with a length", "headers", "silence", "redirect"],
)
def test_a_server_that_drips_is_left_at_the_time_out(
    server: SmallServer, context: Context, first: bytes, drop: bytes
) -> None:
    url = server.does("/v", lambda handler: drip(handler, server.over, first, drop))
    began = time.monotonic()
    with pytest.raises(TryAgain, match=r"no (whole answer within 0.4 s|answer in time)"):
        ask(source(url, timeout=0.4), context)
    assert time.monotonic() - began < 2


def test_a_port_where_nobody_listens_is_tried_again_and_told(context: Context) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{one.getsockname()[1]}/v"
        with pytest.raises(TryAgain, match="cannot connect"):
            ask(source(url), context)


def test_a_proxy_that_is_no_address_is_told(
    server: SmallServer, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "odd://proxy")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(SourceError):
        ask(source("http://metrics.example/v"), context)


def test_a_stop_ends_the_waiting(server: SmallServer, context: Context) -> None:
    url = server.says("/v", {}, 500)
    context.stop.set()
    with pytest.raises(Cancelled):
        ask(source(url), context)


# --- redirects --------------------------------------------------------------------------------------------------------


def test_a_redirect_on_the_same_host_is_followed_with_the_headers(server: SmallServer, context: Context) -> None:
    server.says("/new", {"value": 3})
    url = server.says("/old", {}, 302, Location="/new")
    assert ask(source(url, headers={"X-Key": "secret"}), context) == 3
    assert [headers["X-Key"] for _, headers in server.asked] == ["secret", "secret"]


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.2:{port}/new",
        "http://127.0.0.1:1/new",
        "ftp://127.0.0.1:{port}/new",
        "//localhost/new",
        "http://127.0.0.1:99999/",
        "http://[bad",
    ],
)
def test_a_redirect_to_anywhere_else_is_refused(server: SmallServer, context: Context, to: str) -> None:
    port = server.url.rpartition(":")[2]
    url = server.says("/old", {}, 302, Location=to.format(port=port))
    with pytest.raises(Refused, match=r"redirects to .*where it is not followed"):
        ask(source(url, headers={"X-Key": "secret"}), context)
    assert len(server.asked) == 1


def test_a_circle_of_redirects_ends(server: SmallServer, context: Context) -> None:
    with pytest.raises(Refused, match="redirects in circles"):
        ask(source(server.says("/old", {}, 302, Location="/old")), context)


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 302, 400, 401, 500])
def test_no_secret_is_told_though_the_server_repeats_it(server: SmallServer, context: Context, status: int) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        said = {"message": f"{dict(handler.headers.items())} {handler.path}", "value": handler.headers["Authorization"]}
        handler.send_response(status)
        handler.send_header("Location", f"http://else.example/{handler.headers['Authorization']}?{handler.path}")
        handler.end_headers()
        handler.wfile.write(json.dumps(said).encode())

    url = server.does("/v", page).replace("//", "//me:pass-word@")
    one = source(f"{url}?api_key=query-secret", headers={"Authorization": "Bearer head-secret", "X": "other-secret"})
    with pytest.raises(SourceError) as caught:
        ask(one, context)
    told = f"{caught.value} {caught.value!r} {place(one)}"
    assert "secret" not in told
    assert "pass-word" not in told


def test_no_secret_is_logged(server: SmallServer, context: Context, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = server.says("/v", {"value": 1})
    ask(source(f"{url}?key=query-secret", headers={"Authorization": "Bearer head-secret"}), context)
    assert "secret" not in caplog.text


def test_an_address_that_is_a_secret_itself_is_told_in_part(server: SmallServer, context: Context) -> None:
    url = server.says("/hooks/T0a1b2c3d4e5f6g7h8i9/v", {"message": "no T0a1b2c3d4e5f6g7h8i9 here"}, 404)
    with pytest.raises(Refused, match=r"/hooks/\*\*\*/v answered 404: no \*\*\* here"):
        ask(source(url), context)
    assert place(source(url)) == f"value in {server.url}/hooks/***/v"


def test_a_place_names_the_document_without_its_secrets() -> None:
    one = source("https://me:pass@metrics.example:8443/v1?token=t", "a.b")
    assert place(one) == "a.b in https://metrics.example:8443/v1"
