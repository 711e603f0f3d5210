"""Conversations of the connectors with the simulated tools, recorded once and replayed with one answer spoilt.

Both HTTP libraries are caught at their last step, so that all of ours runs: signing, limits, decoding, parsing.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

Place = tuple[str, str, str]
"""Part of the conversation, method, path."""


@dataclass(frozen=True)
class Recorded:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Tape:
    """The answers of one conversation, by the part of it in which they were given, and by method and path.

    `spoilt`: the answer to give in place of the recorded ones. `talks`: how many parts were begun anew.
    """

    answers: dict[Place, list[Recorded]] = field(default_factory=dict)
    part: str = ""
    talks: int = 0
    spoilt: tuple[Place, bytes] | None = None
    given: dict[Place, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, method: str, url: str, answer: Recorded) -> None:
        """Adds an answer."""
        with self.lock:
            self.answers.setdefault((self.part, method, urlsplit(url).path), []).append(answer)

    def answer(self, method: str, url: str) -> Recorded:
        """What to answer: the recorded ones in turn, the last one again and again; 404 where nothing was recorded."""
        key = self.part, method, urlsplit(url).path
        with self.lock:
            number = self.given[key] = self.given.get(key, -1) + 1
            if number > ENDLESS:
                raise EndlessError(f"{method} {url} is asked for again and again")
        # What was asked once, at the first part, may be asked again in another one.
        recorded = self.answers.get(key) or self.answers.get((FIRST, *key[1:]))
        if recorded is None:
            return Recorded(404, {"content-type": "application/json"}, b'{"message":"Not Found"}')
        found = recorded[min(number, len(recorded) - 1)]
        if self.spoilt is not None and self.spoilt[0] == key:
            return Recorded(found.status, found.headers, self.spoilt[1])
        return found

    def rewind(self, part: str, spoilt: tuple[Place, bytes] | None) -> None:
        """Begins a part of the conversation anew."""
        self.part, self.spoilt, self.given = part, spoilt, {}
        self.talks += 1


class EndlessError(Exception):
    """A connector asks for the same place without end: a broken answer leads it around in circles."""


ENDLESS = 200

FIRST = "scopes"
"""The part in which a connector learns what it keeps for the others."""

DROPPED = {"content-length", "content-encoding", "transfer-encoding", "connection"}


@contextmanager
def recording(tape: Tape) -> Generator[None]:
    """Requests go out as ever, and their answers are kept."""

    def httpx_send(plain: Callable[..., httpx.Response]) -> Any:
        def send(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            response = plain(self, request)
            response.read()
            body = response.content
            response.close()
            headers = {name: value for name, value in response.headers.items() if name.lower() not in DROPPED}
            tape.keep(request.method, str(request.url), Recorded(response.status_code, headers, body))
            return httpx.Response(response.status_code, headers=headers, content=body)

        return send

    def requests_send(plain: Callable[..., requests.Response]) -> Any:
        def send(self: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            response = plain(self, request, **options)
            headers = {name: value for name, value in response.headers.items() if name.lower() not in DROPPED}
            answer = Recorded(response.status_code, headers, response.content)
            tape.keep(str(request.method), str(request.url), answer)
            return response

        return send

    with _replaced(httpx_send, requests_send):
        yield


@contextmanager
def replaying(tape: Tape) -> Generator[None]:
    """No request goes out: the tape answers."""

    def httpx_send(_plain: Callable[..., httpx.Response]) -> Any:
        def send(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            told = tape.answer(request.method, str(request.url))
            return httpx.Response(told.status, headers=told.headers, content=told.body)

        return send

    def requests_send(_plain: Callable[..., requests.Response]) -> Any:
        def send(self: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            told = tape.answer(str(request.method), str(request.url))
            response = requests.Response()
            response.status_code, response.url, response.request = told.status, str(request.url), request
            response.headers = CaseInsensitiveDict(told.headers)
            response._content = told.body
            response.raw = HTTPResponse(body=told.body, status=told.status, headers=told.headers, preload_content=False)
            response.encoding = "utf-8"
            return response

        return send

    with _replaced(httpx_send, requests_send):
        yield


@contextmanager
def _replaced(httpx_send: Callable[[Any], Any], requests_send: Callable[[Any], Any]) -> Generator[None]:
    doors: list[tuple[Any, str, Any]] = [
        (httpx.HTTPTransport, "handle_request", httpx_send),
        (HTTPAdapter, "send", requests_send),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in doors]
    try:
        for (owner, name, made), (_, _, plain) in zip(doors, before, strict=True):
            setattr(owner, name, made(plain))
        yield
    finally:
        for owner, name, plain in before:
            setattr(owner, name, plain)
