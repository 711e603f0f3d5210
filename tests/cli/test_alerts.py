"""`northing alerts`: trying channels, and looking at what would be sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import store
from alerts.message import Words
from cli.alerts import words
from tests.alerts.office import Office
from tests.alerts.receiver import Receiver, receiving
from tests.program import call


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def file(tmp_path: Path, receiver: Receiver) -> str:
    """A configuration with two channels, one of which nobody listens at; findings are open."""
    path = tmp_path / "northing.yaml"
    path.write_text(
        "version: 1\n"
        "service: {url: https://northing.example}\n"
        "alerts:\n"
        f"  channels: {{hook: 'json://127.0.0.1:{receiver.port}/t0ps3cret', gone: 'json://127.0.0.1:9/t0ps3cret'}}\n"
        "  routes: [{to: hook}, {to: gone, codes: STR}]\n"
    )
    engine = store.connect(f"sqlite:///{tmp_path / 'northing.db'}")
    store.migrate(engine)
    Office(engine).open("GROW.1", "COV101", "critical", summary="Nothing stands behind GROW.1")
    engine.dispose()
    return str(path)


def test_a_channel_that_takes_the_message_is_told_of(file: str, receiver: Receiver) -> None:
    result = call("alerts", "test", "hook", "--config", file)
    [message] = receiver.got
    assert (message["title"], message["test"], message["alerts"]) == ("Test message", True, [])
    assert result.out == f"Channel hook took the message {message['id']}. Look whether it arrived.\n"
    assert call("alerts", "test", "hook", "--config", file, "--json").data["sent"] is True


def test_a_channel_that_refuses_says_why_without_the_secret(file: str, receiver: Receiver) -> None:
    receiver.status = 403
    result = call("alerts", "test", "hook", "--config", file)
    assert result.code == 3
    assert "error=403" in result.err
    assert "→ Compare `alerts.channels.hook` with what the service gave you" in result.err
    gone = call("alerts", "test", "gone", "--config", file)
    assert gone.code == 3
    assert "→ Check that this machine reaches the service." in gone.err
    assert "t0ps3cret" not in result.err + gone.err


def test_an_unknown_channel_is_wrong_input(file: str) -> None:
    for command in (("test", "hok"), ("preview", "--channel", "hok")):
        result = call("alerts", *command, "--config", file)
        assert (result.code, "Did you mean `hook`?" in result.err) == (2, True)


def test_the_preview_shows_what_waits_and_sends_nothing(file: str, receiver: Receiver) -> None:
    shown = [call("alerts", "preview", "--config", file) for _ in range(2)]
    assert shown[0].out == shown[1].out
    assert shown[0].out.startswith(
        "Northing is watching: 1 finding is open\n\n"
        "🔴 Critical, open: GROW.1 · COV101 · key result with no delivery work behind it\n"
        "Nothing stands behind GROW.1\n"
        "Since 2026-11-24 12:00 UTC\n"
        "Why: "
    )
    assert "https://northing.example/findings/COV101/GROW.1\n" in shown[0].out
    assert "Nothing waits, and nothing is open that this channel would hear of." in shown[0].out
    assert receiver.got == []


def test_before_there_are_channels_the_preview_shows_how_one_would_begin(file: str) -> None:
    path = Path(file)
    path.write_text("version: 1\n")
    shown = call("alerts", "preview", "--config", file)
    assert shown.code == 0
    assert shown.out.startswith("Northing is watching: 1 finding is open\n\n🔴 Critical, open: GROW.1 · COV101")
    assert "There are no channels under `alerts.channels` yet." in shown.err
    assert [one["channel"] for one in call("alerts", "preview", "--json", "--config", file).data] == ["example"]
    (path.parent / "northing.db").unlink()
    assert "nothing is open" in call("alerts", "preview", "--config", file).out


def test_a_channel_that_no_route_leads_to_is_said(file: str) -> None:
    path = Path(file)
    path.write_text("version: 1\nalerts: {channels: {hook: 'json://127.0.0.1:9/x'}}\n")
    shown = call("alerts", "preview", "--config", file)
    assert (shown.code, shown.out) == (0, "No route leads to this channel: `alerts.routes` says who hears of what.\n")


@pytest.mark.parametrize(
    "form, said",
    [
        ("slack", "*Critical, open: GROW.1*"),
        ("teams", "**Critical, open: GROW.1**"),
        ("html", "<b>Critical, open: GROW.1</b>"),
    ],
)
def test_the_preview_in_each_form(file: str, form: str, said: str) -> None:
    assert said in call("alerts", "preview", "--channel", "hook", "--format", form, "--config", file).out


def test_the_preview_for_programs(file: str) -> None:
    found = call("alerts", "preview", "--format", "json", "--json", "--config", file).data
    assert [(one["channel"], one["about"]) for one in found] == [("hook", "waiting"), ("gone", "nothing")]
    assert found[0]["message"]["alerts"][0]["subject"] == "GROW.1"


def test_of_a_code_that_another_version_found_nothing_more_is_said() -> None:
    assert words("HYG999") == Words("", "")
