"""Atlassian's API gateway: the way to a Cloud site for OAuth 2.0 and for tokens with scopes."""

from urllib.parse import urlsplit

import msgspec

from connectors.answers import ABSENT, Answer
from connectors.base import Context
from connectors.errors import Refused, SourceError
from connectors.jira.oauth import CONSENT, OAuthSigner, plain
from connectors.jira.options import JiraOptions
from connectors.transport import Transport


class Resource(msgspec.Struct):
    """A site that a consent is for, by `/oauth/token/accessible-resources`."""

    id: str
    url: str
    scopes: list[str] = msgspec.field(default_factory=list)


class _Tenant(msgspec.Struct):
    cloud_id: str = msgspec.field(name="cloudId")


def is_gateway(url: str) -> bool:
    """Whether `url` is a site's address at the gateway."""
    return "/ex/jira/" in url


def is_atlassians(url: str) -> bool:
    """Whether `url` is where Atlassian keeps Cloud's sites."""
    return f".{urlsplit(url).hostname}".endswith(".atlassian.net")


def behind(options: JiraOptions, cloud_id: str) -> str:
    """The address of a site at the gateway."""
    return f"{options.auth.gateway}/ex/jira/{cloud_id}"


def cloud_id(options: JiraOptions, context: Context) -> str | None:
    """What Atlassian calls the site at `options.url`; None where there is no site of Atlassian's Cloud.

    Raises TryAgain where that cannot be known now.
    """
    transport = plain(options, options.url, context, _no_tenant)
    try:
        return transport.get_json("/_edge/tenant_info", into=_Tenant)[1].cloud_id
    except Refused:
        return None
    finally:
        transport.close()


def consented(options: JiraOptions, signer: OAuthSigner, context: Context) -> Resource:
    """The site of `options.url` among those that the consent is for. Raises SourceError."""
    gateway = options.auth.gateway
    transport = Transport(
        gateway,
        auth=signer.sign,
        context=context,
        in_flight=1,
        renew=signer.renew,
        classify=_unknown,
        ca_bundle=options.ca_bundle,
        proxy=options.proxy,
    )
    try:
        _, sites = transport.get_json("/oauth/token/accessible-resources", into=list[Resource])
    finally:
        transport.close()
    for one in sites:
        if _same(options.url, one):
            return one
    seen = ", ".join(one.url for one in sites) or "no site at all"
    raise Refused(
        f"The consent is not for {options.url}, but for {seen}.",
        advice=f"Correct `url`, or choose that site when you consent. {CONSENT}",
        status=404,
    )


def _same(url: str, site: Resource) -> bool:
    if is_gateway(url):
        return url.partition("/ex/jira/")[2].strip("/").casefold() == site.id.casefold()
    return urlsplit(url).netloc.casefold() == urlsplit(site.url).netloc.casefold()


def _no_tenant(answer: Answer) -> Refused | None:
    page = "text/html" in answer.headers.get("content-type", "")
    return Refused(f"{answer.place} is a web page.", status=404) if page and answer.status < 500 else None


def _unknown(answer: Answer) -> SourceError | None:
    if answer.status not in (401, 403, *ABSENT):
        return None
    return Refused(
        f"{answer.place} does not accept the access token.",
        advice=f"Check `auth.gateway`. {CONSENT}",
        status=answer.status,
    )
