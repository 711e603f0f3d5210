"""SYN506: an unusual number of items is gone from a scope at once, and is not believed."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for scope in world.scopes:
        if scope.held_back is None:
            continue
        name = f"{scope.connection.name}:{scope.key}"
        yield Hit(
            subject_kind="scope",
            subject=scope.subject,
            severity=RULE.severity,
            summary=f"{counted(scope.held_back, 'item')} of {scope.key} are gone from the list of"
            f" {scope.connection.name} at once: nothing of it was taken over. If they are gone for good, run"
            f" `northing sync --accept-drop {name}`",
            evidence={"connection": scope.connection.name, "count": scope.held_back},
        )


RULE = Rule(
    code="SYN506",
    severity="critical",
    finds="A project or repository from which far more items are gone than usual.",
    why=(
        "A lost permission, a search index that is being rebuilt or a restored backup look like a mass deletion. Were"
        " it believed, key results would lose their work over night. So all items stay as they were last known, and the"
        " numbers rest on them, until a person has looked."
    ),
    computed=(
        "A comparison of the scope with all that the tool lists (daily at `schedule.reconcile`, and with `northing sync"
        " --full`) lacks more than 20 of its items, and more than 5 % of them. Then it changes nothing at all."
    ),
    ends=(
        "A later comparison misses no more than that: the items are back. Or somebody has looked and accepts it:"
        " `northing sync --accept-drop CONNECTION:SCOPE` compares once more and takes over what it finds."
    ),
    find=_find,
)
