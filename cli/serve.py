"""`northing serve`."""

import threading
from datetime import datetime
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
        """Sync now and then by `schedule.sync`, until Ctrl-C or SIGTERM. The configuration is read again each time.

        By `schedule.reconcile` what is stored is compared with all that the tools list, too.
        """
        at = session(ctx, config, json, quiet)
        from cli.wiring import loaded, stopped_by_signals
        from config.times import At, when
        from sync.schedule import repeat, trigger

        first, stop = loaded(at).config, threading.Event()
        reconcile = when(first.schedule.reconcile)
        at_times = reconcile if isinstance(reconcile, At) else None
        with stopped_by_signals(stop):
            at.note(f"Syncing now and {first.schedule.sync}, until Ctrl-C.")
            repeat(_Runs(at, first, stop), trigger(first.schedule.sync_interval, at_times, first.zone), stop)


class _Runs:
    """One sync after another. What fails is reported, and tried again at the next time."""

    def __init__(self, at: Session, config: "Config", stop: threading.Event) -> None:
        self.at, self.config, self.stop = at, config, stop
        self.swept_at: datetime | None = None

    def __call__(self) -> None:
        from cli.errors import report
        from cli.session import INTERRUPTED
        from cli.sync_command import run
        from cli.wiring import now

        self._read_configuration()
        began = now()
        try:
            sweep = self._sweep_is_due(began)
            if run(self.at, self.config, sweep=sweep, stop=self.stop) != INTERRUPTED and sweep:
                self.swept_at = began
        except Exception as error:  # noqa: BLE001 - the next run may fare better; the person is told
            report(self.at, error)

    def _sweep_is_due(self, now: datetime) -> bool:
        """By `schedule.reconcile`, since the last sweep of this process or, before there is one, of any other."""
        from cli.wiring import database
        from config.times import when
        from store.sweep import swept_since
        from sync.schedule import due

        since = self.swept_at
        if since is None:
            with database(self.config.database) as engine, engine.begin() as conn:
                since = swept_since(conn, now)
        return due(when(self.config.schedule.reconcile), since, now, self.config.zone)

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
