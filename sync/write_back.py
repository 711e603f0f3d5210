"""Write-back: telling people at the work itself which key results it serves, and how these stand.

An item gets one writing, which is kept up to date. What is written changes seldom, as shares are told in steps of ten
per cent; and our own writings never count as movement of the work (`store.echo`).
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote

import sqlalchemy as sa

import store
from config import Config
from connectors.base import Connector, Usage
from connectors.errors import Cancelled, Refused, SourceError
from connectors.records import Scope
from connectors.writing import Standing, Writes
from store import fold, locks
from store import write_back as stored
from store.looked import known_scopes
from sync.refused import covers

MOST_A_RUN = 100
"""Items that one run writes to. The rest waits for the next."""
MOST_AN_HOUR = 400
"""Items of a connection that all runs of an hour write to: GitHub takes 500 new contents an hour."""
REFUSED_AT_MOST = 3
"""After so many refusals one after the other a scope is left alone until the next run."""
MOST_KEY_RESULTS = 50
TITLE_LENGTH = 250
"""No tool takes texts of any length: 50 key results with such titles fit everywhere."""
_CREDENTIALS = 401


@dataclass(frozen=True)
class Step:
    """Something to be written. `content` None: what stands there is taken away. `item` None: once for the whole scope,
    under `name`. `url` is where it shows.
    """

    scope: Scope
    form: str
    content: str | None
    item: stored.Serving | None = None
    name: str | None = None

    @property
    def url(self) -> str:
        return self.scope.url if self.item is None else self.item.url

    @property
    def where(self) -> str:
        """An item's key, or a name within the scope."""
        return f"{self.scope.key} {self.name}" if self.item is None else self.item.ref.key


@dataclass(frozen=True)
class RefusedScope:
    """A scope that refused to be written to: how many items, and why not the first of them."""

    scope: str
    items: int
    message: str
    advice: str


@dataclass
class WroteBack:
    """What became of a connection.

    `off`: why nothing is written there at all; None where something is. `steps`: what was to be written, all of it in a
    dry run. `wrote`: how much of it was; `left`: how much waits for the next run. `error`: what stopped the run.
    """

    connection: str
    form: str | None = None
    off: Literal["not configured", "not seen", "busy", "not read"] | None = None
    steps: list[Step] = field(default_factory=list)
    wrote: int = 0
    left: int = 0
    refused: list[RefusedScope] = field(default_factory=list)
    error: str | None = None
    usage: Usage = field(default_factory=Usage)


def write_back(
    engine: sa.Engine,
    config: Config,
    name: str,
    connector: Connector,
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
    dry_run: bool = False,
    scope: str | None = None,
) -> WroteBack:
    """Brings what stands in a connection's tool up to date with what is stored, in all scopes that may be written to.

    `scope`: only in the one with this key. Nothing is written before a dry run of the whole connection with the same
    configuration. With `stop` set the rest waits. Raises errors of the database and of this program; what the tool
    refuses is told in the result.
    """
    options = config.connections[name]
    form = config.write_back.get(options.kind)
    result = WroteBack(name, form)
    if form is None or not options.write_back or not isinstance(connector, Writes):
        result.off = "not configured"
        return result
    configured = json.dumps([form, sorted(options.write_back), options.urls()])
    with store.reading(engine) as conn:
        seen = stored.seen(conn, name) == configured
    if not dry_run and not seen:
        result.off = "not seen"
        return result
    with locks.holding(engine) as held:
        if not dry_run and not held.take(f"writing to {name}"):
            result.off = "busy"
            return result
        run = _Run(engine, config, name, connector, form, now, stop, result)
        try:
            run.go(dry_run=dry_run, only=scope)
        except SourceError as error:
            result.error = str(error)
        except Cancelled:
            result.error = "It was stopped; the next run goes on."
    if dry_run and scope is None and result.error is None and result.off is None:
        with engine.begin() as conn:
            stored.see(conn, name, configured)
    return result


class _Run:
    """One run over a connection."""

    def __init__(
        self,
        engine: sa.Engine,
        config: Config,
        name: str,
        connector: Writes,
        form: str,
        now: Callable[[], datetime],
        stop: threading.Event,
        result: WroteBack,
    ) -> None:
        self._engine = engine
        self._config = config
        self._name = name
        self._connector = connector
        self._form = form
        self._now = now
        self._stop = stop
        self._result = result
        self._room = 0

    def go(self, *, dry_run: bool, only: str | None) -> None:
        with store.reading(self._engine) as conn:
            scopes = sorted(known_scopes(conn, self._name).values(), key=lambda pair: fold(pair[1].key))
            running = stored.standings(conn, self._now().astimezone(self._config.zone).date())
        allowed = self._config.connections[self._name].write_back
        mine = [
            (scope_id, scope)
            for scope_id, scope in scopes
            if not scope.archived
            and any(covers(words, fold(scope.key)) for words in allowed)
            and (only is None or fold(only) == fold(scope.key))
        ]
        if not mine:
            self._result.off = "not read"
            return
        if not dry_run:
            with store.reading(self._engine) as conn:
                lately = stored.written_since(conn, self._name, self._now() - timedelta(hours=1))
            self._room = min(MOST_A_RUN, MOST_AN_HOUR - lately)
        told = {one: _told(standing, self._config.service.url) for one, standing in running.items()}
        for scope_id, scope in mine:
            steps = self._plan(scope_id, scope, running, told)
            self._result.steps += steps
            if not dry_run:
                self._write(scope_id, scope, steps)

    def _plan(
        self, scope_id: int, scope: Scope, running: "dict[int, stored.Standing]", told: dict[int, Standing]
    ) -> list[Step]:
        """What is to be written to a scope, in order: first what its items need, last what they need no more."""
        with store.reading(self._engine) as conn:
            items = stored.serving(conn, scope_id, running)
            shared = stored.shared(conn, scope_id)
        steps: list[Step] = []
        needed: dict[int, Standing] = {}
        for item in items:
            serves = [told[one] for one in item.key_results[:MOST_KEY_RESULTS]]
            mine = item.written.get(self._form)
            if serves and (item.begins or mine is not None):
                needed |= {one: told[one] for one in item.key_results[:MOST_KEY_RESULTS]}
                steps += self._step(scope, item, self._form, serves)
                others = {form for form in item.written if form != self._form}
            else:
                others = set(item.written)
            for form in sorted(others):
                steps += self._step(scope, item, form, [])
        wanted = self._connector.shared(self._form, list(needed.values())) if needed else {}
        first = [
            Step(scope, self._form, content, name=name)
            for name, content in wanted.items()
            if shared.get(name) != _hash(content)
        ]
        last = [Step(scope, self._form, None, name=name) for name in shared if name not in wanted]
        return [*first, *steps, *last]

    def _step(self, scope: Scope, item: stored.Serving, form: str, serves: Sequence[Standing]) -> Iterator[Step]:
        row = item.written.get(form)
        content = self._connector.draft(form, serves)
        if row is None or row.content_hash != _hash(content):
            yield Step(scope, form, content, item)

    def _write(self, scope_id: int, scope: Scope, steps: list[Step]) -> None:
        """Writes to a scope until it has refused too often. What is written counts as soon as it is."""
        refused: list[Refused] = []
        row = 0
        for step in steps:
            if row >= REFUSED_AT_MOST or self._room <= 0:
                self._result.left += 1
                continue
            if self._stop.is_set():
                raise Cancelled
            try:
                self._result.wrote += self._item(step) if step.item else self._once(scope_id, step)
                row = 0
            except Refused as error:
                if error.status == _CREDENTIALS:
                    raise
                row += 1
                refused.append(error)
        if refused:
            first = refused[0]
            self._result.refused.append(RefusedScope(scope.key, len(refused), first.message, first.advice))
        with self._engine.begin() as conn:
            words = (refused[0].message, refused[0].advice) if refused else ("", "")
            stored.refused(conn, scope_id, len(refused), *words, self._now())

    def _item(self, step: Step) -> bool:
        item, usage = step.item, self._result.usage
        assert item is not None
        before = self._connector.touched(step.scope, item.ref, usage)
        if before is None:  # gone, which the next sweep finds
            return False
        with self._engine.begin() as conn:
            now = self._now()
            stored.begin(conn, item.id, step.form, before.updated_at, before.clock or now, now)
        row = item.written.get(step.form)
        known = row.external_id if row is not None else None
        try:
            put = self._connector.put(step.form, step.scope, item.ref, step.content, known, usage)
        except Refused:
            with self._engine.begin() as conn:
                stored.take_back(conn, item.id, step.form, row)
            raise
        after = (self._connector.touched(step.scope, item.ref, usage) if put.wrote else None) or before
        # What answers may lag behind what was written: all is ours until the tool answered.
        ends = [one for one in (after.updated_at, after.clock if put.wrote else None) if one is not None]
        with self._engine.begin() as conn:
            stored.end(
                conn,
                item.id,
                step.form,
                external_id=put.external_id,
                content_hash=_hash(step.content),
                serves=bool(item.key_results),
                echo_at=max(ends, default=None),
            )
        self._room -= put.wrote
        return put.wrote

    def _once(self, scope_id: int, step: Step) -> bool:
        assert step.name is not None
        with self._engine.begin() as conn:
            stored.begin_shared(conn, scope_id, step.name, self._now())
        wrote = self._connector.put_shared(step.form, step.scope, step.name, step.content, self._result.usage)
        with self._engine.begin() as conn:
            kept = None if step.content is None else _hash(step.content)
            stored.end_shared(conn, scope_id, step.name, kept)
        self._room -= wrote
        return wrote


def _told(one: stored.Standing, address: str | None) -> Standing:
    return Standing(
        key=one.key,
        title=one.title[:TITLE_LENGTH],
        health=one.health,
        delivery=tens(one.delivery),
        outcome=tens(one.outcome),
        url=f"{address}/key-results/{quote(one.key, safe='')}" if address else None,
    )


def tens(share: float | None) -> int | None:
    """A share in full steps of ten per cent, from 0 to 100: it moves seldom, and is 100 only once all is reached."""
    return None if share is None else max(0, min(100, int(share * 10 + 1e-9) * 10))


def _hash(content: str | None) -> str:
    return "nothing" if content is None else hashlib.sha256(content.encode()).hexdigest()[:32]
