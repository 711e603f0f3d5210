"""A configured proxy is asked for everything, by both ways of asking."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.base import Reading, Usage
from tests.connectors.github.samples import SHOP, connector, issue, item, repository, scope

API = "http://ghe.acme.example/api/v3"


class Proxy(ThreadingHTTPServer):
    """Answers for the server behind it, and keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Proxy)
        self.server.asked.append(self.path)
        body = json.dumps([issue(1)] if "/issues" in self.path else repository("shop", 501)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Keep the test's output clean."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_both_ways_of_asking_go_through_the_proxy(proxy: Proxy) -> None:
    github = connector(API, insecure=True, proxy=f"http://127.0.0.1:{proxy.server_port}")
    assert github.scopes().scopes == [scope("shop", 501)]
    (page,) = github.items(SHOP, Reading(), Usage())
    assert page.items == [item(1)]
    github.close()
    host = "http://ghe.acme.example"
    assert [url.replace(":80/", "/").partition("?")[0] for url in proxy.asked] == [
        f"{host}/api/v3/repos/acme/shop",
        f"{host}/api/v3/repos/acme/shop/issues",
    ]
