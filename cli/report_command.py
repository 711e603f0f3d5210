"""`northing report`."""

import io
import sys
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session import FAILED, ConfigOption, Failure, JsonOption, QuietOption, Session, command, session

if TYPE_CHECKING:
    from alerts.digest import Report

DAYS = 7
"""How far back a report looks where nothing else is said."""


class Format(StrEnum):
    """How a report is written."""

    md = "md"
    html = "html"
    csv = "csv"
    xlsx = "xlsx"


class Table(StrEnum):
    """The tables behind a report."""

    key_results = "key-results"
    objectives = "objectives"
    changes = "changes"
    effort = "effort"
    findings = "findings"
    barriers = "barriers"
    unaligned_work = "unaligned-work"
    work = "work"
    sources = "sources"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(
        app,
        "report",
        "northing report",
        "northing report --for commerce --since 2026-11-16",
        "northing report --format html --output monday.html",
        "northing report --format csv --table changes",
        "northing report --format xlsx --output monday.xlsx",
    )
    def report(
        ctx: typer.Context,
        form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.md,
        team: Annotated[
            str | None, typer.Option("--for", metavar="TEAM", help="For this team and those below it.")
        ] = None,
        since: Annotated[
            str | None,
            typer.Option("--since", metavar="YYYY-MM-DD", help="What changed after this day. Default: 7 days ago."),
        ] = None,
        table: Annotated[
            Table | None, typer.Option("--table", help="Which table --format csv prints. Default: key-results.")
        ] = None,
        output: Annotated[
            Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to this file.")
        ] = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Write the digest: coverage, health, barriers and what changed; for a team, what its work counts toward."""
        at = session(ctx, config, json, quiet)
        if table is not None and (form is not Format.csv or at.json):
            raise Failure("--table chooses what --format csv prints.", "Add --format csv, or leave --table out.")
        if form is Format.xlsx and output is None and not at.json and sys.stdout.isatty():
            raise Failure("A workbook is no text for a terminal.", "Write it to a file: --output report.xlsx.")
        found = _report(at, team, since)
        if at.json:
            at.data(as_data(found))
            return
        content = _written(found, form, table or Table.key_results, at)
        if output is None:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
            return
        try:
            output.write_bytes(content)
        except OSError as error:
            raise Failure(
                f"{output} cannot be written: {error.strerror}.", "Name another file with --output.", code=FAILED
            ) from None
        at.note(f"Written to {output}.")


def _report(at: Session, team: str | None, since: str | None) -> "Report":
    import store
    from alerts.digest import UnknownTeam, report
    from cli.digest_asked import Engine
    from cli.reader import Alchemy, must_be_filled, must_exist, place
    from cli.status import unknown
    from cli.wiring import database, loaded, now

    whole, moment = loaded(at).config, now()
    today = moment.astimezone(whole.zone).date()
    start = _day(since, today)
    must_exist(whole.database)
    with database(whole.database) as engine, store.reading(engine, scratch=True) as conn:
        must_be_filled(Alchemy(conn), place(engine.url))
        try:
            return report(conn, whole, Engine(), team=team, since=start, now=moment)
        except UnknownTeam as error:
            raise unknown("team", error.team, list(error.known)) from None


def _day(since: str | None, today: date) -> date:
    from cli.as_of import past_day

    return today - timedelta(days=DAYS) if since is None else past_day(since, today)


def _written(found: "Report", form: Format, table: Table, at: Session) -> bytes:
    if form is Format.xlsx:
        from alerts.digest.sheets import sheets, write_xlsx

        file = io.BytesIO()
        write_xlsx(sheets(found.facts), file)
        return file.getvalue()
    if form is Format.csv:
        from alerts.digest.sheets import as_csv, sheets

        text = as_csv(sheets(found.facts)[table.value])
    elif form is Format.html:
        from alerts.digest.html import html

        text = html(found.document)
    else:
        from alerts.digest.markdown import markdown

        text = markdown(found.document)
    return at.hide(text).encode()


def as_data(found: "Report") -> dict[str, Any]:
    """A report as JSON: of what and when it is, and all its tables."""
    from alerts.digest.sheets import sheets

    facts = found.facts
    return {
        "kind": "report",
        "team": facts.team,
        "day": facts.day.isoformat(),
        "since": facts.since.isoformat(),
        "cycles": [
            {
                "cycle": one.key,
                "start": one.starts_on.isoformat(),
                "end": one.ends_on.isoformat(),
                "day": one.number,
                "days_left": one.days_left,
            }
            for one in facts.cycles
        ],
        "tables": {
            name.replace("-", "_"): [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]
            for name, sheet in sheets(facts).items()
        },
    }
