"""Pages of lists, in smaller parts where a server cannot make a whole one in its time."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from connectors.answers import Answer
from connectors.base import Usage
from connectors.errors import TryAgain
from connectors.transport import Transport

TOO_SLOW = {502, 504}

SIZES = (100, 50, 25, 5, 1)
"""Each divides the one before, so that every page of one size begins where some page of the next size does."""


def one_page(transport: Transport, url: str, usage: Usage, etag: str | None = None) -> Answer:
    """One page of a list, asked for in smaller parts, from the same place, where it fails each time."""
    asked = url
    while True:
        try:
            # Decoded here only as far as a cut answer shows, so that the transport asks again.
            answer, _ = transport.get_json(asked, into=list[msgspec.Raw], etag=etag, usage=usage)
        except TryAgain as error:
            less = smaller(asked) if error.status in TOO_SLOW else None
            if less is None:
                raise
            asked, etag = less, None
            continue
        if answer.next_url in {url, asked}:
            raise TryAgain(f"{answer.place} names the page itself as the next one.")
        # The mark of a smaller page says nothing of the page that was wanted.
        return answer if asked == url else replace(answer, headers={**answer.headers, "etag": ""})


def smaller(url: str) -> str | None:
    """The address of a page of the next smaller size that begins where this page begins. None where there is none.

    A cursor holds its place by itself. A page number counts pages, and is counted anew.
    """
    place = urlsplit(url)
    asked = parse_qsl(place.query, keep_blank_values=True)
    values = dict(asked)
    size = int(values["per_page"]) if values.get("per_page", "").isdigit() else 0
    if size not in SIZES[:-1]:
        return None
    less = SIZES[SIZES.index(size) + 1]
    values["per_page"] = str(less)
    if "after" in values:
        values.pop("page", None)
    elif values.get("page", "").isdigit():
        values["page"] = str((int(values["page"]) - 1) * (size // less) + 1)
    return urlunsplit(place._replace(query=urlencode(values, safe=":,")))
