"""A small web server on loopback whose answers are functions: for what no library would ever send."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Page = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class SmallServer:
    """`pages` by path without query. `asked` are the paths with their queries and the headers, in order."""

    url: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    """Set when the test ends: pages that wait look at it."""
    running: ThreadingHTTPServer | None = None

    def says(self, path: str, body: Any, status: int = 200, **headers: str) -> str:
        """From now on `path` answers so, JSON unless it is bytes; its URL. Header names have `_` for `-`."""

        def page(handler: BaseHTTPRequestHandler) -> None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            handler.send_response(status)
            told = {"Content-Type": "application/json", "Content-Length": str(len(raw))}
            for name, value in (told | {one.replace("_", "-"): text for one, text in headers.items()}).items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(raw)

        return self.does(path, page)

    def does(self, path: str, page: Page) -> str:
        """From now on `path` is answered by `page`; its URL."""
        self.pages[path] = page
        return self.url + path


@contextmanager
def small_server() -> Generator[SmallServer]:
    """A running one."""
    found = SmallServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append((self.path, dict(self.headers.items())))
            with suppress(OSError):
                found.pages[self.path.partition("?")[0]](self)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing is printed."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that leave in the middle are what is tested."""

    server = Server(("127.0.0.1", 0), Handler)
    found.running = server
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
