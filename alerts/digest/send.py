"""Sends digests: at least once for each moment of their schedule, repeated visibly with the same id, never lost."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog

from alerts import channel
from alerts.channel import Message
from alerts.digest import Report, UnknownTeam, counted_day, outbox, report
from alerts.digest.chat import chat
from alerts.digest.document import Document, Line, Link
from alerts.digest.facts import Asked, Facts
from alerts.digest.html import html
from alerts.digest.marks import SLACK, TEAMS, TEXT
from alerts.digest.outbox import Waiting
from alerts.message import TITLE
from alerts.plain import address, clean
from alerts.quiet import is_quiet
from config import Config
from store import reading

log = structlog.get_logger()


@dataclass(frozen=True)
class Sent:
    """What one call did: how many messages got through, and how many did not. `quiet`: it was no time to send."""

    messages: int = 0
    failed: int = 0
    quiet: bool = False


def send_digest(
    engine: sa.Engine,
    config: Config,
    name: str,
    asked: Asked,
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
    hide: Callable[[str], str],
) -> Sent:
    """Has a digest of `config.digests` sent for the last moment of its schedule, to all its channels.

    Called again for the same moment it sends nothing again. One that left the configuration sends nothing. What does
    not get through waits, and is tried again by `send_waiting`. `hide` takes secrets out of a text.
    """
    if name not in config.digests:
        return Sent()
    slot = outbox.latest(config.digests[name], config, now())
    with engine.begin() as conn:
        outbox.put(conn, name, config, slot)
    return send_waiting(engine, config, asked, now=now, stop=stop, hide=hide)


def send_waiting(
    engine: sa.Engine,
    config: Config,
    asked: Asked,
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
    hide: Callable[[str], str],
) -> Sent:
    """Sends the digests that wait and are due; nothing in quiet hours, behind which they are sent.

    Any number of processes may call this at the same time. When `stop` is set, no further one is begun.
    """
    with reading(engine) as conn:
        waiting = outbox.due(conn, config, now())
    if not waiting:
        return Sent()
    if is_quiet(config.alerts.quiet, config.zone, now()):
        return Sent(quiet=True)
    return _Round(engine, config, asked, now, hide).run(waiting, stop)


class _Round:
    """Sends what waits, one after another. What several channels are told alike is worked out once."""

    def __init__(
        self,
        engine: sa.Engine,
        config: Config,
        asked: Asked,
        now: Callable[[], datetime],
        hide: Callable[[str], str],
    ) -> None:
        self._engine = engine
        self._config = config
        self._asked = asked
        self._now = now
        self._hide = hide
        self._who = f"{os.getpid()}-{token_hex(4)}"
        self._reports: dict[tuple[str | None, date], Report | None] = {}

    def run(self, waiting: list[Waiting], stop: threading.Event) -> Sent:
        messages = failed = 0
        for one in waiting:
            if stop.is_set():
                break
            found = self._report(one)
            if found is None:
                log.warning("digest waits for the next count", digest=one.digest, channel=one.channel)
                continue
            sent = self._send(one, message(found, one, self._config.zone, self._config.service.url))
            messages += sent is True
            failed += sent is False
        return Sent(messages, failed)

    def _report(self, one: Waiting) -> Report | None:
        """What a digest says; None where nothing was counted so far, or not since its team is in the configuration."""
        with reading(self._engine, scratch=True) as conn:
            since = outbox.since(conn, one, self._config.zone)
            if (one.team, since) not in self._reports:
                self._reports[one.team, since] = self._made(conn, one.team, since)
        return self._reports[one.team, since]

    def _made(self, conn: sa.Connection, team: str | None, since: date) -> Report | None:
        if counted_day(conn) is None:
            return None
        try:
            return report(conn, self._config, self._asked, team=team, since=since, now=self._now())
        except UnknownTeam:
            return None

    def _send(self, one: Waiting, written: Message) -> bool | None:
        """Whether it got through; None where somebody else sends it."""
        with self._engine.begin() as conn:
            if not outbox.claim(conn, one, self._who, self._now()):
                return None
        url = self._config.alerts.channels[one.channel].get_secret_value()
        outcome = channel.deliver(one.channel, url, written)
        outcome = replace(outcome, error=self._hide(outcome.error) if outcome.error else None)
        with self._engine.begin() as conn:
            outbox.settle(conn, one, self._who, self._now(), outcome)
        about = {"digest": one.digest, "channel": one.channel, "message": one.number}
        if outcome.sent:
            log.info("digest sent", **about, repetition=one.uncertain)
        else:
            log.warning("digest not sent", **about, refused=outcome.refused, error=outcome.error)
        return outcome.sent


def message(found: Report, one: Waiting, zone: ZoneInfo, base: str | None = None) -> Message:
    """A digest in all forms that channels take. A repetition says that it may be one. `base`: the address of the pages,
    to which it links; None where there are none.
    """
    document = found.document
    note = f"This may be a repetition: digest {one.number} was perhaps sent before." if one.uncertain else ""
    shown: Document = replace(document, subtitle=f"{document.subtitle} {note}".strip())
    last = f"Digest {one.number}."
    url = None if base is None else address(base, *(() if one.team is None else ("teams", one.team)))
    link: Line = () if url is None else (Link("Open it", url),)
    opens = {marks: f" {marks.line(link)}" if link else "" for marks in (SLACK, TEAMS)}
    return Message(
        title=clean(document.title, TITLE),
        text=f"{chat(shown, TEXT)}\n\n{last}{f' {url}' if url else ''}",
        slack=f"{chat(shown, SLACK)}\n\n_{SLACK.text(last)}_{opens[SLACK]}",
        teams=f"{chat(shown, TEAMS)}\n\n{TEAMS.text(last)}{opens[TEAMS]}".replace("\n", "\n\n"),
        html=html(replace(shown, closing=(*document.closing, f" {last} ", *link))),
        data=_data(found.facts, one, zone, url),
        tone="info",
    )


def _data(facts: Facts, one: Waiting, zone: ZoneInfo, url: str | None) -> dict[str, Any]:
    """What programs get beside the text."""
    return {
        "id": one.number,
        "repetition": one.uncertain,
        "digest": one.digest,
        "team": facts.team,
        "slot": one.slot.astimezone(zone).isoformat(),
        "day": facts.day.isoformat(),
        "since": facts.since.isoformat(),
        "url": url,
        "key_results": [
            {
                "key_result": row.key,
                "title": row.title,
                "health": row.health,
                "health_before": row.was,
                "outcome": row.outcome,
                "delivery": row.delivery,
            }
            for row in facts.key_results
        ],
        "barriers_without_decision": sum(row.undecided for row in facts.barriers),
        "open_findings": len(facts.findings),
    }
