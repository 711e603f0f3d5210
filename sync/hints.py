"""Working off what the tools told by themselves: what hints are about is read anew, and what came of it is counted."""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

import sqlalchemy as sa

from config import Config
from connectors.base import Connector, Usage
from connectors.errors import Cancelled, SourceError
from connectors.records import Ref, Scope
from store import hints, streams, work
from store.hints import Waiting
from store.looked import apply_looked, known_scopes, places, with_proof
from store.streams import StreamState
from store.sync_lock import SyncRunning, sync_lock
from sync import refused
from sync.engine import remeasure
from sync.findings import FindingsResult

BATCH = 100
"""Items that are looked at in one go."""


@dataclass
class WorkedOff:
    """What became of the hints that were due.

    `busy`: a sync was running, and nothing was done. `done`, `failed` and `given_up` count hints, `read` and `changed`
    items. `errors` are (connection, scope's key or None, what happened). `findings`: None where nothing changed.
    """

    busy: bool = False
    done: int = 0
    failed: int = 0
    given_up: int = 0
    read: int = 0
    changed: int = 0
    requests: int = 0
    errors: list[tuple[str, str | None, str]] = field(default_factory=list)
    findings: FindingsResult | None = None


def work_off(
    engine: sa.Engine,
    config: Config,
    connectors: Mapping[str, Connector],
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
) -> WorkedOff:
    """Reads what the hints that are due are about, by `connectors` (by connection name), and counts what changed.

    Hints about the same items and scopes are one reading. What fails is due again later. With `stop` set the rest
    waits. Raises StoreError where the database cannot be locked, errors of the database, and, after all else is done,
    errors of this program.
    """
    result = WorkedOff()
    bugs: list[Exception] = []
    with ExitStack() as stack:
        try:
            stack.enter_context(sync_lock(engine))
        except SyncRunning:
            result.busy = True
            return result
        for name, connector in connectors.items():
            if not stop.is_set():
                _Round(engine, config, name, connector, now, stop, result, bugs).run()
        with engine.begin() as conn:
            hints.purge(conn, now())
        if result.changed:
            result.findings = remeasure(engine, config, now())
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
        result: WorkedOff,
        bugs: list[Exception],
    ) -> None:
        self._engine = engine
        self._config = config
        self._name = name
        self._connector = connector
        self._now = now
        self._stop = stop
        self._result = result
        self._bugs = bugs
        self._usage = Usage()
        self._failed: set[str] = set()

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
        done = {one.delivery for one in waiting} - self._failed
        with self._engine.begin() as conn:
            hints.done(conn, self._name, done, self._now())
        self._result.done += len(done)
        self._result.failed += len(self._failed)

    def _work(self, waiting: list[Waiting]) -> None:
        with self._engine.begin() as conn:
            connection_id = work.connection_id(conn, self._name, self._connector.kind)
            scopes = known_scopes(conn, self._name)
        listing = {one.delivery for one in waiting if one.about.scopes or self._is_new(one, scopes)}
        if listing:
            if not self._attempt(None, listing, lambda: self._list(connection_id)):
                waiting = [one for one in waiting if one.delivery not in listing]
            with self._engine.begin() as conn:
                scopes = known_scopes(conn, self._name)
        for external_id, part in sorted(self._parts(waiting, scopes).items()):
            if self._stop.is_set():
                raise Cancelled
            scope_id, scope = scopes[external_id]
            self._attempt(scope.key, part.deliveries, lambda: self._read(connection_id, scope_id, scope, part))  # noqa: B023 - called at once

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
        with self._engine.begin() as conn:
            work.save_scopes(conn, self._name, self._connector.kind, listing.scopes)
            refused.keep(conn, self._name, connection_id, listing)

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

    def _attempt(self, scope: str | None, deliveries: set[str], action: Callable[[], None]) -> bool:
        """Runs a part. Where it fails, what it was for is due again later."""
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
            with self._engine.begin() as conn:
                saved = apply_looked(conn, connection_id, scope_id, proven, self._config.counting, self._now())
            self._result.read += saved.read
            self._result.changed += saved.changed

    def _read_containers(self, connection_id: int, scope_id: int, scope: Scope) -> None:
        with self._engine.begin() as conn:
            state = streams.load(conn, scope_id, "containers")
        found = self._connector.containers(scope, dict(state.validators), self._usage)
        if found is None:
            return
        with self._engine.begin() as conn:
            saved = work.save_containers(conn, connection_id, scope_id, found, self._now())
            streams.save(conn, scope_id, "containers", StreamState(validators=dict(found.validators)))
        self._result.changed += saved.changed


def _part(parts: dict[str, _Part], scope: str, one: Waiting) -> _Part:
    part = parts.setdefault(scope, _Part())
    part.deliveries.add(one.delivery)
    return part
