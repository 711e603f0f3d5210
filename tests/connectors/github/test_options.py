from typing import Any

import pytest
from pydantic import ValidationError

from connectors.github import GitHubOptions

GOOD = {"kind": "github", "auth": {"token": "ghp_secret"}, "repositories": ["acme/shop", "acme/platform-*"]}


def test_the_defaults_are_github_com() -> None:
    options = GitHubOptions.model_validate(GOOD)
    assert options.url == "https://api.github.com"
    assert options.urls() == ["https://api.github.com"]
    assert options.scope_patterns() == ["acme/shop", "acme/platform-*"]
    assert options.selector_key == "repository"
    assert options.projects == ()


def test_an_app_has_three_parts() -> None:
    auth = {"app_id": "12", "installation_id": "34", "private_key": "-----BEGIN"}
    options = GitHubOptions.model_validate({**GOOD, "auth": auth, "url": "https://ghe.acme.example/api/v3/"})
    assert options.auth.app == ("12", 34, "-----BEGIN")
    assert options.url == "https://ghe.acme.example/api/v3"


def test_secrets_do_not_print() -> None:
    options = GitHubOptions.model_validate({**GOOD, "proxy": "http://user:hush@proxy.example"})
    assert "ghp_secret" not in f"{options!r} {options}"
    assert "hush" not in f"{options!r} {options}"


@pytest.mark.parametrize(
    "change, key, expected",
    [
        ({"auth": {}}, "auth", "`token`, or all of"),
        ({"auth": {"token": " \n"}}, "auth", "not empty"),
        ({"auth": {"app_id": "12"}}, "auth", "all of `app_id`"),
        ({"auth": {"token": "x", "app_id": "12"}}, "auth", "not both"),
        ({"repositories": []}, "repositories", "at least 1"),
        ({"repositories": ["shop"]}, "repositories", "owner/name"),
        ({"repositories": ["acme/"]}, "repositories", "owner/name"),
        ({"repositories": ["https://github.com/acme/shop"]}, "repositories", "owner/name"),
        ({"url": "https://github.com"}, "url", "https://api.github.com"),
        ({"url": "ghe.acme.example"}, "url", "https://HOST/api/v3"),
        ({"projects": ["acme/roadmap"]}, "projects", "owner/number"),
        ({"repos": ["acme/shop"]}, "repos", "not permitted"),
    ],
)
def test_what_cannot_be_meant_is_named(change: dict[str, Any], key: str, expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        GitHubOptions.model_validate({**GOOD, **change})
    (error,) = caught.value.errors()
    assert error["loc"][0] == key
    assert expected in error["msg"]
