"""What a GitHub connection is told."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from config import ConnectionOptions, Model, Secret
from config.base import Text, Whole, Words, wrong
from connectors.budget import account_of
from connectors.hooks import Secrets

if TYPE_CHECKING:
    from connectors.github.hooks import GitHubHooks

CLOUD = "https://api.github.com"
API_VERSION = "2022-11-28"
"""Pinned: a later version drops keys that are read. Enterprise Servers that know none ignore it."""


def _api(url: str) -> str:
    address = urlsplit(url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise wrong("an address like https://api.github.com or https://HOST/api/v3")
    if address.hostname in {"github.com", "www.github.com"}:
        raise wrong("the address of the API: https://api.github.com, or https://HOST/api/v3 of an Enterprise Server")
    return url.rstrip("/")


def _repositories(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if "*" not in pattern and [bool(part) for part in pattern.split("/")] != [True, True]:
            raise wrong("owner/name, where `*` and `?` are globs, like acme/shop or acme/platform-*")
    return patterns


def _projects(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        owner, _, number = name.partition("/")
        if not owner or not number.isdecimal():
            raise wrong("owner/number, like acme/7")
    return names


class GitHubAuth(Model):
    """A token of a person (classic or fine-grained), or a GitHub App's installation."""

    token: Secret | None = None
    """A personal access token, classic or fine-grained."""
    app_id: Text | None = None
    """Id or client id of the App."""
    installation_id: Whole | None = None
    """Id of the App's installation in the organisation."""
    private_key: Secret | None = None
    """The App's private key, in PEM."""

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        app = [value is not None for value in (self.app_id, self.installation_id, self.private_key)]
        if self.token is not None and any(app):
            raise wrong("`token` alone, or `app_id`, `installation_id` and `private_key`; not both")
        if self.token is None and not all(app):
            raise wrong("`token`, or all of `app_id`, `installation_id` and `private_key`")
        for secret in (self.token, self.private_key):
            if secret is not None and not secret.get_secret_value().strip():
                raise wrong("credentials that are not empty: without them GitHub answers 60 requests an hour")
        return self

    @property
    def secret_token(self) -> str:
        """The token in clear, without the line end that a file may have; "" for an App."""
        return self.token.get_secret_value().strip() if self.token is not None else ""

    @property
    def app(self) -> tuple[str, int, str] | None:
        """Id, installation and private key of the App; None where there is a token."""
        if self.app_id is None or self.installation_id is None or self.private_key is None:
            return None
        return self.app_id, self.installation_id, self.private_key.get_secret_value()


class GitHubOptions(ConnectionOptions):
    """A connection to github.com, or to an Enterprise Server."""

    selector_key: ClassVar[str] = "repository"
    write_forms: ClassVar[tuple[str, ...]] = ("comment", "label")

    url: Annotated[Text, AfterValidator(_api)] = CLOUD
    """Address of the REST API. Enterprise Server: https://HOST/api/v3."""
    auth: GitHubAuth
    """Credentials: `token`, or `app_id`, `installation_id` and `private_key`."""
    repositories: Annotated[Words, AfterValidator(_repositories)] = Field(min_length=1)
    """Repositories to read, as owner/name. `*` and `?` are globs."""
    projects: Annotated[Words, AfterValidator(_projects)] = ()
    """Projects (v2), as owner/number: their status, iteration, number and date fields. The first named one counts."""

    webhook_secret: Secrets = ()
    """What the webhooks are signed with; several while one is replaced. Without it no delivery is taken."""

    def hooks(self) -> "GitHubHooks":
        """What reads the deliveries of webhooks."""
        from connectors.github.hooks import GitHubHooks

        return GitHubHooks(self)

    def scope_patterns(self) -> list[str]:
        """The repositories, as written."""
        return list(self.repositories)

    def account(self) -> str:
        """Whose limits the requests count against."""
        auth = self.auth
        who = (auth.token.get_secret_value(),) if auth.token else (auth.app_id, auth.installation_id)
        return account_of(self.url, *who)

    def urls(self) -> list[str]:
        """The address of the API: nothing else is sent the token."""
        return [self.url]
