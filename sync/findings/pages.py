"""The pages of the findings, made from the rules themselves."""

from sync.findings.registry import rules
from sync.findings.rule import Rule


def page(code: str) -> str:
    """The page of a finding's code, in Markdown. Raises KeyError where no rule has that code."""
    rule = rules()[code]
    parts = [
        f"# {code}: {rule.title}",
        f"Default severity: {_severities(rule)}.",
        rule.finds,
        f"## Why it matters\n\n{rule.why}",
        f"## How it is found\n\n{rule.computed}",
    ]
    if rule.reasons:
        rows = [f"| `{reason.code}` | {reason.severity} | {reason.text} |" for reason in rule.reasons]
        parts.append(
            "\n".join(["## Reasons, first that holds\n", "| reason | severity | when |", "|---|---|---|", *rows])
        )
    parts += [f"## What ends it\n\n{rule.ends}", f"## How to change or silence it\n\n{_silence(rule)}"]
    return "\n\n".join(parts) + "\n"


def index() -> str:
    """The list of all findings, in Markdown."""
    rows = [f"| [{rule.code}]({rule.code}.md) | {rule.title} | {_severities(rule)} |" for rule in rules().values()]
    return "\n".join(
        [
            "# Findings",
            "",
            "Where delivery and OKRs do not fit. `northing explain CODE` prints a page, `northing check` lists what is",
            "open.",
            "",
            "| code | finds | default severity |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def pages() -> dict[str, str]:
    """Every file of the folder, by name."""
    return {"README.md": index()} | {f"{code}.md": page(code) for code in rules()}


def _severities(rule: Rule) -> str:
    found = dict.fromkeys(reason.severity for reason in rule.reasons) or {rule.severity: None}
    return " or ".join(found) + (", by reason" if len(found) > 1 else "")


def _silence(rule: Rule) -> str:
    return "\n".join(
        [
            "```yaml",
            "findings:",
            f"  severity: {{{rule.code}: info}}            # for all of them",
            f"  ignore: [{rule.code}]                    # never shown",
            "  suppress:                           # one subject, until a day, with a reason",
            f'    - {{code: {rule.code}, subject: KEY, until: 2026-12-01, reason: "agreed with its owner"}}',
            "```",
        ]
    )
