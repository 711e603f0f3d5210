"""`northing map test` and `map diff`."""

from typing import Annotated

import typer

from cli.session import ConfigOption, JsonOption, QuietOption, command, session


def register(program: typer.Typer) -> None:
    """Adds the group with its commands."""
    app = typer.Typer(no_args_is_help=True, help="Try mappings before they apply.")
    program.add_typer(app, name="map")

    @app.callback()
    def common(
        ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
    ) -> None:
        """Options of every command of the group, before it."""
        session(ctx, config, json, quiet)

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
