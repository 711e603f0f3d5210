"""`northing check`."""

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.as_of import AsOfOption, words
from cli.selection import IgnoreOption, SelectOption, selection
from cli.session import FOUND, ConfigOption, JsonOption, QuietOption, Session, command, session

GRAVITY = {"critical": 0, "warning": 1, "info": 2}
FINDINGS = "SELECT * FROM northing_findings WHERE resolved_at IS NULL"


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"
    junit = "junit"


class Severity(StrEnum):
    """From the gravest to the least."""

    critical = "critical"
    warning = "warning"
    info = "info"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(
        app,
        "check",
        "northing check",
        "northing check --select COV,SYN501 --fail-on critical",
        "northing check --as-of 2026-10-31",
        "northing check --format github",
        "northing check --format sarif > northing.sarif",
    )
    def check(
        ctx: typer.Context,
        select: SelectOption = None,
        ignore: IgnoreOption = None,
        form: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.text,
        fail_on: Annotated[
            Severity, typer.Option("--fail-on", help="Exit with 1 where a finding is at least this grave.")
        ] = Severity.warning,
        as_of: AsOfOption = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """List the open findings like a linter. Exits with 1 where there are grave ones."""
        at = session(ctx, config, json, quiet)
        from cli.reader import reading

        chosen = selection(select, ignore)
        with reading(at, as_of) as reader:
            rows = [row for row in open_findings(reader.rows(FINDINGS)) if chosen.takes(row["code"])]
        if as_of is not None and form is Format.text and not (at.json or at.quiet):
            at.say(words(as_of))
        _print(at, rows, Format.json if at.json else form, fail_on)
        if any(is_grave(row, fail_on) for row in rows):
            raise typer.Exit(FOUND)


def _print(at: Session, rows: list[dict[str, Any]], form: Format, fail_on: Severity) -> None:
    if form is Format.json:
        at.data(rows)
        return
    if form is Format.text:
        for row in rows:
            at.say(line(row))
        if not at.quiet:
            at.say(_summary(rows))
        return
    from cli.wiring import loaded

    places = loaded(at)
    if form is Format.sarif:
        from cli.check_sarif import sarif

        at.data(sarif(rows, places))
    elif form is Format.github:
        from cli.check_github import commands

        sys.stdout.write(at.hide("".join(f"{one}\n" for one in commands(rows, places))))
    else:
        from cli.check_junit import junit

        sys.stdout.write(at.hide(junit(rows, places, fails=lambda row: is_grave(row, fail_on))))


def is_grave(row: dict[str, Any], fail_on: Severity) -> bool:
    """Whether a finding is at least so grave."""
    return GRAVITY[row["severity"]] <= GRAVITY[fail_on]


def open_findings(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the view with their evidence decoded, the gravest first."""
    from cli.reader import from_json

    decoded = [{**row, "evidence": from_json(row["evidence"])} for row in rows]
    return sorted(decoded, key=lambda row: (GRAVITY[row["severity"]], row["code"], row["subject"]))


def line(row: dict[str, Any]) -> str:
    """A finding as one line: `GROW.1: COV101 critical no_mapping: what is wrong`, with what people said to it."""
    reason = f" {row['reason']}" if row["reason"] else ""
    return f"{row['subject']}: {row['code']} {row['severity']}{reason}: {row['summary']}{said(row)}"


def said(row: dict[str, Any]) -> str:
    """What people said to a finding, to stand behind it: ` [decided by Dana: accept, until 2026-12-01]`."""
    if row["decision"]:
        until = f", until {row['decided_until']}" if row["decided_until"] else ""
        return f" [decided by {row['decided_by']}: {row['decision']}{until}]"
    return f" [acknowledged by {row['acknowledged_by']}]" if row["acknowledged_by"] else ""


def _summary(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "No findings."
    counts = [f"{sum(row['severity'] == name for row in rows)} {name}" for name in GRAVITY]
    return f"{', '.join(counts)}. `northing explain CODE` says what ends one."
