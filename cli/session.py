"""What all commands share: their common options, where they print, and how an error ends them."""

import json as json_module
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from cli.secrets import Secrets

FOUND, WRONG, FAILED, INTERRUPTED = 1, 2, 3, 130
"""Exit codes. 0 is fine."""

PIPED_WIDTH = 140
"""Columns of a table that no terminal bounds."""

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="PATH", help="Configuration file. [NORTHING_CONFIG, else ./northing.yaml]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print data as JSON, and nothing else.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what matters.")]


Function = TypeVar("Function", bound=Callable[..., None])


class Failure(Exception):
    """A command cannot go on. `message` says what happened and where, `advice` what to do next."""

    def __init__(self, message: str, advice: str = "", *, code: int = WRONG) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.code = code


@dataclass
class Session:
    """One call of the program. `hide` takes secrets out of a text; it knows them once the configuration is read."""

    config: Path | None = None
    json: bool = False
    quiet: bool = False
    hide: Callable[[str], str] = field(default=lambda text: text)

    @cached_property
    def secrets(self) -> "Secrets":
        """What the log of a service takes out of its lines. It is told each configuration that comes into force."""
        from cli.secrets import Secrets

        return Secrets()

    @cached_property
    def out(self) -> "Console":
        """Where results go. Without colour where it is no terminal."""
        return _console(stderr=False)

    @cached_property
    def err(self) -> "Console":
        """Where errors, notes and progress go."""
        return _console(stderr=True)

    def say(self, text: str = "") -> None:
        """A line of the result, without markup."""
        self.out.print(self.hide(text), markup=False, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """A line beside the result, left out with --quiet."""
        if not self.quiet:
            self.err.print(self.hide(text), markup=False, highlight=False, soft_wrap=True)

    def data(self, value: Any) -> None:
        """The result as JSON, on standard output."""
        sys.stdout.write(self.hide(json_module.dumps(value, indent=2, ensure_ascii=False, default=_plain)) + "\n")


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    terminal = stream.isatty()
    width = None if terminal or os.environ.get("COLUMNS") else PIPED_WIDTH
    return Console(file=stream, force_terminal=terminal, no_color=None if terminal else True, width=width)


def _plain(value: Any) -> Any:
    from cli.reader import plain

    return plain(value)


def session(
    ctx: typer.Context,
    config: Path | None = None,
    json: bool = False,
    quiet: bool = False,
) -> Session:
    """The session of this call, with what was given before the command or behind it."""
    found = ctx.find_root().ensure_object(Session)
    found.config = config or found.config
    found.json = json or found.json
    found.quiet = quiet or found.quiet
    return found


def command(app: typer.Typer, name: str, *examples: str, **more: Any) -> Callable[[Function], Function]:
    """Registers a command whose help is its docstring and these examples."""

    def register(function: Function) -> Function:
        shown = "\n".join(f"  {example}" for example in examples)
        told = cleandoc(function.__doc__ or "")
        text = f"{told}\n\n\b\nExamples:\n{shown}" if examples else told
        return app.command(name, help=text, **more)(function)

    return register


def group(program: typer.Typer, name: str, help: str) -> typer.Typer:  # noqa: A002 - Typer's word
    """A new group of commands of the program, which takes the common options before its commands, too."""
    app = typer.Typer(no_args_is_help=True, help=help)
    program.add_typer(app, name=name)

    @app.callback()
    def common(
        ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
    ) -> None:
        """Options of every command of the group, before it."""
        session(ctx, config, json, quiet)

    return app
