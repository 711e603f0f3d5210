"""What would be sent now, without sending anything or keeping any of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from alerts import outbox
from alerts.changes import standing
from alerts.channel import Message
from alerts.message import Setting, compose
from alerts.quiet import quiet_until
from alerts.route import channels, subtrees
from config import Config


@dataclass(frozen=True)
class Preview:
    """A channel's next message. `about`: what waits for it, or, with nothing waiting, what is open (`open`) or nothing.

    `waits_until`: the end of the quiet hours, or the next attempt after one that failed.
    """

    channel: str
    about: Literal["waiting", "open", "nothing"]
    message: Message | None
    waits_until: datetime | None = None


def preview(engine: sa.Engine, config: Config, setting: Setting, now: datetime) -> list[Preview]:
    """For each channel, in the order of the configuration, what it would be sent."""
    with engine.connect() as conn, conn.begin() as transaction:
        outbox.route(conn, config, now)
        found = [_of(conn, config, name, setting, now) for name in config.alerts.channels]
        # Looking routes nothing.
        transaction.rollback()
    return found


def _of(conn: sa.Connection, config: Config, name: str, setting: Setting, now: datetime) -> Preview:
    pending = outbox.pending(conn, name)
    message = compose(
        pending.changes,
        setting,
        number=pending.number,
        greeting=pending.greeting,
        repetition=pending.uncertain,
    )
    if message is not None:
        quiet = quiet_until(config.alerts.quiet, config.zone, now)
        times = [one for one in (quiet, pending.next_try_at) if one is not None and one > now]
        return Preview(name, "waiting", message, max(times, default=None))
    below = subtrees(config.teams)
    open_ = [one for one in standing(conn) if name in channels(one, config.alerts, below)]
    note = "Nothing waits for this channel. This is how it would be told of what is open."
    message = compose(open_, setting, number=f"{name}-0", note=note)
    return Preview(name, "open" if message else "nothing", message)
