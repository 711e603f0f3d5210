"""`northing serve`."""

import threading
from typing import TYPE_CHECKING

import typer

from cli.session import ConfigOption, JsonOption, QuietOption, Session, command, session

if TYPE_CHECKING:
    from config import Config


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "serve", "northing serve", "northing serve --quiet --config /etc/northing/northing.yaml")
    def serve(
        ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
    ) -> None:
        """Sync now and then by `schedule.sync`, until Ctrl-C or SIGTERM. The configuration is read again each time."""
        at = session(ctx, config, json, quiet)
        from cli.wiring import loaded, stopped_by_signals
        from sync.schedule import repeat

        first, stop = loaded(at).config, threading.Event()
        with stopped_by_signals(stop):
            at.note(f"Syncing now and {first.schedule.sync}, until Ctrl-C.")
            repeat(_Runs(at, first, stop), first.schedule.sync_interval, stop)


class _Runs:
    """One sync after another. What fails is reported, and tried again at the next time."""

    def __init__(self, at: Session, config: "Config", stop: threading.Event) -> None:
        self.at, self.config, self.stop = at, config, stop

    def __call__(self) -> None:
        from cli.errors import report
        from cli.sync_command import run

        self._read_configuration()
        try:
            run(self.at, self.config, stop=self.stop)
        except Exception as error:  # noqa: BLE001 - the next run may fare better; the person is told
            report(self.at, error)

    def _read_configuration(self) -> None:
        """Takes over what changed in the files; what cannot be read leaves the old configuration in force."""
        from cli.errors import report
        from cli.wiring import loaded
        from config import ConfigError

        try:
            self.config = loaded(self.at).config
        except (ConfigError, OSError) as error:
            report(self.at, error)
            self.at.note("The configuration read before stays in force.")
