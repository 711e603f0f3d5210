"""The stored mirror held against the tools: what they list, and what they say of single items."""

import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

import store
from config import Config, Counting
from connectors.base import Connector, Reading, Usage
from connectors.errors import Cancelled, SourceError
from connectors.records import Category, Item, Ref, Scope
from store import echo, mirror
from store.mirror import MirroredItem
from store.retention import history_from
from store.tables import Connection, Quarantine
from store.tables import Scope as ScopeRow
from sync.only import Only
from sync.pull_read import Listed, ListScopes
from sync.pull_workers import Ended, Send, Workers

LOOKED_AT_MOST = 1000
"""So many items that the lists disagree about are asked for one by one. The counts tell of all."""
_AT_ONCE = 100


@dataclass(frozen=True)
class Difference:
    """What is stored and what the tool says of one field of one item.

    `field` is `presence` for an item that only one side has. `since`: the tool changed the item after it was read, so
    that the next sync brings it; else this is a fault of the mirror.
    """

    key: str
    field: str
    stored: Any
    told: Any
    since: bool


@dataclass(frozen=True)
class Verdict:
    """How a scope stands. `counts` are items (stored, told) by category; `compared` were compared field by field.

    `unasked`: items that the lists disagree about beyond those that were asked for. `error`: why there is no verdict;
    `scope` None: the connection itself failed.
    """

    connection: str
    scope: str | None
    counts: dict[Category, tuple[int, int]] = field(default_factory=dict)
    compared: int = 0
    differences: tuple[Difference, ...] = ()
    unasked: int = 0
    requests: int = 0
    error: str | None = None

    @property
    def same(self) -> bool:
        """Whether no difference was seen."""
        return not self.differences and not self.unasked and all(mine == told for mine, told in self.counts.values())


def verify(
    engine: sa.Engine,
    config: Config,
    connectors: Mapping[str, Connector],
    *,
    stop: threading.Event,
    only: Only | None = None,
    sample: int = 100,
    pick: random.Random,
) -> list[Verdict]:
    """Compares every scope (or those of `only`): counts by category, all ids, and `sample` items chosen by `pick`.

    Where a tool has no list of ids, all items are read and compared. Nothing is written. Raises UnknownScope where
    `only` names what is not there, Cancelled on a stop, errors of the database.
    """
    chosen = {name: one for name, one in connectors.items() if only is None or only.connection == name}
    workers = Workers({name: config.connections[name].in_flight for name in chosen}, stop)
    verdicts: list[Verdict] = []
    try:
        for name, connector in chosen.items():
            workers.submit(ListScopes(name, connector))
        for message in workers.messages():
            match message:
                case Listed(job, listing):
                    scopes, refused = (listing.scopes, listing.refused) if only is None else only.choose(listing)
                    verdicts += [Verdict(job.connection, words, error=str(error)) for words, error in refused]
                    for scope in scopes:
                        seed = random.Random(pick.random())
                        workers.submit(
                            _Verify(job.connection, job.connector, scope, engine, config.counting, sample, seed, stop)
                        )
                case Verdict():
                    verdicts.append(message)
                case Ended(job, Exception() as error) if not isinstance(error, Cancelled):
                    if not isinstance(error, SourceError):
                        raise error
                    place = job.scope.key if isinstance(job, _Verify) else None
                    verdicts.append(Verdict(job.connection, place, error=str(error)))
    finally:
        workers.close()
    if stop.is_set():
        raise Cancelled
    return sorted(verdicts, key=lambda one: (one.connection, one.scope or ""))


@dataclass(frozen=True, eq=False)
class _Verify:
    """Compares one scope."""

    connection: str
    connector: Connector
    scope: Scope
    engine: sa.Engine
    counting: Counting
    sample: int
    pick: random.Random
    stop: threading.Event
    usage: Usage = field(default_factory=Usage)

    def run(self, send: Send) -> None:
        with store.reading(self.engine) as conn:
            connection_id, scope_id = _ids(conn, self.connection, self.scope)
            stored = mirror.present(conn, scope_id)
            aside = _set_aside(conn, scope_id)
        comparison = _Comparison(self.engine, connection_id, self.scope, self.counting, aside)
        pages = self.connector.ids(self.scope, self.usage)
        told = self._by_items(comparison) if pages is None else self._by_ids(pages)
        known = {external_id: category for external_id, (_, category) in stored.items()}
        doubtful = sorted(one for one in known.keys() | told.keys() if known.get(one) != told.get(one))
        if pages is None:
            asked = [one for one in doubtful if one not in told]
        else:
            rest = sorted(known.keys() - set(doubtful))
            asked = doubtful[:LOOKED_AT_MOST] + self.pick.sample(rest, min(self.sample, len(rest)))
        self._look(asked, stored, comparison)
        mine, theirs = Counter(known.values()), Counter(told.values())
        send(
            Verdict(
                self.connection,
                self.scope.key,
                {one: (mine[one], theirs[one]) for one in ("todo", "in_progress", "done")},
                comparison.compared,
                tuple(comparison.differences),
                max(0, len(doubtful) - LOOKED_AT_MOST) if pages is not None else 0,
                self.usage.requests,
            )
        )

    def _by_ids(self, pages: Iterator[dict[str, Category]]) -> dict[str, Category]:
        told: dict[str, Category] = {}
        for page in pages:
            told |= page
            self._go_on()
        return told

    def _by_items(self, comparison: "_Comparison") -> dict[str, Category]:
        told: dict[str, Category] = {}
        for page in self.connector.items(self.scope, Reading(), self.usage):
            comparison.of(page.items)
            told |= {one.external_id: one.category for one in page.items}
            self._go_on()
        return told

    def _look(self, external_ids: list[str], stored: dict[str, tuple[str, Category]], to: "_Comparison") -> None:
        refs = [Ref(external_id=one, key=stored[one][0] if one in stored else "") for one in external_ids]
        for at in range(0, len(refs), _AT_ONCE):
            some = refs[at : at + _AT_ONCE]
            looked = self.connector.look(self.scope, some, self.usage)
            to.of(looked.items)
            keys = {ref.external_id: ref.key for ref in some}
            for external_id, absence in looked.gone.items():
                to.gone(external_id, keys[external_id], absence)
            for external_id in looked.moved:
                to.gone(external_id, keys[external_id], "moved")
            self._go_on()

    def _go_on(self) -> None:
        if self.stop.is_set():
            raise Cancelled


class _Comparison:
    """Holds what a tool says of items against what is stored of them."""

    def __init__(
        self, engine: sa.Engine, connection_id: int, scope: Scope, counting: Counting, aside: set[str]
    ) -> None:
        self._engine, self._connection_id, self._scope, self._counting = engine, connection_id, scope, counting
        self._aside = aside
        self.compared = 0
        self.differences: list[Difference] = []

    def of(self, items: list[Item]) -> None:
        with store.reading(self._engine) as conn:
            kept = mirror.kept(conn, self._connection_id, {one.external_id for one in items})
            ours = echo.spans(conn, self._connection_id, kept)
            oldest = history_from(conn)
        kept = {external_id: one.since(oldest) for external_id, one in kept.items()}
        for item in items:
            self.compared += 1
            mine, told = kept.get(item.external_id), MirroredItem.of(item, self._counting).since(oldest)
            if mine is None:
                stored = "set aside" if item.external_id in self._aside else "absent"
                self.differences.append(Difference(item.key, "presence", stored, "present", since=False))
                continue
            before, after = mine.item.updated_at, item.updated_at
            if echo.moved_at(after, ours.get(item.external_id, ())) == before:  # what we wrote ourselves is no change
                after = before
                told = msgspec.structs.replace(told, item=msgspec.structs.replace(told.item, updated_at=before))
            since = before is not None and after is not None and before < after
            for name, (stored, said) in mine.differences(told).items():
                self.differences.append(Difference(item.key, name, stored, said, since))

    def gone(self, external_id: str, key: str, how: str) -> None:
        with store.reading(self._engine) as conn:
            mine = mirror.kept(conn, self._connection_id, {external_id}).get(external_id)
        if mine is not None and mine.presence == "present":
            self.compared += 1
            self.differences.append(Difference(key or external_id, "presence", "present", how, since=False))


def _ids(conn: sa.Connection, connection: str, scope: Scope) -> tuple[int, int]:
    """Ids of the stored connection and scope; 0 where it was never read: then nothing is stored of it."""
    c, s = Connection.__table__, ScopeRow.__table__
    query = (
        sa.select(c.c.id, s.c.id)
        .join(s, s.c.connection_id == c.c.id)
        .where(c.c.name == connection, s.c.external_id == scope.external_id)
    )
    row = conn.execute(query).first()
    return (row[0], row[1]) if row else (0, 0)


def _set_aside(conn: sa.Connection, scope_id: int) -> set[str]:
    table = Quarantine.__table__
    return set(
        conn.execute(sa.select(table.c.external_id).where(table.c.scope_id == scope_id, table.c.whole)).scalars()
    )
