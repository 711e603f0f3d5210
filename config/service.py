"""Where the service listens, and under which address people reach it."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from config.base import Model, Text, wrong

_LISTEN = re.compile(r"(\[[0-9a-fA-F:.]+(?:%\w+)?\]|[^\s:/@\[\]]+):(\d{1,5})", re.ASCII)


def _listen(text: str) -> str:
    found = _LISTEN.fullmatch(text)
    if not found or int(found[2]) > 65535:
        raise wrong("an address and a port like 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080")
    return text


def _url(text: str) -> str:
    expected = wrong("a URL like https://northing.acme.example, without user, query and fragment")
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        raise expected from None
    plain = not (parts.query or parts.fragment or "@" in parts.netloc or any(letter.isspace() for letter in text))
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise expected
    return text.rstrip("/")


class Service(Model):
    """How `northing serve` is reached."""

    listen: Annotated[Text, AfterValidator(_listen)] = "127.0.0.1:8080"
    """Address and port to listen at. Port 0: any that is free."""
    url: Annotated[Text, AfterValidator(_url)] | None = None
    """What links in messages start with: the address under which people reach the service. Default: no links."""

    @property
    def host(self) -> str:
        """The address of `listen`, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port of `listen`."""
        return int(self.listen.rpartition(":")[2])
