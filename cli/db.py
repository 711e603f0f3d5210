"""`northing db upgrade`."""

import typer

from cli.session import ConfigOption, JsonOption, QuietOption, command, group, session


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
