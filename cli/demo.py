"""`northing demo`."""

import shlex
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session import FAILED, ConfigOption, Failure, JsonOption, QuietOption, Session, command, session

if TYPE_CHECKING:
    from simulator import Running

MARK = "# Merlo sells an online shop platform."
"""How the sample company's configuration begins: only such a file is written over."""


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "demo", "northing demo", "northing demo --data merlo --no-serve")
    def demo(
        ctx: typer.Context,
        port: Annotated[
            int, typer.Option("--port", min=0, max=65534, help="Port of the simulated Jira; GitHub takes the next one.")
        ] = 0,
        data: Annotated[
            Path | None, typer.Option("--data", metavar="DIR", help="Keep configuration and database in this folder.")
        ] = None,
        serve: Annotated[
            bool, typer.Option("--serve/--no-serve", help="Whether the simulated tools run on until Ctrl-C.")
        ] = True,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Show a sample company: a real sync of a simulated Jira and GitHub on this machine."""
        at = session(ctx, config, json, quiet)
        folder = _folder(data)
        with _company(folder, port):
            at.config = folder / "northing.yaml"
            if code := _sync_and_show(at):
                raise typer.Exit(code)
            stays = serve and at.out.is_terminal and not at.json
            # From the first word of "until Ctrl-C" on, that is how it ends well.
            with suppress(KeyboardInterrupt):
                if not at.json:
                    _tell(at, folder, stays=stays)
                if stays:
                    threading.Event().wait()


def _folder(data: Path | None) -> Path:
    if data is None:
        return Path(tempfile.mkdtemp(prefix="northing-demo-"))
    folder = Path.cwd() / data
    file = folder / "northing.yaml"
    if file.exists() and not file.read_text(encoding="utf-8", errors="replace").lstrip().startswith(MARK):
        raise Failure(f"{file} is not the demo's, and would be written over.", "Name another folder with --data.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _company(folder: Path, port: int) -> "Running":
    """The sample company's tools, being served, and its configuration in `folder`."""
    from cli.wiring import now
    from simulator import serve
    from simulator.company import sites, write_config

    today = now().date()
    jira, github = sites(today, now=now)
    try:
        running = serve(jira, github, port=port)
    except OSError as error:
        raise Failure(
            f"Port {port} or {port + 1} is taken: {error.strerror}.", "Name another with --port.", code=FAILED
        ) from None
    write_config(folder, running.url_of(jira), running.url_of(github), today)
    return running


def _sync_and_show(at: Session) -> int:
    from cli.reader import reading
    from cli.standing import standing
    from cli.status_view import show
    from cli.sync_command import run
    from cli.wiring import loaded

    if not at.json:
        at.note("A simulated Jira and GitHub run on this machine. Reading them …")
    # The picture below says what the sync found, so the sync itself need not.
    inner = Session(config=at.config, quiet=True)
    code = run(inner, loaded(inner).config, progress_on=at)
    if code:
        return code
    with reading(at) as reader:
        found = standing(reader)
    if at.json:
        at.data(found.objectives)
    else:
        show(found, at.out)
    return 0


def _program() -> str:
    """How this program is called from here: by its path where it lies in this folder, as `make demo` has it."""
    called = Path(sys.argv[0])
    if called.name == "northing" and called.is_file() and called.absolute().is_relative_to(Path.cwd()):
        return shlex.quote(str(called.absolute().relative_to(Path.cwd())))
    return "northing"


def _tell(at: Session, folder: Path, *, stays: bool) -> None:
    at.say()
    at.say(f"Configuration and database: {folder}")
    at.say("Try:")
    config = f"--config {shlex.quote(str(folder / 'northing.yaml'))}"
    plan = f"plan check {shlex.quote(str(folder / 'plans' / 'next-quarter.yaml'))}"
    program = _program()
    for words in ("explain CHECKOUT.1", "check", "explain STR302", "forecast", "history RELY.4", plan, "map suggest"):
        at.say(f"  {program} {words} {config}")
    if stays:
        at.say(f"  {program} sync {config}")
        at.say("The simulated tools run until Ctrl-C.")
    else:
        at.say("The simulated tools have stopped. All commands but `sync` and `doctor` work without them.")
    sys.stdout.flush()
