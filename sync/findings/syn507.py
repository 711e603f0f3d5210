"""SYN507: a channel for alerts that refuses them."""

from collections.abc import Iterator

import sqlalchemy as sa

from store.tables import AlertChannel
from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged
from sync.findings.world import World

ATTEMPTS = 3
"""Without an answer, so many: a service may be away for a moment."""


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    table = AlertChannel.__table__
    failing = sa.select(table).where(table.c.failing_since.is_not(None)).order_by(table.c.name)
    for channel in world.conn.execute(failing):
        if channel.name not in world.config.alerts.channels:
            continue
        if not channel.refused and channel.attempts < ATTEMPTS:
            continue
        reason = RULE.reason("refused" if channel.refused else "no_answer")
        does = "refuses messages" if channel.refused else "does not answer"
        yield Hit(
            subject_kind="channel",
            subject=channel.name,
            severity=reason.severity,
            reason=reason.code,
            summary=f"Channel {channel.name} {does} since {channel.failing_since:%Y-%m-%d %H:%M} UTC: {channel.error}",
            evidence={"error": channel.error, "failing_since": channel.failing_since.isoformat()},
        )


RULE = Rule(
    code="SYN507",
    severity="critical",
    finds="A channel of `alerts.channels` whose service takes no messages.",
    why=(
        "Those who rely on the channel hear nothing and take that for good news. What it was to be told is kept, and is"
        " sent once it takes messages again."
    ),
    computed=(
        "The last attempt to send to the channel was refused, or its address cannot be used; or three attempts in a row"
        " got no answer. Attempts go on without end, an hour apart at most. The finding is not told to the channel"
        " itself: the others that its routes name hear of it, and where there is none, all others."
    ),
    ends=(
        "A message reaches the channel, or the channel leaves the configuration. `northing alerts test CHANNEL` sends a"
        " test message and says what is wrong; when it gets through, what waits is sent at once."
    ),
    reasons=(
        Reason("refused", "critical", "The service said no, or the address of the channel cannot be used."),
        Reason("no_answer", "critical", "The service could not be reached, or gave no answer, three times in a row."),
    ),
    find=_find,
)
