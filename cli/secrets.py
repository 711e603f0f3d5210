"""What no log may hold: every secret of the configuration, in each form in which it may turn up, and those that tools
hand out while the program runs.
"""

import base64
import re
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from pydantic import BaseModel, SecretStr

if TYPE_CHECKING:
    from config import Config, Loaded

SHORTEST = 4
"""Letters from which on a text is hidden: shorter ones stand in every other word."""
_MADE = re.compile(r"(?=[^/?&#]*\d)(?=[^/?&#]*[A-Za-z])[^/?&#\s]{8,}", re.ASCII)
"""A part of an address that looks made by a machine: letters and digits in one."""
_SHAPES = re.compile(
    r"gh[a-z]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|ATATT[\w=-]{16,}|xox[a-z]-[\w-]{10,}"
    r"|(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.ASCII | re.DOTALL,
)
"""What tokens and keys look like that are not known (yet), or no more."""
_NAMED = re.compile(
    r"""(?ix) ( ["']?(?<![\w-])(?:[\w-]*(?:token|secret|password|passwd|private_key|api_?key)|authorization)["']?
    \s*[:=]\s* (?:b?["'])? (?:(?:bearer|basic|token)\s+)? ) (?!\*\*\*) [^\s"',;&{}()\[\]]{8,}"""
)
"""A value under a name that says what it is."""
_BEARER = re.compile(r"(?i)\b(bearer|basic) (?!\*\*\*)[\w.~+/=-]{8,}")
_USER_INFO = re.compile(r"(?<=://)[^\s/?#@]*@")


class Secrets:
    """Takes secrets out of texts. It only learns: what was a secret before the configuration changed stays one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, *texts: str) -> None:
        """These are secrets, each also as it stands in an address, encoded, or line by line."""
        forms = {form for text in texts for form in _forms(text) if len(form) >= SHORTEST}
        with self._lock:
            if forms <= self._known:
                return
            self._known |= forms
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def read(self, loaded: "Loaded") -> None:
        """The secrets of a configuration, written out in the files or not."""
        self.learn(*loaded.references.secrets, *secrets_of(loaded.config))

    def hide(self, text: str) -> str:
        """`text` with all of them taken out, and whatever else looks like one: for logs."""
        text = _SHAPES.sub("***", self.hide_known(text))
        text = _NAMED.sub(r"\1***", text)
        text = _BEARER.sub(r"\1 ***", text)
        return _USER_INFO.sub("***@", text)

    def hide_known(self, text: str) -> str:
        """`text` with all of them taken out, and else as it is: for what people wrote."""
        pattern = self._pattern
        return text if pattern is None else pattern.sub("***", text)


def secrets_of(config: "Config") -> set[str]:
    """All texts of a configuration that must not be told, parts of addresses included."""
    found = set(_values(config))
    found.update(_of_address(config.database, whole=False))
    for channel in config.alerts.channels.values():
        found.update(_of_address(channel.get_secret_value(), whole=True))
    for options in config.connections.values():
        if options.proxy:
            found.update(_of_address(options.proxy, whole=False))
        found.update(_pairs(options))
    return found


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
        # A header's value has its scheme before it.
        yield from value.get_secret_value().split()[1:] if value.get_secret_value().count(" ") == 1 else ()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _values(getattr(value, name))
    elif isinstance(value, dict):
        for one in value.values():
            yield from _values(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _values(one)


def _pairs(options: BaseModel) -> Iterator[str]:
    """User and token as the header of basic authentication has them."""
    auth = getattr(options, "auth", None)
    if not isinstance(auth, BaseModel):
        return
    fields = [getattr(auth, name) for name in type(auth).model_fields]
    users = [one for one in fields if isinstance(one, str)]
    for secret in (one.get_secret_value() for one in fields if isinstance(one, SecretStr)):
        for user in users:
            yield base64.b64encode(f"{user}:{secret}".encode()).decode()


def _of_address(url: str, *, whole: bool) -> Iterator[str]:
    """The secrets in an address. `whole`: it is one as a whole, and so is all in it that looks made by a machine."""
    # By hand: a password may hold letters with which no address can be taken apart, and a query an `@`.
    rest = url.partition("://")[2]
    before, at, place = rest.partition("?")[0].rpartition("@")
    if not at:
        before, at, place = rest.rpartition("@")
    place, query = place.partition("?")[0], rest.partition("?")[2]
    user, colon, password = before.partition(":")
    yield password if colon or not whole else user
    if before:
        yield base64.b64encode(unquote(before).encode()).decode()
    for name, value in parse_qsl(query):
        if whole or re.search(r"(?i)token|key|secret|passw|pwd|auth|sig|cred", name):
            yield from [value] if not whole or _MADE.fullmatch(value) else []
    if whole:
        yield url
        yield rest
        yield from _MADE.findall(user)
        yield from (
            part for part in _MADE.findall(place) if not re.fullmatch(r"[\d.]+:\d+|[\w-]+\.[\w.-]+(:\d+)?", part)
        )


def _forms(text: str) -> Iterable[str]:
    lines = [line.strip() for line in text.splitlines()] if "\n" in text or "\\n" in text else []
    own = {text, text.strip(), unquote(text), quote(text, safe=""), quote(text)}
    # A key of several lines may turn up line by line; its first and last line are no secret.
    return own | {line for line in lines if len(line) >= 20 and not line.startswith("-----")}
