"""Asking for issues one by one, where asking for many does not tell which of them are there."""

from collections.abc import Iterator, Sequence

import msgspec

from connectors.ahead import in_order
from connectors.base import Usage
from connectors.errors import Refused
from connectors.transport import Transport


def issues_one_by_one(
    transport: Transport, api: str, ids: Sequence[str], fields: Sequence[str], usage: Usage, *, expand: str = ""
) -> Iterator[tuple[str, msgspec.Raw | None]]:
    """Each id with the issue, None where Jira answers 404: it is deleted or hidden, and nothing tells which.

    `api` is the path of the API (`/rest/api/2`). Raises Refused on any other refusal: then nothing is known.
    """

    def ask(issue: str) -> msgspec.Raw | None:
        try:
            params = {"fields": ",".join(fields)} | ({"expand": expand} if expand else {})
            return transport.get_json(f"{api}/issue/{issue}", params=params, into=msgspec.Raw, usage=usage)[1]
        except Refused as error:
            if error.status != 404:
                raise
            return None

    yield from zip(ids, in_order(ask, ids, transport.in_flight), strict=True)
