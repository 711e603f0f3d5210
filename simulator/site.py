"""What both simulated tools share: a clock, a lock, a log of requests, and the way from a request to an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import wraps
from threading import RLock
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from simulator.limits import Limits
    from simulator.weather import Fault, Weather

Raw: TypeAlias = dict[str, Any]
"""A JSON object in the shape of the tool's API."""


@dataclass(frozen=True)
class Seen:
    """One request as it came over the wire, and the status it was answered with. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    status: int


@dataclass(frozen=True)
class Call:
    """What a handler gets of a request. `params` are the parts of the path."""

    method: str
    url: str
    path: str
    query: QueryParams
    headers: Headers
    body: bytes
    params: dict[str, str]

    def number(self, name: str, default: int) -> int:
        """An integer of the query; `default` where it is absent or no number."""
        text = self.query.get(name, "")
        return int(text) if text.lstrip("-").isdigit() else default

    def json(self) -> Raw:
        """The body as an object. Raises `Refusal` 400 where it is none."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refusal(
                400, {"errorMessages": ["Invalid request payload. Refer to the REST API documentation."]}
            ) from error


@dataclass
class Answer:
    """An answer with its body already encoded."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media: str = "application/json; charset=utf-8"


class Refusal(Exception):
    """Ends a handler with an error answer. `body` is a JSON value."""

    def __init__(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.answer = Answer(encode(body), status, headers or {})


Handler: TypeAlias = Callable[[Call], Answer]

S = TypeVar("S", bound="Site")
P = ParamSpec("P")
R = TypeVar("R")


def encode(value: object) -> bytes:
    """A JSON value as bytes."""
    return msgspec.json.encode(value)


def utc_now() -> datetime:
    return datetime.now(UTC)


def driven(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A method that changes the site's state: no request is answered meanwhile."""

    @wraps(method)
    def locked(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return method(self, *args, **kwargs)

    return locked


class Site:
    """One simulated server: state, clock and request log.

    `now` gives the site's time (UTC); `advance` moves it on from there. `origin` is set when the site is served.
    `latency` is waited before every answer, in seconds. `limits` and `weather` are what a test sets: none at first.
    """

    prefix = ""
    """Path of the API below `origin`."""

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self.requests: list[Seen] = []
        self.lock = RLock()
        self.origin = "http://127.0.0.1"
        self.latency = 0.0
        self.limits: Limits | None = None
        self.weather: Weather | None = None
        self._under_way = 0
        self._now = now or utc_now
        self._shift = timedelta()

    def now(self) -> datetime:
        """The site's time, UTC."""
        return self._now() + self._shift

    def advance(self, by: timedelta) -> None:
        """Let time pass on the site's clock."""
        self._shift += by

    def served_at(self, origin: str) -> None:
        """Called by the server before the first request: scheme, host and port."""
        self.origin = origin

    def endpoints(self) -> "Endpoints":
        """What answers requests from this site's state."""
        raise NotImplementedError

    def address_of(self, path: str) -> str:
        """Where below `origin` a call is answered."""
        return self.prefix + path

    def app(self) -> ASGIApp:
        """The site as an ASGI application, for uvicorn."""
        points = self.endpoints()
        routes = [
            Route(self.address_of(path), self._endpoint(points, handler), methods=[verb])
            for verb, path, handler in points.routes()
        ]
        verbs = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        rest = Route("/{rest:path}", self._endpoint(points, points.nothing_here), methods=verbs)
        return _with_connection(Starlette(routes=[*routes, rest]))

    def _endpoint(self, points: "Endpoints", handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            self._under_way += 1
            try:
                return await answered(request)
            finally:
                self._under_way -= 1

        async def answered(request: Request) -> Response:
            if self.latency:
                await asyncio.sleep(self.latency)
            body = await request.body()
            path = request.url.path
            call = Call(
                request.method, str(request.url), path, request.query_params, request.headers, body, request.path_params
            )
            with self.lock:
                struck, answer = self._answer(points, handler, call, request.scope["route"].path)
                moment = self.now()
                self.requests.append(
                    Seen(request.method, path, request.url.query, dict(request.headers), body, answer.status)
                )
            headers = {**answer.headers, "Date": format_datetime(moment.astimezone(UTC), usegmt=True)}
            content = None if answer.status == 304 else answer.body
            media = None if answer.status == 304 else answer.media
            response = Response(content, answer.status, headers, media_type=media)
            if self.weather is None or struck is None:
                return response
            return await self.weather.carry(struck, response)

        return respond

    def _answer(self, points: "Endpoints", handler: Handler, call: Call, route: str) -> "tuple[Fault | None, Answer]":
        """What strikes the answer on its way, and the answer."""
        struck: Fault | None = None
        now = self.now()
        try:
            arrived = call
            if self.weather is not None:
                struck, arrived = self.weather.before(call, now)
            if self.limits is not None:
                self.limits.admit(call, route, now, self._under_way)
            points.admit(call)
            answer = handler(arrived)
        except Refusal as refusal:
            answer = refusal.answer
        answer = points.finish(call, answer)
        if self.limits is not None:
            self.limits.finish(call, route, answer, now)
        if self.weather is not None:
            later, answer = self.weather.after(call, answer, struck)
            struck = struck or later
        return struck, answer


def _with_connection(app: ASGIApp) -> ASGIApp:
    """`app`, whose scope also holds the connection that its answers go through (uvicorn's transport)."""

    async def connected(scope: Scope, receive: Receive, send: Send) -> None:
        scope["simulator.connection"] = getattr(getattr(send, "__self__", None), "transport", None)
        await app(scope, receive, send)

    return connected


class Endpoints:
    """The calls of one tool's API."""

    def routes(self) -> list[tuple[str, str, Handler]]:
        """(method, path, handler) of every call that is answered."""
        raise NotImplementedError

    def admit(self, call: Call) -> None:
        """Check credentials and limits. Raises `Refusal`."""
        raise NotImplementedError

    def finish(self, call: Call, answer: Answer) -> Answer:
        """Last touch on every answer: limits, validators."""
        return answer

    def nothing_here(self, call: Call) -> Answer:
        """The answer to a path that is not served."""
        raise NotImplementedError
