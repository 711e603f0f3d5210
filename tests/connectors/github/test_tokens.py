"""Tokens of all kinds: how long they last, how they are replaced, and what is said where one is refused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from config import Conventions
from connectors.base import Reading, Usage
from connectors.errors import Refused
from connectors.github import GitHub, GitHubOptions
from connectors.records import Scope
from simulator import GitHubSite, serve
from tests.connectors.github.samples import Clock, connector

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    """A private and its public key, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return private.decode(), key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass
class Talk:
    """A site with acme/shop (3 issues) and the App 12; `clock` is our time, and the site's unless it is advanced."""

    site: GitHubSite
    url: str
    key: str
    clock: Clock

    def app(self, **auth: Any) -> GitHub:
        return self.talker(**{"app_id": "12", "installation_id": 34, "private_key": self.key, **auth})

    def talker(self, **auth: Any) -> GitHub:
        values = {"kind": "github", "url": self.url, "auth": auth, "repositories": ["acme/shop"]}
        return GitHub("github", GitHubOptions.model_validate(values), Conventions(), "count", self.clock)

    def signed(self) -> list[str]:
        return [seen.headers["authorization"].split()[-1] for seen in self.site.requests if "/issues" in seen.path]


@pytest.fixture(params=[False, True], ids=["cloud", "enterprise"])
def talk(request: pytest.FixtureRequest, pair: tuple[str, str]) -> Iterator[Talk]:
    clock = Clock()
    site = GitHubSite(now=lambda: clock.time, enterprise=request.param, limit=None if request.param else 5000)
    site.add_repository("acme/shop")
    for number in range(3):
        site.add_issue("acme/shop", f"Issue {number}")
    site.add_app("12", 34, pair[1])
    with serve(site) as running:
        yield Talk(site, running.url_of(site), pair[0], clock)


def read(github: GitHub, scope: Scope) -> int:
    return sum(len(page.items) for page in github.items(scope, Reading(), Usage()))


def test_each_token_that_github_hands_out_is_told(talk: Talk) -> None:
    learned: list[str] = []
    talk.clock.learned = learned.append
    with closing(talk.app()) as github:
        github.scopes()
        talk.clock.time += timedelta(hours=2)
        github.scopes()
    assert learned == talk.site.access.handed == ["ghs_1", "ghs_2"]


def test_one_token_serves_all_clients_until_five_minutes_before_its_end(talk: Talk) -> None:  # bug 15
    with closing(talk.app()) as github:
        (scope,) = github.scopes().scopes
        assert read(github, scope) == 3
        talk.clock.time += timedelta(minutes=54)
        assert read(github, scope) == 3
        assert talk.site.access.handed == ["ghs_1"]
        talk.clock.time += timedelta(minutes=2)
        assert read(github, scope) == 3
        assert github.scopes().scopes == [scope]
        assert talk.site.access.handed == ["ghs_1", "ghs_2"]
        assert talk.signed() == ["ghs_1", "ghs_1", "ghs_2"]


def test_a_token_that_is_refused_is_replaced_once_for_both_clients(talk: Talk) -> None:  # bug 15
    with closing(talk.app()) as github:
        (scope,) = github.scopes().scopes
        for ended in ("ghs_1", "ghs_2"):
            talk.site.access.ends[ended] = START
            assert read(github, scope) == 3 if ended == "ghs_1" else github.scopes().scopes == [scope]
        assert talk.site.access.handed == ["ghs_1", "ghs_2", "ghs_3"]


def test_many_threads_that_are_refused_together_fetch_one_token(talk: Talk) -> None:
    with closing(talk.app()) as github, ThreadPoolExecutor(8) as pool:
        (scope,) = github.scopes().scopes
        talk.site.latency = 0.05
        talk.site.access.ends["ghs_1"] = START
        assert list(pool.map(lambda _: read(github, scope), range(8))) == [3] * 8
        assert talk.site.access.handed == ["ghs_1", "ghs_2"]


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_clock_that_is_five_minutes_off_stops_no_app(talk: Talk, minutes: int) -> None:
    talk.site.advance(timedelta(minutes=minutes))
    with closing(talk.app()) as github:
        (scope,) = github.scopes().scopes
        assert read(github, scope) == 3
        talk.clock.time += timedelta(minutes=54)
        assert read(github, scope) == 3
        assert talk.site.access.handed == ["ghs_1"]


def test_an_installations_token_is_not_said_to_end(talk: Talk) -> None:
    with closing(talk.app()) as github:
        assert github.scopes().credentials_end_at is None


def test_the_end_of_a_persons_token_is_told(talk: Talk) -> None:
    end = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    talk.site.tokens["github_pat_ends"] = "dana"
    talk.site.access.ends["github_pat_ends"] = end
    with closing(talk.talker(token="github_pat_ends")) as github:
        assert github.scopes().credentials_end_at == end
    with closing(talk.talker(token="github-token")) as github:
        assert github.scopes().credentials_end_at is None


def refused(github: GitHub) -> Refused:
    with closing(github), pytest.raises(Refused) as caught:
        sum(read(github, scope) for scope in github.scopes().scopes)
    return caught.value


def test_a_wrong_or_ended_token_is_refused_and_nothing_is_asked_without_it(talk: Talk) -> None:  # bug 28
    talk.site.tokens["github_pat_old"] = "dana"
    talk.site.access.ends["github_pat_old"] = START
    for token in ("ghp_wrong", "github_pat_old"):
        error = refused(talk.talker(token=token))
        assert (error.status, "Bad credentials" in error.message) == (401, True)
        assert "mistyped, revoked or expired" in error.advice
        assert "/settings/personal-access-tokens" in error.advice
    assert all(seen.headers.get("authorization") for seen in talk.site.requests)
    assert len(talk.site.requests) == 2


@pytest.mark.parametrize("token", ["", " \n"])
def test_an_empty_token_is_no_token(token: str) -> None:  # bug 28
    with pytest.raises(ValueError, match="credentials that are not empty"):
        connector(auth={"token": token})


@pytest.mark.parametrize(
    "message, headers, told, advice",
    [
        (
            "Resource not accessible by personal access token",
            {"x_accepted_github_permissions": "issues=read; pull_requests=read"},
            "not accessible by personal access token",
            "lacks the permission “Issues: read”, or this repository. Edit it: {pages}/settings/personal-access-tokens",
        ),
        (
            "Resource not accessible by integration",
            {"x_accepted_github_permissions": "organization_projects=read"},
            "not accessible by integration",
            "The App lacks the permission “Organization projects: read”. Grant it in the App's settings",
        ),
        (
            "Must have admin rights to Repository.",
            {"x_oauth_scopes": "read:org, gist", "x_accepted_oauth_scopes": "public_repo, repo"},
            "the token has not the scope `repo`",
            "Give the token the scope `repo`: {pages}/settings/tokens",
        ),
        (
            "Resource protected by organization SAML enforcement.",
            {"x_github_sso": "required; url=https://github.com/orgs/acme/sso?authorization_request=A"},
            "single sign-on",
            "https://github.com/orgs/acme/sso?authorization_request=A",
        ),
        (
            "The `acme` organization has an IP allow list enabled, and your IP address is not permitted.",
            {},
            "IP allow list",
            "address of this machine",
        ),
        ("This installation has been suspended", {}, "suspended", "Unsuspend the App's installation"),
        (
            "`acme` forbids access via a personal access token (classic). Please use a GitHub App.",
            {},
            "forbids access",
            "Make a fine-grained one",
        ),
    ],
)
def test_each_refusal_names_what_is_missing_and_where_to_mend_it(
    talk: Talk, message: str, headers: dict[str, str], told: str, advice: str
) -> None:
    talk.site.deny("github-token", 403, message, "/issues", **headers)
    error = refused(talk.talker(token="github-token"))
    assert error.status == 403
    assert told in error.message
    assert advice.replace("{pages}", talk.site.origin) in error.advice


def test_a_private_repository_hidden_from_a_classic_token_names_the_scope(talk: Talk) -> None:
    hidden = {"x_oauth_scopes": "read:org", "x_accepted_oauth_scopes": "repo"}
    talk.site.deny("github-token", 404, "Not Found", "/issues", **hidden)
    error = refused(talk.talker(token="github-token"))
    assert "lacks the scope `repo`" in error.message
    assert f"{talk.site.origin}/settings/tokens" in error.advice


def test_an_app_without_this_installation_or_key_is_told_which(talk: Talk) -> None:
    error = refused(talk.app(installation_id=35))
    assert "The GitHub App 12 has no installation 35" in error.message
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    talk.site.access.apps["12"] = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    error = refused(talk.app())
    assert "The private key is not one of this App" in error.advice
