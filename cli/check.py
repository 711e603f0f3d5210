"""`northing check`."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.session import FOUND, ConfigOption, Failure, JsonOption, QuietOption, command, session

GRAVITY = {"critical": 0, "warning": 1, "info": 2}
FINDINGS = "SELECT * FROM northing_findings WHERE resolved_at IS NULL"


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"


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
        "northing check --format json",
    )
    def check(
        ctx: typer.Context,
        select: Annotated[
            list[str] | None,
            typer.Option("--select", metavar="CODES", help="Only these codes or beginnings, with commas between."),
        ] = None,
        ignore: Annotated[
            list[str] | None, typer.Option("--ignore", metavar="CODES", help="All but these codes or beginnings.")
        ] = None,
        form: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.text,
        fail_on: Annotated[
            Severity, typer.Option("--fail-on", help="Exit with 1 where a finding is at least this grave.")
        ] = Severity.warning,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """List the open findings like a linter. Exits with 1 where there are grave ones."""
        at = session(ctx, config, json, quiet)
        from cli.reader import reading

        wanted, unwanted = _codes(select), _codes(ignore)
        with reading(at) as reader:
            rows = open_findings(reader.rows(FINDINGS))
        rows = [row for row in rows if row["code"].startswith(wanted or ("",)) and not row["code"].startswith(unwanted)]
        if at.json or form is Format.json:
            at.data(rows)
        else:
            for row in rows:
                at.say(line(row))
            if not at.quiet:
                at.say(_summary(rows))
        if any(GRAVITY[row["severity"]] <= GRAVITY[fail_on] for row in rows):
            raise typer.Exit(FOUND)


def open_findings(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the view with their evidence decoded, the gravest first."""
    from cli.reader import from_json

    decoded = [{**row, "evidence": from_json(row["evidence"])} for row in rows]
    return sorted(decoded, key=lambda row: (GRAVITY[row["severity"]], row["code"], row["subject"]))


def line(row: dict[str, Any]) -> str:
    """A finding as one line: `GROW.1: COV101 critical no_mapping: what is wrong`."""
    reason = f" {row['reason']}" if row["reason"] else ""
    return f"{row['subject']}: {row['code']} {row['severity']}{reason}: {row['summary']}"


def _summary(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "No findings."
    counts = [f"{sum(row['severity'] == name for row in rows)} {name}" for name in GRAVITY]
    return f"{', '.join(counts)}. `northing explain CODE` says what ends one."


def _codes(given: list[str] | None) -> tuple[str, ...]:
    """Codes and beginnings, as given with commas or by several options."""
    codes = tuple(code.strip().upper() for text in given or () for code in text.split(",") if code.strip())
    if codes:
        from config.codes import CODES, is_prefix
        from config.problems import did_you_mean

        for code in codes:
            if not is_prefix(code):
                raise Failure(
                    f"No finding has the code {code}.{did_you_mean(code, CODES)}",
                    "`northing check` lists what is open.",
                )
    return codes
