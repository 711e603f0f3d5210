"""`northing init`."""

from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Company, Northing

TOKENS = ("JIRA_TOKEN", "GITHUB_TOKEN")
FLAGS = ("--jira-email", "me@acme.example", "--projects", "SHOP, PLAT", "--repositories", "merlo/*")


@pytest.fixture(autouse=True)
def no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TOKENS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def northing(tmp_path: Path) -> Northing:
    return Northing(tmp_path)


@pytest.mark.parametrize(
    "flags",
    [
        ("--jira-url", "https://acme.atlassian.net", *FLAGS),
        ("--jira-url", "https://jira.acme.example", "--projects", "*"),
        ("--repositories", "acme/shop", "--github", "https://git.acme.example/api/v3", "--timezone", "Europe/Zurich"),
    ],
)
def test_what_is_written_is_a_good_configuration(
    northing: Northing, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    result = northing("init", *flags)
    text = northing.config.read_text()
    for name in TOKENS:
        monkeypatch.setenv(name, "made-up")

    assert result.code == 0
    assert "export " in result.out
    assert "made-up" not in text
    assert text.count("#") > 10
    checked = northing("config", "check")
    assert (checked.code, checked.err) == (0, "")
    assert "warning" not in checked.out


def test_flags_end_up_in_the_file(northing: Northing) -> None:
    northing("init", "--jira-url", "https://acme.atlassian.net", *FLAGS, "--jira-token-variable", "MY_TOKEN")
    data = yaml.safe_load(northing.config.read_text())
    assert data["connections"] == {
        "jira": {
            "kind": "jira",
            "url": "https://acme.atlassian.net",
            "auth": {"email": "me@acme.example", "token": "${MY_TOKEN}"},
            "projects": ["SHOP", "PLAT"],
        },
        "github": {"kind": "github", "auth": {"token": "${GITHUB_TOKEN}"}, "repositories": ["merlo/*"]},
    }


def test_a_file_that_is_there_is_not_written_over(northing: Northing) -> None:
    northing.config.write_text("version: 1\n")
    result = northing("init", "--repositories", "acme/shop")
    assert (result.code, northing.config.read_text()) == (2, "version: 1\n")
    assert "exists already" in result.err


@pytest.mark.parametrize(
    "flags",
    [(), ("--jira-url", "https://acme.atlassian.net"), ("--projects", "SHOP"), ("--github", "https://x.example")],
)
def test_what_is_missing_is_said_and_nothing_is_written(northing: Northing, flags: tuple[str, ...]) -> None:
    result = northing("init", *flags)
    assert (result.code, northing.config.exists()) == (2, False)
    assert "--" in result.err


def test_tokens_that_are_set_are_tried(northing: Northing, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_TOKEN", "jira-token")
    monkeypatch.setenv("GITHUB_TOKEN", "wrong-token-9876")
    jira, github = (company.running.url_of(site) for site in (company.jira, company.github))
    flags = [flag.replace("me@acme.example", "sync@acme.example") for flag in FLAGS]
    result = northing("init", "--jira-url", jira, "--github", github, *flags)

    assert result.code == 3
    assert "✓ jira: reachable" in result.out
    assert "✗ github" in result.out
    assert "wrong-token-9876" not in result.out + result.err + northing.config.read_text()
