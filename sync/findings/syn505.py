"""SYN505: a token or key that expires soon."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged, counted
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    thresholds = world.config.thresholds
    for connection in world.connections:
        ends = connection.credentials_end_at
        if ends is None:
            continue
        days = (ends - world.now).total_seconds() / 86_400
        if days >= thresholds.expiry_days:
            continue
        reason = RULE.reason("ended" if days <= 0 else "days" if days < thresholds.expiry_critical_days else "weeks")
        when = "have ended" if days <= 0 else f"end in {counted(int(days), 'day')}" if days >= 1 else "end within a day"
        yield Hit(
            subject_kind="connection",
            subject=connection.name,
            severity=reason.severity,
            reason=reason.code,
            summary=f"The credentials of connection {connection.name} {when} ({ends:%Y-%m-%d %H:%M} UTC)",
            evidence={"ends_at": ends.isoformat(), "days": round(days, 1)},
        )


RULE = Rule(
    code="SYN505",
    severity="warning",
    finds="A token, key or consent of a connection that ends soon, or has ended.",
    why="From that day on nothing is read of the connection: every number that rests on it stands still.",
    computed=(
        "The moment at which the credentials end, as the tool told it at the last sync, is less than"
        " `thresholds.expiry_days` (14) ahead; less than `thresholds.expiry_critical_days` (3) is critical. Not every"
        " tool tells it of every kind of token: the page on configuration says where to write it yourself"
        " (`auth.expires`). Nothing is known of the others."
    ),
    ends="The credentials are renewed, in the configuration too, and a sync has read the connection with them.",
    reasons=(
        Reason("ended", "critical", "They have ended."),
        Reason("days", "critical", "They end in less than `thresholds.expiry_critical_days`."),
        Reason("weeks", "warning", "They end in less than `thresholds.expiry_days`."),
    ),
    find=_find,
)
