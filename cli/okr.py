"""`northing okr import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session import ConfigOption, Failure, JsonOption, QuietOption, Session, command, group, session

if TYPE_CHECKING:
    from config.imports import Imported


def register(program: typer.Typer) -> None:
    """Adds the group with its command."""
    app = group(program, "okr", "Bring OKRs in from where you keep them.")

    @command(
        app,
        "import",
        "northing okr import 2026-Q4.md",
        "northing okr import export.csv --output okrs/2026-Q4.yaml",
        "northing okr import okrs.xlsx --fiscal-start 2 --json",
    )
    def import_(
        ctx: typer.Context,
        files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Markdown, CSV, XLSX or JSON.")],
        output: Annotated[
            Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the YAML there. Default: print it.")
        ] = None,
        force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
        fiscal_start: Annotated[
            int | None,
            typer.Option("--fiscal-start", min=1, max=12, metavar="MONTH", help="Month in which fiscal years begin."),
        ] = None,
        cycle: Annotated[
            str | None, typer.Option("--cycle", metavar="CYCLE", help="Cycle of what names none, like 2026-Q4.")
        ] = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Write YAML for review from OKR documents and exports, with a list of what was left out or guessed."""
        at = session(ctx, config, json, quiet)
        from cli.wiring import now
        from config.imports import ImportRefused, read_file, write
        from config.imports.cycles import find_cycle

        if cycle is not None and find_cycle(cycle, bare_year=True) is None:
            raise Failure(f"{cycle!r} is no cycle.", "Write it like 2026-Q4, FY27-H1 or 2026.")
        if output is not None and output.exists() and not force:
            raise Failure(f"{output} exists already, and is not written over.", "Name another file, or add --force.")
        if output is not None and not output.absolute().parent.is_dir():
            raise Failure(f"There is no folder {output.absolute().parent}.", "Make it first.")
        try:
            documents = [read_file(file) for file in files]
        except ImportRefused as error:
            raise Failure(error.message, error.advice) from None
        found = write(documents, today=now().date(), fiscal_start=fiscal_start, cycle=cycle)
        if not (found.objectives or found.key_results):
            names = ", ".join(map(str, files))
            raise Failure(
                f"No objective was recognised in {names}.",
                "Mark them: `Objective: …` and `- KR: …`, or a list of key results below a heading.",
            )
        if output is not None:
            try:
                output.write_text(found.yaml, encoding="utf-8")
            except OSError as error:
                raise Failure(f"{output} cannot be written: {error.strerror}.", "Name another file.") from None
        _tell(at, found, output)


def _tell(at: Session, found: "Imported", output: Path | None) -> None:
    if at.json:
        notes = [{"file": one.file, "line": one.line, "text": one.text, "why": one.why} for one in found.notes]
        at.data(
            {
                "objectives": found.objectives,
                "key_results": found.key_results,
                "check_ins": found.check_ins,
                "yaml": found.yaml,
                "not_understood": notes,
            }
        )
        return
    counts = (
        (found.objectives, "objective"),
        (found.key_results, "key result"),
        (found.check_ins, "check-in"),
    )
    said = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts)
    if output is None:
        at.say(found.yaml.rstrip("\n"))
    else:
        at.say(f"Wrote {output}: {said}.")
    for one in found.notes:
        at.note(f"{one.file}:{one.line}: {one.text} ({one.why})")
    at.note(f"{said}; {len(found.notes)} left out or guessed" + (", listed above." if found.notes else "."))
    if output is not None:
        at.note("Next: read it through, name it under `include:`, and run `northing config check`.")
