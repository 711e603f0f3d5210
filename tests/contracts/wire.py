"""What a simulated site is asked and what it answers, word for word."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from simulator import Site

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `path` is below the site's prefix and decoded, `query` as it was sent."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    status: int = 200
    answer: bytes = b""
    media: str = "application/json"

    @property
    def asked(self) -> Any:
        """The request's JSON."""
        return msgspec.json.decode(self.body)

    @property
    def told(self) -> Any:
        """The answer's JSON."""
        return msgspec.json.decode(self.answer)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Recorder:
    """Listens to sites. `exchanges` holds everything that was said, by site, in its order."""

    exchanges: list[Exchange] = field(default_factory=list)

    def listen(self, *sites: Site) -> None:
        """To be called before the sites are served."""
        for site in sites:
            made = site.app
            site.app = lambda made=made, site=site: Tap(made(), site, self.exchanges.append)


class Tap:
    """Stands before a site and tells what passes."""

    def __init__(self, app: Any, site: Site, hear: Callable[[Exchange], None]) -> None:
        self._app = app
        self._site = site
        self._hear = hear

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        asked, told = bytearray(), bytearray()
        head: Message = {"status": 0, "headers": []}

        async def receive_and_copy() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def copy_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            told.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, receive_and_copy, copy_and_send)
        headers = dict(head["headers"])
        self._hear(
            Exchange(
                method=scope["method"],
                path=scope["path"].removeprefix(self._site.prefix),
                query=scope["query_string"].decode(),
                body=bytes(asked),
                status=head["status"],
                answer=bytes(told),
                media=headers.get(b"content-type", b"").decode().partition(";")[0],
            )
        )
