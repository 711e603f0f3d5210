"""Rewinding the store: everything as it was at a moment, as far as that is known now."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple

import sqlalchemy as sa

from config import Config
from store.bulk import Bulk
from store.tables import (
    Acknowledgement,
    Barrier,
    CheckIn,
    Connection,
    Container,
    Decision,
    FindingChange,
    Quarantine,
    Scope,
    SQLModel,
    ValueSource,
)
from sync.findings import FindingsResult, evaluate
from sync.forecast.step import forecast
from sync.history.load import cancelling, connection_medians, steps_of
from sync.history.snapshot import snapshot
from sync.history.timeline import ENDED, Past, Step, at, estimates, reopenings, states
from sync.link import link
from sync.measure import measure
from sync.tally import tally

_LATER = (
    "created_at > :moment OR started_at > :moment OR closed_at > :moment OR updated_at > :moment OR gone_at > :moment"
    " OR reopened_at > :moment OR id IN (SELECT item_id FROM work_change WHERE at > :moment)"
)
_ITEMS = (
    "SELECT id, state, created_at, started_at, closed_at, updated_at, presence, gone_at, estimate, category, status,"
    " resolution, reopened_at FROM work_item WHERE id IN (SELECT item_id FROM rewound)"
)
_SET = (
    "UPDATE work_item SET state = ?, category = ?, status = ?, resolution = ?, estimate = ?, started_at = ?,"
    " closed_at = ?, updated_at = ?, reopened_at = ?, presence = ?, gone_at = ? WHERE id = ?"
)


class Then(NamedTuple):
    """How an item was: the values of `_SET`. Instants are in the form of the database."""

    state: str
    category: str
    status: str | None
    resolution: str | None
    estimate: float | None
    started_at: Any
    closed_at: Any
    updated_at: Any
    reopened_at: Any
    presence: str
    gone_at: Any
    id: int


def as_of(conn: sa.Connection, config: Config, moment: datetime) -> FindingsResult:
    """Makes of the store what it was at a moment, as known now, and counts it: all views and rules answer for then.

    In the caller's transaction, which is to be rolled back. Items are in the state, with the estimate and the dates of
    then; those created later are taken out, those gone later are back. What has no history is as now: links, hierarchy,
    titles, teams, the OKRs, and what is filled in for missing estimates. Of how well the tools were read nothing is
    known any more: all counts as read at that moment, without error. The findings are those that hold then, without
    what was said to them; objections are those of then, with what had been said.
    """
    fillers = _Fillers(conn) if config.counting.measure != "count" else None
    unborn = _rewind_items(conn, config, moment)
    _rewind_the_rest(conn, config, moment)
    link(conn, config)
    _take_out(conn, unborn)
    if fillers is not None:
        fillers.fill_in()
    tally(conn, None)
    forecast(conn, config, moment)
    facts = measure(conn, config, moment)
    snapshot(conn, config, moment, unread={one.id for one in facts if not one.readable}, whole=False)
    return evaluate(conn, config, facts, moment)


# --- items -----------------------------------------------------------------------------------------------------------


def _rewind_items(conn: sa.Connection, config: Config, moment: datetime) -> list[int]:
    """Sets each item back. The ids of those that were not created yet, which count as deleted until they are taken out.

    They are needed until then: what lies below an epic that was created later is linked through it, as it is now.
    """
    bulk = Bulk(conn)
    changed, unborn = items_as_of(conn, config, moment)
    bulk.run_many(_SET, [*changed])
    bulk.run_many("UPDATE work_item SET presence = 'deleted' WHERE id = ?", [(one,) for one in unborn])
    bulk.mark_dirty([*(one[-1] for one in changed), *unborn])
    bulk.run("DELETE FROM work_change WHERE at > ?", bulk.instant(moment))
    return unborn


def items_as_of(conn: sa.Connection, config: Config, moment: datetime) -> tuple[list[Then], list[int]]:
    """How the items were that something befell later, and the ids of those that were not created yet.

    Reads only, beside a temporary table.
    """
    then = Bulk(conn).instant(moment)
    is_cancelled = cancelling(config.counting)
    conn.execute(sa.text("DROP TABLE IF EXISTS rewound"))
    conn.execute(sa.text("CREATE TEMPORARY TABLE rewound (item_id INTEGER PRIMARY KEY)"))
    conn.execute(sa.text(f"INSERT INTO rewound SELECT id FROM work_item WHERE {_LATER}"), {"moment": then})
    steps = steps_of(conn, "SELECT item_id FROM rewound")
    changed, unborn = [], []
    for row in conn.execute(sa.text(_ITEMS)):
        if row.created_at is not None and row.created_at > then:
            unborn.append(row.id)
        else:
            changed.append(_as_then(row, steps.get(row.id, []), then, is_cancelled))
    return changed, unborn


def _as_then(row: Any, steps: list[Step], then: Any, is_cancelled: Callable[[str | None], bool]) -> Then:
    past = Past(
        row.id, row.estimate, row.state, row.created_at, row.started_at, row.closed_at, row.updated_at, row.presence,
        row.gone_at, steps,
    )  # fmt: skip

    def passed(instant: Any) -> bool:
        return instant is not None and instant <= then

    changes = states(past, is_cancelled)
    state = at(changes, then)
    same = state == row.state
    closed_at = None
    if state in ENDED:
        still = row.state in ENDED and (row.closed_at is None or passed(row.closed_at))
        closed_at = row.closed_at if still else max((since for since, _ in changes if passed(since)), default=None)
    started_at = row.started_at if passed(row.started_at) else None
    known: list[Any] = [
        one for one in (row.created_at, started_at, closed_at, *(step.at for step in steps)) if passed(one)
    ]
    later = row.updated_at is not None and not passed(row.updated_at)
    # Without a history nothing tells when it had changed before: it is not called stale for that.
    moved = any(step.kind == "status" for step in steps)
    reopened = [instant for instant in reopenings(past) if passed(instant)]
    gone = row.gone_at is None or passed(row.gone_at)
    return Then(
        state,
        row.category if same else "done" if state in ENDED else state,
        _status(row, steps, then, same),
        row.resolution if same else None,
        at(estimates(past), then),
        started_at,
        closed_at,
        (max(known, default=None) if moved else None) if later else row.updated_at,
        row.reopened_at if passed(row.reopened_at) else max(reopened, default=None),
        row.presence if gone else "present",
        row.gone_at if gone else None,
        row.id,
    )


def _status(row: Any, steps: list[Step], then: Any, same: bool) -> str | None:
    moves = [step for step in steps if step.kind == "status"]
    before = [step for step in moves if step.at <= then]
    if len(before) == len(moves):
        return row.status if same or moves else None
    return before[-1].after if before else moves[0].before


def _take_out(conn: sa.Connection, items: list[int]) -> None:
    """Removes items with all that was counted of them."""
    conn.execute(sa.text("DELETE FROM rewound"))
    if items:
        conn.execute(sa.text("INSERT INTO rewound (item_id) VALUES (:id)"), [{"id": one} for one in items])
    those = "IN (SELECT item_id FROM rewound)"
    for table in ("link", "match", "work_tag", "work_container", "dependency", "work_change", "work_alias"):
        conn.execute(sa.text(f"DELETE FROM {table} WHERE item_id {those}"))
    conn.execute(sa.text(f"UPDATE work_item SET parent_id = NULL WHERE parent_id {those}"))
    conn.execute(sa.text(f"DELETE FROM work_item WHERE id {those}"))
    counted = "(SELECT COUNT(*) FROM match x WHERE x.mapping_id = mapping.id)"
    conn.execute(sa.text(f"UPDATE mapping SET matched = {counted} WHERE matched <> {counted}"))


class _Fillers:
    """What is filled in now for missing estimates, so that a size of then is not another one for later estimates."""

    def __init__(self, conn: sa.Connection) -> None:
        self._conn = conn
        given: dict[int, list[float]] = defaultdict(list)
        query = (
            "SELECT l.key_result_id, i.estimate FROM link l JOIN work_item i ON i.id = l.item_id"
            " WHERE l.counted AND i.estimate IS NOT NULL"
        )
        for key_result_id, estimate in conn.execute(sa.text(query)):
            given[key_result_id].append(estimate)
        self._by_key_result = {one: median(values) for one, values in given.items()}
        self._by_connection = connection_medians(conn)

    def fill_in(self) -> None:
        """Sets the sizes of all links that are imputed."""
        query = (
            "SELECT DISTINCT l.key_result_id, i.connection_id FROM link l JOIN work_item i ON i.id = l.item_id"
            " WHERE l.imputed"
        )
        sizes = [
            {
                "key_result": key_result_id,
                "connection": connection_id,
                "size": self._by_key_result.get(key_result_id, self._by_connection.get(connection_id, 1.0)),
            }
            for key_result_id, connection_id in self._conn.execute(sa.text(query)).all()
        ]
        update = (
            "UPDATE link SET size = :size WHERE key_result_id = :key_result AND imputed"
            " AND item_id IN (SELECT id FROM work_item WHERE connection_id = :connection)"
        )
        if sizes:
            self._conn.execute(sa.text(update), sizes)


# --- all else --------------------------------------------------------------------------------------------------------


def _rewind_the_rest(conn: sa.Connection, config: Config, moment: datetime) -> None:
    day = moment.astimezone(config.zone).date()
    recorded, kept = CheckIn.__table__, Quarantine.__table__
    conn.execute(sa.delete(recorded).where(recorded.c.day > day))
    conn.execute(sa.delete(kept).where(kept.c.first_seen_at > moment))
    connection, scope, source = Connection.__table__, Scope.__table__, ValueSource.__table__
    fine: dict[str, Any] = {"error": None}
    # None of this is kept by day, and a failure of today says nothing of then.
    for table, values in (
        (connection, fine | {"failed_at": None, "credentials_end_at": None}),
        (scope, fine | {"held_back": None, "visible": True}),
        (source, fine | {"failed_at": None}),
    ):
        conn.execute(sa.update(table).values(values))
        conn.execute(sa.update(table).where(table.c.last_ok_at.is_not(None)).values(last_ok_at=moment))
    container = Container.__table__
    conn.execute(sa.update(container).where(container.c.closed_at > moment).values(closed_at=None, state=None))
    _forget_findings(conn)
    _forget_later_words(conn, moment)
    conn.execute(sa.text("DELETE FROM snapshot"))


def _forget_findings(conn: sa.Connection) -> None:
    """Empties the findings, and first all that refers to them. Objections and what was said to these refer to none."""
    for table in reversed(SQLModel.metadata.sorted_tables):
        for key in table.foreign_keys:
            if key.column.table.name == "finding":
                conn.execute(sa.delete(table).where(key.parent.is_not(None)))
    conn.execute(sa.delete(SQLModel.metadata.tables["finding"]))


def _forget_later_words(conn: sa.Connection, moment: datetime) -> None:
    """Objections that were raised later are not there yet, and those withdrawn later stand."""
    raised = Barrier.__table__
    later = sa.select(raised.c.id).where(raised.c.raised_at > moment)
    for table in (Acknowledgement.__table__, Decision.__table__, FindingChange.__table__):
        conn.execute(sa.delete(table).where((table.c.at > moment) | table.c.barrier_id.in_(later)))
    conn.execute(sa.delete(raised).where(raised.c.raised_at > moment))
    conn.execute(sa.update(raised).where(raised.c.ended_at > moment).values(ended_at=None))
