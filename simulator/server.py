"""Serving sites on loopback: one port each, one thread for all."""

import asyncio
import socket
import threading
import time
from types import TracebackType
from typing import Self

import uvicorn

from simulator.site import Site

START_DEADLINE_S = 20.0


class Running:
    """Sites being served, until `stop` or the end of the `with` block."""

    def __init__(self, sites: tuple[Site, ...], port: int, latency: float) -> None:
        self._urls: dict[int, str] = {}
        self._servers: list[uvicorn.Server] = []
        self._sockets: list[socket.socket] = []
        for index, site in enumerate(sites):
            listener = socket.create_server(("127.0.0.1", port + index if port else 0), backlog=512)
            # asyncio leaves Nagle's algorithm on for sockets that it did not make: 40 ms an answer.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
            site.latency = latency
            site.served_at(origin)
            self._urls[id(site)] = origin + site.prefix
            self._sockets.append(listener)
            config = uvicorn.Config(
                site.app(),
                log_level="error",
                access_log=False,
                lifespan="off",
                date_header=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            )
            self._servers.append(uvicorn.Server(config))
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)

    def start(self) -> Self:
        """Serve, and return once requests are taken. Raises RuntimeError where the server does not come up."""
        self._thread.start()
        deadline = time.monotonic() + START_DEADLINE_S
        while not all(server.started for server in self._servers):
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("The simulator did not start: see the log of uvicorn above.")
            time.sleep(0.005)
        return self

    def url_of(self, site: Site) -> str:
        """The base URL that a client of `site` is given."""
        return self._urls[id(site)]

    def stop(self) -> None:
        """Stop serving and free the ports."""
        for server in self._servers:
            server.should_exit = True
        self._thread.join(timeout=START_DEADLINE_S)
        for listener in self._sockets:
            listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(
                *(
                    server.serve(sockets=[listener])
                    for server, listener in zip(self._servers, self._sockets, strict=True)
                )
            )

        asyncio.run(all_of_them())


def serve(*sites: Site, port: int = 0, latency: float = 0.0) -> Running:
    """Serve `sites` on loopback, each on a port of its own: `port`, `port + 1`, …, or any free ones for 0.

    `latency` is added to every answer, in seconds. Use it as a context manager. Raises OSError where a port is taken.
    """
    return Running(sites, port, latency).start()
