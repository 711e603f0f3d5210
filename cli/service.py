"""What `serve` and `worker` hold between them: database, configuration and connectors, and how all that stands."""

import os
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from cli.connections import Connections, Leased
from cli.session import Session

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import sqlalchemy as sa

    from cli.config_watch import Watch
    from config import Config, ConfigError, Loaded
    from connectors.base import Context

AT_NEXT_START = ("database", "queue", "service")
"""Keys of the configuration whose change a running service does not follow."""

log = structlog.get_logger()


class Superseded(Exception):
    """Another configuration is in force than the one that a job began with."""


@dataclass
class Status:
    """How this process stands, for those who ask whether it is ready.

    `standing_by`: another process does the work, and this one takes over when it ends. `configuration_errors`: what is
    wrong with changed files, which are not in force. `configured_by`: the process by whose configuration is counted,
    where that is another one than this process has. `failing`: why the database cannot be used at the moment.
    """

    standing_by: bool = False
    configuration_errors: tuple[str, ...] = ()
    configured_by: str | None = None
    failing: str | None = None

    def problems(self) -> list[str]:
        """Everything that is not as it should be, in words."""
        found = [f"the changed configuration is not in force: {one}" for one in self.configuration_errors]
        if self.configured_by is not None:
            found.append(f"the configuration in force is that of {self.configured_by}, and not the one of this process")
        if self.failing is not None:
            found.append(self.failing)
        return found


class Service:
    """A process of the service. Its jobs take their configuration and connectors by `lease`.

    `decides`: the configuration of this process is the one that is counted by, from its start and at each change of
    its files. Others follow: they do jobs only where theirs is the same.
    """

    def __init__(
        self,
        at: Session,
        watch: "Watch",
        engine: "sa.Engine",
        stop: threading.Event,
        context: "Callable[[str], Context]",
        *,
        decides: bool,
        status: Status | None = None,
    ) -> None:
        from cli.wiring import made
        from config.fingerprint import fingerprint

        self.engine = engine
        self.stop = stop
        self.context = context
        self.status = status or Status()
        self.me = f"{socket.gethostname()}:{os.getpid()}"
        self._at = at
        self._watch = watch
        self._decides = decides
        self._lock = threading.RLock()
        self._loaded = watch.loaded
        self._mine = watch.loaded.config, fingerprint(watch.loaded)
        self._connections = Connections(watch.loaded.config, lambda name, config: made(name, config, context(name)))
        self._unwritten: list[Callable[[sa.Connection], None]] = [self._note_applied] if decides else []

    @property
    def config(self) -> "Config":
        """The configuration in force in this process."""
        return self._connections.config

    def lease(self) -> "AbstractContextManager[Leased]":
        """The configuration and connectors of now, for as long as a job takes."""
        return self._connections.lease()

    def hide(self, text: str) -> str:
        """A text without the secrets of the configuration, those that it had before included."""
        return self._at.secrets.hide_known(text)

    def failed(self, error: Exception) -> str | None:
        """Notes that the database, or its disk, cannot be used: what is the matter, without secrets.

        None where the error is one of this program.
        """
        from store.failures import failure

        told = failure(error) or (error if isinstance(error, OSError) else None)
        if told is None:
            return None
        self.status.failing = self.hide(" ".join(str(told).split()))
        return self.status.failing

    def worked(self) -> None:
        """Notes that it can be used."""
        self.status.failing = None

    def close(self) -> None:
        """Closes the connectors."""
        self._connections.close()

    def look(self) -> bool:
        """Follows the files where they have changed. Whether anything is to be counted anew for that.

        Raises errors of the database; what could not be written to it is written when this is called again.
        """
        with self._lock:
            self._take(self._watch.poll())
            return self._write()

    def take_over(self) -> None:
        """Reads the files, and has the next look apply them: nobody else serves the database any more."""
        with self._lock:
            self._unwritten = [self._note_applied]
            self._take(self._watch.again())

    def is_ours(self) -> bool:
        """Whether the configuration that is counted by is the one of this process."""
        from store import configuration, reading

        with reading(self.engine) as conn:
            applied = configuration.applied(conn)
        if applied is None or applied.fingerprint == self._mine[1]:
            self.status.configured_by = None
            return True
        if self.status.configured_by != applied.by:
            log.warning(
                "the configuration in force is another one: the work is left to others",
                applied_by=applied.by,
                applied_at=applied.at.isoformat(),
            )
        self.status.configured_by = applied.by
        return False

    def has_its_way(self) -> bool:
        """The same, after reading the files again where it is not."""
        if self.is_ours():
            return True
        with self._lock:
            self._take(self._watch.again())
        return self.is_ours()

    def must_hold(self, conn: "sa.Connection", config: "Config") -> None:
        """Raises Superseded where `config` is not what is counted by. Waits for nobody, as others may wait for this."""
        from store import configuration

        mine, print_ = self._mine
        applied = configuration.applied(conn)
        if config is not mine or (applied is not None and applied.fingerprint != print_):
            raise Superseded

    def _take(self, found: "Loaded | ConfigError | None") -> None:
        from config import Loaded

        if isinstance(found, Loaded):
            self._accept(found)
        elif found is not None:
            from cli.problems import lines

            self._refuse(lines(one for one in found.problems if one.severity == "error"))

    def _accept(self, found: "Loaded") -> None:
        from config.changes import changes
        from config.fingerprint import fingerprint

        before = self._loaded
        # Jobs that have begun go on with the secrets of before: these stay hidden, too.
        found.references.secrets.update(before.references.secrets)
        told = changes(before.config, found.config)
        if not told and not self.status.configuration_errors:
            return
        try:
            anew = self._connections.replace(found.config)
        except Exception as error:  # noqa: BLE001 - files that pass all checks and still cannot be used are told as others
            self._refuse([found.references.hide(f"{found.files[0].name}: {error}")])
            return
        self._at.hide = found.references.hide
        self._at.secrets.read(found)
        self._loaded, self._mine = found, (found.config, fingerprint(found))
        self.status.configuration_errors = ()
        log.info("configuration read again", changes=told, connections_anew=anew)
        if later := [key for key in AT_NEXT_START if getattr(before.config, key, 0) != getattr(found.config, key, 0)]:
            log.warning("a change takes effect at the next start", keys=later)
        if self._decides:
            self._unwritten = [self._note_applied]

    def _refuse(self, errors: list[str]) -> None:
        # What stands in a wrong place may be the secret of another.
        errors = [self._at.secrets.hide(one) for one in errors]
        self.status.configuration_errors = tuple(errors)
        log.error("configuration cannot be applied, the one before stays in force", errors=errors)
        if self._decides:
            self._unwritten.append(self._note_refused)

    def _write(self) -> bool:
        """Keeps in the database what became of the files. Whether there was anything."""
        from store.transactions import alone

        if not self._unwritten:
            return False
        with alone(self.engine) as conn:
            for note in self._unwritten:
                note(conn)
        self._unwritten = []
        return True

    def _note_applied(self, conn: "sa.Connection") -> None:
        from cli.wiring import now
        from store import configuration
        from sync.apply import apply

        moment = now()
        apply(conn, self.config, moment)
        configuration.note_applied(conn, configuration.Applied(self._mine[1], self.me, moment))

    def _note_refused(self, conn: "sa.Connection") -> None:
        from cli.wiring import now
        from store import configuration

        configuration.note_refused(conn, self._watch.path.name, self.status.configuration_errors, now())


@contextmanager
def serving(
    at: Session,
    watch: "Watch",
    engine: "sa.Engine",
    stop: threading.Event,
    *,
    decides: bool,
    status: Status | None = None,
) -> Generator[Service]:
    """A process of the service with its connectors, on a migrated database. Warnings of its files are logged."""
    from cli.problems import lines
    from cli.wiring import contexts

    for line in lines(watch.loaded.warnings):
        log.warning("configuration", warning=at.hide(line))

    def waits(connection: str, reason: str, seconds: float) -> None:
        log.info("waiting", connection=connection, reason=reason, seconds=round(seconds, 1))

    with contexts(watch.loaded.config, stop, waits, at.secrets.learn) as context:
        service = Service(at, watch, engine, stop, context, decides=decides, status=status)
        try:
            yield service
        finally:
            service.close()
