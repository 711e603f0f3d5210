"""Sending through Apprise: one message, in the form that the service shows best.

Apprise has neither an outbox nor retries, which are ours; its traps are dealt with here. Its plugins are loaded with
the first message, which takes two seconds.
"""

import logging
import re
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, Literal
from urllib.parse import unquote

from alerts.plain import for_teams, for_text

Form = Literal["text", "slack", "teams", "html", "json"]
"""How a message can be written."""
FORMS: dict[str, Form] = {
    "NotifySlack": "slack",
    "NotifyWorkflows": "teams",
    "NotifyMSTeams": "teams",
    "NotifyEmail": "html",
    "NotifyJSON": "json",
}
"""What Apprise's plugins are sent, by class. All others get text, which Apprise brings into their own format."""
MOST_CHANGES: Mapping[Form, int] = {"json": 200}
"""Changes that one message may be about, where each of them is written out: many servers take no more than 1 MB."""
COLOURS = {"critical": "failure", "warning": "warning", "info": "info", "good": "success"}
"""Apprise's word for each tone."""

TITLES: dict[str, Callable[[str], str]] = {
    "slack": lambda title: title.replace("<", "‹").replace(">", "›"),
    "teams": for_teams,
    "text": for_text,
}
"""What is done to titles, which Apprise puts into cards, and into workflows of Slack, as they are."""

TIME_LIMIT_S = 20.0
"""Seconds after which nobody waits for a service any longer. Apprise waits 4 s for a connection and for each answer."""
HANGS = "An earlier message still hangs."
_ANSWERED = re.compile(r"error=\d{3}")


@dataclass(frozen=True)
class Message:
    """A message in all its forms. `data`: more fields for programs, in JSON. `tone` gives the colour."""

    title: str
    text: str
    slack: str
    teams: str
    html: str
    data: dict[str, Any]
    tone: Literal["critical", "warning", "info", "good"] = "info"


@dataclass(frozen=True)
class Outcome:
    """What came of a message. `refused`: the service said no, or the address cannot be used: it did not arrive.

    Without that, one that is not `sent` may have arrived all the same. `error` holds no secret.
    """

    sent: bool
    refused: bool = False
    error: str | None = None


class _Said(logging.Handler):
    """Keeps what Apprise says of the message that the same thread sends, and lets none of it into our logs: on its
    lower levels these lines hold addresses with their tokens.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        if (found := self._found()) is not None:
            found.append(record.getMessage())

    def lets_pass(self, _record: logging.LogRecord) -> bool:
        """A filter for loggers that are not Apprise's alone: nothing passes while this thread sends."""
        return self._found() is None

    def _found(self) -> list[str] | None:
        return getattr(self.lines, "found", None)


@cache
def _said() -> _Said:
    """Loads Apprise with all its plugins, and listens to it."""
    from apprise import Apprise

    with warnings.catch_warnings():
        # Some of its plugins use what Python is about to drop.
        warnings.simplefilter("ignore")
        Apprise.instantiate("json://127.0.0.1")
    said = _Said()
    logger = logging.getLogger("apprise")
    for other in list(logger.handlers):
        logger.removeHandler(other)
    logger.addHandler(said)
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    # It logs the path of each request at DEBUG, and the path of a webhook is its password.
    logging.getLogger("urllib3.connectionpool").addFilter(said.lets_pass)
    return said


def _service(url: str) -> Any:
    """Apprise's object for an address; None where it cannot be used."""
    from apprise import Apprise, AppriseAsset

    # No pictures from GitHub, no footer: Apprise does not advertise itself in our messages.
    asset = AppriseAsset(image_url_mask="", image_url_logo="", secure_logging=True, storage_mode="memory")
    asset.app_id, asset.app_desc, asset.app_url = "Northing", "Northing", ""
    service: Any = Apprise.instantiate(url, asset=asset)
    for name in ("include_image", "include_footer"):
        if hasattr(service, name):
            setattr(service, name, False)
    return service


def form(url: str) -> Form:
    """How messages to this address are written. Text, too, where the address cannot be used."""
    _said()
    return FORMS.get(type(_service(url)).__name__, "text")


def send(url: str, message: Message) -> Outcome:
    """Sends a message now, and waits for the service as long as that takes. Never raises."""
    said = _said()
    said.lines.found = lines = []
    try:
        service = _service(url)
        if service is None:
            return Outcome(False, refused=True, error=_told(["The address cannot be used.", *lines], url))
        sent = _sent(service, message)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and its text may hold the address
        return Outcome(False, error=_told([f"{type(error).__name__} in Apprise.", *lines], url))
    finally:
        said.lines.found = None
    if sent:
        return Outcome(True)
    refused = any(_ANSWERED.search(line) for line in lines)
    return Outcome(False, refused=refused, error=_told(lines or ["It did not take the message."], url))


def _sent(service: Any, message: Message) -> bool:
    from apprise import NotifyFormat, OverflowMode

    found = FORMS.get(type(service).__name__, "text")
    formats = {"slack": NotifyFormat.MARKDOWN, "teams": NotifyFormat.MARKDOWN, "html": NotifyFormat.HTML}
    if found == "slack":
        # It is written in Slack's own markup, which Apprise's translation of Markdown would spoil.
        service.dialect_convert = lambda body, *_args, **_more: body
        if not service.template:
            # A block takes 3,000 letters, and Slack refuses what is longer.
            service.use_blocks = False
    if found == "json":
        service.payload_extras = {**message.data, **service.payload_extras}
    if found == "text" and service.overflow_mode == OverflowMode.UPSTREAM:
        service.overflow_mode = OverflowMode.SPLIT
    return bool(
        service.notify(
            body=message.text if found == "json" else getattr(message, found),
            title=TITLES.get(found, str)(message.title),
            notify_type=COLOURS[message.tone],
            body_format=formats.get(found, NotifyFormat.TEXT),
        )
    )


def _told(lines: list[str], url: str) -> str:
    """The lines as one text, without any part of the address that may be secret."""
    text = " ".join(dict.fromkeys(line.strip() for line in lines))
    schema, _, rest = url.partition("://")
    for spelled in (rest or schema, unquote(rest)):
        for part in sorted(re.split(r"[^\w.~-]+", spelled), key=len, reverse=True):
            if len(part) >= 4:
                text = text.replace(part, "***")
    return text[:300]


_under_way: dict[str, tuple[threading.Thread, float]] = {}
"""By name of the channel, the thread that sends to it and when it began. One that hangs is not joined by a second one.
"""


def busy(channel: str) -> bool:
    """Whether this process is sending to the channel now, and not for too long: an alert, or a digest."""
    before = _under_way.get(channel)
    return before is not None and before[0].is_alive() and time.monotonic() - before[1] < TIME_LIMIT_S


def start(channel: str, url: str, message: Message, done: Callable[[Outcome], None]) -> bool:
    """Sends in a thread of its own, which calls `done`, so that nobody need wait for it.

    False, and nothing is done, where an earlier message to this channel is under way still.
    """
    if (before := _under_way.get(channel)) is not None and before[0].is_alive():
        return False
    _said()
    thread = threading.Thread(target=lambda: done(send(url, message)), name=f"alerts to {channel}", daemon=True)
    _under_way[channel] = thread, time.monotonic()
    thread.start()
    return True


def deliver(channel: str, url: str, message: Message, limit_s: float = TIME_LIMIT_S) -> Outcome:
    """Sends a message and waits for it, `limit_s` at most, and as long for one that is under way. Never raises."""
    if (before := _under_way.get(channel)) is not None:
        before[0].join(limit_s)
    done: SimpleQueue[Outcome] = SimpleQueue()
    if not start(channel, url, message, done.put):
        return Outcome(False, error=HANGS)
    try:
        return done.get(timeout=limit_s)
    except Empty:
        return Outcome(False, error=f"No answer within {limit_s:.0f} s.")
