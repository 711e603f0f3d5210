"""Working off what the tools told by themselves: what hints are about is read anew."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

import sqlalchemy as sa

from config import Config
from connectors.base import Connector, Usage
from connectors.errors import Cancelled, SourceError
from connectors.records import Looked, Ref, Scope
from store import hints, streams, work
from store.counts import Saved
from store.hints import Waiting
from store.locks import Held
from store.looked import apply_looked, known_scopes, places, with_proof
from store.streams import StreamState
from store.sync_lock import SyncRunning, job_lock
from store.transactions import beside
from sync import refused
from sync.apply import words_of_now
from sync.jobs.job import Job

BATCH = 100
"""Items that are looked at in one go."""


@dataclass
class WorkedOff:
    """What became of the hints that were due.

    `busy`: a sync was running, or somebody else was at the hints of a connection. `done`, `failed`, `given_up` and
    `put_off` (somebody else reads what they are about) count hints, `read` and `changed` items. `errors` are
    (connection, scope's key or None, what happened).
    """

    busy: bool = False
    done: int = 0
    failed: int = 0
    given_up: int = 0
    put_off: int = 0
    read: int = 0
    changed: int = 0
    requests: int = 0
    errors: list[tuple[str, str | None, str]] = field(default_factory=list)


def work_off(
    engine: sa.Engine,
    config: Config,
    connectors: Mapping[str, Connector],
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
) -> WorkedOff:
    """Reads what the hints that are due are about, by `connectors` (by connection name). What changed is to be counted.

    Hints about the same items and scopes are one reading. What fails is due again later; what somebody else is reading,
    and with `stop` set the rest, stays due. Raises StoreError where the database cannot be locked, errors of the
    database, and, after all else is done, errors of this program.
    """
    result = WorkedOff()
    bugs: list[Exception] = []
    for name, connector in connectors.items():
        if stop.is_set():
            break
        try:
            with job_lock(engine, Job("hints", name).lock, stop=stop, patience_s=0.5) as held:
                _Round(engine, config, name, connector, now, stop, held, result, bugs).run()
        except SyncRunning:
            result.busy = True
        except Cancelled:
            break
    if result.done or result.given_up:
        with engine.begin() as conn:
            hints.purge(conn, now())
    if bugs:
        raise bugs[0]
    return result


@dataclass
class _Part:
    """What is to be read of one scope, and the deliveries that say so."""

    refs: dict[str, Ref] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    containers: bool = False
    whole: bool = False
    deliveries: set[str] = field(default_factory=set)


class _Round:
    """The hints of one connection that are due."""

    def __init__(
        self,
        engine: sa.Engine,
        config: Config,
        name: str,
        connector: Connector,
        now: Callable[[], datetime],
        stop: threading.Event,
        held: Held,
        result: WorkedOff,
        bugs: list[Exception],
    ) -> None:
        self._engine = engine
        self._config = config
        self._name = name
        self._connector = connector
        self._now = now
        self._stop = stop
        self._held = held
        self._result = result
        self._bugs = bugs
        self._usage = Usage()
        self._failed: set[str] = set()
        self._put_off: set[str] = set()

    def run(self) -> None:
        with self._engine.begin() as conn:
            waiting = hints.take(conn, self._name, self._now())
        if not waiting:
            return
        try:
            self._work(waiting)
        except Cancelled:
            # What was stored stays. The hints are due as before: reading twice does no harm.
            return
        finally:
            self._result.requests += self._usage.requests
        done = {one.delivery for one in waiting} - self._failed - self._put_off
        with self._engine.begin() as conn:
            hints.done(conn, self._name, done, self._now())
        self._result.done += len(done)
        self._result.failed += len(self._failed)
        self._result.put_off += len(self._put_off - self._failed)

    def _work(self, waiting: list[Waiting]) -> None:
        connection_id, scopes = beside(self._engine, self._known)
        listing = {one.delivery for one in waiting if one.about.scopes or self._is_new(one, scopes)}
        if listing:
            if not self._attempt(Job("list", self._name), None, listing, lambda: self._list(connection_id)):
                waiting = [one for one in waiting if one.delivery not in listing]
            with self._engine.begin() as conn:
                scopes = known_scopes(conn, self._name)
        for external_id, part in sorted(self._parts(waiting, scopes).items()):
            if self._stop.is_set():
                raise Cancelled
            scope_id, scope = scopes[external_id]
            job = Job("read", self._name, external_id)
            self._attempt(job, scope.key, part.deliveries, lambda: self._read(connection_id, scope_id, scope, part))  # noqa: B023 - called at once

    def _known(self, conn: sa.Connection) -> tuple[int, dict[str, tuple[int, Scope]]]:
        return work.connection_id(conn, self._name, self._connector.kind), known_scopes(conn, self._name)

    def _is_new(self, one: Waiting, scopes: Mapping[str, object]) -> bool:
        """Whether a hint names a scope that is to be read, and that no list has named yet."""
        about = one.about
        if about.scope is None or about.scope in scopes or about.scope_key is None:
            return False
        key = about.scope_key.casefold()
        patterns = self._config.connections[self._name].scope_patterns()
        return any(fnmatchcase(key, pattern.casefold().replace("[", "[[]")) for pattern in patterns)

    def _list(self, connection_id: int) -> None:
        listing = self._connector.scopes()

        def keep(conn: sa.Connection) -> None:
            work.save_scopes(conn, self._name, self._connector.kind, listing.scopes)
            refused.keep(conn, self._name, connection_id, listing)

        beside(self._engine, keep)

    def _parts(self, waiting: Iterable[Waiting], scopes: Mapping[str, tuple[int, Scope]]) -> dict[str, _Part]:
        """By scope. Items whose scope is not told, or not read, are looked at where they were last."""
        lost = {
            ref.external_id for one in waiting for ref in one.about.refs if one.about.scope not in scopes or not ref.key
        }
        with self._engine.begin() as conn:
            found = places(conn, self._name, lost)
        parts: dict[str, _Part] = {}
        for one in waiting:
            about = one.about
            for ref in about.refs:
                scope, known = found.get(ref.external_id, (about.scope, ref))
                if scope is not None and scope in scopes and known.key:
                    part = _part(parts, scope, one)
                    part.refs[ref.external_id] = known
                    part.deleted.update({ref.external_id} & set(about.deleted))
            if about.containers and about.scope is None:
                for external_id, (_, scope) in scopes.items():
                    if not scope.archived:
                        _part(parts, external_id, one).containers = True
            elif about.scope is not None and about.scope in scopes and (about.containers or about.whole):
                part = _part(parts, about.scope, one)
                part.containers |= about.containers
                part.whole |= about.whole
        return parts

    def _attempt(self, job: Job, scope: str | None, deliveries: set[str], action: Callable[[], None]) -> bool:
        """Runs a part while no `job` does the same. Where it fails, what it was for is due again later."""
        if not self._held.take(job.lock):
            self._put_off |= deliveries
            return False
        try:
            action()
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001 - told in the result, or raised at the end where no tool caused it
            words = str(error) if isinstance(error, SourceError) else f"{type(error).__name__}: {error}"
            if not isinstance(error, SourceError):
                self._bugs.append(error)
            fresh = deliveries - self._failed
            with self._engine.begin() as conn:
                self._result.given_up += hints.failed(conn, self._name, fresh, words, self._now())
            self._failed |= fresh
            self._result.errors.append((self._name, scope, words))
            return False
        finally:
            self._held.drop(job.lock)
        return True

    def _read(self, connection_id: int, scope_id: int, scope: Scope, part: _Part) -> None:
        if part.whole:
            # The next ordinary reading of this scope is a full one.
            with self._engine.begin() as conn:
                streams.save(conn, scope_id, "items", StreamState())
        if part.containers:
            self._read_containers(connection_id, scope_id, scope)
        refs = list(part.refs.values())
        for start in range(0, len(refs), BATCH):
            if self._stop.is_set():
                raise Cancelled
            looked = self._connector.look(scope, refs[start : start + BATCH], self._usage)
            proven = with_proof(looked, part.deleted)
            now = self._now()

            def keep(conn: sa.Connection, looked: Looked = proven, now: datetime = now) -> Saved:
                counting = words_of_now(conn, self._config)
                return apply_looked(conn, connection_id, scope_id, looked, counting, now)

            saved = beside(self._engine, keep)
            self._result.read += saved.read
            self._result.changed += saved.changed

    def _read_containers(self, connection_id: int, scope_id: int, scope: Scope) -> None:
        with self._engine.begin() as conn:
            state = streams.load(conn, scope_id, "containers")
        found = self._connector.containers(scope, dict(state.validators), self._usage)
        if found is None:
            return
        after = StreamState(validators=dict(found.validators))

        def keep(conn: sa.Connection) -> Saved:
            saved = work.save_containers(conn, connection_id, scope_id, found, self._now())
            streams.save(conn, scope_id, "containers", after)
            return saved

        self._result.changed += beside(self._engine, keep).changed


def _part(parts: dict[str, _Part], scope: str, one: Waiting) -> _Part:
    part = parts.setdefault(scope, _Part())
    part.deliveries.add(one.delivery)
    return part
