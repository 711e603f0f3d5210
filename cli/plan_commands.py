"""`northing plan check`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.check import Severity
from cli.session import FOUND, ConfigOption, JsonOption, QuietOption, command, group, session


def register(program: typer.Typer) -> None:
    """Adds the group with its command."""
    app = group(program, "plan", "Judge a coming cycle before it begins.")

    @command(
        app,
        "check",
        "northing plan check plans/2027-Q1.yaml",
        "northing plan check okrs/*.yaml --cycle 2027-Q1 --fail-on critical",
        "northing plan check plans/2027-Q1.yaml --json",
    )
    def check(
        ctx: typer.Context,
        files: Annotated[
            list[Path],
            typer.Argument(metavar="FILE…", help="Files of the coming cycle: objectives, mappings, cycles, teams."),
        ],
        cycle: Annotated[
            str | None,
            typer.Option("--cycle", metavar="KEY", help="Which cycle. [those that start after today]"),
        ] = None,
        fail_on: Annotated[
            Severity, typer.Option("--fail-on", help="Exit with 1 where a finding is at least this grave.")
        ] = Severity.warning,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Judge the plan of a coming cycle: who holds the levers, and whether the teams carry it. Keeps nothing."""
        at = session(ctx, config, json, quiet)
        from cli.plan_check import run

        if run(at, files, cycle=cycle, fail_on=fail_on):
            raise typer.Exit(FOUND)
