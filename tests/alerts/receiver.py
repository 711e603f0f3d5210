"""A webhook on loopback that keeps what it is sent, and answers as a test wants it to."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """`got`: the messages in the order in which they came, those that it refused included."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.got: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.before: Callable[[], object] = lambda: None
        """Called before each answer."""
        self.arrived = threading.Condition()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook"

    @property
    def messages(self) -> list[str]:
        """The visible ids of the messages."""
        return [one["id"] for one in self.got]

    def changes(self) -> Counter[int]:
        """How often each change was told."""
        return Counter(change["id"] for one in self.got for change in one["alerts"])

    def wait_for(self, number: int) -> None:
        """Until so many messages came."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= number, timeout=30)


@contextmanager
def receiving() -> Generator[Receiver]:
    """A running receiver."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with receiver.arrived:
                receiver.got.append(body)
                receiver.paths.append(self.path)
                receiver.arrived.notify_all()
            receiver.before()
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's word
            """Nothing: pytest's output is no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
