"""Deliveries of webhooks that did not arrive: GitHub sends none again by itself, but keeps them for a few days."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from connectors.base import Context, Usage
from connectors.errors import Refused
from connectors.github.hooks import concerns_us, hint
from connectors.github.limits import rules
from connectors.github.options import API_VERSION, GitHubOptions
from connectors.hooks import Delivery, Hint, Malformed
from connectors.records import Scope
from connectors.transport import Transport

PATH = "/hooks/github"
"""How the address ends at which webhooks reach us."""
_MAY_NOT = {403, 404}
_GOOD = range(200, 300)


class _Config(msgspec.Struct):
    url: str = ""


class _Hook(msgspec.Struct):
    id: int
    config: _Config


class _Delivered(msgspec.Struct):
    id: int
    guid: str
    delivered_at: datetime
    status_code: int
    event: str
    installation_id: int | None = None


class _Request(msgspec.Struct):
    payload: msgspec.Raw


class _Detail(msgspec.Struct):
    request: _Request


def missed(
    options: GitHubOptions, context: Context, scopes: Sequence[Scope], since: datetime, usage: Usage
) -> Iterator[Hint]:
    """What deliveries since `since` say that we answered none of their attempts well. Nothing is sent again.

    With an App those of its own webhook; else those of the webhooks of `scopes` and of their owners that lead to us, as
    far as the token may read them. Raises SourceError.
    """
    transport = Transport(
        options.url,
        auth=lambda: _sign(options, context.now()),
        context=context,
        in_flight=1,
        classify=rules(context.now),
        ca_bundle=options.ca_bundle,
        proxy=options.proxy,
    )
    try:
        for place in ["/app/hook/deliveries"] if options.auth.app else _places(transport, scopes, usage):
            yield from _missed_at(transport, place, options.auth.installation_id, since, usage)
    finally:
        transport.close()


def _sign(options: GitHubOptions, now: datetime) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {_token(options, now)}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": API_VERSION,
    }


def _token(options: GitHubOptions, now: datetime) -> str:
    if options.auth.app is None:
        return options.auth.secret_token
    # Late: the library takes its time, and only an App needs it here.
    from connectors.github.tokens import app_token

    app_id, _, key = options.auth.app
    return app_token(app_id, key, now)


def _places(transport: Transport, scopes: Sequence[Scope], usage: Usage) -> Iterator[str]:
    owners = dict.fromkeys(scope.key.partition("/")[0] for scope in scopes)
    for base in [*(f"/orgs/{owner}/hooks" for owner in owners), *(f"/repos/{scope.key}/hooks" for scope in scopes)]:
        try:
            url: str | None = f"{base}?per_page=100"
            while url:
                answer, hooks = transport.get_json(url, into=list[_Hook], usage=usage)
                url = answer.next_url
                ours = [one for one in hooks if urlsplit(one.config.url).path.rstrip("/").endswith(PATH)]
                yield from (f"{base}/{one.id}/deliveries" for one in ours)
        except Refused as error:
            if error.status not in _MAY_NOT:
                raise


def _missed_at(
    transport: Transport, place: str, installation: int | None, since: datetime, usage: Usage
) -> Iterator[Hint]:
    failed: dict[str, _Delivered] = {}
    arrived: set[str] = set()
    url: str | None = f"{place}?per_page=100"
    while url:
        # The newest comes first, and a second attempt under the same guid as the first.
        answer, page = transport.get_json(url, into=list[_Delivered], usage=usage)
        for one in page:
            if one.status_code in _GOOD:
                arrived.add(one.guid)
            elif concerns_us(one.event) and one.delivered_at >= since:
                failed.setdefault(one.guid, one)
        url = answer.next_url if page and page[-1].delivered_at >= since else None
    for guid, one in failed.items():
        if guid in arrived or (installation is not None and one.installation_id not in (None, installation)):
            continue
        try:
            _, detail = transport.get_json(f"{place}/{one.id}", into=_Detail, usage=usage)
            headers = {"content-type": "application/json", "x-github-delivery": guid}
            found = hint(one.event, Delivery(headers, bytes(detail.request.payload)))
        except Malformed:
            continue
        except Refused as error:
            if error.status not in _MAY_NOT:  # it is no longer kept
                raise
            continue
        if found is not None:
            yield found
