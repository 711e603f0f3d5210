"""What must not be told of a source: passwords, tokens, headers. Servers repeat them in their errors."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import BaseModel

from config import HttpValue, PrometheusValue, SqlValue

_TOKEN = re.compile(r"(?<=/)(?=[^/]*\d)(?=[^/]*[A-Za-z])[\w~-]{20,}(?=/|$)", re.ASCII)
"""A part of a path that was made by no person, as in the addresses that are secrets themselves."""

_OPEN = {"accept", "accept-language", "content-type", "user-agent"}
_SHORTEST = 4
"""Letters from which on a text is hidden: shorter ones stand in every other word."""


def shown(url: str) -> str:
    """A URL as messages have it: without user, password, query and fragment, and without what looks like a token."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{_TOKEN.sub('***', parts.path)}"


def secrets_of(source: BaseModel) -> frozenset[str]:
    """All texts that a source's errors must not hold, in each way in which they may be written."""
    found = set(_texts(source))
    return frozenset(
        one for text in found for one in (text, unquote(text), quote(text, safe="")) if len(one) >= _SHORTEST
    )


def hide(text: str, secrets: frozenset[str]) -> str:
    """`text` with these secrets taken out, and whatever looks like a password in a URL."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return re.sub(r"(?<=://)[^\s/?#@]*@", "***@", text)


def _texts(source: BaseModel) -> Iterator[str]:
    match source:
        case HttpValue() | PrometheusValue():
            yield from _of_url(source.http if isinstance(source, HttpValue) else source.prometheus)
            for name, header in source.headers.items():
                value = header.get_secret_value()
                if name.lower() not in _OPEN:
                    # `Bearer TOKEN`, and a user and password, are repeated in part.
                    yield from (value, *value.split()[1:])
        case SqlValue():
            url = source.sql.get_secret_value()
            yield url
            yield from _of_url(url)


def _of_url(url: str) -> Iterator[str]:
    # By hand: a password may hold letters with which no URL can be taken apart.
    before = url.partition("://")[2].rpartition("@")[0]
    if before:
        user, colon, password = before.partition(":")
        yield before
        yield password if colon else user
    yield from _TOKEN.findall(url.partition("?")[0])
    query = url.partition("?")[2].partition("#")[0]
    for name, value in parse_qsl(query):
        if re.search(r"(?i)token|key|secret|passw|pwd|auth|sig|cred", name):
            yield value
