"""SYN502: a scope whose data is old."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged
from sync.findings.world import ScopeState, World


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for scope in world.scopes:
        code = _reason_of(world, scope, ("scope", scope.subject) in open_now)
        if code is None:
            continue
        age = (
            f"was last read {scope.last_ok_at:%Y-%m-%d %H:%M} UTC" if scope.last_ok_at else "was never read to the end"
        )
        error = f": {scope.error}" if scope.error else ""
        yield Hit(
            subject_kind="scope",
            subject=scope.subject,
            severity=RULE.reason(code).severity,
            reason=code,
            summary=f"{scope.key} in {scope.connection.name} {age}{error}",
            evidence={
                "connection": scope.connection.name,
                "last_ok_at": scope.last_ok_at.isoformat() if scope.last_ok_at else None,
                "error": scope.error,
            },
        )


def _reason_of(world: World, scope: ScopeState, open_now: bool) -> str | None:
    if not scope.visible:
        return None
    if scope.last_ok_at is None:
        return "never_read" if scope.error else None
    return "old" if world.now - scope.last_ok_at > world.eased(world.too_old, open_now) else None


RULE = Rule(
    code="SYN502",
    severity="warning",
    finds="A project or repository that was not read to the end for a while.",
    why="What happened in it since then is not in the numbers, although the connection may work and look well.",
    computed=(
        "The scope's last complete reading is more than `thresholds.source_intervals` (3) sync intervals ago, or there"
        " was none and the last attempt failed. Scopes that are no longer visible are SYN503's."
    ),
    ends="The scope is read to the end. `northing sync --only CONNECTION:SCOPE` reads it at once.",
    reasons=(
        Reason("old", "warning", "Its last complete reading is too long ago."),
        Reason("never_read", "warning", "It was never read to the end, and the last attempt failed."),
    ),
    find=_find,
)
