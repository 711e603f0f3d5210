"""The codes of all findings, each with one line on what it finds. Rules, thresholds and suppressions name these."""

CODES: dict[str, str] = {
    "COV101": "key result with no delivery work behind it",
    "COV102": "work in progress that serves no key result",
    "COV103": "linked work that has not moved for a while",
    "COV104": "mapping that matches nothing, or is wholly covered by another",
    "COV105": "objective whose key results all lack work",
    "DRF201": "behind pace",
    "DRF202": "forecast to finish after the cycle",
    "DRF203": "delivered, but the metric is flat",
    "DRF204": "metric moves without delivery",
    "DRF205": "scope grew since the cycle's start",
    "DRF206": "reopened work",
    "DRF207": "milestone, version or due date past with open work",
    "DRF208": "delivery jumped in a day without work done",
    "STR301": "key result whose owner holds none of the levers",
    "STR302": "most of the work lies outside the owner's teams",
    "STR303": "one key result needs many teams",
    "STR304": "team promised to more than its throughput carries",
    "STR305": "objective below the top that supports nothing above it",
    "STR306": "key result with neither work nor a supporting objective below it",
    "STR307": "work blocked by items of a team outside the key result",
    "STR308": "lever owned by no team",
    "STR309": "objective without a theme, or theme without objectives",
    "STR310": "team spread over many key results",
    "HYG401": "objective or key result without an owner or team",
    "HYG402": "key result without a metric and without `value: {from: delivery}`",
    "HYG403": "manual key result without a recent check-in",
    "HYG404": "estimates missing on counted work",
    "HYG405": "epic closed with open children, or open with all children closed",
    "HYG406": "dates of a key result, milestone or work outside the cycle",
    "HYG407": "objective with many key results, or team with many objectives",
    "HYG408": "team that does a key result's work never acknowledged it",
    "HYG409": "key result's title without a number while its metric has a target",
    "SYN501": "connection failing",
    "SYN502": "scope's data is old",
    "SYN503": "scope, or items in it, no longer visible",
    "SYN504": "records set aside",
    "SYN505": "token or key expires soon",
    "SYN506": "unusual drop held back",
    "SYN507": "alert channel refuses",
    "SYN508": "changed configuration cannot be applied",
    "SYN509": "write-back refused",
}


def is_code(text: str) -> bool:
    """Whether `text` is the code of a finding, letters as written."""
    return text in CODES


def is_prefix(text: str) -> bool:
    """Whether `text` is a code or begins one: `COV`, `COV1`, `COV101`."""
    return bool(text) and any(code.startswith(text) for code in CODES)
