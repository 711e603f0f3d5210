"""`northing write-back`."""

import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session import (
    FAILED,
    INTERRUPTED,
    ConfigOption,
    Failure,
    JsonOption,
    QuietOption,
    Session,
    command,
    session,
)

if TYPE_CHECKING:
    from config import Config
    from sync.only import Only
    from sync.write_back import Step, WroteBack


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(
        app,
        "write-back",
        "northing write-back --dry-run",
        "northing write-back",
        "northing write-back --only jira:SHOP",
    )
    def write_back(
        ctx: typer.Context,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Write nothing: show exactly what would be written, and where.")
        ] = False,
        only: Annotated[
            str | None,
            typer.Option("--only", metavar="CONNECTION[:SCOPE]", help="Write to one connection or scope."),
        ] = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Write into the tools which key results the work there serves, and how they stand. Off by default.

        A connection is written to once its dry run was seen with the same configuration. `northing serve` goes on with
        it after each count.
        """
        at = session(ctx, config, json, quiet)
        raise typer.Exit(_run(at, only, dry_run=dry_run))


def _run(at: Session, part: str | None, *, dry_run: bool) -> int:
    from cli.progress import shown_on
    from cli.wiring import connected, database, loaded, now, stopped_by_signals
    from sync.only import Only
    from sync.write_back import write_back

    config = loaded(at).config
    only, stop = Only.parse(part, config) if part else None, threading.Event()
    names = _written_to(config, only)
    with (
        database(config.database) as engine,
        shown_on(at) as progress,
        stopped_by_signals(stop),
        connected(_of(config, names), stop, progress.waiting) as connectors,
    ):
        results = [
            write_back(
                engine,
                config,
                name,
                connectors[name],
                now=now,
                stop=stop,
                dry_run=dry_run,
                scope=only.scope if only else None,
            )
            for name in names
            if not stop.is_set()
        ]
    if at.json:
        at.data([_as_data(one, dry_run=dry_run) for one in results])
    else:
        for one in results:
            _show(at, one, dry_run=dry_run)
    if stop.is_set():
        return INTERRUPTED
    unseen = [one.connection for one in results if one.off == "not seen"]
    if unseen:
        raise Failure(
            f"Nobody has seen yet what would be written to {', '.join(unseen)} with this configuration.",
            "Look at it with `northing write-back --dry-run`. It is written from then on, by `northing serve`, too.",
        )
    return FAILED if any(one.error or one.refused for one in results) else 0


def _written_to(config: "Config", only: "Only | None") -> list[str]:
    """The connections that may be written to. Raises Failure where there is none."""
    names = [
        name
        for name, options in config.connections.items()
        if options.kind in config.write_back and options.write_back and (only is None or only.connection == name)
    ]
    if not names:
        raise Failure(
            "Nothing is to be written back.",
            "Name a form under `write_back`, like `jira: comment`, and the scopes that may be written to in the "
            "connection's own `write_back`.",
        )
    return names


def _of(config: "Config", names: list[str]) -> "Config":
    return config.model_copy(update={"connections": {name: config.connections[name] for name in names}})


def _as_data(one: "WroteBack", *, dry_run: bool) -> dict[str, Any]:
    return {
        "connection": one.connection,
        "form": one.form,
        "off": one.off,
        "dry_run": dry_run,
        "steps": [
            {
                "scope": step.scope.key,
                "item": step.item.ref.key if step.item else None,
                "name": step.name,
                "form": step.form,
                "url": step.url,
                "content": step.content,
            }
            for step in one.steps
        ],
        "wrote": one.wrote,
        "left": one.left,
        "refused": [
            {"scope": each.scope, "count": each.items, "error": each.message, "advice": each.advice}
            for each in one.refused
        ],
        "requests": one.usage.requests,
        "error": one.error,
    }


def _show(at: Session, one: "WroteBack", *, dry_run: bool) -> None:
    if one.off == "busy":
        at.say(f"{one.connection}: another process writes to it right now.")
    elif one.off == "not read":
        at.say(f"{one.connection}: no scope that may be written to was read yet; `northing sync` reads them.")
    elif one.off is None and dry_run:
        for step in one.steps:
            _show_step(at, step)
        total = len(one.steps)
        at.say(f"{one.connection}: {total:,} to write, and nothing was written." if total else _up_to_date(one))
    elif one.off is None:
        left = f"; {one.left:,} wait for the next run" if one.left else ""
        at.say(f"{one.connection}: {one.wrote:,} written{left}." if one.steps else _up_to_date(one))
    for each in one.refused:
        at.err.print(at.hide(f"error: {one.connection}:{each.scope}: {each.message}"), markup=False, soft_wrap=True)
        if each.advice:
            at.err.print(at.hide(f"  → {each.advice}"), markup=False, highlight=False, soft_wrap=True)
    if one.error:
        at.err.print(at.hide(f"error: {one.connection}: {one.error}"), markup=False, highlight=False, soft_wrap=True)


def _up_to_date(one: "WroteBack") -> str:
    return f"{one.connection}: all that stands there is up to date."


def _show_step(at: Session, step: "Step") -> None:
    if at.quiet:
        return
    at.say(f"{step.where}  {step.form}  {step.url}")
    for line in ("(taken away)" if step.content is None else step.content).split("\n"):
        at.say(f"    {line}".rstrip())
