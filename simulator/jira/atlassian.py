"""Atlassian's own servers beside a Cloud site: tokens that are renewed, and the API gateway."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulator.site import Answer, Call, Endpoints, Handler, Raw, Refusal, Site, driven, encode

if TYPE_CHECKING:
    from simulator.jira.server import JiraSite

LEEWAY = timedelta(minutes=10)
"""How long the refresh token before the present one is still taken."""
ALL_SCOPES = frozenset(
    {
        "read:jira-work",
        "read:jira-user",
        "read:project:jira",
        "read:board-scope:jira-software",
        "read:board-scope.admin:jira-software",
        "read:sprint:jira-software",
    }
)
_UNAUTHORISED = {"code": 401, "message": "Unauthorized"}
_NO_SCOPE = {"code": 401, "message": "Unauthorized; scope does not match"}


@dataclass
class ApiToken:
    """A token with scopes. A service account's is taken as Bearer, or as Basic where `basic` says so."""

    token: str
    email: str
    scopes: frozenset[str]
    basic: bool = True
    ends_at: datetime | None = None


@dataclass
class Consent:
    """What a person allowed an app: the refresh tokens that came of it, one after the other, and access tokens."""

    sites: tuple[str, ...]
    scopes: frozenset[str]
    refresh: list[str] = field(default_factory=list)
    rotated_at: datetime | None = None
    access: dict[str, datetime] = field(default_factory=dict)
    revoked: bool = False


class Atlassian(Site):
    """auth.atlassian.com and api.atlassian.com in one, over some Cloud sites.

    `rotations` counts how often a refresh token was taken. `lasts` is how long an access token does. `unreadable`: ends
    of paths at the gateway for which no token has the scopes. `down`: no token is renewed.
    """

    def __init__(self, *sites: "JiraSite", client_id: str = "app", client_secret: str = "app-secret") -> None:  # noqa: S107
        super().__init__(sites[0].now)
        self.sites = {f"11111111-2222-3333-4444-{number:012d}": one for number, one in enumerate(sites, start=1)}
        for cloud_id, site in self.sites.items():
            site.tokens.cloud_id = cloud_id
        self.client_id, self.client_secret = client_id, client_secret
        self.api_tokens: list[ApiToken] = []
        self.consents: list[Consent] = []
        self.rotations = 0
        self.lasts = timedelta(hours=1)
        self.unreadable: set[str] = set()
        self.down = False

    def endpoints(self) -> "AtlassianEndpoints":
        return AtlassianEndpoints(self)

    @driven
    def consent(self, *cloud_ids: str, scopes: Iterable[str] = ALL_SCOPES) -> str:
        """A person lets the app read these sites (all of them for none); gives the first refresh token."""
        consent = Consent(cloud_ids or tuple(self.sites), frozenset(scopes))
        self.consents.append(consent)
        consent.refresh.append(f"refresh-{len(self.consents)}-0")
        return consent.refresh[-1]

    @driven
    def add_token(self, token: str, email: str, scopes: Iterable[str] = ALL_SCOPES, *, basic: bool = True) -> ApiToken:
        """A new token with scopes."""
        self.api_tokens.append(ApiToken(token, email, frozenset(scopes), basic))
        return self.api_tokens[-1]

    @driven
    def end_access(self) -> None:
        """All access tokens stop being accepted, before their time."""
        for consent in self.consents:
            consent.access.clear()


class AtlassianEndpoints(Endpoints):
    """The calls of an `Atlassian`."""

    def __init__(self, atlassian: Atlassian) -> None:
        self.atlassian = atlassian

    def routes(self) -> list[tuple[str, str, Handler]]:
        routes: list[tuple[str, str, Handler]] = [
            ("POST", "/oauth/token", self._refresh),
            ("GET", "/oauth/token/accessible-resources", self._resources),
        ]
        for cloud_id, site in self.atlassian.sites.items():
            prefix = f"/ex/jira/{cloud_id}"
            points = site.endpoints()
            routes += [
                (verb, prefix + path, self._through(site, cloud_id, handler))
                for verb, path, handler in points.routes()
                if path.startswith("/rest/")
            ]
        return routes

    def admit(self, call: Call) -> None:
        """Each call looks for itself."""

    def nothing_here(self, call: Call) -> Answer:
        return Answer(encode({"code": 404, "message": "Not Found"}), 404)

    def _through(self, site: "JiraSite", cloud_id: str, handler: Handler) -> Handler:
        def answer(call: Call) -> Answer:
            scopes = self._scopes(call, cloud_id)
            if scopes is None:
                raise Refusal(401, _UNAUTHORISED)
            inside = replace(call, path=call.path.removeprefix(f"/ex/jira/{cloud_id}"))
            closed = inside.path.endswith(tuple(self.atlassian.unreadable))
            if closed or not scopes.issuperset(_needed(call.method, inside.path)):
                raise Refusal(401, _NO_SCOPE)
            with site.lock:
                return handler(inside)

        return answer

    def _scopes(self, call: Call, cloud_id: str) -> frozenset[str] | None:
        """What the caller may do at a site; None for a caller who is not known there."""
        given, now = call.headers.get("authorization", ""), self.atlassian.now()
        consent = self._consent(given)
        if consent is not None:
            return consent.scopes if cloud_id in consent.sites else None
        for one in self.atlassian.api_tokens:
            signed = f"Bearer {one.token}"
            if one.basic:
                signed = "Basic " + base64.b64encode(f"{one.email}:{one.token}".encode()).decode()
            if given == signed and (one.ends_at is None or now < one.ends_at):
                return one.scopes
        return None

    def _consent(self, given: str) -> Consent | None:
        access, now = given.removeprefix("Bearer "), self.atlassian.now()
        return next((one for one in self.atlassian.consents if one.access.get(access, now) > now), None)

    def _resources(self, call: Call) -> Answer:
        consent = self._consent(call.headers.get("authorization", ""))
        if consent is None:
            raise Refusal(401, _UNAUTHORISED)
        rows = [
            {"id": one, "url": site.origin, "name": "acme", "scopes": sorted(consent.scopes), "avatarUrl": site.origin}
            for one, site in self.atlassian.sites.items()
            if one in consent.sites
        ]
        return Answer(encode(rows))

    def _refresh(self, call: Call) -> Answer:
        asked, here = call.json(), self.atlassian
        if here.down:
            raise Refusal(503, {"error": "temporarily_unavailable"})
        if (asked.get("client_id"), asked.get("client_secret")) != (here.client_id, here.client_secret):
            raise Refusal(401, {"error": "access_denied", "error_description": "Unauthorized"})
        given = str(asked.get("refresh_token"))
        consent = next((one for one in here.consents if given in one.refresh), None)
        if asked.get("grant_type") != "refresh_token" or consent is None or consent.revoked:
            raise _invalid()
        now, place = here.now(), len(consent.refresh) - 1 - consent.refresh.index(given)
        within = consent.rotated_at is not None and now < consent.rotated_at + LEEWAY
        if place > 1 or (place == 1 and not within):
            # Somebody else has it: nobody who has one of them is trusted any more.
            consent.revoked = True
            consent.access.clear()
            raise _invalid()
        if place == 0:
            consent.rotated_at = now
            consent.refresh.append(f"refresh-{here.consents.index(consent) + 1}-{len(consent.refresh)}")
        here.rotations += 1
        access = f"access-{here.rotations}"
        consent.access[access] = now + here.lasts
        told: Raw = {
            "access_token": access,
            "expires_in": int(here.lasts.total_seconds()),
            "token_type": "Bearer",
            "refresh_token": consent.refresh[-1],
            "scope": " ".join(sorted(consent.scopes)),
        }
        return Answer(encode(told))


def _invalid() -> Refusal:
    return Refusal(403, {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."})


def _needed(method: str, path: str) -> set[str]:
    """The scopes that Atlassian's documents name for a call."""
    if method != "GET" and ("/comment" in path or "/properties/" in path):
        return {"write:jira-work"}
    if path.startswith("/rest/agile/"):
        if path.endswith("/configuration"):
            return {"read:board-scope.admin:jira-software", "read:project:jira"}
        if "/sprint" in path:
            return {"read:sprint:jira-software"}
        return {"read:board-scope:jira-software", "read:project:jira"}
    if path.endswith("/serverInfo"):
        return set()
    return {"read:jira-user"} if path.endswith("/myself") else {"read:jira-work"}
