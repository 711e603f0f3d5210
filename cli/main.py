"""The program `northing`: all its commands, and how a call begins and ends."""

import sys
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import (
    alerts,
    check,
    checkin,
    config_commands,
    db,
    demo,
    doctor,
    explain,
    finding,
    forecast,
    history,
    init,
    map_commands,
    okr,
    plan_commands,
    report_command,
    schedule,
    serve,
    set_aside,
    status,
    sync_command,
    verify,
    worker,
    write_back,
)
from cli.errors import report
from cli.session import WRONG, ConfigOption, JsonOption, QuietOption, Session, session

OWN = {
    "config": "loader.py",
    "connectors": "registry.py",
    "store": "views.py",
    "mapping": "resolve.py",
    "sync": "engine.py",
}
"""Our packages with common names, and a file that only ours have."""


class Program(TyperGroup):
    """The group of all commands: errors of any of them end here, in words and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command. Errors that are not of the command line itself become an exit code."""
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            # Which of its libraries found the mistake says nothing to who made it.
            error.message = error.message.replace("Value error, ", "")
            raise
        except (typer.Exit, BrokenPipeError):
            raise
        except typer.Abort:
            code = report(ctx.ensure_object(Session), KeyboardInterrupt())
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place where an error can be read
            code = report(ctx.ensure_object(Session), error)
        raise typer.Exit(code)


app = typer.Typer(
    name="northing",
    cls=Program,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="How far delivery work has carried you toward your objectives, from the work in your own tools.",
    epilog="Exit codes: 0 fine, 1 found something, 2 wrong input or configuration, 3 a tool or the network failed, "
    "130 interrupted.",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        sys.stdout.write(f"northing {version('northing')}\n")
        raise typer.Exit


@app.callback()
def everything(
    ctx: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command, before it."""
    session(ctx, config, json, quiet)


for room in (
    demo,
    init,
    config_commands,
    doctor,
    sync_command,
    set_aside,
    verify,
    write_back,
    serve,
    worker,
    schedule,
    status,
    forecast,
    explain,
    history,
    report_command,
    check,
    finding,
    alerts,
    plan_commands,
    map_commands,
    okr,
    checkin,
    db,
):
    room.register(app)


def foreign_packages(own: dict[str, str] = OWN) -> list[str]:
    """What is wrong with the packages that carry our names: another distribution may hide or overwrite them."""
    home = Path(__file__).resolve().parent.parent
    wrong = []
    for name, file in own.items():
        spec = find_spec(name)
        folder = Path(spec.origin).resolve().parent if spec and spec.origin else None
        if folder is None:
            wrong.append(f"the package `{name}` of Northing is missing, it should lie in {home / name}")
        elif folder != home / name or not (folder / file).is_file():
            wrong.append(f"`{name}` is imported from {folder}, and that is not Northing's own (in {home / name})")
    return wrong


def run() -> None:
    """The entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        # A bar or an arrow that this terminal cannot show must not end the program.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    if wrong := foreign_packages():
        sys.stderr.write("error: " + "\nerror: ".join(wrong) + "\n")
        sys.stderr.write("  → Install Northing into an environment of its own: `uv tool install northing`.\n")
        sys.exit(WRONG)
    app()
