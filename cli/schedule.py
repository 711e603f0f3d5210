"""`northing schedule`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session import ConfigOption, JsonOption, QuietOption, command, session

if TYPE_CHECKING:
    from config import Config
    from store.known_scopes import Known
    from sync.jobs.job import Job
    from sync.jobs.schedule import Scheduled

    Row = tuple[datetime, str, Scheduled]
    """When a job is due next, what it does, and how often."""


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "schedule", "northing schedule", "northing schedule --count 100", "northing schedule --json")
    def schedule(
        ctx: typer.Context,
        count: Annotated[
            int | None,
            typer.Option("--count", min=1, help="Only the next so many, each scope by itself.", show_default=False),
        ] = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Show what `serve` does next, when, and how often. Asks no tool: scopes are those known so far."""
        at = session(ctx, config, json, quiet)
        from cli.wiring import loaded, now
        from sync.jobs.schedule import schedule as scheduled

        found = loaded(at).config
        scopes = _known(found.database)
        moment = now()
        rows = sorted(
            ((one.next(moment), what(one.job, found, scopes), one) for one in scheduled(found, scopes)),
            key=lambda row: row[:2],
        )
        if at.json:
            at.data([_as_data(*row) for row in rows[:count]])
            return
        shown = rows[:count] if count else _joined(rows)
        at.out.print(_table([(due.astimezone(found.zone), words, one.when) for due, words, one in shown], found))
        if count and len(rows) > count:
            at.say(f"And {len(rows) - len(shown)} more: --count {len(rows)} shows all.")
        if found.connections and not scopes:
            at.note("No scope is known yet: `northing sync` or `northing serve` lists them.")


def _joined(rows: "list[Row]") -> "list[Row]":
    """The rows with the scopes of a connection that are read, or compared, as one row: that of the next one."""
    joined: dict[object, list[Row]] = {}
    for row in rows:
        job = row[2].job
        joined.setdefault((job.kind, job.connection) if job.scope is not None else row, []).append(row)
    shown = []
    for (due, words, one), *others in joined.values():
        if others:
            action, _, scope = words.rpartition(f"{one.job.connection}:")
            words = f"{action}{len(others) + 1} scopes of {one.job.connection}, {scope} first"
        shown.append((due, words, one))
    return shown


def what(job: "Job", config: "Config", scopes: "dict[str, list[Known]]") -> str:
    """A job in words. Scopes are named by their keys."""
    keys = {scope.external_id: scope.key for scope in scopes.get(job.connection or "", ())}
    scope = f"{job.connection}:{keys.get(job.scope or '', job.scope)}"
    if job.kind == "digest":
        digest = config.digests[job.name or ""]
        return f"send the digest of {digest.team or 'the company'} to {', '.join(digest.to)}"
    return {
        "list": f"list the scopes of {job.connection}",
        "read": f"read {scope}",
        "sweep": f"compare all of {scope}",
        "ask": f"ask {job.connection} its queries",
        "values": "fetch values from elsewhere",
        "hints": "read what the tools told of by themselves",
        "missed": f"fetch what {job.connection} told in vain",
        "count": "link, measure and look for findings",
        "alerts": "send alerts",
        "retain": "forget what is older than it is kept",
        "write_back": f"write to {job.connection}",
    }[job.kind]


def _known(url: str) -> "dict[str, list[Known]]":
    """The scopes that the database knows; none where there is no database yet. Makes no file."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    import store
    from store.known_scopes import known

    if url.startswith("sqlite:///") and not Path(url.partition("///")[2].partition("?")[0]).is_file():
        return {}
    engine = store.connect(url)
    try:
        with store.reading(engine) as conn:
            return known(conn)
    except ProgrammingError:  # PostgreSQL: the tables are not there yet
        return {}
    except OperationalError as error:
        if "no such table" in str(error):
            return {}
        raise
    finally:
        engine.dispose()


def _as_data(due: datetime, words: str, one: Any) -> dict[str, Any]:
    job = one.job
    where = {"connection": job.connection, "scope": job.scope, "name": job.name}
    return {"next": due, "every": one.when, "what": words, "kind": job.kind, **where}


def _table(rows: list[tuple[datetime, str, str]], config: "Config") -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in (f"next ({config.timezone})", "what", "how often"):
        table.add_column(name)
    for due, words, often in rows:
        table.add_row(f"{due:%a %Y-%m-%d %H:%M:%S}", Text(words), often)
    return table
