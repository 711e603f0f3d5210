"""`northing db …`: upgrade, backup, restore, readers, and what is no longer needed."""

import os
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session import ConfigOption, Failure, JsonOption, QuietOption, Session, command, group, session

if TYPE_CHECKING:
    from config import Retention


def register(program: typer.Typer) -> None:
    """Adds the group with its commands."""
    app = group(program, "db", "Look after the database.")

    @command(app, "upgrade", "northing db upgrade")
    def upgrade(
        ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
    ) -> None:
        """Bring the database to this version. `sync` does so by itself."""
        at = session(ctx, config, json, quiet)
        from cli.quick import database_url
        from cli.wiring import database
        from store.migrate import SCHEMA

        with database(database_url(at)) as engine:
            where = engine.url.render_as_string(hide_password=True)
        if at.json:
            at.data({"database": where, "schema": SCHEMA})
        elif not at.quiet:
            at.say(f"{where} has schema {SCHEMA}.")

    @command(
        app,
        "backup",
        "northing db backup northing.backup",
        "northing db backup --force /backups/northing-$(date +%a).backup",
    )
    def backup(
        ctx: typer.Context,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
        force: Annotated[bool, typer.Option("--force", help="Replace FILE where it is there.")] = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Write everything that is stored to a file, as of one moment. Others go on meanwhile."""
        _backup(session(ctx, config, json, quiet), file, force=force)

    @command(app, "restore", "northing db restore northing.backup", "northing db restore northing.backup --yes")
    def restore(
        ctx: typer.Context,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="What `northing db backup` wrote.")],
        yes: Annotated[bool, typer.Option("--yes", help="Replace what is stored without asking.")] = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Check a backup, and put it in the place of everything that is stored, on SQLite or PostgreSQL."""
        _restore(session(ctx, config, json, quiet), file, yes=yes)

    @command(
        app,
        "grant-readonly",
        "northing db grant-readonly grafana",
        "northing db grant-readonly grafana --password-variable GRAFANA_PASSWORD",
    )
    def grant_readonly(
        ctx: typer.Context,
        name: Annotated[str, typer.Argument(metavar="NAME", help="The role of PostgreSQL.")],
        password_variable: Annotated[
            str | None,
            typer.Option("--password-variable", metavar="NAME", help="Environment variable with the role's password."),
        ] = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Let a role of PostgreSQL read the public views and nothing else. It is made where there is none."""
        _grant_readonly(session(ctx, config, json, quiet), name, password_variable)

    @command(
        app,
        "purge",
        "northing db purge --dry-run",
        'northing db purge --older-than "180 days"',
        "northing db purge --connection old-jira",
    )
    def purge(
        ctx: typer.Context,
        older_than: Annotated[
            str | None,
            typer.Option("--older-than", metavar="AGE", help="This age, instead of those of the configuration."),
        ] = None,
        connection: Annotated[
            str | None,
            typer.Option(
                "--connection",
                metavar="NAME",
                help="All that was read through a connection that left the configuration.",
            ),
        ] = None,
        yes: Annotated[bool, typer.Option("--yes", help="Remove a connection's work without asking.")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much would be removed.")] = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Remove what is older than `retention` keeps, now. The service does so once a day."""
        at = session(ctx, config, json, quiet)
        if connection is None:
            _purge(at, older_than, dry_run=dry_run)
        elif older_than is not None:
            raise typer.BadParameter("A connection goes as a whole: leave --older-than out.", param_hint="--connection")
        else:
            _forget(at, connection, yes=yes, dry_run=dry_run)


def _purge(at: Session, older_than: str | None, *, dry_run: bool) -> None:
    from dataclasses import asdict

    from cli.wiring import database, loaded, now, stopped_by_signals
    from store.retention import retain

    whole, stop = loaded(at).config, Event()
    keep = whole.retention if older_than is None else _all_kept(older_than)
    with database(whole.database) as engine, stopped_by_signals(stop):
        removed = retain(engine, keep, now(), dry_run=dry_run, stop=stop)
    if at.json:
        at.data(asdict(removed) | {"dry_run": dry_run, "kept": keep.model_dump()})
    elif not at.quiet:
        verb = "Would remove" if dry_run else "Removed"
        at.say(f"{verb} {', '.join(f'{count:,} of {name}' for name, count in asdict(removed).items())}.")
    if stop.is_set():
        raise KeyboardInterrupt


def _all_kept(age: str) -> "Retention":
    from config import Retention
    from config.retention import age as read

    try:
        read(age)
    except ValueError:
        raise typer.BadParameter("expected an age like `90 days` or `2 years`.", param_hint="--older-than") from None
    return Retention(**dict.fromkeys(Retention.model_fields, age))


def _forget(at: Session, connection: str, *, yes: bool, dry_run: bool) -> None:
    from cli.wiring import database, loaded
    from store import reading
    from store.forget import forget, forgettable

    whole = loaded(at).config
    if connection in whole.connections:
        raise Failure(
            f"The connection {connection} is in use.", "Take it out of the configuration first: else it is read again."
        )
    with database(whole.database) as engine:
        with reading(engine) as conn:
            items = forgettable(conn, connection)
        if not dry_run:
            if not yes:
                _must_agree(at, f"{items:,} items of {connection} are removed for good, with their history.")
            items = forget(engine, connection)
    if at.json:
        at.data({"connection": connection, "items": items, "dry_run": dry_run})
    elif not at.quiet:
        at.say(f"{'Would remove' if dry_run else 'Removed'} {items:,} items of {connection}.")
        if not dry_run:
            at.say("Numbers are right again after the next `northing sync`.")


def _backup(at: Session, file: Path, *, force: bool) -> None:
    if file.exists() and not (force and file.is_file()):
        raise Failure(f"{file} is there already.", "Name another file, or replace it with --force.")
    from cli.quick import database_url
    from cli.reader import must_exist
    from cli.wiring import now
    from store import connect
    from store.backup import backup

    url = database_url(at)
    must_exist(url)
    engine = connect(url)
    try:
        content = backup(engine, file, now())
    finally:
        engine.dispose()
    size = file.stat().st_size
    if at.json:
        rows = {table.name: table.rows for table in content.tables}
        told = {"file": str(file), "bytes": size, "made_at": content.made_at, "schema": content.schema}
        at.data({**told, "rows": rows})
    elif not at.quiet:
        at.say(f"{file}: {content.rows:,} rows of {len(content.tables)} tables, {size / 1e6:,.1f} MB.")


def _restore(at: Session, file: Path, *, yes: bool) -> None:
    from cli.quick import database_url
    from store import connect
    from store.restore import check, restore, stored

    content = check(file)
    engine = connect(database_url(at))
    where = engine.url.render_as_string(hide_password=True)
    try:
        there = stored(engine)
        if there.counts and not yes:
            _must_agree(at, f"{where} holds {there}. The backup of {content.made_at} replaces all of it.")
        content = restore(engine, file)
    finally:
        engine.dispose()
    if at.json:
        rows = {table.name: table.rows for table in content.tables}
        at.data({"database": where, "made_at": content.made_at, "schema": content.schema, "rows": rows})
    elif not at.quiet:
        at.say(f"{where} is as it was at {content.made_at}: {content.rows:,} rows.")


def _must_agree(at: Session, what: str) -> None:
    if at.json or not sys.stdin.isatty():
        raise Failure(what, "Say that you want it with --yes.")
    at.err.print(at.hide(what), markup=False, highlight=False, soft_wrap=True)
    typer.confirm("Go on?", abort=True, err=True)


def _grant_readonly(at: Session, name: str, variable: str | None) -> None:
    from cli.quick import database_url
    from cli.wiring import database
    from store.readers import grant_readonly

    password = None
    if variable is not None and not (password := os.environ.get(variable)):
        raise Failure(
            f"The environment variable {variable} is not set.", "Set it to the password that the role shall have."
        )
    with database(database_url(at)) as engine:
        made = grant_readonly(engine, name, password)
        where = engine.url.render_as_string(hide_password=True)
    if at.json:
        at.data({"database": where, "role": name, "made": made})
    elif not at.quiet:
        at.say(
            f"The role {name} {'was made and' if made else ''} reads the public views of {where}.".replace("  ", " ")
        )
        if made and password is None:
            at.say(f"It has no password. Give it one: `\\password {name}` in psql, or --password-variable.")
