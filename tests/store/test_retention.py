"""What only the past needs goes once it is old enough, and nothing else does."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa

import store
from config import Retention
from connectors.hooks import About, Hint
from connectors.records import Change
from store import hints, retention, runs
from store.forget import forget, forgettable
from store.retention import Removed, history_from, retain, trimmed
from store.sync_lock import sync_lock
from store.tables import SQLModel, WorkChange
from tests.store.samples import NOW, Shop, execute, item, rows, scope_record

KEEP = Retention(changes="90 days", runs="30 days", snapshots="60 days", findings="1 year")
FOREVER = Retention(changes="forever", runs="forever", snapshots="forever", findings="forever")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def step(days: float, kind: Any = "status", after: str = "x", category: Any = "todo") -> Change:
    return Change(at=ago(days), kind=kind, before="w", after=after, category=category if kind == "status" else None)


def kept_steps(shop: Shop) -> dict[str, list[tuple[float, str, str]]]:
    """Age in days, kind and word of each step that is stored, by the key of its item."""
    found: dict[str, list[tuple[float, str, str]]] = {}
    change = WorkChange.__table__
    with shop.engine.connect() as conn:
        keys = dict(conn.execute(sa.text("SELECT id, key FROM work_item")).all())
        for row in conn.execute(sa.select(change).order_by(change.c.item_id, change.c.position)):
            age = (NOW - row.at) / timedelta(days=1)
            found.setdefault(keys[row.item_id], []).append((age, row.kind, row.after))
    return found


def removed(shop: Shop, keep: Retention = KEEP, now: datetime = NOW, **more: Any) -> Removed:
    """What a dry run says is what the real one does, and then nothing is left to do."""
    told = retain(shop.engine, keep, now, dry_run=True, **more)
    done = retain(shop.engine, keep, now, **more)
    assert told == done
    assert retain(shop.engine, keep, now) == Removed()
    return done


def test_of_old_steps_those_stay_that_tell_what_held_at_the_limit(shop: Shop) -> None:
    shop.save(
        item(
            1,
            changes=(
                step(400, after="open"),
                step(300, "estimate", "3"),
                step(200, after="doing", category="in_progress"),
                step(150, "sprint", "S1"),
                step(100, after="gone word", category=None),
                step(10, "estimate", "5"),
                step(5, after="closed", category="done"),
            ),
        ),
        item(2, changes=(step(400, after="open"), step(300, after="closed", category="done"))),
        item(3, changes=(step(400, "estimate", "1"),)),
        item(4),
    )
    assert removed(shop) == Removed(changes=5)
    assert kept_steps(shop) == {
        "acme/shop#1": [
            (200, "status", "doing"),
            (100, "status", "gone word"),
            (10, "estimate", "5"),
            (5, "status", "closed"),
        ],
        "acme/shop#2": [(300, "status", "closed")],
    }
    with shop.engine.connect() as conn:
        assert history_from(conn) == ago(90)


def test_the_history_of_running_cycles_stays_whole(shop: Shop) -> None:
    shop.save(item(1, changes=(step(250), step(190), step(150), step(5))))
    for key, (start, end) in {"long": (200, -30), "over": (600, 210)}.items():
        row = {"key": key, "starts_on": ago(start).date(), "ends_on": ago(end).date(), "archived": False}
        with shop.engine.begin() as conn:
            at = {"starts_at": ago(start), "ends_at": ago(end)}
            conn.execute(sa.insert(SQLModel.metadata.tables["cycle"]).values(**row, **at))
    assert removed(shop) == Removed()
    assert len(kept_steps(shop)["acme/shop#1"]) == 4
    with shop.engine.connect() as conn:
        assert history_from(conn) is None


def test_what_was_promised_about_the_past_is_never_taken_back(shop: Shop) -> None:
    shop.save(item(1, changes=(step(100), step(95), step(40), step(35), step(5))))
    removed(shop)
    removed(shop, Retention(changes="30 days"))
    shop.save(item(1, title="Anew", changes=(step(100), step(95), step(40), step(35), step(5))))
    removed(shop)
    with shop.engine.connect() as conn:
        assert history_from(conn) == ago(30)


def test_the_tools_words_are_trimmed_as_the_stored_ones_are(shop: Shop) -> None:
    """Else `verify` would call what was removed a difference; whether it was removed once, or a little each day."""
    chance = random.Random(5)
    kinds = [("status", "todo"), ("status", "done"), ("status", None), ("estimate", None), ("sprint", None)]

    def steps() -> tuple[Change, ...]:
        days = sorted((chance.uniform(0, 200) for _ in range(chance.randrange(9))), reverse=True)
        return tuple(
            step(age, kind, str(n), category) for n, age in enumerate(days) for kind, category in [chance.choice(kinds)]
        )

    told = {number: steps() for number in range(60)}
    shop.save(*(item(number, changes=changes) for number, changes in told.items()))
    for days in (150, 120, 91, 90):
        retain(shop.engine, Retention(changes=f"{days} days"), NOW)
        wanted = {
            f"acme/shop#{number}": [((NOW - one.at) / timedelta(days=1), one.kind, one.after) for one in left]
            for number, changes in told.items()
            if (left := trimmed(changes, ago(days)))
        }
        assert kept_steps(shop) == wanted
    assert trimmed(told[3], None) == told[3]


def a_run(engine: sa.Engine, shop: Shop, days: float, outcome: str = "ok") -> int:
    with engine.begin() as conn:
        run = runs.start_run(conn, ago(days))
        runs.start_scope(conn, run, shop.connection_id, shop.id, ago(days))
        if outcome != "running":
            runs.finish_run(conn, run, outcome, ago(days))
    return run


def test_old_runs_go_with_their_scopes_and_the_newest_stays(shop: Shop) -> None:
    for days in (100, 60, 31, 29, 1):
        a_run(shop.engine, shop, days)
    assert removed(shop) == Removed(runs=6)
    assert shop.rows("SELECT count(*) FROM run r JOIN run_scope s ON s.run_id = r.id") == [(2,)]
    assert removed(shop, now=NOW + timedelta(days=300)) == Removed(runs=2)
    assert len(shop.rows("SELECT id FROM run")) == 1


def test_old_digests_go_but_the_last_of_each_channel_and_those_that_wait(shop: Shop) -> None:
    table = SQLModel.metadata.tables["digest_delivery"]
    words = {"digest": "leads", "channel": "ops", "attempts": 1, "uncertain": False}
    given = {50: "waiting", 45: "sent", 40: "dropped", 35: "sent"}
    with shop.engine.begin() as conn:
        for days, state in given.items():
            conn.execute(sa.insert(table).values(slot=ago(days), state=state, **words))
        conn.execute(sa.insert(table).values(slot=ago(33), state="sent", **words | {"channel": "all"}))
        for job, days in (("digest 0", 91), ("sync", 1)):
            conn.execute(sa.insert(SQLModel.metadata.tables["firing"]).values(job=job, slot=ago(days)))
    assert removed(shop) == Removed(digests=2)
    assert [state for (state,) in shop.rows("SELECT state FROM digest_delivery ORDER BY slot")] == [
        "waiting", "sent", "sent",
    ]  # fmt: skip
    assert shop.rows("SELECT job FROM firing") == [("sync",)]


def okrs(engine: sa.Engine) -> None:
    """A key result in a cycle that runs since 100 days, and one in a cycle that is over."""
    tables = SQLModel.metadata.tables
    with engine.begin() as conn:
        for number, (start, end) in enumerate([(100, -30), (300, 200)], 1):
            span = {"starts_on": ago(start).date(), "ends_on": ago(end).date()}
            at = {"starts_at": ago(start), "ends_at": ago(end)}
            conn.execute(sa.insert(tables["cycle"]).values(key=f"C{number}", archived=False, **span, **at))
            words = {"key": f"O{number}", "title": "t", "kind": "committed", "position": 0, "archived": False}
            conn.execute(sa.insert(tables["objective"]).values(cycle_id=number, **words))
            words = {"key": f"K{number}", "title": "t", "weight": 1.0, "position": 0, "archived": False}
            conn.execute(sa.insert(tables["key_result"]).values(objective_id=number, definition={}, **words))
            for days in range(start, max(end, 0), -1):
                numbers = dict.fromkeys(("work_total", "work_done", "work_in_progress", "work_descoped"), 0)
                more = {"size_total": 0.0, "size_done": 0.0, "health": "on_track", "rebuilt": False}
                row = {"key_result_id": number, "day": ago(days).date(), **numbers, **more}
                conn.execute(sa.insert(tables["snapshot"]).values(**row))


def test_days_of_a_running_cycle_go_but_the_first_and_those_of_closed_cycles_stay(shop: Shop) -> None:
    okrs(shop.engine)
    assert removed(shop) == Removed(snapshots=39)
    table = SQLModel.metadata.tables["snapshot"]
    with shop.engine.connect() as conn:
        kept = conn.execute(
            sa.select(table.c.key_result_id, table.c.day).order_by(table.c.key_result_id, table.c.day)
        ).all()
    ages = [(number, (NOW.date() - day).days) for number, day in kept]
    assert ages == [(1, 100), *((1, days) for days in range(60, 0, -1)), *((2, days) for days in range(300, 200, -1))]


def finding(
    conn: sa.Connection, subject: str, *, resolved: float | None, news: Sequence[tuple[float, str | None]]
) -> int:
    tables = SQLModel.metadata.tables
    words = {"code": "COV101", "subject_kind": "key_result", "severity": "info", "summary": "s", "evidence": {}}
    times = {"opened_at": ago(900), "last_seen_at": ago(1), "resolved_at": None if resolved is None else ago(resolved)}
    row = sa.insert(tables["finding"]).values(subject=subject, **words, **times).returning(tables["finding"].c.id)
    id_ = conn.execute(row).scalar_one()
    for days, who in news:
        told = {"change": "acknowledged" if who else "opened", "severity": "info", "at": ago(days), "who": who}
        change = conn.execute(
            sa.insert(tables["finding_change"]).values(finding_id=id_, **told).returning(tables["finding_change"].c.id)
        ).scalar_one()
        conn.execute(
            sa.insert(tables["delivery"]).values(
                change_id=change, channel="ops", state="sent", attempts=1, uncertain=False
            )
        )
    return id_


def test_findings_that_ended_long_ago_go_unless_people_decided_something(shop: Shop) -> None:
    with shop.engine.begin() as conn:
        finding(conn, "ended", resolved=400, news=[(900, None), (700, "ann"), (400, None)])
        finding(conn, "lately", resolved=300, news=[(900, None), (800, None), (300, None)])
        finding(conn, "open", resolved=None, news=[(900, None), (800, None), (700, "ann"), (600, None)])
        decided = finding(conn, "decided", resolved=400, news=[(900, None)])
        row = {"finding_id": decided, "decision": "accept", "who": "ann", "at": ago(500), "day": ago(500).date()}
        conn.execute(sa.insert(SQLModel.metadata.tables["decision"]).values(**row))
    assert removed(shop) == Removed(findings=4 + 2 + 2)
    found = shop.rows(
        "SELECT f.subject, count(*), count(d.channel) FROM finding f JOIN finding_change c ON c.finding_id = f.id"
        " LEFT JOIN delivery d ON d.change_id = c.id GROUP BY f.subject ORDER BY f.subject"
    )
    assert found == [("decided", 1, 1), ("lately", 1, 1), ("open", 2, 2)]


def test_hints_go_when_they_are_done_or_nobody_works_them_off(shop: Shop) -> None:
    with shop.engine.begin() as conn:
        for number, days in enumerate((31, 29)):
            for name in ("done", "waiting"):
                hint = Hint(delivery=f"{name}-{number}", event="e", about=About(scope="1"))
                hints.put(conn, "code", hint, ago(days))
            hints.done(conn, "code", {f"done-{number}"}, ago(days))
    assert removed(shop) == Removed(hints=2)
    assert shop.rows("SELECT delivery FROM hint ORDER BY delivery") == [("done-1",), ("waiting-1",)]


def test_forever_keeps_everything_and_a_stop_ends_it_early(shop: Shop) -> None:
    shop.save(item(1, changes=tuple(step(days) for days in range(2000, 1900, -1))))
    a_run(shop.engine, shop, 4000)
    a_run(shop.engine, shop, 3000)
    assert removed(shop, FOREVER) == Removed()
    stopped = Event()
    stopped.set()
    assert retain(shop.engine, KEEP, NOW, stop=stopped) == Removed()
    assert removed(shop) == Removed(changes=99, runs=2)


def test_large_amounts_go_a_few_at_a_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("_AT_ONCE", 3), ("_ITEMS_AT_ONCE", 2), ("_RUNS_AT_ONCE", 2)):
        monkeypatch.setattr(retention, name, size)
    shop.save(*(item(number, changes=(step(200), step(150))) for number in range(1, 8)))
    for days in (70, 60, 50, 40, 1):
        a_run(shop.engine, shop, days)
    okrs(shop.engine)
    with shop.engine.begin() as conn:
        for number in range(8):
            finding(conn, f"F{number}", resolved=400, news=[(500, None), (400, None)])
            finding(conn, f"G{number}", resolved=None, news=[(500, None), (400, None)])
    # 7 first steps are within the running cycle's history, which began 100 days ago.
    assert removed(shop) == Removed(changes=7, runs=8, snapshots=39, findings=8 * 3 + 8)


def test_a_connection_that_is_forgotten_leaves_nothing_behind(shop: Shop) -> None:
    other = Shop.in_new(shop.engine, "desk", scope_record("9", "DESK"))
    mine = item(1, labels=("a", "both"), assignees=("Zoë",), changes=(step(5),), blocked_by=("acme/shop#2",))
    shop.save(mine, item(2, labels=("a",), parent_id="id-1"))
    other.save(item(1, scope="9", key="DESK-1", labels=("both",), changes=(step(5),)))
    a_run(shop.engine, shop, 1)
    execute(shop.engine, "DELETE FROM dirty")
    with shop.engine.begin() as conn:
        hints.put(conn, "code", Hint(delivery="d", event="e", about=About(scope="1")), NOW)
        hints.put(conn, "desk", Hint(delivery="d", event="e", about=About(scope="9")), NOW)
        table = SQLModel.metadata.tables["credential"]
        conn.execute(sa.insert(table).values(connection="code", sealed="s", updated_at=NOW))
        assert forgettable(conn, "code") == 2
    before = all_rows(shop.engine)
    assert forget(shop.engine, "code") == 2
    after = all_rows(shop.engine)
    assert (after["work_item"], after["hint"], after["scope"], after["connection"]) == (1, 1, 1, 1)
    assert (after["credential"], after["run_scope"], after["work_change"], after["dependency"]) == (0, 0, 1, 0)
    assert after["run"] == before["run"]
    assert rows(shop.engine, "SELECT value FROM tag") == [("both",)]
    assert rows(shop.engine, "SELECT value FROM meta WHERE key = 'relink'") == [("1",)]
    if shop.engine.dialect.name == "sqlite":
        assert "Zoë".encode() not in Path(str(shop.engine.url.database)).read_bytes()
    with pytest.raises(store.StoreError, match="Nothing is stored of a connection 'code'") as caught:
        forget(shop.engine, "code")
    assert caught.value.advice == "Stored are desk."


def all_rows(engine: sa.Engine) -> dict[str, int]:
    return {name: rows(engine, f'SELECT count(*) FROM "{name}"')[0][0] for name in SQLModel.metadata.tables}


def test_no_connection_is_forgotten_while_a_sync_runs(shop: Shop) -> None:
    other = store.connect(shop.engine.url.render_as_string(hide_password=False))
    with sync_lock(other), pytest.raises(store.StoreError, match="Another sync is running"):
        forget(shop.engine, "code")
    other.dispose()
