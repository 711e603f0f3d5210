"""What a user writes for a connection of kind `jira`."""

from fnmatch import fnmatchcase
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from config import ConnectionOptions
from config.base import Bool, Model, Secret, Text, Words, wrong


class JiraAuth(Model):
    """Credentials: `email` and `token` (Cloud), `token` alone (Data Center), or the three keys of OAuth 2.0."""

    email: Text | None = None
    """Cloud: the account that the API token belongs to."""
    token: Secret | None = None
    """An API token (Cloud) or a personal access token (Data Center)."""
    client_id: Text | None = None
    """OAuth 2.0: the app."""
    client_secret: Secret | None = None
    """OAuth 2.0: the app's secret."""
    refresh_token: Secret | None = None
    """OAuth 2.0: what the consent gave."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        oauth = (self.client_id, self.client_secret, self.refresh_token)
        by_token = self.token is not None and not any(oauth)
        by_oauth = self.token is None and self.email is None and all(oauth)
        if not (by_token or by_oauth):
            raise wrong("either `token` (with `email` on Cloud), or `client_id`, `client_secret` and `refresh_token`")
        return self


class JiraOptions(ConnectionOptions):
    """A Jira site, Cloud or Data Center, told apart by what it says of itself."""

    selector_key: ClassVar[str] = "project"

    kind: Literal["jira"]
    """Which tool."""
    url: Text
    """Where the site is: https://acme.atlassian.net, or https://jira.acme.example/context.
    Scoped tokens: https://api.atlassian.com/ex/jira/CLOUD-ID."""
    auth: JiraAuth
    """The account that reads."""
    projects: Words = Field(min_length=1)
    """Keys of the projects to read; `*` and `?` are globs over what the account can browse."""
    estimate: Text | None = None
    """Name or id of the field that holds the estimate. Found by itself where absent."""
    boards: Bool | None = None
    """Whether to read sprints from the boards. Where absent: if the account may."""

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise wrong("an address like https://acme.atlassian.net")
        return url.rstrip("/")

    def scope_patterns(self) -> list[str]:
        return list(self.projects)

    def urls(self) -> list[str]:
        return [self.url]


def matches(key: str, patterns: tuple[str, ...]) -> bool:
    """Whether a project's key fits one of the globs, without regard to case."""
    return any(fnmatchcase(key.casefold(), one.casefold().replace("[", "[[]")) for one in patterns)
