"""Who may ask the simulated GitHub: tokens that end, tokens that are refused, and Apps with their installations."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import jwt

from simulator.github.state import stamp
from simulator.site import Answer, Call, Raw, Refusal, encode

if TYPE_CHECKING:
    from simulator.github.server import GitHubSite

DOCS = "https://docs.github.com/rest"
LIFE = timedelta(hours=1)
LONGEST = timedelta(minutes=10)


@dataclass
class Denial:
    """What a token is answered with instead, on every call whose path holds `path`."""

    status: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""


@dataclass
class Access:
    """`ends` are the ends of tokens, which answers tell (not of an installation's). `scopes` are those of classic
    tokens. `apps` are the public keys (PEM) of Apps by id, and `installations` the ids of their installations.
    """

    ends: dict[str, datetime] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)
    denials: dict[str, Denial] = field(default_factory=dict)
    apps: dict[str, str] = field(default_factory=dict)
    installations: set[int] = field(default_factory=set)
    handed: list[str] = field(default_factory=list)
    read_only: set[str] = field(default_factory=set)
    """Tokens that may not write."""

    def check(self, site: "GitHubSite", token: str, path: str) -> None:
        """Raises Refusal 401 for a token that ended, and what else a token is denied with."""
        if token in self.ends and site.now() >= self.ends[token]:
            raise refusal(401, "Bad credentials")
        denial = self.denials.get(token)
        if denial is not None and denial.path in path:
            raise Refusal(denial.status, said(denial.status, denial.message), denial.headers)

    def headers(self, token: str) -> dict[str, str]:
        """What every answer to a token tells of it."""
        found = {}
        if token in self.ends and token not in self.handed:
            found["GitHub-Authentication-Token-Expiration"] = f"{self.ends[token]:%Y-%m-%d %H:%M:%S} UTC"
        if token in self.scopes:
            found["X-OAuth-Scopes"] = self.scopes[token]
        return found

    def installation_token(self, site: "GitHubSite", call: Call) -> Answer:
        """A token for an hour, against the App's own signature."""
        self._app(site, call)
        installation = int(call.params["installation"])
        if installation not in self.installations:
            raise refusal(404, "Not Found")
        token = f"ghs_{len(self.handed) + 1}"
        self.handed.append(token)
        self.ends[token] = site.now() + LIFE
        site.tokens[token] = "northing[bot]"
        shown: Raw = {
            "token": token,
            "expires_at": stamp(self.ends[token]),
            "permissions": {"issues": "read", "metadata": "read"},
            "repository_selection": "all",
        }
        return Answer(encode(shown), 201)

    def _app(self, site: "GitHubSite", call: Call) -> None:
        signature = call.headers.get("authorization", "").rpartition(" ")[2]
        try:
            app = str(jwt.decode(signature, options={"verify_signature": False})["iss"])
            claims = jwt.decode(
                signature, self.apps[app], algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise refusal(401, "A JSON web token could not be decoded") from error
        now = site.now().timestamp()
        if claims["iat"] > now:
            raise refusal(401, "'Issued at' claim ('iat') must be an Integer representing the time in the past")
        if claims["exp"] <= now:
            raise refusal(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time")
        if claims["exp"] > now + LONGEST.total_seconds():
            raise refusal(401, "'Expiration time' claim ('exp') is too far in the future")


def said(status: int, message: str) -> Raw:
    return {"message": message, "documentation_url": DOCS, "status": str(status)}


def refusal(status: int, message: str) -> Refusal:
    return Refusal(status, said(status, message))
