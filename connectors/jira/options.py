"""What a user writes for a connection of kind `jira`."""

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from config import ConnectionOptions
from config.base import Bool, Day, Model, Secret, Text, Words, wrong
from connectors.budget import account_of
from connectors.hooks import Secrets

if TYPE_CHECKING:
    from connectors.jira.hooks import JiraHooks


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
    """OAuth 2.0: what the consent gave, with the scope offline_access. Jira replaces it at each use; what it is
    replaced by is kept sealed in the database. Another one here replaces what is kept."""
    expires: Day | None = None
    """The day on which the token ends, where Jira does not tell: Cloud's API tokens. SYN505 warns before it."""
    token_url: Text = "https://auth.atlassian.com/oauth/token"  # noqa: S105 - an address
    """OAuth 2.0: where tokens are renewed."""
    gateway: Text = "https://api.atlassian.com"
    """Atlassian's API gateway, for OAuth 2.0 and for tokens with scopes."""

    @field_validator("token_url", "gateway")
    @classmethod
    def _address(cls, url: str) -> str:
        return address(url, "https://api.atlassian.com")

    @property
    def oauth(self) -> bool:
        """Whether these are the keys of OAuth 2.0."""
        return self.refresh_token is not None

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
    write_forms: ClassVar[tuple[str, ...]] = ("property", "comment")

    kind: Literal["jira"]
    """Which tool."""
    url: Text
    """Where the site is: https://acme.atlassian.net, or https://jira.acme.example/context.
    With OAuth 2.0 and with scoped tokens, too: the way through Atlassian's gateway is found from it."""
    auth: JiraAuth
    """The account that reads."""
    projects: Words = Field(min_length=1)
    """Keys of the projects to read; `*` and `?` are globs over what the account can browse."""
    estimate: Text | None = None
    """Name or id of the field that holds the estimate. Found by itself where absent."""
    boards: Bool | None = None
    """Whether to read sprints from the boards. Where absent: if the account may."""
    webhook_secret: Secrets = ()
    """What the site's webhooks are signed with; several while one is replaced. Without it no delivery is taken."""

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        url = address(url, "https://acme.atlassian.net")
        parts = urlsplit(url)
        if f".{parts.hostname}".endswith(".atlassian.net") and parts.path:
            raise wrong(f"the site's address and nothing behind it, like {parts.scheme}://{parts.netloc}")
        return url

    def scope_patterns(self) -> list[str]:
        return list(self.projects)

    def hooks(self) -> "JiraHooks":
        """What reads the deliveries of the site's webhooks."""
        from connectors.jira.hooks import JiraHooks

        return JiraHooks(self)

    def account(self) -> str:
        """Whose limits the requests count against."""
        auth = self.auth
        return account_of(self.url, auth.email, auth.token.get_secret_value() if auth.token else auth.client_id)

    def urls(self) -> list[str]:
        auth = self.auth
        return [self.url, *([auth.token_url, auth.gateway] if auth.oauth else [auth.gateway] if auth.email else [])]


def address(url: str, example: str) -> str:
    """`url` without a slash at its end. Raises what a validator raises where it is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise wrong(f"an address like {example}")
    return url.rstrip("/")


def matches(key: str, patterns: tuple[str, ...]) -> bool:
    """Whether a project's key fits one of the globs, without regard to case."""
    return any(fnmatchcase(key.casefold(), one.casefold().replace("[", "[[]")) for one in patterns)
