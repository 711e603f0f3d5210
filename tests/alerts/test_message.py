"""Messages in all their forms, and what the services are really sent."""

import json
import logging
import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
import responses

from alerts.changes import Change
from alerts.channel import Message, form, send
from alerts.message import LONGEST, SHOWN, Setting, compose
from alerts.plain import clean
from tests.alerts.office import NOW, words
from tests.alerts.receiver import Receiver

SETTING = Setting(words, ZoneInfo("Europe/Zurich"), "https://northing.example")
HOSTILE = (
    "<script>alert(1)</script> <!channel> <@U12345> @here @everyone *b* _i_ ~s~ `c` [x](https://evil.example)"
    " <at>all</at> {{DATE(2026-01-01)}} \u202ekcab\u2066 A&B \x1b[31m\r\nBcc: x@y.z # h my_key_1 ```"
)
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7"
TEAMS = "workflows://prod-1.westeurope.logic.azure.com:443/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu-6Rj8aUKz"


def change(summary: str = HOSTILE, subject: str = "SHOP-<1>@here", **more: Any) -> Change:
    usual: dict[str, Any] = {"id": 7, "kind": "opened", "severity": "critical", "at": NOW, "since": NOW}
    usual.update(code="STR301", subject_kind="item", subject=subject, summary=summary)
    usual.update(more)
    return Change(**usual)


def posted(call: Any) -> Any:
    """The JSON that a service was sent."""
    return json.loads(call.request.body)


def message(*changes: Change) -> Message:
    found = compose(changes or [change()], SETTING, number="leads-7")
    assert found is not None
    return found


def test_a_message_says_what_since_when_why_what_would_end_it_and_where() -> None:
    told = message(change("Team commerce holds none of the levers", "GROW.1"))
    assert told.title == "Critical: GROW.1, key result whose owner holds none of the levers (STR301)"
    assert told.text == (
        "Team commerce holds none of the levers\n"
        "Since 2026-11-24 13:00 CET\n"
        "Why: Why STR301 matters.\n"
        "What ends it: What ends STR301.\n"
        "https://northing.example/findings/STR301/GROW.1\n"
        "\n"
        "Message leads-7 · Northing"
    )
    assert told.slack == (
        "Team commerce holds none of the levers\n"
        "*Why:* Why STR301 matters.\n"
        "*What ends it:* What ends STR301.\n"
        "Since 2026-11-24 13:00 CET · <https://northing.example/findings/STR301/GROW.1|open it>\n"
        "\n"
        "Message leads-7 · Northing"
    )


def test_without_an_address_of_the_pages_there_are_no_links() -> None:
    told = compose([change("s", "GROW.1")], Setting(words, ZoneInfo("UTC")), number="leads-7")
    assert told is not None
    assert "http" not in told.text + told.slack + told.teams
    assert "href" not in told.html
    assert told.data["alerts"][0]["url"] is None


def test_a_message_stays_short_however_much_there_is_to_tell() -> None:
    codes = ["COV101", "COV102", "COV103", "COV104", "COV105", "DRF201", "DRF202", "DRF205", "STR301", "STR302"]
    many = [
        change("x" * 10_000, f"{'K' * 500}-{number}", id=number, code=codes[number % 10], severity=severity)
        for number, severity in enumerate(["critical", "warning", "info"] * 1000)
    ]
    told = message(*many)
    assert told.title == "1,000 critical, 1,000 warnings and 1,000 info opened"
    for written in (told.text, told.slack, told.teams):
        assert len(written) < 12_000
    assert "more" in told.text.splitlines()[-3]
    assert told.text.count("opened: ") == SHOWN
    assert len(told.data["alerts"]) == 3000


@pytest.mark.parametrize("text", ["漢", "{{", "&", "😀"])
def test_a_message_fits_a_card_of_teams_whatever_its_letters_take(text: str) -> None:
    changes = []
    for connection in map(str, range(9)):
        about = {"connection": connection, "summary": text * 500}
        changes.append(change(subject=connection, code="SYN501", subject_kind="connection", id=len(changes), **about))
        for code in ("SYN502", "SYN503", "SYN504", "SYN505"):
            for number in range(5):
                changes.append(change(subject=f"{connection}.{number}{text * 90}", code=code, id=len(changes), **about))
    told = message(*changes)
    assert max(len(one.encode()) for one in (told.teams, told.slack)) <= LONGEST
    shown = told.text.count("opened: ")
    assert 1 < shown < 9
    assert f"and {21 * (9 - shown)} more" in told.text
    assert len(told.data["alerts"][1]["url"] or "") <= 500


@responses.activate
def test_slack_gets_no_blocks_which_take_few_letters() -> None:
    responses.post(re.compile("https://hooks.slack.com/.*"), body="ok")
    assert send(f"{SLACK}?blocks=yes", message()).sent
    assert "blocks" not in posted(responses.calls[0])["attachments"][0]


def test_titles_of_tools_do_nothing_in_slack() -> None:
    with responses.RequestsMock() as mock:
        mock.post("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7", body="ok")
        assert send(SLACK, message()).sent
        payload = posted(mock.calls[0])
    [attachment] = payload["attachments"]
    assert set(payload) == {"mrkdwn", "attachments"}
    assert set(attachment) == {"title", "text", "color"}
    text = attachment["text"]
    # All that stands between < and > is the link that we made.
    assert [part.partition(">")[0] for part in text.split("<")[1:]] == [
        "https://northing.example/findings/STR301/SHOP-%3C1%3E%40here|open it"
    ]
    for sign in ("@here", "@everyone", "*b*", " _i_ ", "~s~", "`c`", "\u202e", "\u2066", "\x1b", "```"):
        assert sign not in text
    assert "&lt;!channel&gt;" in text
    assert "A&amp;B" in text
    assert "my_key_1" in text
    assert "<" not in attachment["title"].replace("&lt;", "")


def test_titles_of_tools_do_nothing_in_teams() -> None:
    with responses.RequestsMock() as mock:
        mock.post(re.compile(r"https://prod-1\.westeurope\.logic\.azure\.com.*"), status=202)
        many = [change(id=number, subject=f"SHOP-{number}", code=f"STR30{number}") for number in range(1, 9)]
        assert send(TEAMS, message(*many)).sent
        # One card, however long: Apprise would cut it into pieces of 1,000 letters if it were let.
        [whole] = [posted(call)["attachments"][0]["content"]["body"][1]["text"] for call in mock.calls]
        assert whole.endswith("Message leads-7 · Northing")
        mock.calls.reset()
        assert send(TEAMS, message()).sent
        payload = posted(mock.calls[0])
    card = payload["attachments"][0]["content"]
    assert (card["type"], card["version"], card["msteams"]) == ("AdaptiveCard", "1.4", {"width": "full"})
    assert [block["type"] for block in card["body"]] == ["TextBlock", "TextBlock"]
    title, text = (block["text"] for block in card["body"])
    assert "\\<script\\>" in text
    assert "\\<at\\>all\\</at\\>" in text
    assert "\\*b\\* \\_i\\_ \\~s\\~ \\`c\\` \\[x\\]\\(https://evil.example\\)" in text
    assert "{{" not in text
    assert "@here" not in text + title
    assert "\\<1\\>" in title
    assert text.count("](") == 1
    assert "[open it](https://northing.example/findings/STR301/SHOP-%3C1%3E%40here)" in text


class Mailbox:
    """An SMTP server on loopback that takes everything."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        box = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 box")
                while line := self.rfile.readline():
                    word = line[:4].upper()
                    if word == b"DATA":
                        self.say("354 go on")
                        lines: list[bytes] = []
                        while (line := self.rfile.readline()) != b".\r\n":
                            lines.append(line.removeprefix(b"."))
                        box.got.append(b"".join(lines))
                    elif word == b"QUIT":
                        self.say("221 bye")
                        return
                    self.say("250 ok")

            def say(self, text: str) -> None:
                self.wfile.write(f"{text}\r\n".encode())

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        port = self.server.server_address[1]
        return f"mailto://127.0.0.1:{port}?from=northing@acme.example&to=leads@acme.example"

    def only(self) -> EmailMessage:
        [one] = self.got
        found = message_from_bytes(one, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    thread = threading.Thread(target=box.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield box
    box.server.shutdown()
    thread.join()
    box.server.server_close()


def test_an_e_mail_has_html_and_text_and_titles_of_tools_do_nothing_in_it(mailbox: Mailbox) -> None:
    assert send(mailbox.url, message()).sent
    mail = mailbox.only()
    assert mail["Subject"] == "Critical: SHOP-<1>@here, key result whose owner holds none of the levers (STR301)"
    assert (mail["To"], mail["Bcc"]) == ("leads@acme.example", None)
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert text is not None
    written = html.get_content()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in written
    assert "<script" not in written
    assert "img" not in written
    link = "https://northing.example/findings/STR301/SHOP-%3C1%3E%40here"
    assert f'href="{link}"' in written
    assert link in text.get_content()
    assert "What ends it: What ends STR301." in text.get_content()


@responses.activate
def test_services_of_plain_text_call_nobody() -> None:
    responses.post("https://discord.com/api/webhooks/123456789/abcdefghijklmnop", status=204)
    assert send("discord://123456789/abcdefghijklmnop", message()).sent
    body = posted(responses.calls[0])
    assert "@everyone" not in json.dumps(body, ensure_ascii=False)
    assert "@here" not in json.dumps(body, ensure_ascii=False)
    assert "avatar_url" not in body


def test_a_webhook_gets_texts_as_they_are_but_for_signs_that_nobody_sees() -> None:
    [alert] = message().data["alerts"]
    assert alert["summary"].startswith("<script>alert(1)</script> <!channel> <@U12345> @here")
    assert not set(alert["summary"]) & set("\u202e\u2066\x1b\r\n")


@pytest.mark.parametrize("url, expected", [(SLACK, "slack"), (TEAMS, "teams"), ("json://h", "json"), ("x", "text")])
def test_each_service_gets_the_form_that_it_shows_best(url: str, expected: str) -> None:
    assert form(url) == expected


def test_a_service_that_is_not_there_is_no_refusal() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = send(f"json://user:t0ps3cret@127.0.0.1:{port}/t0ps3cret", message())
    assert (outcome.sent, outcome.refused) == (False, False)
    assert "t0ps3cret" not in (outcome.error or "")


@pytest.mark.parametrize(
    "text, limit, expected",
    [
        ("a\r\n\tb\u2028c", 20, "a b c"),
        ("x" * 10_000, 5, "xxxx…"),
        ("ab cde", 4, "ab…"),
        ("\u202eevil\u200f \x00\ud800", 20, "evil"),
        ("👩\u200d🚀 café", 20, "👩\u200d🚀 café"),
        (" " * 100_000 + "x", 10, ""),
    ],
)
def test_texts_are_cleaned_and_cut(text: str, limit: int, expected: str) -> None:
    assert clean(text, limit) == expected


def test_no_log_holds_an_address_of_a_channel(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    form(SLACK)
    for name in ("root", "urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level(logging.DEBUG, name)
    # pytest listens to loggers that tell the root nothing, by themselves; nobody else does.
    logging.getLogger("apprise").removeHandler(caplog.handler)
    monkeypatch.setattr(logging.getLogger("apprise"), "isEnabledFor", lambda _level: True)
    requests.get(f"http://127.0.0.1:{receiver.port}/another", timeout=5)
    for status in (200, 403):
        receiver.status = status
        send(receiver.url.replace("hook", "t0ps3cret"), message())
        with responses.RequestsMock() as mock:
            mock.post("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7", status=status)
            send(SLACK, message())
    assert receiver.paths == ["/t0ps3cret"] * 2
    assert send("slack://T1JJ3T3L2/TIiajkdnlazkcOXrIdevi7", message()).refused
    assert "/another" in caplog.text
    assert "TIiajkdnlazkcOXrIdevi7" not in caplog.text
    assert "t0ps3cret" not in caplog.text
