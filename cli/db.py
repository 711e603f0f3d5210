"""`northing db upgrade`."""

import typer

from cli.session import ConfigOption, JsonOption, QuietOption, command, session


def register(program: typer.Typer) -> None:
    """Adds the group with its commands."""
    app = typer.Typer(no_args_is_help=True, help="Look after the database.")
    program.add_typer(app, name="db")

    @app.callback()
    def common(
        ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
    ) -> None:
        """Options of every command of the group, before it."""
        session(ctx, config, json, quiet)

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
