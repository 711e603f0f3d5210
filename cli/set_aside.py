"""`northing set-aside`."""

from typing import Any

import typer

from cli.session import ConfigOption, JsonOption, QuietOption, Session, command, session

_ROWS = """
    SELECT c.name AS connection, s.key AS scope, q.external_id AS record, i.key AS item, q.reason, q.whole, q.excerpt,
        q.first_seen_at, q.last_seen_at
    FROM quarantine q JOIN scope s ON s.id = q.scope_id JOIN connection c ON c.id = s.connection_id
    LEFT JOIN work_item i ON i.connection_id = c.id AND i.external_id = q.external_id
    ORDER BY c.name, s.key, q.external_id, q.reason
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "set-aside", "northing set-aside", "northing set-aside --json")
    def set_aside(
        ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
    ) -> None:
        """List the records that could not be read, whole or in part, and why. They are not counted until they can."""
        at = session(ctx, config, json, quiet)
        from cli.reader import reading

        with reading(at) as reader:
            rows = [{**row, "whole": bool(row["whole"])} for row in reader.rows(_ROWS)]
        if at.json:
            at.data(rows)
        else:
            _show(at, rows)


def _show(at: Session, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        part = "set aside" if row["whole"] else "read without a part"
        record = row["item"] or row["record"] or "a record without an id"
        at.say(f"{row['connection']}:{row['scope']} {record}: {part} since {str(row['first_seen_at'])[:10]}")
        at.say(f"  {row['reason']}")
        if row["excerpt"] and not at.quiet:
            at.say(f"  {row['excerpt']}")
    if rows:
        at.note("`northing sync --retry-set-aside` reads them again, for instance with a newer version of Northing.")
    else:
        at.say("Nothing is set aside.")
