"""A server on loopback that stands before a simulated site: the site can be replaced, and answers can be spoilt."""

from collections.abc import Callable
from typing import Any

from simulator import Running, Site, serve

ERRORS: dict[str, tuple[int, dict[bytes, bytes], bytes]] = {
    "400": (400, {}, b'{"errorMessages":["No."],"message":"No."}'),
    "401": (401, {}, b'{"message":"Bad credentials"}'),
    "403": (403, {}, b'{"message":"Forbidden"}'),
    "404": (404, {}, b'{"message":"Not Found"}'),
    "410": (410, {}, b'{"message":"Gone"}'),
    "418": (418, {}, b"[]"),
    "429": (429, {b"retry-after": b"60"}, b'{"message":"Too many requests"}'),
    "500": (500, {}, b'{"message":"Server Error"}'),
    "502": (502, {b"content-type": b"text/html"}, b"<html>Bad gateway</html>"),
    "html": (200, {b"content-type": b"text/html"}, b"<html>Log in</html>"),
}


class Door(Site):
    """Hands all requests on to `site`.

    `fault` is how the next `left` requests end (all of them for None). `rewritten` are bytes to replace in the body of
    every answer, for what a simulated site cannot say by itself.
    """

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.prefix = site.prefix
        self.asked = 0
        self.stand_before(site)

    def stand_before(self, site: Site) -> None:
        """Serve another site from now on, without faults."""
        site.served_at(self.origin)
        self.site, self._app = site, site.app()
        self.rewritten: dict[bytes, bytes] = {}
        self.fail("", 0)

    def served_at(self, origin: str) -> None:
        super().served_at(origin)
        self.site.served_at(origin)

    def fail(self, fault: str, times: int | None) -> None:
        """Let the next requests end with a fault of `ERRORS`, or cut off (`cut`), or broken (`reset`)."""
        self._fault, self._left = fault, times

    def app(self) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await self._let_through(scope, receive, send)

        return answer

    async def _let_through(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        fault = self._fault if self._left is None or self._left > 0 else ""
        if self._left:
            self._left -= 1
        if fault in ERRORS:
            status, headers, body = ERRORS[fault]
            await _drained(receive)
            await _said(send, status, {b"content-type": b"application/json", **headers}, body)
            return
        kept: list[Any] = []

        async def keep(message: Any) -> None:
            kept.append(message)

        await self._app(scope, receive, keep)
        body = b"".join(message.get("body", b"") for message in kept[1:])
        for old, new in self.rewritten.items():
            body = body.replace(old, new)
        headers = {name: value for name, value in kept[0]["headers"] if name != b"content-length"}
        if fault == "cut":
            body = body[: len(body) // 2]
        if fault == "reset":
            # More is promised than comes: the server closes the connection in the middle of the answer.
            headers[b"content-length"] = str(len(body) + 9).encode()
        await _said(send, kept[0]["status"], headers, body)


async def _drained(receive: Any) -> None:
    while (await receive()).get("more_body"):
        pass


async def _said(send: Any, status: int, headers: dict[bytes, bytes], body: bytes) -> None:
    # A 304 has no body, and no length of one.
    length = {} if status == 304 else {b"content-length": str(len(body)).encode()}
    await send({"type": "http.response.start", "status": status, "headers": [*(length | headers).items()]})
    await send({"type": "http.response.body", "body": body})


def opened(make: Callable[[], Site]) -> tuple[Door, Running, str]:
    """A served door, what stops it, and its URL."""
    door = Door(make())
    running = serve(door)
    return door, running, running.url_of(door)
