"""Which digest waits for which channel: a row each, so that a crash neither loses one nor sends it twice unseen."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from alerts.channel import Outcome
from alerts.outbox import wait
from config import Config
from config.settings import Digest
from config.times import At, when
from store import totals
from store.tables import AlertChannel, DigestDelivery

CLAIM = timedelta(minutes=2)
"""How long a digest stays claimed by one who died while sending: longer than a message may take."""
DAYS = 7
"""How far back the first digest looks."""
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_TABLE = DigestDelivery.__table__
_CHANNEL = AlertChannel.__table__


@dataclass(frozen=True)
class Waiting:
    """A digest that a channel is to get. `number` is its visible id, the same at each repetition."""

    digest: str
    slot: datetime
    channel: str
    team: str | None
    attempts: int
    uncertain: bool

    @property
    def number(self) -> str:
        whose = "" if self.team is None else f"{self.team}-"
        return f"{self.channel}-{whose}{self.slot:%Y%m%d-%H%M}"


def latest(digest: Digest, config: Config, now: datetime) -> datetime:
    """The last moment of a digest's schedule that is not after `now`, as the service's clock has it."""
    schedule = when(digest.at or config.schedule.digest)
    if not isinstance(schedule, At):
        return _EPOCH + (now - _EPOCH) // schedule.interval * schedule.interval
    today = now.astimezone(config.zone).date()
    days = [today + timedelta(days=1 - back) for back in range(10)]
    moments = [
        datetime.combine(day, schedule.clock, config.zone).astimezone(_EPOCH.tzinfo)
        for day in days
        if day.weekday() in schedule.weekdays
    ]
    return next(moment for moment in moments if moment <= now)


def put(conn: sa.Connection, name: str, config: Config, slot: datetime) -> None:
    """Has a digest wait for its channels, once for each slot. What still waits of an earlier slot is dropped: its time
    is over, and what it had to tell is told by this one.
    """
    digest = config.digests[name]
    older = (_TABLE.c.digest == name) & (_TABLE.c.slot < slot) & (_TABLE.c.state == "waiting")
    conn.execute(sa.update(_TABLE).where(older).values(state="dropped"))
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    for channel in dict.fromkeys(digest.to):
        row = {"digest": name, "slot": slot, "channel": channel, "team": digest.team, "state": "waiting"}
        conn.execute(insert(_TABLE).values(**row, attempts=0, uncertain=False).on_conflict_do_nothing())


def due(conn: sa.Connection, config: Config, now: datetime) -> list[Waiting]:
    """What waits and is to be tried now; nothing that somebody else is sending or the configuration lost."""
    query = sa.select(_TABLE).where(_TABLE.c.state == "waiting", *_free(now)).order_by(_TABLE.c.slot, _TABLE.c.channel)
    return [
        Waiting(row.digest, row.slot, row.channel, row.team, row.attempts, row.uncertain)
        for row in conn.execute(query)
        if row.digest in config.digests and row.channel in config.alerts.channels
    ]


def _free(now: datetime) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return (
        _TABLE.c.claimed_until.is_(None) | (_TABLE.c.claimed_until <= now),
        _TABLE.c.next_try_at.is_(None) | (_TABLE.c.next_try_at <= now),
    )


def since(conn: sa.Connection, one: Waiting, zone: ZoneInfo) -> date:
    """The day at whose end the comparison begins: that before the last digest of this team to this channel, so that
    nothing of its day is lost, or a week before this one.
    """
    same = _TABLE.c.team.is_(None) if one.team is None else _TABLE.c.team == one.team
    query = sa.select(sa.func.max(_TABLE.c.slot, type_=_TABLE.c.slot.type)).where(
        _TABLE.c.channel == one.channel, same, _TABLE.c.state == "sent", _TABLE.c.slot < one.slot
    )
    last = conn.execute(query).scalar()
    if last is None:
        return one.slot.astimezone(zone).date() - timedelta(days=DAYS)
    return last.astimezone(zone).date() - timedelta(days=1)


def claim(conn: sa.Connection, one: Waiting, who: str, now: datetime) -> bool:
    """Takes a digest to send it. False where somebody else was quicker."""
    taken = (
        sa.update(_TABLE)
        .where(*_of(one), _TABLE.c.state == "waiting", *_free(now))
        .values(claimed_by=who, claimed_until=now + CLAIM, attempts=_TABLE.c.attempts + 1, uncertain=True)
    )
    return conn.execute(taken).rowcount == 1


def settle(conn: sa.Connection, one: Waiting, who: str, now: datetime, outcome: Outcome) -> None:
    """Keeps what came of an attempt, there and with its channel. The outcome's error must hold no secret."""
    totals.add_message(conn, one.channel, sent=outcome.sent)
    free = {"claimed_by": None, "claimed_until": None}
    # A channel that alerts are failing to reach keeps what they found: its waits are theirs.
    channel = (_CHANNEL.c.name == one.channel) & (_CHANNEL.c.attempts == 0)
    if outcome.sent:
        sent = {"state": "sent", "sent_at": now, "uncertain": False, "next_try_at": None, "error": None}
        conn.execute(sa.update(_TABLE).where(*_of(one)).values(**sent, **free))
        conn.execute(
            sa.update(_CHANNEL).where(channel).values(failing_since=None, refused=False, error=None, last_sent_at=now)
        )
        return
    failed = {
        "next_try_at": now + wait(one.attempts),
        "error": outcome.error,
        "uncertain": one.uncertain or not outcome.refused,
    }
    conn.execute(sa.update(_TABLE).where(*_of(one), _TABLE.c.claimed_by == who).values(**failed, **free))
    conn.execute(
        sa.update(_CHANNEL)
        .where(channel)
        .values(
            failing_since=sa.func.coalesce(_CHANNEL.c.failing_since, now),
            refused=outcome.refused,
            error=outcome.error,
        )
    )


def _of(one: Waiting) -> tuple[sa.ColumnElement[bool], ...]:
    return _TABLE.c.digest == one.digest, _TABLE.c.slot == one.slot, _TABLE.c.channel == one.channel
