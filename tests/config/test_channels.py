"""Addresses of channels: a service that Apprise does not know is an error when the file is read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import config
from tests.config.conftest import Load

ROOT = Path(__file__).resolve().parents[2]


def said(load: Load, url: str) -> tuple[list[str], list[str]]:
    """The errors and warnings about a channel with this address, which comes from the environment."""
    text = 'alerts: {channels: {leads: "${SLACK_TOKEN}"}, routes: [{to: leads}]}\n'
    try:
        return [], [str(one).partition("northing.yaml:")[2] for one in load(text, {"SLACK_TOKEN": url}).warnings]
    except config.ConfigError as error:
        return [str(one).partition("northing.yaml:")[2] for one in error.problems], []


@pytest.mark.parametrize(
    "url",
    [
        "slack://TokenA/TokenB/TokenC",
        "MSTeams://…",
        "mailtos://user:pass@mail.example",
        "json://127.0.0.1:9000/x",
        "threema://gateway/secret",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7",
    ],
)
def test_services_that_apprise_knows(load: Load, url: str) -> None:
    assert said(load, url) == ([], [])


@pytest.mark.parametrize(
    "url, message",
    [
        ("slak://t0ps3cret/x", "Apprise knows no service `slak`. Did you mean `slack`?"),
        ("msteam://t0ps3cret", "Apprise knows no service `msteam`. Did you mean `msteams`?"),
        ("qqqqqqqqq://t0ps3cret", "Apprise knows no service `qqqqqqqqq`. https://appriseit.com/services lists them."),
        (
            "https://example.com/t0ps3cret",
            "a web address of no service that Apprise knows. A webhook of your own is json://… (http) or jsons://…",
        ),
    ],
)
def test_services_that_apprise_does_not_know(load: Load, url: str, message: str) -> None:
    assert said(load, url) == ([f"1:28: alerts.channels.leads: {message}"], [])


def test_a_text_that_is_no_address_is_warned_of(load: Load) -> None:
    errors, [warning] = said(load, "t0ps3cret")
    assert errors == []
    assert warning.endswith(
        "no address of Apprise's, expected one like slack://… or mailtos://…: nothing can be sent to it"
    )


def test_apprise_is_loaded_for_unusual_services_only(tmp_path: Path) -> None:
    program = (
        "import sys, config; from pathlib import Path;"
        "config.load(Path('northing.yaml'), env={}, kinds={}); sys.exit('apprise' in sys.modules)"
    )
    for url, loads in (("slack://a/b/c", 0), ("threema://x/y", 1)):
        (tmp_path / "northing.yaml").write_text(f"version: 1\nalerts: {{channels: {{x: '{url}'}}}}\n")
        found = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
        )
        assert found.returncode == loads
