"""SYN509: a scope that refuses to be written to."""

from collections.abc import Iterator

from store import fold
from store.write_back import refusals
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted
from sync.findings.world import ScopeState, World
from sync.refused import covers


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    refused = refusals(world.conn)
    for scope in world.scopes:
        row = refused.get(scope.id)
        if row is None or not _is_written_to(world, scope):
            continue
        said = f"{scope.key} refuses what is written back to {counted(row.items, 'place')}: {row.message}"
        yield Hit(
            subject_kind="scope",
            subject=scope.subject,
            severity=RULE.severity,
            summary=f"{said} {row.advice}".strip(),
            evidence={"connection": scope.connection.name, "count": row.items, "error": row.message},
        )


def _is_written_to(world: World, scope: ScopeState) -> bool:
    """Whether the configuration still wants it."""
    options = world.config.connections.get(scope.connection.name)
    if options is None or options.kind not in world.config.write_back:
        return False
    return any(covers(words, fold(scope.key)) for words in options.write_back)


RULE = Rule(
    code="SYN509",
    severity="warning",
    finds="A project or repository that refuses what is to be written back to it.",
    why=(
        "People at the work itself do not see which key result it serves, or see it as it stood before. What is read"
        " and counted is as true as ever."
    ),
    computed=(
        "`write_back` and the connection's own list want the scope to be written to, and at the last run the tool"
        " refused it: for want of a permission, or as an issue is locked. After three refusals in a row the scope is"
        " left alone until the next run, and the other scopes go on."
    ),
    ends=(
        "A run writes to the scope without being refused, or the configuration no longer asks for it."
        " `northing doctor` says what the account may write to."
    ),
    find=_find,
)
