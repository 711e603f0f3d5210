"""SYN501: a connection that fails, or the source of a key result's value."""

from collections.abc import Iterator
from dataclasses import replace

from sync.facts import has_source
from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged
from sync.findings.world import ConnectionState, World
from sync.value_states import ValueState


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    yield from _connections(world, open_now)
    yield from _values(world, open_now)


def _connections(world: World, open_now: frozenset[Subject]) -> Iterator[Hit]:
    for connection in world.connections:
        subject: Subject = ("connection", connection.name)
        code = world.why_failing(connection, world.eased(world.too_old, subject in open_now))
        if code is not None:
            what = f"failed: {connection.error}" if connection.error else "has not succeeded for too long"
            yield _hit(subject, code, f"Connection {connection.name} {what}", connection)


def _values(world: World, open_now: frozenset[Subject]) -> Iterator[Hit]:
    for one in world.active:
        state = world.value_states.get(one.id)
        if state is None or not has_source(one.definition):
            continue
        subject: Subject = ("key_result", one.key)
        code = state.why_failing(world.now, world.eased(world.too_old, subject in open_now))
        if code is not None:
            what = f"cannot be fetched: {state.error}" if state.error else "was not fetched for too long"
            hit = _hit(subject, code, f"The value of {one.key} {what}", state)
            yield replace(hit, team=one.team, cycle_end=one.cycle_end)


def _hit(subject: Subject, code: str, summary: str, state: ConnectionState | ValueState) -> Hit:
    last = f"{state.last_ok_at:%Y-%m-%d %H:%M} UTC" if state.last_ok_at else "never"
    return Hit(
        subject_kind=subject[0],
        subject=subject[1],
        severity=RULE.reason(code).severity,
        reason=code,
        summary=f"{summary} (last success: {last})",
        evidence={
            "error": state.error,
            "failed_at": state.failed_at.isoformat() if state.failed_at else None,
            "last_ok_at": state.last_ok_at.isoformat() if state.last_ok_at else None,
        },
    )


RULE = Rule(
    code="SYN501",
    severity="critical",
    finds="A connection whose tool cannot be read, or a key result whose value cannot be fetched from its source.",
    why=(
        "All numbers that rest on it are as old as its last success. While it fails, the findings about coverage that"
        " depend on it are neither opened nor resolved, and key results that depend on it are `unknown`: silence must"
        " not look like health. A value that cannot be fetched stays as it was, with its day; its key result is"
        " `unknown` until it can."
    ),
    computed=(
        "The connection as a whole failed at its last attempt, or its last success is more than"
        " `thresholds.source_intervals` (3) sync intervals ago. A connection that was never tried is not judged."
        " The same holds for the sources (`value:`) of key results whose cycle is running; there the subject is the"
        " key result."
    ),
    ends=(
        "A sync of the connection succeeds, or the value is fetched again. `northing doctor` says what is wrong and"
        " what to do."
    ),
    reasons=(
        Reason("refused", "critical", "Its last attempt failed: refused, out of reach, or not understood."),
        Reason("no_success", "critical", "No attempt succeeded for too long, though none is known to have failed."),
        Reason("value_refused", "warning", "The last attempt to fetch the key result's value failed."),
        Reason("value_old", "warning", "The key result's value was not fetched for too long, by syncs of a part only."),
    ),
    find=_find,
)
