"""Where readings stand, and what the program did."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from store import runs, streams
from store.streams import StreamState
from tests.store.samples import NOW, Shop, execute, rows

LATER = NOW + timedelta(minutes=5)


@dataclass(frozen=True)
class Counts:
    read: int = 10
    changed: int = 4
    set_aside: int = 1
    requests: int = 3
    not_modified: int = 2
    waited_s: float = 1.5


def test_a_stream_that_was_never_read_has_an_empty_state(shop: Shop) -> None:
    with shop.engine.connect() as conn:
        assert streams.load(conn, shop.id, "items") == StreamState()


def test_a_stream_comes_back_as_it_was_saved(shop: Shop) -> None:
    full = StreamState(
        watermark=NOW,
        validators={"https://code.example/?a=1": 'W/"x"'},
        resume="next",
        resume_since=NOW,
        resume_clock=LATER,
    )
    with shop.engine.begin() as conn:
        streams.save(conn, shop.id, "items", full)
        streams.save(conn, shop.id, "containers", StreamState())
    with shop.engine.begin() as conn:
        assert streams.load(conn, shop.id, "items") == full
        streams.save(conn, shop.id, "items", StreamState(watermark=LATER))
    with shop.engine.connect() as conn:
        assert streams.load(conn, shop.id, "items") == StreamState(watermark=LATER)
        assert streams.load(conn, shop.id, "containers") == StreamState()


def test_a_run_tells_what_became_of_its_scopes(shop: Shop) -> None:
    with shop.engine.begin() as conn:
        run = runs.start_run(conn, NOW)
        good = runs.start_scope(conn, run, shop.connection_id, shop.id, NOW)
        bad = runs.start_scope(conn, run, shop.connection_id, None, NOW)
        runs.finish_scope(conn, good, "ok", Counts(), None, LATER)
        runs.finish_scope(conn, bad, "failed", Counts(0, 0, 0, 1, 0, 0.0), "401: token refused", LATER)
        runs.finish_run(conn, run, "partial", LATER)
    assert rows(shop.engine, "SELECT outcome, finished_at IS NOT NULL FROM run") == [("partial", True)]
    found = rows(
        shop.engine,
        "SELECT run, connection, scope, outcome, read, changed, set_aside, requests, not_modified, waited_s, error"
        " FROM northing_sync_runs ORDER BY outcome",
    )
    assert found == [
        (run, "code", None, "failed", 0, 0, 0, 1, 0, 0.0, "401: token refused"),
        (run, "code", "acme/shop", "ok", 10, 4, 1, 3, 2, 1.5, None),
    ]


def test_a_run_that_was_cut_off_is_called_so_by_the_next(shop: Shop) -> None:
    with shop.engine.begin() as conn:
        cut_off = runs.start_run(conn, NOW)
        runs.start_scope(conn, cut_off, shop.connection_id, shop.id, NOW)
    with shop.engine.begin() as conn:
        runs.start_run(conn, LATER)
    assert rows(shop.engine, "SELECT outcome FROM run ORDER BY id") == [("interrupted",), ("running",)]
    assert rows(shop.engine, "SELECT outcome FROM run_scope") == [("interrupted",)]


def scopes(engine: sa.Engine) -> list[tuple[object, ...]]:
    return rows(engine, "SELECT name, items, last_ok_at IS NOT NULL, age_s >= 0, state FROM northing_scopes")


def test_a_scope_tells_how_it_stands(shop: Shop) -> None:
    found = [scopes(shop.engine)]
    with shop.engine.begin() as conn:
        runs.mark_scope(conn, shop.id, "404: gone", NOW)
    found.append(scopes(shop.engine))
    with shop.engine.begin() as conn:
        runs.mark_scope(conn, shop.id, None, NOW)
        runs.mark_connection(conn, shop.connection_id, "401", NOW)
    found.append(scopes(shop.engine))
    with shop.engine.begin() as conn:
        runs.mark_connection(conn, shop.connection_id, None, NOW)
    execute(
        shop.engine,
        "UPDATE scope SET last_ok_at = '2020-01-01 00:00:00+00:00'"
        if shop.engine.dialect.name != "sqlite"
        else "UPDATE scope SET last_ok_at = '2020-01-01 00:00:00.000000'",
    )
    found.append(scopes(shop.engine))
    execute(shop.engine, "UPDATE scope SET visible = FALSE")
    found.append(scopes(shop.engine))
    assert [one[0][-1] for one in found] == ["never_read", "failing", "failing", "ok", "not_visible"]
    assert found[0] == [("acme/shop", 0, False, None, "never_read")]
    assert found[3] == [("acme/shop", 0, True, True, "ok")]


def test_a_failure_leaves_the_last_success_as_it_was(shop: Shop) -> None:
    with shop.engine.begin() as conn:
        runs.mark_connection(conn, shop.connection_id, None, NOW)
        runs.mark_connection(conn, shop.connection_id, "401: token refused", LATER)
    table = runs.Connection.__table__
    with shop.engine.connect() as conn:
        row = conn.execute(sa.select(table.c.error, table.c.failed_at, table.c.last_ok_at)).one()
    assert tuple(row) == ("401: token refused", LATER, NOW)
