"""Text as it comes over the wire, made safe to keep: clean JSON, instants and days."""

import re
from datetime import UTC, date, datetime, timedelta

_UNSAFE_ESCAPES = re.compile(
    rb"\\\\"  # an escaped backslash: what follows it is plain text
    rb"|\\u0000"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair: one letter beyond U+FFFF
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"  # half a pair
)
_UNSAFE_ESCAPE = re.compile(rb"\\(?=u0000|u[dD])")
_LONE = re.compile("[\x00\ud800-\udfff]")
_TWELVE_HOURS = timedelta(hours=12)


def clean_json(body: bytes) -> bytes:
    """The JSON text `body` without U+0000, lone surrogates and bytes that are not UTF-8, in its strings and its keys.

    No database keeps these, and a decoder refuses the whole page for one of them. Costs next to nothing where there
    is none. A truncated or malformed body stays so.
    """
    # Bytes first: taking them away may join an escape that was cut in two.
    if b"\x00" in body:
        body = body.replace(b"\x00", b"")
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            body = body.decode("utf-8", "ignore").encode()
    # The first search costs nothing, and most pages without bodies hold no escape at all.
    while b"\\" in body and _UNSAFE_ESCAPE.search(body):
        before, body = len(body), _UNSAFE_ESCAPES.sub(_keep_safe, body)
        if len(body) == before:
            break
    return body


def _keep_safe(match: re.Match[bytes]) -> bytes:
    found = match[0]
    return found if len(found) in (2, 12) else b""


def clean(text: str) -> str:
    """`text` without U+0000 and lone surrogates."""
    return _LONE.sub("", text)


def excerpt(raw: bytes | str, limit: int = 500) -> str:
    """The first `limit` characters of what could not be read, for a quarantine note."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return clean(text)[:limit]


def instant(text: str | None) -> datetime | None:
    """An ISO 8601 instant (`Z`, `+00:00`, `+0530`) in UTC. None for None, "" and what is no instant.

    An instant without an offset is taken as UTC.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not UTC:
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found


def day(text: str | None) -> date | None:
    """A day as `2026-11-24`, or the first ten letters of an instant, as written. None where it is neither."""
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def nearest_day(at: datetime) -> date:
    """The UTC date of `at` plus 12 hours: the day that a midnight anywhere on earth stands for."""
    return (at.astimezone(UTC) + _TWELVE_HOURS).date()


class Trailer:
    """Finds the lines `name: value` of a body: whole lines, trimmed, the name without regard to case."""

    def __init__(self, name: str) -> None:
        self._told = f"{name.casefold()}:"
        self._line = re.compile(rf"^[^\S\n]*{re.escape(name)}:[^\S\n]*(\S.*)$", re.IGNORECASE | re.MULTILINE)

    def values(self, body: str) -> list[str]:
        """The values in their order. Bodies of a megabyte are real, and most hold no such line."""
        if self._told not in body.casefold():
            return []
        return [found.strip() for found in self._line.findall(body.replace("\r", "\n"))]
