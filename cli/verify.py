"""`northing verify`."""

import random
import threading
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session import FAILED, FOUND, ConfigOption, JsonOption, QuietOption, Session, command, session

if TYPE_CHECKING:
    from sync.verify import Difference, Verdict

SHOWN = 20


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "verify", "northing verify", "northing verify --only jira:SHOP --sample 500")
    def verify(
        ctx: typer.Context,
        only: Annotated[
            str | None, typer.Option("--only", metavar="CONNECTION[:SCOPE]", help="Compare one connection or scope.")
        ] = None,
        sample: Annotated[
            int, typer.Option("--sample", min=0, help="Items of each scope to compare field by field.")
        ] = 100,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Hold what is stored against the tools: counts, ids, and single items field by field. Writes nothing.

        Exit code 1 where they differ. What changed in a tool after it was read differs, too, until the next sync.
        """
        at = session(ctx, config, json, quiet)
        raise typer.Exit(_run(at, only, sample))


def _run(at: Session, part: str | None, sample: int) -> int:
    from cli.progress import shown_on
    from cli.wiring import connected, database, loaded, stopped_by_signals
    from connectors.errors import Cancelled
    from sync.only import Only
    from sync.verify import verify

    config = loaded(at).config
    only, stop = Only.parse(part, config) if part else None, threading.Event()
    try:
        with (
            database(config.database) as engine,
            shown_on(at) as progress,
            stopped_by_signals(stop),
            connected(config, stop, progress.waiting) as connectors,
        ):
            verdicts = verify(engine, config, connectors, stop=stop, only=only, sample=sample, pick=random.Random())
    except Cancelled:
        raise KeyboardInterrupt from None
    if at.json:
        at.data([asdict(one) | {"same": one.same and one.error is None} for one in verdicts])
    else:
        _show(at, verdicts)
    if not all(one.same for one in verdicts):
        return FOUND
    return FAILED if any(one.error for one in verdicts) else 0


def _show(at: Session, verdicts: "list[Verdict]") -> None:
    if not at.quiet:
        at.out.print(_table(verdicts))
    for one in verdicts:
        name = _name(one)
        if one.error:
            at.err.print(at.hide(f"error: {name}: {one.error}"), markup=False, highlight=False, soft_wrap=True)
        for difference in one.differences[:SHOWN]:
            at.say(f"{name}: {_words(difference)}")
        more = len(one.differences) - SHOWN
        if more > 0:
            at.say(f"{name}: and {more} more; --json lists all")
        if one.unasked:
            at.say(f"{name}: {one.unasked:,} more items differ by their lists and were not looked at")
    differences = [difference for one in verdicts for difference in one.differences]
    waiting = sum(one.since for one in differences)
    if waiting:
        at.say(
            f"{waiting} of {len(differences)} differences are changes since the last sync: `northing sync` reads them."
        )
    if len(differences) > waiting:
        at.say("`northing sync --full` reads everything again. What then still differs is a fault: please report it.")
    if not differences and any(not one.same for one in verdicts):
        at.say(
            "The tools' lists and the items themselves differ: a search index may lag. Verify again in some minutes."
        )
    if not differences and not any(one.error for one in verdicts) and all(one.same for one in verdicts):
        at.say("The stored work is what the tools say.")


def _words(one: "Difference") -> str:
    since = " (changed since it was read)" if one.since else ""
    return f"{one.key} {one.field}: stored {_value(one.stored)}, the tool says {_value(one.told)}{since}"


def _value(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return "nothing" if value is None else str(value) if isinstance(value, date) else repr(value)


def _name(one: "Verdict") -> str:
    return one.connection if one.scope is None else f"{one.connection}:{one.scope}"


def _table(verdicts: "list[Verdict]") -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("scope")
    for name in ("to do", "in progress", "done", "compared", "differences"):
        table.add_column(name, justify="right")
    for one in verdicts:
        counts = [f"{mine:,}" if mine == told else f"[red]{mine:,} ≠ {told:,}[/]" for mine, told in one.counts.values()]
        table.add_row(
            Text(_name(one)),
            *(counts or ["", "", ""]),
            f"{one.compared:,}" if one.error is None else "",
            "[red]failed[/]" if one.error else f"{len(one.differences) + one.unasked:,}",
        )
    return table
