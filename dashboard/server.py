"""Serving the application from a thread: it starts before this returns, and is gone soon after it is told to stop."""

import asyncio
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

GRACE_S = 1
"""How long a request under way may take once the service stops."""
_AT_ONCE = 200
"""Connections and requests at one time. More are answered 503."""
REQUEST_WITHIN_S = 10.0
"""How long a connection may have no whole head of a request, from its beginning or the last answer on."""


class _Impatient(H11Protocol):
    """Ends connections on which nothing is asked: else whoever opens enough of them shuts out everybody."""

    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # ty: ignore[invalid-argument-type]
        self._wait()

    def on_response_complete(self) -> None:
        self._wait()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._limit is not None:
            self._limit.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._limit = self.loop.call_later(REQUEST_WITHIN_S, self._end)

    def _end(self) -> None:
        # One that is being answered has its own time, and waits anew after that.
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.abort()


class CannotListen(Exception):
    """The address cannot be had. `message` says why, `advice` what to do next."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message} {advice}")
        self.message = message
        self.advice = advice


@contextmanager
def serving(app: Any, host: str, port: int) -> Generator[str]:
    """Serves an ASGI application until the block ends; gives the address that it has, like `http://127.0.0.1:8080`.

    Port 0 takes any that is free. Raises CannotListen.
    """
    listening = _listen(host, port)
    config = uvicorn.Config(
        app,
        http=_Impatient,
        ws="none",
        loop="asyncio",
        lifespan="auto",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_AT_ONCE,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=32 * 1024,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="http", daemon=True)
    thread.start()
    try:
        taken = listening.getsockname()[1]
        yield f"http://[{host}]:{taken}" if ":" in host else f"http://{host}:{taken}"
    finally:
        server.should_exit = True
        thread.join(timeout=GRACE_S + 1)


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CannotListen(
            f"service.listen: {host} is no address of this machine ({error.strerror or error}).",
            "Listen at 127.0.0.1, or at 0.0.0.0 for all addresses.",
        ) from error
    family, kind, protocol, _, address = found[0]
    # By its protocol asyncio knows where to turn Nagle's algorithm off, which costs 40 ms an answer.
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        # Whoever comes before the thread is up waits for it.
        listening.listen(2048)
    except (OSError, OverflowError) as error:
        listening.close()
        raise _refused(host, port, error) from error
    return listening


def _refused(host: str, port: int, error: Exception) -> CannotListen:
    import errno

    number = error.errno if isinstance(error, OSError) else None
    where = f"service.listen: {host}:{port}"
    if number == errno.EADDRINUSE:
        return CannotListen(
            f"{where} is in use by another program.", "Stop that one, or give another port in `service.listen`."
        )
    if number == errno.EACCES:
        return CannotListen(
            f"{where}: this user may not listen there.", "Give a port from 1024 on in `service.listen`."
        )
    if number == errno.EADDRNOTAVAIL:
        return CannotListen(
            f"{where} is no address of this machine.", "Listen at 127.0.0.1, or at 0.0.0.0 for all addresses."
        )
    return CannotListen(f"{where} cannot be had ({error}).", "Give another address in `service.listen`.")
