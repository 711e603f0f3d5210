"""The pages of the findings, made from the rules themselves: `python -m sync.findings.docs [FOLDER]` writes them."""

import sys
from pathlib import Path

from sync.findings.registry import rules
from sync.findings.rule import Rule

FOLDER = Path("docs/reference/findings")


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


def main(folder: Path) -> None:
    """Writes all pages, and removes those of codes that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for old in folder.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
