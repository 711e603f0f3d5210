"""`northing doctor`."""

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from cli.session import FAILED, ConfigOption, JsonOption, QuietOption, Session, command, session

if TYPE_CHECKING:
    from config import Config
    from connectors.base import Check, Connector


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "doctor", "northing doctor", "northing doctor --json")
    def doctor(
        ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
    ) -> None:
        """Try the database and each connection: reachable, who am I, what may I see, limits, clocks."""
        at = session(ctx, config, json, quiet)
        from cli.wiring import loaded

        rows = checks(at, loaded(at).config)
        if at.json:
            at.data(rows)
        else:
            _show(at, rows)
        if not all(row["ok"] for row in rows):
            raise typer.Exit(FAILED)


def checks(at: Session, config: "Config") -> list[dict[str, Any]]:
    """All lines: the database's first (`connection` None), then those of each connection."""
    rows = [{"connection": None, **asdict(one)} for one in _database(config.database)]
    stop = threading.Event()
    for name in config.connections:
        if not at.quiet and at.err.is_terminal:
            with at.err.status(f"Asking {name} …"):
                found = connection_checks(at, config, name, stop)
        else:
            found = connection_checks(at, config, name, stop)
        rows += [{"connection": name, **asdict(one)} for one in found]
    return rows + [{"connection": None, **asdict(one)} for one in _values(config, stop)]


def _values(config: "Config", stop: threading.Event) -> "list[Check]":
    """Each source of a running key result's value, asked once. Raises KeyboardInterrupt after Ctrl-C."""
    from cli.wiring import connected, now, pause, stopped_by_signals
    from config import QueryValue
    from connectors.base import Check, Context
    from connectors.values import place
    from sync.values import ask, result_of, sources

    wanted = sources(config, now().astimezone(config.zone).date())
    if not wanted:
        return []
    named = {one.connection for one in wanted.values() if isinstance(one, QueryValue)}
    only = config.model_copy(update={"connections": {name: config.connections[name] for name in named}})
    context = Context(now, stop, lambda seconds: pause(stop, seconds))
    checks = {}
    with stopped_by_signals(stop), connected(only, stop, lambda *_: None) as connectors:
        for key, found in ask(wanted, connectors, context):
            result, where = result_of(key, found), place(wanted[key])
            detail = f"{result.value:g}, {where}" if result.error is None else result.error
            checks[key] = Check(f"value of {key}", result.error is None, detail, result.advice)
    if stop.is_set():
        raise KeyboardInterrupt
    return [checks[key] for key in wanted if key in checks]


def connection_checks(at: Session, config: "Config", name: str, stop: threading.Event) -> "list[Check]":
    """What a connection says of itself; waits are noted. Raises KeyboardInterrupt after Ctrl-C."""
    from cli.wiring import connected, stopped_by_signals
    from connectors.base import Check
    from connectors.errors import Cancelled, SourceError

    def note(connection: str, reason: str, seconds: float) -> None:
        at.note(f"{connection} waits {seconds:.0f} s: {reason}")

    only = config.model_copy(update={"connections": {name: config.connections[name]}})
    try:
        with stopped_by_signals(stop), connected(only, stop, note) as connectors:
            return [*connectors[name].doctor(), *_writing(config, name, connectors[name])]
    except SourceError as error:
        return [Check("connection", ok=False, detail=error.message, advice=error.advice)]
    except Cancelled:
        raise KeyboardInterrupt from None


def _writing(config: "Config", name: str, connector: "Connector") -> "list[Check]":
    """Whether what may be written to can be; nothing where write-back is off."""
    from connectors.base import Check, Usage
    from connectors.errors import SourceError
    from connectors.writing import Writes
    from store import fold
    from sync.refused import covers

    options = config.connections[name]
    form = config.write_back.get(options.kind)
    if form is None or not isinstance(connector, Writes):
        return []
    if not options.write_back:
        return [Check("write-back", ok=True, detail="off: the connection's `write_back` names no scope")]
    try:
        scopes = [
            one
            for one in connector.scopes().scopes
            if not one.archived and any(covers(words, fold(one.key)) for words in options.write_back)
        ]
        return connector.write_checks(form, scopes, Usage()) if scopes else []
    except SourceError as error:
        return [Check("write-back", ok=False, detail=error.message, advice=error.advice)]


def _database(url: str) -> "list[Check]":
    """Whether the database can be opened and written, and which schema it has. Nothing is changed."""
    import sqlalchemy as sa
    from sqlalchemy.exc import SQLAlchemyError

    import store
    from connectors.base import Check
    from store.migrate import SCHEMA

    try:
        engine = store.connect(url)
    except store.StoreError as error:
        return [Check("database", ok=False, detail=error.message, advice=error.advice)]
    where = engine.url.render_as_string(hide_password=True)
    try:
        if engine.dialect.name == "sqlite" and (missing := _missing_file(engine.url.database)):
            return [missing]
        with engine.begin() as conn:
            known = sa.inspect(conn).has_table("alembic_version")
            version = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if known else None
    except SQLAlchemyError as error:
        words = str(getattr(error, "orig", None) or error).strip()
        return [Check("database", ok=False, detail=f"{where}: {words}", advice="Check its address and that it runs.")]
    finally:
        engine.dispose()
    found = [Check("database", ok=True, detail=f"{where} can be written")]
    if version is None:
        return [*found, Check("migrations", ok=True, detail="empty; the first `northing sync` makes its tables")]
    if version > SCHEMA:
        detail = f"schema {version}, and this program knows {SCHEMA} at most"
        return [*found, Check("migrations", ok=False, detail=detail, advice="Install the newer version of Northing.")]
    words = "" if version == SCHEMA else f"; the next `northing sync` brings it to {SCHEMA}"
    return [*found, Check("migrations", ok=True, detail=f"schema {version}{words}")]


def _missing_file(name: str | None) -> "Check | None":
    import os
    from pathlib import Path

    from connectors.base import Check

    if not name or Path(name).exists():
        return None
    folder = Path(name).parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Check(
            "database", ok=False, detail=f"{folder} cannot be written", advice="Make it, or change `database:`."
        )
    return Check("database", ok=True, detail=f"{name} is not there yet; the first `northing sync` makes it")


def _show(at: Session, rows: list[dict[str, Any]]) -> None:
    place: str | None = ""
    for row in rows:
        if at.quiet and row["ok"]:
            continue
        part = row["connection"] or ("values" if row["name"].startswith("value of ") else "database")
        if part != place:
            place = part
            at.say(place)
        mark = "✓" if row["ok"] else "✗"
        at.out.print(
            f"  {mark} {row['name']}: {at.hide(row['detail'])}",
            style=None if row["ok"] else "red",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        if row["advice"]:
            at.say(f"      → {row['advice']}")
