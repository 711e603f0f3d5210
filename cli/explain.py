"""`northing explain`."""

from typing import Annotated, Any

import typer

from cli.as_of import AsOfOption, words
from cli.session import ConfigOption, Failure, JsonOption, QuietOption, Session, command, session


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(
        app,
        "explain",
        "northing explain GROW.1",
        "northing explain SHOP-12",
        "northing explain GROW.1 --as-of 2026-10-31",
        "northing explain COV101",
    )
    def explain(
        ctx: typer.Context,
        what: Annotated[
            str,
            typer.Argument(metavar="KEY|CODE", help="A key result, an objective, an item, or the code of a finding."),
        ],
        everything: Annotated[bool, typer.Option("--all", help="List every item, however many there are.")] = False,
        as_of: AsOfOption = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Say why a key result has its numbers, where an item counts, or what a finding means."""
        at = session(ctx, config, json, quiet)
        if _explains_code(at, what.strip().upper()):
            return
        from cli.explain_view import show
        from cli.reader import reading

        with reading(at, as_of) as reader:
            found = _found(at, reader, what.strip())
        if at.json:
            at.data(found[0] if len(found) == 1 else found)
        else:
            if as_of is not None:
                at.say(words(as_of))
            for one in found:
                show(one, at, everything=everything)


def _found(at: Session, reader: Any, key: str) -> list[dict[str, Any]]:
    from cli.explain_item import items
    from cli.explain_key_result import key_result
    from cli.explain_objective import objective
    from cli.quick import credit

    found: Any = key_result(reader, key, lambda: credit(at)) or objective(reader, key)
    if found:
        return [found]
    several = items(reader, key)
    if not several:
        near = _near(reader, key)
        raise Failure(
            f"Nothing has the key {key!r}: no key result, no objective, no stored item, no code of a finding."
            + (f" Did you mean `{near}`?" if near else ""),
            "`northing status` lists key results, `northing map test` lists items.",
        )
    return several


def _near(reader: Any, key: str) -> str | None:
    """The key that was probably meant; items are too many to be looked through."""
    from config.codes import CODES
    from config.problems import nearest

    keys = (
        "SELECT key_result AS key FROM northing_key_results UNION SELECT objective FROM northing_objectives ORDER BY 1"
    )
    return nearest(key, [*(row["key"] for row in reader.rows(keys)), *CODES])


def _explains_code(at: Session, code: str) -> bool:
    """Explains a finding's code; whether it was one."""
    from cli.codes import is_shaped_like_a_code

    if not is_shaped_like_a_code(code):
        return False
    from config.codes import CODES

    if code not in CODES:
        return False
    from sync.findings import page, rules

    text = page(code)
    if at.json:
        severity = rules()[code].severity
        at.data({"kind": "code", "code": code, "title": CODES[code], "severity": severity, "text": text})
    elif at.out.is_terminal:
        from rich.markdown import Markdown

        at.out.print(Markdown(text))
    else:
        at.say(text.rstrip())
    return True
