"""`northing status`."""

from typing import Annotated, Any

import typer

from cli.as_of import AsOfOption
from cli.session import ConfigOption, Failure, JsonOption, QuietOption, command, session


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(
        app,
        "status",
        "northing status",
        "northing status --cycle 2026-Q4 --team commerce",
        "northing status --as-of 2026-10-31",
        "northing status --json",
    )
    def status(
        ctx: typer.Context,
        cycle: Annotated[str | None, typer.Option("--cycle", metavar="KEY", help="Only this cycle.")] = None,
        team: Annotated[
            str | None, typer.Option("--team", metavar="KEY", help="Only this team and those below it.")
        ] = None,
        as_of: AsOfOption = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Show objectives and key results: time, delivery and outcome, health with its reason, findings."""
        at = session(ctx, config, json, quiet)
        from cli.reader import reading
        from cli.standing import standing

        with reading(at, as_of) as reader:
            found = standing(reader, cycle=cycle, team=team)
        if at.json:
            at.data(found.objectives)
            return
        from cli.status_view import show

        show(found, at.out, quiet=at.quiet, as_of=as_of)


def unknown(what: str, key: str, known: list[Any]) -> Failure:
    """There is no such cycle, team, … : says which there are."""
    there = ", ".join(map(str, known[:20])) or "none"
    return Failure(f"There is no {what} {key!r}. There are: {there}.", "Names are compared letter by letter.")
