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
            int,
            typer.Option(
                "--port",
                min=0,
                max=65533,
                help="Port of the simulated Jira; GitHub and what takes the alerts have the next two.",
            ),
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
        with _company(at, folder, port):
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


def _company(at: Session, folder: Path, port: int) -> "Running":
    """The sample company's tools, being served, and its configuration in `folder`."""
    from cli.wiring import now
    from simulator import Inbox, serve
    from simulator.company import sites, write_config

    today = now().date()
    jira, github = sites(today, now=now)
    inbox = Inbox(lambda *message: _message(at, *message))
    try:
        running = serve(jira, github, inbox, port=port)
    except OSError as error:
        raise Failure(
            f"Port {port}, {port + 1} or {port + 2} is taken: {error.strerror}.",
            "Name another with --port.",
            code=FAILED,
        ) from None
    write_config(folder, running.url_of(jira), running.url_of(github), today, running.url_of(inbox))
    return running


def _message(at: Session, channel: str, title: str, text: str) -> None:
    """Shows an alert, a digest or a test message that arrived."""
    if not at.json:
        at.say(f"\n── To channel {channel}: {title}\n\n{text.rstrip()}")


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


TRIES = (
    ("explain CHECKOUT.1", "why a key result has its numbers"),
    ("check", "what does not fit"),
    ("explain STR302", "what a finding means, and what would end it"),
    ("forecast", "when the work will be done"),
    ("history RELY.4", "why its delivery changed"),
    ("plan check {plan}", "whether the next quarter can work"),
    ("map suggest", "which key results unaligned work could serve"),
    ("report --for platform", "what a team reads on a Monday"),
    ("alerts preview", "what people would be told now"),
    ("schedule", "what the service does next"),
)
WHILE_IT_STAYS = (
    ("sync", "reads what changed since"),
    ("serve", "the service: its alerts appear here, and nowhere else"),
)


def _tell(at: Session, folder: Path, *, stays: bool) -> None:
    program, plan = _program(), shlex.quote(str(folder / "plans" / "next-quarter.yaml"))
    tries = [
        (f"{program} {words.format(plan=plan)}", what) for words, what in TRIES + (WHILE_IT_STAYS if stays else ())
    ]
    width = max(len(words) for words, _ in tries if plan not in words)
    at.say()
    at.say(f"Configuration and database: {folder}")
    at.say("Try, in another terminal:" if stays else "Try:")
    at.say(f"  export NORTHING_CONFIG={shlex.quote(str(folder / 'northing.yaml'))}")
    for words, what in tries:
        at.say(f"  {words:<{width}}  # {what}")
    if stays:
        at.say("The simulated tools run until Ctrl-C.")
    else:
        at.say("The simulated tools have stopped. What only reads the database works without them.")
    sys.stdout.flush()
