"""COV104: a mapping that matches nothing, or is wholly covered by another."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged, counted
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for key_result in world.active:
        listed = sorted((one for one in key_result.mappings if one.via == "mapping"), key=lambda one: one.position)
        numbers = {mapping.position: number for number, mapping in enumerate(listed, start=1)}
        for number, mapping in enumerate(listed, start=1):
            subject = f"{key_result.key}#{number}"
            if not mapping.scopes_read:
                yield Unjudged("mapping", subject)
                continue
            evidence: dict[str, object] = {"mapping": mapping.text, "matched": mapping.matched}
            if not mapping.matched:
                code, said = "matches_nothing", "matches nothing"
            elif mapping.covered_by in numbers:
                code, other = "covered", numbers[mapping.covered_by]
                evidence["covered_by"] = f"{key_result.key}#{other}"
                said = f"is wholly covered by mapping {other} ({counted(mapping.matched, 'item')})"
            else:
                continue
            yield Hit(
                subject_kind="mapping",
                subject=subject,
                severity=RULE.reason(code).severity,
                reason=code,
                summary=f"Mapping {number} of {key_result.key} {said}: {mapping.text}",
                evidence=evidence,
                team=key_result.team,
                cycle_end=key_result.cycle_end,
            )


RULE = Rule(
    code="COV104",
    severity="warning",
    finds="A mapping that adds nothing to its key result.",
    why=(
        "A mapping that matches nothing is most often a typing error, a renamed epic or a closed milestone, and the key"
        " result misses that work in silence. One that another covers misleads whoever reads it, and with `share` it"
        " takes weight for no work of its own."
    ),
    computed=(
        "For each mapping of a key result whose cycle contains the day. Its subject is the key result's key, `#` and"
        " the mapping's number among those of the key result, as listed. Not raised before the scopes it could concern"
        " were read once, nor while their connection fails."
    ),
    ends="The mapping matches work of its own, or is removed.",
    reasons=(
        Reason("matches_nothing", "warning", "No stored item matches it."),
        Reason(
            "covered",
            "warning",
            "Another mapping of the same key result matches everything that it matches. Of two that match the same, it"
            " is the later.",
        ),
    ),
    find=_find,
)
