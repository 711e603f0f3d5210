"""`northing sync`."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.session import FAILED, INTERRUPTED, ConfigOption, JsonOption, QuietOption, Session, command, session

if TYPE_CHECKING:
    import sqlalchemy as sa

    from config import Config
    from sync.engine import SyncResult
    from sync.pull_rows import ScopeResult

SHOWN = 12
MARKS = {"opened": "+", "escalated": "↑", "eased": "↓", "resolved": "−", "suppressed": "×"}
"""What a sync does to findings, as a mark before each. What people said meanwhile is no news of it."""
T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(
        app,
        "sync",
        "northing sync",
        "northing sync --only jira:SHOP",
        "northing sync --full",
        "northing sync --dry-run",
        "northing sync --accept-drop jira:SHOP",
    )
    def sync(
        ctx: typer.Context,
        only: Annotated[
            str | None, typer.Option("--only", metavar="CONNECTION[:SCOPE]", help="Read one connection or scope.")
        ] = None,
        full: Annotated[
            bool, typer.Option("--full", help="Read everything again, and compare it with all that is stored.")
        ] = False,
        accept_drop: Annotated[
            str | None,
            typer.Option(
                "--accept-drop",
                metavar="[CONNECTION:]SCOPE",
                help="Read this scope, and believe that what is gone from it is gone, however much that is.",
            ),
        ] = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Keep nothing: show what would be read, and what it would change.")
        ] = False,
        retry_set_aside: Annotated[
            bool, typer.Option("--retry-set-aside", help="Read again what holds records that could not be read.")
        ] = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Read what changed, link it to key results, measure, and look for findings. Interrupted, it goes on there."""
        at = session(ctx, config, json, quiet)
        from cli.wiring import loaded

        if only and accept_drop:
            raise typer.BadParameter("It names the scope itself: leave --only out.", param_hint="--accept-drop")
        code = run(
            at,
            loaded(at).config,
            only=only,
            full=full,
            accept_drop=accept_drop,
            dry_run=dry_run,
            retry=retry_set_aside,
        )
        raise typer.Exit(code)


def run(
    at: Session,
    config: "Config",
    *,
    only: str | None = None,
    full: bool = False,
    accept_drop: str | None = None,
    dry_run: bool = False,
    retry: bool = False,
    progress_on: Session | None = None,
) -> int:
    """Syncs and prints what came of it; the exit code. With `dry_run` nothing is kept, and changes are printed, too.

    `accept_drop` names a scope, which alone is read and compared. For the rest see `sync.engine.sync`.
    `progress_on`: where to show progress, if not on `at`.
    """
    from cli.key_result_changes import changes, show, state
    from cli.progress import shown_on
    from cli.wiring import connected, database, now, stopped_by_signals
    from store.rehearsal import rehearsal
    from sync.engine import sync
    from sync.only import Only

    stop, part = threading.Event(), Only.parse(only, config) if only else None
    with ExitStack() as stack:
        engine = stack.enter_context(database(config.database))
        if accept_drop:
            part = _read(engine, lambda conn: Only.stored(accept_drop, config, conn))
        if dry_run:
            engine = stack.enter_context(rehearsal(engine))
        progress = stack.enter_context(shown_on(progress_on or at))
        before = _read(engine, state) if dry_run else {}
        with stopped_by_signals(stop), connected(config, stop, progress.waiting) as connectors:
            began = now()
            result = sync(
                engine,
                config,
                connectors,
                now=now,
                stop=stop,
                only=part,
                full=full,
                sweep=accept_drop is not None,
                accept_drop=accept_drop is not None,
                retry=retry,
                progress=progress,
            )
        news = _read(engine, lambda conn: _news(conn, began))
        changed = changes(before, _read(engine, state)) if dry_run else None
    if at.json:
        findings = asdict(result.findings) if result.findings else None
        scopes = [asdict(one) for one in result.scopes]
        values = [asdict(one) for one in result.values]
        told = {"run": result.run_id, "outcome": result.outcome, "scopes": scopes, "values": values}
        more = {} if changed is None else {"changes": changed}
        at.data({**told, "findings": findings, "news": news, **more})
    else:
        _show(at, result, news)
    if changed is not None and not at.json:
        show(changed, at)
        at.note("A dry run: nothing was kept.")
    return {"ok": 0, "interrupted": INTERRUPTED}.get(result.outcome, FAILED)


def _read(engine: "sa.Engine", what: "Callable[[sa.Connection], T]") -> "T":
    with engine.connect() as conn, conn.begin():
        return what(conn)


def _news(conn: "sa.Connection", since: datetime) -> list[dict[str, Any]]:
    """What opened, rose, eased or ended since a moment: the gravest first, what ended last."""
    import sqlalchemy as sa

    from store.tables import Finding, FindingChange

    change, finding = FindingChange.__table__, Finding.__table__
    query = (
        sa.select(
            change.c.change, change.c.severity, finding.c.code, finding.c.subject, finding.c.reason, finding.c.summary
        )
        .join(finding, finding.c.id == change.c.finding_id)
        .where(change.c.at >= since, change.c.change.in_(MARKS))
    )
    rows = [row._asdict() for row in conn.execute(query)]
    grave = {"critical": 0, "warning": 1, "info": 2}
    over = ("resolved", "suppressed")
    return sorted(rows, key=lambda row: (row["change"] in over, grave[row["severity"]], row["code"], row["subject"]))


def _show(at: Session, result: "SyncResult", news: list[dict[str, Any]]) -> None:
    rows = sorted(result.scopes, key=lambda one: (one.connection, one.scope or ""))
    if rows and not at.quiet:
        at.out.print(_table(rows))
    elif not rows and not result.values:
        at.note("Nothing had to be read.")
    for one in rows:
        if one.error:
            at.err.print(at.hide(f"error: {_name(one)}: {one.error}"), markup=False, highlight=False, soft_wrap=True)
    for value in result.values:
        if value.error:
            line = f"error: value of {value.key_result}: {value.told}"
            at.err.print(at.hide(line), markup=False, highlight=False, soft_wrap=True)
    if result.outcome == "interrupted":
        at.note("Interrupted. What was read is kept; `northing sync` goes on there.")
    if result.findings is None or at.quiet:
        return
    if result.values:
        failed = sum(value.error is not None for value in result.values)
        at.say(f"Values: {len(result.values) - failed} fetched, {failed} failed.")
    for row in news[:SHOWN]:
        mark = MARKS[row["change"]]
        reason = f" {row['reason']}" if row["reason"] else ""
        at.say(f"{mark} {row['subject']}: {row['code']} {row['severity']}{reason}: {row['summary']}")
    if len(news) > SHOWN:
        at.say(f"  and {len(news) - SHOWN} more")
    one = result.findings
    silenced = f" {one.suppressed} suppressed," if one.suppressed else ""
    at.say(
        f"Findings: {one.opened} opened, {one.resolved} resolved,{silenced} {one.open} open."
        " `northing check` lists them."
    )


def _name(one: "ScopeResult") -> str:
    return one.connection if one.scope is None else f"{one.connection}:{one.scope}"


def _table(rows: "list[ScopeResult]") -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("scope")
    table.add_column("outcome")
    compared = any(one.gone is not None or one.held_back is not None for one in rows)
    for name in ("read", "changed", *(["gone"] if compared else []), "set aside", "requests", "time"):
        table.add_column(name, justify="right")
    style = {"ok": "green", "failed": "red", "interrupted": "yellow"}
    for one in rows:
        waited = f" ({one.waited_s:.0f} s waiting)" if one.waited_s >= 1 else ""
        table.add_row(
            Text(_name(one)),
            f"[{style[one.outcome]}]{one.outcome}[/]",
            *(f"{count:,}" for count in (one.read, one.changed)),
            *([_gone(one)] if compared else []),
            *(f"{count:,}" for count in (one.set_aside, one.requests)),
            f"{one.seconds:.1f} s{waited}",
        )
    if len(rows) > 1:
        table.add_section()
        names = ("read", "changed", *(["gone"] if compared else []), "set_aside", "requests")
        totals = (sum(getattr(one, name) or 0 for one in rows) for name in names)
        table.add_row("all", "", *(f"{count:,}" for count in totals), "")
    return table


def _gone(one: "ScopeResult") -> str:
    if one.held_back is not None:
        return f"[red]{one.held_back:,} held back[/]"
    return "" if one.gone is None else f"{one.gone:,}"
