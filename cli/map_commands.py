"""`northing map test`, `map diff` and `map suggest`."""

from typing import Annotated

import typer

from cli.session import ConfigOption, Failure, JsonOption, QuietOption, command, group, session


def register(program: typer.Typer) -> None:
    """Adds the group with its commands."""
    app = group(program, "map", "Try mappings before they apply.")

    @command(
        app, "test", "northing map test '{project: SHOP, label: latency}'", "northing map test '{epic: SHOP-12}' --json"
    )
    def test(
        ctx: typer.Context,
        selector: Annotated[str, typer.Argument(metavar="SELECTOR", help="A selector, as in `work:` of a mapping.")],
        everything: Annotated[bool, typer.Option("--all", help="List every item, however many there are.")] = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Show what a selector matches in the stored work, by itself or by descent."""
        at = session(ctx, config, json, quiet)
        from cli.map_test import parse, run

        run(at, parse(selector), everything=everything)

    @command(app, "diff", "northing map diff", "northing map diff --config edited.yaml --json")
    def diff(
        ctx: typer.Context,
        everything: Annotated[bool, typer.Option("--all", help="List every item, however many there are.")] = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Show what an edit of the mappings would change: items gained and lost, delivery before and after."""
        at = session(ctx, config, json, quiet)
        from cli.map_diff import run
        from cli.wiring import loaded

        run(at, loaded(at).config, everything=everything)

    @command(
        app,
        "suggest",
        "northing map suggest",
        "northing map suggest --for GROW.1 --limit 5",
        "northing map suggest --work SHOP-12 --json",
    )
    def suggest(
        ctx: typer.Context,
        key_result: Annotated[
            str | None, typer.Option("--for", metavar="KR", help="Only what could serve this key result.")
        ] = None,
        work: Annotated[
            str | None,
            typer.Option("--work", metavar="KEY", help="Only what this epic, item or milestone could serve."),
        ] = None,
        limit: Annotated[int, typer.Option("--limit", min=1, help="How many suggestions each gets.")] = 3,
        least: Annotated[
            float, typer.Option("--min-score", min=0, max=1, help="The least score that is shown, 0 to 1.")
        ] = 0.3,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Suggest key results for unaligned work, and work for key results without any, with the line to paste."""
        at = session(ctx, config, json, quiet)
        if key_result is not None and work is not None:
            raise Failure("--for and --work ask opposite questions.", "Give one of them.")
        from cli.map_suggest import run
        from cli.wiring import loaded, now

        whole = loaded(at).config
        day = now().astimezone(whole.zone).date()
        run(at, whole, day, key_result=key_result, work=work, limit=limit, least=least)
