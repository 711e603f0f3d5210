"""The one way to a tool's API: signed, bounded, patient.

What comes back is an `Answer` with status 200..299 or 304, or a `SourceError` that says what to do. See `Transport`.
Only this module, and `values/web.py` for addresses that are no tool's, know the HTTP library.
"""

import ssl
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar, overload
from urllib.parse import urlsplit

import httpx
import msgspec

from connectors import limits, text
from connectors.addresses import joined, same_place
from connectors.answers import Answer, error_of
from connectors.base import Context, Usage
from connectors.budget import OwnBudget
from connectors.certificates import untrusted
from connectors.errors import Cancelled, Refused, SourceError, TryAgain
from connectors.limits import Rate
from connectors.pace import Pace, endpoint
from connectors.retry import Patience, retrying

USER_AGENT = f"northing/{version('northing')}"
BODY_LIMIT = 64 * 1024 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}
_REDIRECT_LIMIT = 5
TIMEOUT_S = 60.0
"""How long an answer may take to begin, or to go on."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

Params = Mapping[str, str | int | bool]
T = TypeVar("T")


Classify = Callable[[Answer], SourceError | None]


class Transport:
    """One connection's requests to one tool: at most `in_flight` at a time, from any number of threads.

    `base_url`: what paths are appended to. `auth()` gives the headers that sign a request; it is asked before every
    attempt, so that a retry after a long wait is signed anew. `renew()` is called once, in the same thread, when a
    request's answer says that its credentials are `expired` (401); where it returns True the request is sent again.
    `classify(answer)` holds the tool's own rules: it may name the error of any answer (also of a 200) before the
    general rules do. `reserve` (0..1) is the part of the primary limit that is left to other users of the token,
    `steady` what the tool's documents allow of all requests together, `writes` how fast it is written to. A limit that
    was met holds back all threads of the connection, or those that make the same call where it is one of a call. All
    transports with the same `account` (`budget.account_of`) keep the tool's limits together, by `context.budget`.

    All methods raise `TryAgain` when patience has ended, `Refused` when a person must act, `Cancelled` on a stop.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Callable[[], dict[str, str]],
        context: Context,
        account: str = "",
        in_flight: int = 8,
        headers: Mapping[str, str] | None = None,
        classify: Classify = lambda _answer: None,
        renew: Callable[[], bool] = lambda: False,
        expired: Callable[[Answer], bool] = lambda answer: answer.status == 401,
        ca_bundle: Path | None = None,
        proxy: str | None = None,
        patience: Patience | None = None,
        reserve: float = 0.0,
        steady: Rate | None = None,
        writes: Rate | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.in_flight = in_flight
        self.limits_seen: dict[str, str] = {}
        """The limit headers of the last answer that had any."""
        self.skew_seen: timedelta | None = None
        """How far the tool's clock was ahead of ours at the last answer that told the time."""
        self._home = urlsplit(self.base_url)
        if self._home.scheme not in ("http", "https") or not self._home.hostname:
            raise Refused(f"{base_url!r} is no address.", advice="A url starts with https:// and a host.")
        self._auth = auth
        self._renew = renew
        self._expired = expired
        self._classify = classify
        self._context = context
        self._patience = patience or Patience()
        budget = context.budget if account and context.budget else OwnBudget(context.now)
        self._pace = Pace(budget, account, in_flight=in_flight, reserve=reserve, steady=steady, writes=writes)
        self._slots = threading.BoundedSemaphore(in_flight)
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._client = _client(headers or {}, in_flight, ca_bundle, proxy)

    def close(self) -> None:
        """Close sockets. The transport cannot be used afterwards."""
        self._client.close()

    def get(
        self, url: str, params: Params | None = None, etag: str | None = None, usage: Usage | None = None
    ) -> Answer:
        """GET a path below the base, or a whole URL on the same host (a `next_url`). `etag`: only if it changed."""
        call = _Call("GET", self._address(url), params=params, etag=etag, usage=usage)
        return self.run(lambda: self._attempt(call), usage, call.endpoint)

    def post(self, url: str, json: object, usage: Usage | None = None) -> Answer:
        """POST `json` (anything msgspec encodes). Only for requests that read: they are repeated after faults."""
        call = _Call("POST", self._address(url), body=msgspec.json.encode(json), usage=usage)
        return self.run(lambda: self._attempt(call), usage, call.endpoint)

    def send(
        self,
        method: str,
        url: str,
        json: object = None,
        params: Params | None = None,
        usage: Usage | None = None,
        before: Callable[[], Answer | None] = lambda: None,
    ) -> Answer:
        """A request that writes, repeated after faults. What must not be done twice gives `before`: asked ahead of each
        attempt, by `ask`, it gives the answer of an earlier one that has done it, though we never heard of it.
        """
        body = None if json is None else msgspec.json.encode(json)
        call = _Call(method, self._address(url), params=params, body=body, usage=usage, writes=True)
        return self.run(lambda: before() or self._attempt(call), usage, call.endpoint)

    def ask(self, url: str, params: Params | None = None, usage: Usage | None = None) -> Answer:
        """GET once, as a part of a step that is repeated as a whole."""
        return self._attempt(_Call("GET", self._address(url), params=params, usage=usage))

    @overload
    def get_json(
        self, url: str, *, into: type[T], params: Params | None = None, etag: None = None, usage: Usage | None = None
    ) -> tuple[Answer, T]: ...
    @overload
    def get_json(
        self, url: str, *, into: type[T], params: Params | None = None, etag: str | None, usage: Usage | None = None
    ) -> tuple[Answer, T | None]: ...
    def get_json(
        self,
        url: str,
        *,
        into: type[T],
        params: Params | None = None,
        etag: str | None = None,
        usage: Usage | None = None,
    ) -> tuple[Answer, T | None]:
        """GET and decode as one retried step: a body that is cut off is asked for again. None where not modified."""
        call = _Call("GET", self._address(url), params=params, etag=etag, usage=usage)

        def attempt() -> tuple[Answer, T | None]:
            answer = self._attempt(call)
            return answer, None if answer.not_modified else answer.decode(into)

        return self.run(attempt, usage, call.endpoint)

    def post_json(
        self,
        url: str,
        json: object,
        *,
        into: type[T],
        usage: Usage | None = None,
        check: Callable[[T], None] = lambda _value: None,
    ) -> tuple[Answer, T]:
        """POST and decode as one retried step, as `get_json`. `check` may raise TryAgain: the value is incomplete."""
        call = _Call("POST", self._address(url), body=msgspec.json.encode(json), usage=usage)

        def attempt() -> tuple[Answer, T]:
            answer = self._attempt(call)
            value = answer.decode(into)
            check(value)
            return answer, value

        return self.run(attempt, usage, call.endpoint)

    def run(self, action: Callable[[], T], usage: Usage | None = None, call: str = "") -> T:
        """Run `action`, which may raise TryAgain, with this connection's pauses and patience; for SDK calls, too.

        `call` names the endpoint, where pauses of one endpoint are to be kept.
        """
        served: datetime | None = None

        def step() -> T:
            nonlocal served
            if self._context.stop.is_set():
                raise Cancelled
            try:
                self._thread.served = served
                self._hold_back(call)
                return action()
            except TryAgain as error:
                if error.wait:
                    served = limits.later(self._context.now(), error.wait)
                raise

        def waited(seconds: float) -> None:
            if usage is not None:
                with self._lock:
                    usage.waited_s += seconds

        return retrying(self._context, self._patience, waited)(step)

    @contextmanager
    def slot(self, usage: Usage | None = None, call: str = "", *, writes: bool = False) -> Generator[None, None, None]:
        """Takes one of the connection's places for a request in flight, and counts the request.

        Waits for its turn first, where requests come as fast as the tool allows. `call` names the endpoint.
        """
        while True:
            # The turn is the last thing to be taken: while one with a turn waits for a place, the tool's limit, which
            # does not fill beyond its brim, falls behind our count of it.
            with self._slots:
                wait, held_back = self._pace.turn(call, getattr(self._thread, "served", None), writes=writes)
                if held_back:
                    raise TryAgain(held_back, wait=wait)
                if not wait:
                    try:
                        if usage is not None:
                            with self._lock:
                                usage.requests += 1
                        yield
                    finally:
                        self._pace.over()
                    return
            if usage is not None:
                with self._lock:
                    usage.waited_s += wait
            if wait >= 1:
                self._context.on_wait(f"{self._home.hostname}: as many requests as the limit allows", wait)
            self._context.sleep(wait)

    def _hold_back(self, call: str) -> None:
        """Raises TryAgain where requests are held back for longer than this thread has already waited."""
        if held := self._pace.held(call, getattr(self._thread, "served", None)):
            raise TryAgain(held[1], wait=held[0])

    def pause(self, seconds: float, reason: str) -> None:
        """Hold back all requests of this connection for `seconds`: the tool told one of them to wait."""
        self._pace.pause(seconds, reason)

    def judge(self, answer: Answer, method: str = "GET") -> Answer:
        """The answer itself, or the error that it stands for, raised. A wait that it tells holds others back, too."""
        now = answer.clock or self._context.now()
        if answer.clock is not None:
            self.skew_seen = answer.clock - self._context.now()
        if seen := {name: answer.headers[name] for name in limits.LIMIT_HEADERS if name in answer.headers}:
            self.limits_seen = seen
        call = endpoint(method, answer.url)
        error = self._classify(answer) or error_of(answer, now)
        if isinstance(error, TryAgain) and (error.wait or answer.status == 429):
            self._pace.refused(call, answer.status, answer.headers, error.wait or 0.0, error.message)
        if error is not None:
            raise error
        self._pace.heard(call, answer.headers, now, self._home.hostname or "")
        return answer

    def _attempt(self, call: "_Call") -> Answer:
        return self.judge(self._exchange(call), call.method)

    def _address(self, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            return f"{self.base_url}/{url.lstrip('/')}"
        if not same_place(url, self._home):
            raise Refused(
                f"{self.base_url} points to {urlsplit(url).hostname}, and credentials are not sent there.",
                advice="Set the connection's url to the address that the tool gives for itself.",
            )
        return url

    def _exchange(self, call: "_Call") -> Answer:
        renewed = False
        for _ in range(_REDIRECT_LIMIT + 2):
            request = self._client.build_request(
                call.method, call.url, params=dict(call.params) if call.params else None, content=call.body
            )
            request.headers.update({"Accept": "application/json", **self._auth()})
            if call.body is not None:
                request.headers["Content-Type"] = "application/json"
            if call.etag:
                request.headers["If-None-Match"] = call.etag
            with self.slot(call.usage, call.endpoint, writes=call.writes), _faults_named(call.method, call.url):
                answer = _read(self._client, request)
            if answer.not_modified and call.usage is not None:
                with self._lock:
                    call.usage.not_modified += 1
            if not renewed and self._expired(answer) and self._renew():
                renewed = True
            elif answer.status in _REDIRECTS:
                with _faults_named(call.method, call.url):
                    call = replace(call, url=self._redirected(answer), params=None)
                if answer.status == 303:
                    call = replace(call, method="GET", body=None)
            else:
                return answer
        raise Refused(f"{call.url} redirects in circles.", advice="Check the connection's url.")

    def _redirected(self, answer: Answer) -> str:
        to = joined(answer.url, answer.headers.get("location", ""))
        if same_place(to, self._home):
            return to
        place = urlsplit(to)
        raise Refused(
            f"{answer.place} redirects to {place.scheme}://{place.netloc}, and credentials are not sent there.",
            advice="Set the connection's url to the final address. A login page there means that the credentials "
            "are not accepted here.",
            status=answer.status,
        )


@dataclass(frozen=True)
class _Call:
    method: str
    url: str
    params: Params | None = None
    body: bytes | None = None
    etag: str | None = None
    usage: Usage | None = None
    writes: bool = False

    @property
    def endpoint(self) -> str:
        return endpoint(self.method, self.url)


def _client(
    headers: Mapping[str, str],
    in_flight: int,
    ca_bundle: Path | None,
    proxy: str | None,
) -> httpx.Client:
    verify: ssl.SSLContext | bool = True
    if ca_bundle:
        verify = httpx.create_ssl_context()
        try:
            verify.load_verify_locations(cafile=ca_bundle)
        except OSError as error:
            raise Refused(
                f"The CA bundle {ca_bundle} cannot be read: {error}.", advice="Give a file of PEM certificates."
            ) from error
    # No proxy reaches our own loopback; one that was configured for this connection is asked for everything.
    mounts = {} if proxy else {f"all://{host}": None for host in _LOOPBACK}
    return httpx.Client(
        headers={"User-Agent": USER_AGENT, **headers},
        verify=verify,
        proxy=proxy,
        mounts=mounts,
        timeout=httpx.Timeout(TIMEOUT_S, connect=10.0, pool=None),
        limits=httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight),
        follow_redirects=False,
    )


def _read(client: httpx.Client, request: httpx.Request) -> Answer:
    response = client.send(request, stream=True)
    try:
        chunks, size = [], 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > BODY_LIMIT:
                raise Refused(
                    f"{request.url.copy_with(query=None)} answered with more than {BODY_LIMIT // 2**20} MB.",
                    advice="Report this: a page should be smaller.",
                )
            chunks.append(chunk)
    finally:
        response.close()
    following = response.links.get("next", {}).get("url")
    return Answer(
        status=response.status_code,
        body=text.clean_json(b"".join(chunks)),
        headers=response.headers,
        url=str(request.url),
        not_modified=response.status_code == 304,
        clock=limits.http_date(response.headers.get("date")),
        next_url=joined(str(request.url), following) if following else None,
    )


@contextmanager
def _faults_named(method: str, url: str) -> Generator[None, None, None]:
    """Turns the HTTP library's errors into ours."""
    place = f"{method} {url.partition('?')[0]}"
    try:
        yield
    except httpx.TimeoutException as error:
        raise TryAgain(f"{place}: no answer in time ({type(error).__name__})") from error
    except httpx.ConnectError as error:
        if refused := untrusted(place, error):
            raise refused from error
        advice = "Check the url, the name server and the proxy."
        raise TryAgain(f"{place}: cannot connect ({error})", advice=advice) from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise TryAgain(f"{place}: the connection broke ({error or type(error).__name__})") from error
    except httpx.InvalidURL as error:
        raise Refused(f"{place}: no address ({error}).", advice="Check the connection's url.") from error
    except ValueError as error:
        raise TryAgain(f"{place}: the answer points to what is no address ({error})") from error
