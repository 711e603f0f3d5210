"""SYN501: a connection that fails."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged
from sync.findings.world import World


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for connection in world.connections:
        subject: Subject = ("connection", connection.name)
        code = world.why_failing(connection, world.eased(world.too_old, subject in open_now))
        if code is None:
            continue
        last = f"{connection.last_ok_at:%Y-%m-%d %H:%M} UTC" if connection.last_ok_at else "never"
        what = f"failed: {connection.error}" if connection.error else "has not succeeded for too long"
        yield Hit(
            subject_kind="connection",
            subject=connection.name,
            severity=RULE.reason(code).severity,
            reason=code,
            summary=f"Connection {connection.name} {what} (last success: {last})",
            evidence={
                "error": connection.error,
                "failed_at": connection.failed_at.isoformat() if connection.failed_at else None,
                "last_ok_at": connection.last_ok_at.isoformat() if connection.last_ok_at else None,
            },
        )


RULE = Rule(
    code="SYN501",
    severity="critical",
    finds="A connection whose tool cannot be read.",
    why=(
        "All numbers that rest on it are as old as its last success. While it fails, the findings about coverage that"
        " depend on it are neither opened nor resolved, and key results that depend on it are `unknown`: silence must"
        " not look like health."
    ),
    computed=(
        "The connection as a whole failed at its last attempt, or its last success is more than"
        " `thresholds.source_intervals` (3) sync intervals ago. A connection that was never tried is not judged."
    ),
    ends="A sync of the connection succeeds. `northing doctor` says what is wrong and what to do.",
    reasons=(
        Reason("refused", "critical", "Its last attempt failed: refused, out of reach, or not understood."),
        Reason("no_success", "critical", "No attempt succeeded for too long, though none is known to have failed."),
    ),
    find=_find,
)
