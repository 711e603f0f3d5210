"""COV104: a mapping that matches nothing, or is wholly covered by another; a convention's name of no key result."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged, counted
from sync.findings.unknown_names import unknown_names
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
    unknown = RULE.reason("unknown_key_result")
    yield from unknown_names(world, unknown.code, unknown.severity)


RULE = Rule(
    code="COV104",
    severity="warning",
    finds="A mapping that adds nothing to its key result, or a label, line or field that names no key result.",
    why=(
        "A mapping that matches nothing is most often a typing error, a renamed epic or a closed milestone, and the key"
        " result misses that work in silence. One that another covers misleads whoever reads it, and with `share` it"
        " takes weight for no work of its own. And work that a team meant to link counts for nobody where the key"
        " is mistyped."
    ),
    computed=(
        "For each mapping of a key result whose cycle contains the day. Its subject is the key result's key, `#` and"
        " the mapping's number among those of the key result, as listed. Not raised before the scopes it could concern"
        " were read once, nor while their connection fails."
        " With `conventions`, what labels, lines and fields of open, present work name is compared with the keys of key"
        " results: of labels those that begin and end like the template, where that is more than `{key}`. The subject"
        " is the label, or name and value (`Key-Result: GROW.99`); the team is that of all the items. Let alone are"
        " keys that left the configuration, and `none`, `n/a` or `-`. Items of scopes that were never read to the end,"
        " or whose connection fails, open nothing."
    ),
    ends="The mapping matches work of its own, or is removed; no open work bears the name, or a key result has it.",
    reasons=(
        Reason("matches_nothing", "warning", "No stored item matches it."),
        Reason(
            "covered",
            "warning",
            "Another mapping of the same key result matches everything that it matches. Of two that match the same, it"
            " is the later.",
        ),
        Reason(
            "unknown_key_result",
            "warning",
            "A label, line or field of the conventions names no key result; an objective's key is none.",
        ),
    ),
    find=_find,
)
