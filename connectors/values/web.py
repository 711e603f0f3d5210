"""One document from the web, with a bound on everything: time, size, where it may come from.

Beside the transport of the connections, this is the only module that knows the HTTP library.
"""

import logging
import socket
import ssl
import threading
import time
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urljoin, urlsplit

import httpx

from connectors import limits, text
from connectors.answers import Answer, error_of
from connectors.base import Context
from connectors.certificates import untrusted
from connectors.errors import Refused, SourceError, TryAgain
from connectors.retry import Patience, retrying
from connectors.transport import USER_AGENT
from connectors.values.addresses import check_host, check_named, check_peer
from connectors.values.secrecy import shown

BODY_LIMIT = 5 * 1024 * 1024
"""Bytes of a document, unpacked."""

ATTEMPTS = 3
_CONNECT_S = 10.0
_REDIRECTS = {301, 302, 303, 307, 308}
_REDIRECT_LIMIT = 5
_PACKED = {"gzip", "x-gzip", "deflate"}

# The library logs whole URLs, and in detail headers: a source's may hold tokens.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Page:
    """What is to be read: a URL, with parameters and headers; `timeout` in seconds for all of it together."""

    url: str
    timeout: float
    allow_private: bool
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def read(
    page: Page, context: Context, classify: Callable[[Answer], SourceError | None] = lambda _answer: None
) -> Answer:
    """The document behind a page, asked for again after faults that pass, while there is time.

    Redirects are followed on the same host only. `classify` names the error of an answer before the general rules do.
    Raises TryAgain, Refused, and Cancelled on a stop.
    """
    deadline = time.monotonic() + page.timeout
    patience = Patience(attempts=ATTEMPTS, deadline_s=page.timeout, longest_wait_s=page.timeout / 4)

    def attempt() -> Answer:
        answer = _follow(page, deadline)
        error = classify(answer)
        if error is None and (general := error_of(answer, answer.clock or context.now())):
            error = _about_the_source(general)
        if error is not None:
            raise error
        return answer

    return retrying(context, patience, lambda _seconds: None)(attempt)


def _follow(page: Page, deadline: float) -> Answer:
    url = page.url
    if page.params:
        url += ("&" if "?" in url else "?") + urlencode(page.params)
    for _ in range(_REDIRECT_LIMIT + 1):
        answer = _exchange(page, url, deadline)
        if answer.status not in _REDIRECTS or "location" not in answer.headers:
            return answer
        to = _joined(url, answer.headers["location"])
        if not _same_host(url, to):
            raise Refused(
                f"{shown(url)} redirects to {_origin(to)}, where it is not followed.",
                advice="Give the final address as the source's url. A login page there means that the credentials "
                "are not accepted.",
                status=answer.status,
            )
        url = to
    raise Refused(f"{shown(page.url)} redirects in circles.", advice="Check the source's url.")


def _exchange(page: Page, url: str, deadline: float) -> Answer:
    parts = urlsplit(url)
    host, left = parts.hostname or "", deadline - time.monotonic()
    proxy = _proxy(parts)
    if not page.allow_private:
        check_named(host) if proxy else check_host(host, _port(parts))
    watch = _Watch(host, guarded=not page.allow_private and proxy is None)
    left = min(left, deadline - time.monotonic())
    if left <= 0:
        raise _too_late(page)
    alarm = threading.Timer(left, watch.cut)
    alarm.daemon = True
    alarm.start()
    limit = httpx.Timeout(left, connect=min(left, _CONNECT_S))
    try:
        with httpx.Client(trust_env=False, proxy=proxy, verify=trusted(), timeout=limit) as client:
            headers = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
            request = client.build_request(
                "GET", url, headers={**headers, **page.headers}, extensions={"trace": watch.note}
            )
            response = client.send(request, auth=_auth(urlsplit(page.url)), stream=True)
            try:
                body = _body(response, url)
            finally:
                response.close()
        if watch.expired:  # a body that has no length ends where it is cut
            raise _too_late(page)
        return Answer(
            status=response.status_code,
            body=text.clean_json(body),
            headers=response.headers,
            url=shown(url),
            not_modified=False,
            clock=limits.http_date(response.headers.get("date")),
            next_url=None,
        )
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError) as error:
        raise _fault(error, page, url, expired=watch.expired) from error
    finally:
        alarm.cancel()
        watch.close()


class _Watch:
    """Looks at a request's connection as it is made, before a byte is sent on it, and can cut it off."""

    def __init__(self, host: str, *, guarded: bool) -> None:
        self.expired = False
        self._host = host
        self._guarded = guarded
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def note(self, event: str, info: Mapping[str, Any]) -> None:
        """The HTTP library tells of every step here."""
        if event != "connection.connect_tcp.complete":
            return
        stream = info["return_value"]
        try:
            # A name may lead elsewhere than it did a moment ago: the address that counts is the one at the other end.
            if self._guarded:
                check_peer(self._host, str(stream.get_extra_info("server_addr")[0]))
            with self._lock:
                if self.expired:
                    raise httpx.ReadTimeout("too late")
                # A copy: TLS takes the file out of the socket that it wraps.
                self._sockets.append(stream.get_extra_info("socket").dup())
        except BaseException:
            stream.close()
            raise

    def cut(self) -> None:
        """Ends the request: whatever reads from its connection wakes up. A server that drips would never let it end."""
        with self._lock:
            self.expired = True
            for one in self._sockets:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def close(self) -> None:
        """The request is over."""
        with self._lock:
            for one in self._sockets:
                one.close()
            self._sockets.clear()


def _body(response: httpx.Response, url: str) -> bytes:
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed not in _PACKED | {"identity", ""}:
        raise Refused(
            f"{shown(url)} answered packed as {packed[:20]!r}, which was not asked for.", advice="Check the url."
        )
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise _too_large(url)
    if packed not in _PACKED:
        return bytes(body)
    try:
        return _unpacked(bytes(body), url)
    except zlib.error as error:
        raise TryAgain(f"{shown(url)} sent a damaged {packed} body ({error})") from error


def _unpacked(body: bytes, url: str) -> bytes:
    """Never more than the limit in memory, however much a small body unpacks to."""
    unpack = zlib.decompressobj(wbits=47)
    found = unpack.decompress(body, BODY_LIMIT + 1)
    if len(found) > BODY_LIMIT:
        raise _too_large(url)
    return found


def _too_large(url: str) -> Refused:
    return Refused(
        f"{shown(url)} answered with more than {BODY_LIMIT // 2**20} MB.",
        advice="Ask for a smaller document: one number is wanted of it.",
    )


def _too_late(page: Page) -> TryAgain:
    # The wait that it names is longer than there is patience: it is not tried again.
    return TryAgain(
        f"{shown(page.url)}: no whole answer within {page.timeout:g} s.",
        advice="If it needs longer, give the source a `timeout:` in seconds.",
        wait=page.timeout,
    )


def _fault(error: Exception, page: Page, url: str, *, expired: bool) -> SourceError:
    place = shown(url)
    if expired:
        return _too_late(page)
    if refused := untrusted(place, error):
        return Refused(refused.message, advice="Add its authority to the certificates that this machine trusts.")
    if isinstance(error, httpx.ConnectError):
        return TryAgain(f"{place}: cannot connect ({error}).", advice="Check the url, and that it runs.")
    if isinstance(error, httpx.TimeoutException):
        return TryAgain(f"{place}: no answer in time ({type(error).__name__})")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | ValueError):
        return Refused(f"{place}: no address that can be asked ({error}).", advice="Check the source's url.")
    return TryAgain(f"{place}: the connection broke ({error or type(error).__name__})")


def _about_the_source(error: SourceError) -> SourceError:
    """The general rules speak of connections and their tokens; here it is a source and its headers."""
    advice = {
        400: "Check the source's url and query.",
        401: "The credentials are not accepted: check the source's `headers`.",
        403: "The credentials lack a permission: check the source's `headers`.",
        404: "It is not there: check the source's url.",
    }.get(error.status or 0, "")
    if isinstance(error, Refused):
        return Refused(error.message.rstrip(".") + ".", advice=advice or "Check the source's url.", status=error.status)
    return error


def _proxy(parts: SplitResult) -> str | None:
    """The proxy that the environment names for this URL; none reaches our own loopback."""
    host = parts.hostname or ""
    if host in ("localhost", "127.0.0.1", "::1") or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    return found if not found or "://" in found else f"http://{found}"


@cache
def trusted() -> ssl.SSLContext:
    """The certificates to trust: those of the environment where it names some, as for every connection."""
    return httpx.create_ssl_context(trust_env=True)


def _auth(parts: SplitResult) -> httpx.Auth | None:
    if parts.username is None:
        return None
    return httpx.BasicAuth(unquote(parts.username), unquote(parts.password or ""))


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _same_host(url: str, location: str) -> bool:
    try:
        home, to = urlsplit(url), urlsplit(location)
        upgraded = home.scheme == "http" and to.scheme == "https"
        return to.hostname == home.hostname and (upgraded or (to.scheme == home.scheme and _port(to) == _port(home)))
    except ValueError:  # what a server calls a location is any text
        return False


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "what is no address"


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)
