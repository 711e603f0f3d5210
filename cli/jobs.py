"""What each kind of job does: the one place where reading, counting, telling and forgetting meet."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

import structlog

from cli.service import Service, Superseded
from cli.wiring import now
from sync.jobs.job import Handlers, Job, Runner

if TYPE_CHECKING:
    from cli.connections import Leased
    from sync.pull_rows import ScopeResult

SETTLE = timedelta(seconds=5)
"""How long after a reading that changed something it is counted: what others read meanwhile is counted with it."""
LATER = timedelta(seconds=30)
"""When a job is tried again that others, or the database, kept from running."""
_WHOLE = "counted after all was read"
"""Kept once everything was read, or tried, and counted: nobody is told anything before."""

log = structlog.get_logger()


class Jobs:
    """Does the jobs of a service. What follows from one is submitted to the runner."""

    def __init__(self, service: Service, runner: Callable[[], Runner]) -> None:
        """`runner` gives what the jobs run on, which is made with these handlers."""
        self._service = service
        self._runner = runner

    def handlers(self) -> Handlers:
        """What does each kind of job."""
        return {
            "list": self._of_connection(self._list),
            "ask": self._of_connection(self._ask),
            "read": self._of_connection(self._read),
            "sweep": self._of_connection(self._sweep),
            "missed": self._of_connection(self._missed),
            "write_back": self._of_connection(self._write_back),
            "values": self._whole(self._values),
            "hints": self._whole(self._hints),
            "count": self._whole(self._count),
            "alerts": self._whole(self._alerts),
            "digest": self._whole(self._digest),
            "retain": self._whole(self._retain),
        }

    def _whole(self, action: "Callable[[Job, Leased], None]") -> Callable[[Job], None]:
        """Does a job with the configuration of its beginning; later, where it cannot be done now.

        Where another configuration is in force than the one of this process, it is left to others.
        """

        def run(job: Job) -> None:
            from sqlalchemy.exc import SQLAlchemyError

            from cli.logs import about
            from connectors.errors import Cancelled
            from store import StoreError
            from store.sync_lock import SyncRunning
            from sync.jobs.due import NOTED, note

            began = monotonic()
            with about(job):
                service = self._service
                try:
                    if not (service.has_its_way() if job.kind == "count" else service.is_ours()):
                        raise Superseded
                    with service.lease() as leased:
                        action(job, leased)
                    # What a stop found half-way is due again.
                    if job.kind in NOTED and not service.stop.is_set():
                        with service.engine.begin() as conn:
                            note(conn, job, now())
                except Cancelled:
                    return
                except Superseded:
                    self._runner().submit(job, after=LATER)
                except SyncRunning as error:
                    log.info("job put off", reason=error.message)
                    self._runner().submit(job, after=LATER)
                except (SQLAlchemyError, StoreError, OSError) as error:
                    # Told first: counting waits for the same database.
                    told = service.failed(error)
                    if told is None:
                        self._counted(job, began, failed=True)
                        raise
                    log.warning("job failed, tried again soon", error=told)
                    self._counted(job, began, failed=True)
                    # Where the runner needs the database, too, the job is due again by its schedule.
                    with suppress(SQLAlchemyError, StoreError, OSError):
                        self._runner().submit(job, after=LATER)
                except Exception:
                    self._counted(job, began, failed=True)
                    raise
                else:
                    service.worked()
                    self._counted(job, began, failed=False)

        return run

    def _counted(self, job: Job, began: float, *, failed: bool) -> None:
        """Counts a job for the metrics. Where that cannot be written, it is left out: the job is done all the same."""
        from sqlalchemy.exc import SQLAlchemyError

        from store import totals

        took = timedelta(seconds=monotonic() - began)
        with suppress(SQLAlchemyError), self._service.engine.begin() as conn:
            totals.add_job(conn, job.kind, failed=failed, took=took)

    def _of_connection(self, action: "Callable[[Job, Leased, str], None]") -> Callable[[Job], None]:
        """As above, for a job of a connection. Those of one that is not configured (any more) come to nothing."""

        def run(job: Job, leased: "Leased") -> None:
            name = job.connection
            if name is None or name not in leased.connectors:
                log.info("job of a connection that is not configured")
                return
            action(job, leased, name)

        return self._whole(run)

    def _list(self, _job: Job, leased: "Leased", name: str) -> None:
        from sync.jobs.schedule import schedule
        from sync.jobs.scopes import list_scopes

        service = self._service
        found = list_scopes(service.engine, leased.config, name, leased.connectors[name], now=now, stop=service.stop)
        if found.error is not None:
            log.warning("scopes not listed", connection=name, error=service.hide(found.error))
        else:
            log.info("scopes listed", connection=name, scopes=len(found.listed), new=len(found.new))
        for one in found.refused:
            self._tell("scope refused", one)
        for scope in found.new:
            self._runner().submit(Job("read", name, scope))
        if found.new:
            # What is asked of a connection waits until it has listed its scopes once.
            asked = (Job("ask", name), Job("values"))
            for job in [one.job for one in schedule(leased.config, {}) if one.job in asked]:
                self._runner().submit(job)
        self._count_soon(news=found.news)

    def _read(self, job: Job, leased: "Leased", name: str, *, sweep: bool = False) -> None:
        from sync.jobs.scopes import read_scope

        service, connector = self._service, leased.connectors[name]
        assert job.scope is not None
        found = read_scope(
            service.engine, leased.config, name, connector, job.scope, now=now, stop=service.stop, sweep=sweep
        )
        self._tell("scope compared" if sweep else "scope read", found.result)
        self._count_soon(news=found.news)

    def _sweep(self, job: Job, leased: "Leased", name: str) -> None:
        self._read(job, leased, name, sweep=True)

    def _ask(self, _job: Job, leased: "Leased", name: str) -> None:
        from sync.jobs.asked import ask

        service = self._service
        found = ask(service.engine, leased.config, name, leased.connectors[name], now=now, stop=service.stop)
        self._tell("queries asked", found.result)
        self._count_soon(news=found.news)

    def _values(self, _job: Job, leased: "Leased") -> None:
        from sync.jobs.asked import fetch

        service = self._service
        found = fetch(service.engine, leased.config, leased.connectors, now=now, stop=service.stop)
        for one in found:
            if one.error is not None:
                log.warning("value not fetched", key_result=one.key_result, error=service.hide(one.told))
        log.info("values fetched", values=len(found), failed=sum(one.error is not None for one in found))
        self._count_soon(news=bool(found))

    def _missed(self, _job: Job, leased: "Leased", name: str) -> None:
        from connectors.errors import SourceError
        from sync.missed import fetch_missed

        service = self._service
        try:
            found = fetch_missed(service.engine, name, leased.config.connections[name], service.context(name))
        except SourceError as error:
            log.warning("missed deliveries not fetched", connection=name, error=service.hide(str(error)))
            return
        log.info("missed deliveries fetched", connection=name, deliveries=found)
        if found:
            self._runner().submit(Job("hints"))

    def _hints(self, job: Job, leased: "Leased") -> None:
        from store import hints, reading
        from sync.hints import work_off

        service, name = self._service, job.connection
        if name is None:
            with reading(service.engine) as conn:
                told = hints.told(conn, now())
            for one in told:
                if one in leased.connectors:
                    self._runner().submit(Job("hints", one))
            return
        connectors = {one: connector for one, connector in leased.connectors.items() if one == name}
        done = work_off(service.engine, leased.config, connectors, now=now, stop=service.stop)
        for connection, scope, error in done.errors:
            log.warning("hint not worked off", connection=connection, scope=scope, error=service.hide(error))
        self._count_soon(news=done.changed > 0)
        if done.done or done.failed:
            log.info("hints worked off", done=done.done, failed=done.failed, read=done.read, changed=done.changed)

    def _count(self, _job: Job, leased: "Leased") -> None:
        from store import meta, reading
        from store.known_scopes import all_tried
        from sync.engine import count

        service, config = self._service, leased.config
        with reading(service.engine) as conn:
            whole = all_tried(conn, config.connections)
        found = count(service.engine, config, now=now, first=lambda conn: service.must_hold(conn, config))
        log.info("counted", open=found.open, opened=found.opened, resolved=found.resolved, suppressed=found.suppressed)
        if whole:
            with service.engine.begin() as conn:
                meta.write(conn, {_WHOLE: "yes"})
        self._runner().submit(Job("alerts"))
        for name, options in config.connections.items():
            if options.kind in config.write_back and options.write_back:
                self._runner().submit(Job("write_back", name))

    def _alerts(self, _job: Job, leased: "Leased") -> None:
        from alerts.digest.send import send_waiting
        from alerts.send import send_alerts
        from cli.alerts import words
        from cli.digest_asked import Engine
        from store import meta, reading

        service, config = self._service, leased.config
        with reading(service.engine) as conn:
            if meta.read(conn, _WHOLE) is None:
                return  # during the first reading much seems to be missing
        common: Any = {"now": now, "stop": service.stop, "hide": service.hide}
        send_alerts(service.engine, config, words=words, **common)
        send_waiting(service.engine, config, Engine(), **common)

    def _digest(self, job: Job, leased: "Leased") -> None:
        from alerts.digest.send import send_digest
        from cli.digest_asked import Engine

        service = self._service
        assert job.name is not None
        sent = send_digest(
            service.engine, leased.config, job.name, Engine(), now=now, stop=service.stop, hide=service.hide
        )
        if sent.quiet:
            log.info("digest waits for the end of the quiet hours")

    def _retain(self, _job: Job, leased: "Leased") -> None:
        from store.retention import retain

        service = self._service
        removed = retain(service.engine, leased.config.retention, now(), stop=service.stop)
        log.info("what is older than it is kept was removed", rows=removed.total)

    def _write_back(self, _job: Job, leased: "Leased", name: str) -> None:
        from sync.write_back import write_back

        service = self._service
        done = write_back(service.engine, leased.config, name, leased.connectors[name], now=now, stop=service.stop)
        if done.off is not None:
            log.info("nothing written back", connection=name, why=done.off)
        elif done.error is not None or done.refused:
            why = done.error or "; ".join(f"{one.scope}: {one.message}" for one in done.refused)
            log.warning("write-back refused", connection=name, wrote=done.wrote, left=done.left, error=why)
        elif done.steps:
            log.info("written back", connection=name, wrote=done.wrote, left=done.left)

    def _count_soon(self, *, news: bool) -> None:
        if news:
            self._runner().submit(Job("count"), after=SETTLE)

    def _tell(self, event: str, result: "ScopeResult | None") -> None:
        """Logs what a reading came to."""
        if result is None:
            return
        more: dict[str, Any] = {}
        if result.error is not None:
            more["error"] = self._service.hide(result.error)
        if result.held_back is not None:
            more["held_back"] = result.held_back
        tell = log.warning if more else log.info
        tell(
            event,
            connection=result.connection,
            scope=result.scope,
            outcome=result.outcome,
            read=result.read,
            changed=result.changed,
            set_aside=result.set_aside,
            requests=result.requests,
            seconds=round(result.seconds, 1),
            waited_s=round(result.waited_s, 1),
            **more,
        )
