"""HYG409: a key result's title without a number while its metric has a target."""

import re
from collections.abc import Iterator

from sync.findings.rule import Hit, Rule, Subject, Unjudged
from sync.findings.world import World

# A digit that no letter stands before: not the one in `Q4`, `OAuth2` or `v2`.
NUMBER = re.compile(r"(?<![^\W\d_])(?<!\d)\d")
WORDS = re.compile(
    r"\b(zero|no|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|twenty|thirty|forty|fifty|sixty|seventy"
    r"|eighty|ninety|hundred|thousand|million|billion|halve|twice|double|triple|quadruple)\b",
    re.IGNORECASE,
)


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for key_result in world.active:
        metric = key_result.definition.get("metric") or {}
        target = metric.get("target")
        if target is None or NUMBER.search(key_result.title) or WORDS.search(key_result.title):
            continue
        unit = metric.get("unit") or ""
        yield Hit(
            subject_kind="key_result",
            subject=key_result.key,
            severity=RULE.severity,
            summary=(
                f"The title of {key_result.key} names no number, and its metric goes to"
                f" {target:g}{f' {unit}' if unit else ''}: {key_result.title}"
            ),
            evidence={"title": key_result.title, "start": metric.get("start"), "target": target, "unit": unit or None},
            team=key_result.team,
            cycle_end=key_result.cycle_end,
        )


RULE = Rule(
    code="HYG409",
    severity="info",
    finds="A key result whose title does not say how much, though its metric knows.",
    why=(
        "People read titles: in meetings, in mails, on a wall. A title without its number lets everyone have another"
        " one in mind, and they find out at the end of the cycle."
    ),
    computed=(
        "The metric has a `target` (type `number`), and the title holds neither a digit nor a number word. A digit"
        " behind a letter is part of a name (`Q4`, `OAuth2`, `v2`) and no number. Number words are English: zero, no,"
        " two to twelve, twenty to ninety, dozen, hundred, thousand, million, billion, halve, twice, double, triple,"
        " quadruple."
    ),
    ends="The title names the number, as in `Checkout conversion from 2.1 % to 3.0 %`.",
    find=_find,
)
