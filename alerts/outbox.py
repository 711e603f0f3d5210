"""The outbox: which change goes to which channel, and what came of it, each in a transaction of its own.

A change is routed once, under its mark. A channel is sent one message at a time: whoever sends holds a claim on the
channel, and what waits is bound to a message before that is sent, so that a repetition is the same message again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import uniform

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from alerts import changes
from alerts.changes import TOLD, Change
from alerts.channel import Outcome
from alerts.group import BEGINS, ENDS
from alerts.route import channels, subtrees
from config import Config
from store import totals
from store.tables import AlertChannel, Delivery, FindingChange

CLAIM = timedelta(minutes=1)
"""How long a channel stays claimed by one who died while sending: three times as long as a message may take."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
"""Between attempts: from the one, doubled each time, to the other. There is no last attempt."""
JITTER = 0.2
SEEN, FORGOTTEN = timedelta(hours=1), timedelta(days=1)
"""How often it is noted that a channel is in the configuration, and how long after the last time it is forgotten."""
CHUNK = 1000
"""Changes routed at once."""

_CHANGE = FindingChange.__table__
_DELIVERY = Delivery.__table__
_CHANNEL = AlertChannel.__table__


@dataclass(frozen=True)
class Pending:
    """What waits for a channel. `uncertain`: some of it may have been sent before."""

    number: str
    changes: tuple[Change, ...]
    greeting: bool
    uncertain: bool
    next_try_at: datetime | None


@dataclass(frozen=True)
class Bound:
    """A message to be sent now. `number` is its visible id. `uncertain`: it may have been sent before."""

    channel: str
    number: str
    changes: tuple[Change, ...]
    greeting: bool
    uncertain: bool


def route(conn: sa.Connection, config: Config, now: datetime) -> int:
    """Decides for each new change which channels hear of it; how many deliveries that makes.

    A channel that is new hears how things stand, instead of all that led there. What a channel heard the beginning of,
    it hears the end of, whatever its routes say by then. That something ends again which came back unannounced is no
    news.
    """
    new = _see(conn, set(config.alerts.channels), now)
    below = subtrees(config.teams)
    wanted = set()
    for change in changes.standing(conn) if new else []:
        wanted |= {(change.id, name) for name in channels(change, config.alerts, below) & new}
    made = _keep(conn, wanted)
    known = set(config.alerts.channels) - new
    while unrouted := _unrouted(conn):
        told = [one for one in changes.read(conn, _CHANGE.c.id.in_(unrouted)) if one.kind in TOLD] if known else []
        told = [one for one in told if not (one.kind == one.before == "resolved")]
        made += _keep(conn, {(one.id, name) for one in told for name in channels(one, config.alerts, below) & known})
        made += _keep(conn, {(id_, name) for id_, name in _heard(conn, told) if name in known})
        conn.execute(sa.update(_CHANGE).where(_CHANGE.c.id.in_(unrouted)).values(routed_at=now))
    return made


def news(conn: sa.Connection, config: Config, now: datetime) -> bool:
    """Whether `route` has anything to do: so that looking each minute writes nothing."""
    seen = {row.name: row.seen_at for row in conn.execute(sa.select(_CHANNEL.c.name, _CHANNEL.c.seen_at))}
    fresh = all(name in seen and now - seen[name] < SEEN for name in config.alerts.channels)
    forgotten = any(now - at > FORGOTTEN for name, at in seen.items() if name not in config.alerts.channels)
    unrouted = sa.select(_CHANGE.c.id).where(_CHANGE.c.routed_at.is_(None)).limit(1)
    return not fresh or forgotten or conn.execute(unrouted).first() is not None


def _see(conn: sa.Connection, configured: set[str], now: datetime) -> set[str]:
    """Notes which channels there are; those that are new. One that is gone for a day is forgotten.

    Not earlier, as two processes may have read different editions of the configuration.
    """
    gone = conn.execute(sa.select(_CHANNEL.c.name).where(_CHANNEL.c.seen_at < now - FORGOTTEN)).scalars()
    for name in set(gone) - configured:
        waits = (_DELIVERY.c.channel == name) & (_DELIVERY.c.state == "waiting")
        conn.execute(sa.update(_DELIVERY).where(waits).values(state="dropped"))
        conn.execute(sa.delete(_CHANNEL).where(_CHANNEL.c.name == name))
    own = _CHANNEL.c.name.in_(configured) & (_CHANNEL.c.seen_at <= now - SEEN)
    conn.execute(sa.update(_CHANNEL).where(own).values(seen_at=now))
    new = set()
    for name in sorted(configured):
        row = {"name": name, "greeted": False, "attempts": 0, "refused": False, "seen_at": now}
        insert = _insert(conn, _CHANNEL).values(**row).on_conflict_do_nothing().returning(_CHANNEL.c.name)
        new |= set(conn.execute(insert).scalars())
    return new


def _insert(conn: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)


def _keep(conn: sa.Connection, wanted: set[tuple[int, str]]) -> int:
    rows = [
        {"change_id": id_, "channel": name, "state": "waiting", "attempts": 0, "uncertain": False}
        for id_, name in sorted(wanted)
    ]
    if rows:
        conn.execute(_insert(conn, _DELIVERY).on_conflict_do_nothing(), rows)
    return len(rows)


def _unrouted(conn: sa.Connection) -> list[int]:
    """Some of the changes that nobody routed yet, and that nobody else is routing now."""
    query = sa.select(_CHANGE.c.id).where(_CHANGE.c.routed_at.is_(None)).order_by(_CHANGE.c.id).limit(CHUNK)
    return list(conn.execute(query.with_for_update(skip_locked=True)).scalars())


def _heard(conn: sa.Connection, told: list[Change]) -> list[tuple[int, str]]:
    """For each end among the changes, the channels that heard anything since the last beginning."""
    found, ids = [], [one.id for one in told]
    for same in ("finding_id", "barrier_id"):
        end, earlier, begin = _CHANGE, _CHANGE.alias(), _CHANGE.alias()
        last_begin = (
            sa.select(sa.func.max(begin.c.id))
            .where(begin.c[same] == end.c[same], begin.c.id < end.c.id, begin.c.change.in_(BEGINS))
            .scalar_subquery()
        )
        query = (
            sa.select(end.c.id, _DELIVERY.c.channel)
            .join(earlier, (earlier.c[same] == end.c[same]) & (earlier.c.id < end.c.id))
            .join(_DELIVERY, (_DELIVERY.c.change_id == earlier.c.id) & (_DELIVERY.c.state != "dropped"))
            .where(end.c.id.in_(ids), end.c.change.in_(ENDS), earlier.c.id >= last_begin)
            .distinct()
        )
        found += [(row[0], row[1]) for row in conn.execute(query)]
    return found


def waiting(conn: sa.Connection, config: Config) -> list[str]:
    """The channels for which something waits, due or not."""
    query = sa.select(_DELIVERY.c.channel).where(_DELIVERY.c.state == "waiting").distinct()
    return sorted(set(conn.execute(query).scalars()) & set(config.alerts.channels))


def pending(conn: sa.Connection, channel: str) -> Pending:
    """What waits for a channel, due or not, as if it were one message."""
    row = conn.execute(sa.select(_CHANNEL.c.greeted, _CHANNEL.c.next_try_at).where(_CHANNEL.c.name == channel)).one()
    mine = (_DELIVERY.c.channel == channel) & (_DELIVERY.c.state == "waiting")
    uncertain = conn.execute(sa.select(sa.func.count()).where(mine, _DELIVERY.c.uncertain)).scalar_one() > 0
    found = changes.read(conn, _CHANGE.c.id.in_(sa.select(_DELIVERY.c.change_id).where(mine)))
    number = f"{channel}-{found[0].id if found else 0}"
    return Pending(number, tuple(found), not row.greeted, uncertain, row.next_try_at)


def claim(conn: sa.Connection, channel: str, who: str, now: datetime, most: int | None = None) -> Bound | None:
    """What is to be sent to a channel now, which is `who`'s alone for a while: all that waits, or `most` changes of it.

    None where nothing waits, where the next attempt is not due yet, and where somebody else is sending.
    """
    free = _CHANNEL.c.claimed_until.is_(None) | (_CHANNEL.c.claimed_until <= now)
    due = _CHANNEL.c.next_try_at.is_(None) | (_CHANNEL.c.next_try_at <= now)
    claiming = (
        sa.update(_CHANNEL)
        .where(_CHANNEL.c.name == channel, free, due)
        .values(claimed_by=who, claimed_until=now + CLAIM)
        .returning(_CHANNEL.c.greeted)
    )
    greeted = conn.execute(claiming).scalar()
    if greeted is None:
        return None
    mine = (_DELIVERY.c.channel == channel) & (_DELIVERY.c.state == "waiting")
    number = conn.execute(sa.select(_DELIVERY.c.message).where(mine, _DELIVERY.c.message.is_not(None))).scalar()
    if number is None:
        first = conn.execute(sa.select(sa.func.min(_DELIVERY.c.change_id)).where(mine)).scalar()
        if first is None:
            _release(conn, channel, who)
            return None
        number = f"{channel}-{first}"
        oldest = sa.select(_DELIVERY.c.change_id).where(mine).order_by(_DELIVERY.c.change_id).limit(most)
        conn.execute(sa.update(_DELIVERY).where(mine, _DELIVERY.c.change_id.in_(oldest)).values(message=number))
    bound = mine & (_DELIVERY.c.message == number)
    uncertain = conn.execute(sa.select(sa.func.count()).where(bound, _DELIVERY.c.uncertain)).scalar_one() > 0
    found = changes.read(conn, _CHANGE.c.id.in_(sa.select(_DELIVERY.c.change_id).where(bound)))
    conn.execute(sa.update(_DELIVERY).where(bound).values(attempts=_DELIVERY.c.attempts + 1, uncertain=True))
    return Bound(channel, number, tuple(found), greeting=not greeted, uncertain=uncertain)


def settle(conn: sa.Connection, bound: Bound, who: str, now: datetime, outcome: Outcome) -> None:
    """Keeps what came of a message, and gives its channel free. The outcome's error must hold no secret."""
    totals.add_message(conn, bound.channel, sent=outcome.sent)
    if outcome.sent:
        _end(conn, bound, state="sent", sent_at=now, uncertain=False)
        well = {"attempts": 0, "next_try_at": None, "failing_since": None, "refused": False, "error": None}
        told = sa.update(_CHANNEL).where(_CHANNEL.c.name == bound.channel)
        conn.execute(told.values(greeted=True, last_sent_at=now, **well))
    else:
        if outcome.refused and not bound.uncertain:
            conn.execute(sa.update(_DELIVERY).where(_of(bound)).values(uncertain=False))
        mine = (_CHANNEL.c.name == bound.channel) & (_CHANNEL.c.claimed_by == who)
        before = conn.execute(sa.select(_CHANNEL.c.attempts).where(mine)).scalar() or 0
        conn.execute(
            sa.update(_CHANNEL)
            .where(mine)
            .values(
                attempts=before + 1,
                next_try_at=now + wait(before),
                failing_since=sa.func.coalesce(_CHANNEL.c.failing_since, now),
                refused=outcome.refused,
                error=outcome.error,
            )
        )
    _release(conn, bound.channel, who)


def drop(conn: sa.Connection, bound: Bound, who: str) -> None:
    """Ends deliveries of which there is nothing to tell any more."""
    _end(conn, bound, state="dropped", uncertain=False)
    _release(conn, bound.channel, who)


def wait(attempts: int) -> timedelta:
    """How long to wait after a failure that so many came before."""
    seconds = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts, 20)).total_seconds()
    return timedelta(seconds=seconds * uniform(1 - JITTER, 1))


def try_now(conn: sa.Connection, channel: str) -> None:
    """A channel that takes messages again: what waits for it is due."""
    conn.execute(sa.update(_CHANNEL).where(_CHANNEL.c.name == channel).values(next_try_at=None))


def _of(bound: Bound) -> sa.ColumnElement[bool]:
    return sa.and_(
        _DELIVERY.c.channel == bound.channel, _DELIVERY.c.message == bound.number, _DELIVERY.c.state == "waiting"
    )


def _end(conn: sa.Connection, bound: Bound, **values: object) -> None:
    conn.execute(sa.update(_DELIVERY).where(_of(bound)).values(**values))


def _release(conn: sa.Connection, channel: str, who: str) -> None:
    mine = (_CHANNEL.c.name == channel) & (_CHANNEL.c.claimed_by == who)
    conn.execute(sa.update(_CHANNEL).where(mine).values(claimed_by=None, claimed_until=None))
