"""SYN503: a scope, or items in it, that are no longer visible."""

from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa

from store import fold
from store.tables import WorkItem
from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import ScopeState, World
from sync.refused import covers, kept

SHOWN = 20


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    hidden = _hidden_items(world)
    for scope in world.scopes:
        keys = hidden[scope.id]
        if not scope.visible and _is_wanted(world, scope):
            code, said = "scope", f"{scope.key} is no longer visible to connection {scope.connection.name}"
        elif keys:
            code, said = "items", f"{counted(len(keys), 'item')} of {scope.key} can no longer be seen: {listed(keys)}"
        else:
            continue
        evidence = {"connection": scope.connection.name, "count": len(keys), "items": keys[:SHOWN]}
        if code == "scope" and scope.error:
            said, evidence["error"] = f"{said}: {scope.error}", scope.error
        yield Hit(
            subject_kind="scope",
            subject=scope.subject,
            severity=RULE.reason(code).severity,
            reason=code,
            summary=said,
            evidence=evidence,
        )
    yield from _never_seen(world)


def _never_seen(world: World) -> Iterator[Hit]:
    """What the configuration names and has no finding of its own as a scope that is known from before."""
    for connection in world.connections:
        options = world.config.connections.get(connection.name)
        hidden = [fold(one.key) for one in world.scopes if one.connection == connection and not one.visible]
        for words, error in kept(world.conn, connection.name, options.scope_patterns() if options else []).items():
            if not any(covers(words, key) for key in hidden):
                yield Hit(
                    subject_kind="scope",
                    subject=f"{connection.name}:{words}",
                    severity=RULE.reason("named").severity,
                    reason="named",
                    summary=f"{words}, which the configuration names, is not visible to connection "
                    f"{connection.name}: {error}",
                    evidence={"connection": connection.name, "error": error},
                )


def _hidden_items(world: World) -> dict[int, list[str]]:
    item = WorkItem.__table__
    # In the words of the partial index of such items.
    is_hidden = item.c.presence == sa.literal_column("'not_visible'")
    query = sa.select(item.c.scope_id, item.c.key).where(is_hidden).order_by(item.c.key)
    hidden: dict[int, list[str]] = defaultdict(list)
    for scope_id, key in world.conn.execute(query):
        hidden[scope_id].append(key)
    return hidden


def _is_wanted(world: World, scope: ScopeState) -> bool:
    """Whether the configuration still names the scope: one that was taken out of it is no surprise."""
    options = world.config.connections.get(scope.connection.name)
    patterns = options.scope_patterns() if options else []
    return any(covers(pattern, fold(scope.key)) for pattern in patterns)


RULE = Rule(
    code="SYN503",
    severity="warning",
    finds="A project or repository, or items in it, that the token does not see, or no longer.",
    why=(
        "A permission was lost, or things were moved or deleted where we cannot look. Items that are no longer visible"
        " keep counting with the last state that we know, so numbers rest on them without news of them."
    ),
    computed=(
        "The connection's list no longer names a scope that the configuration still asks for; or items of the scope are"
        " neither readable nor known to be deleted. One finding for each scope, with up to 20 items. What the"
        " configuration names and was never seen has one under `CONNECTION:NAME`."
    ),
    ends="The scope and its items are readable again, are known to be deleted, or left the configuration.",
    reasons=(
        Reason("scope", "warning", "The whole scope is gone from the connection's list."),
        Reason("items", "warning", "Some of its items are."),
        Reason("named", "warning", "The configuration names it, and it was never seen."),
    ),
    find=_find,
)
