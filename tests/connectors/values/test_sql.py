"""One number of a database that itself refuses to write, on SQLite and PostgreSQL alike."""

import sqlite3
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from config import SqlValue
from connectors.base import Context
from connectors.errors import Refused, SourceError, TryAgain
from connectors.values import fetch, place, sql
from connectors.values.sql import LONGEST_VALUE


def ask(url: str, query: str, context: Context, **more: Any) -> float:
    return fetch(SqlValue.model_validate({"sql": url, "query": query, **more}), context=context, connectors={})


@pytest.fixture
def shop(database_url: str) -> Iterator[str]:
    """A database with the table `orders`, whose amounts are 1, 2 and 3.5."""
    engine = sa.create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as conn:
        conn.execute(sa.text("CREATE TABLE orders (id INTEGER PRIMARY KEY, amount NUMERIC, note TEXT, paid BOOLEAN)"))
        conn.execute(sa.text("INSERT INTO orders VALUES (1, 1, 'a', TRUE), (2, 2, 'b', FALSE), (3, 3.5, NULL, NULL)"))
    yield database_url.replace("postgresql+psycopg:", "postgresql:")
    engine.dispose()


def content(url: str) -> list[tuple[Any, ...]]:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as conn:
        tables = sa.inspect(conn).get_table_names()
        rows = [tuple(row) for row in conn.execute(sa.text("SELECT id, note FROM orders ORDER BY id"))]
    engine.dispose()
    return [tuple(tables), *rows]


@pytest.mark.parametrize(
    "query, value",
    [
        ("SELECT sum(amount) FROM orders", 6.5),
        ("select count(*) from orders;", 3),
        ("  SELECT amount FROM orders ORDER BY id LIMIT 1 -- the first\n", 1),
        ("WITH a AS (SELECT amount FROM orders) SELECT max(amount) FROM a", 3.5),
        ("SELECT 100.0 * count(*) / 6 FROM orders WHERE note LIKE '%' OR id % 5 = 3", 50),
        ("SELECT -1", -1),
        ("VALUES (4)", 4),
    ],
)
def test_the_only_number_is_taken(shop: str, context: Context, query: str, value: float) -> None:
    assert ask(shop, query, context) == value


@pytest.mark.parametrize(
    "query, words",
    [
        ("SELECT amount FROM orders WHERE id = 9", "gives no row"),
        ("SELECT amount FROM orders", "gives more than one row"),
        ("SELECT id, amount FROM orders LIMIT 1", "gives 2 columns, expected one"),
        ("SELECT CAST(NULL AS NUMERIC)", r"gives nothing \(null\)"),
        ("SELECT note FROM orders LIMIT 1", "expected a number"),
        ("SELECT nothing FROM orders", "nothing"),
        ("SELECT 1 FROM absent", "absent"),
        ("not SQL at all", "failed: .*syntax error"),
        ("SELECT 1; SELECT 2", "failed"),
        ("'; DROP TABLE orders; --", "failed"),
        ("-- nothing", "."),
    ],
)
def test_anything_but_one_number_is_refused(shop: str, context: Context, query: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        ask(shop, query, context)


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM orders",
        "DELETE FROM orders RETURNING id",
        "INSERT INTO orders (id) VALUES (9) RETURNING id",
        "UPDATE orders SET note = 'x' RETURNING id",
        "DROP TABLE orders",
        "CREATE TABLE more (id INTEGER)",
        "SELECT 1; DELETE FROM orders",
        "SELECT 1); DELETE FROM orders; --",
        "COMMIT",
        "COMMIT; DELETE FROM orders",
        "ROLLBACK; DELETE FROM orders",
        "END; DROP TABLE orders",
        "BEGIN; DELETE FROM orders; COMMIT",
        " ;",
    ],
)
def test_the_database_itself_refuses_to_write(shop: str, context: Context, query: str) -> None:
    before = content(shop)
    with pytest.raises(Refused):
        ask(shop, query, context)
    assert content(shop) == before


@pytest.mark.parametrize(
    "query",
    [
        "SET TRANSACTION READ WRITE",
        "SELECT 1; SET TRANSACTION READ WRITE; DELETE FROM orders",
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone",
        "SELECT spoil()",
        "SELECT spoil() FROM (SELECT set_config('transaction_read_only', 'off', false)) AS a",
        "SELECT lo_creat(-1)",
        "SELECT nextval('steps')",
        "COPY orders TO '/tmp/orders'",
        "SELECT 1 FROM orders FOR UPDATE",
        "SELECT id INTO more FROM orders",
        "EXPLAIN ANALYZE DELETE FROM orders",
        "DO $$ BEGIN DELETE FROM orders; END $$",
    ],
)
def test_postgresql_refuses_to_write_in_every_way(postgres_url: str, context: Context, query: str) -> None:
    url = postgres_url.replace("postgresql+psycopg:", "postgresql:")
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as conn:
        conn.execute(sa.text("CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT)"))
        conn.execute(sa.text("INSERT INTO orders VALUES (1, 'a')"))
        conn.execute(sa.text("CREATE SEQUENCE steps"))
        conn.execute(
            sa.text(
                "CREATE FUNCTION spoil() RETURNS INTEGER LANGUAGE plpgsql VOLATILE AS"
                " $$ BEGIN DELETE FROM orders; RETURN 1; END $$"
            )
        )
    engine.dispose()
    before = content(url)
    with pytest.raises(Refused):
        ask(url, query, context)
    assert content(url) == before


@pytest.mark.parametrize(
    "query",
    [
        "ATTACH '{folder}/other.db' AS other",
        "SELECT count(*) FROM pragma_table_info('orders')",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "VACUUM INTO '{folder}/copy.db'",
        "SELECT load_extension('x')",
        "SELECT writefile('{folder}/file', 'x')",
    ],
)
def test_sqlite_allows_reading_and_nothing_else(context: Context, tmp_path: Path, query: str) -> None:
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("CREATE TABLE orders (id INTEGER)")
    before = sorted(one.name for one in tmp_path.iterdir())
    with pytest.raises(Refused):
        ask(f"sqlite:///{file}", query.format(folder=tmp_path), context)
    assert sorted(one.name for one in tmp_path.iterdir()) == before


def test_a_sqlite_file_that_is_not_there_is_refused_and_not_made(tmp_path: Path, context: Context) -> None:
    for url in (f"sqlite:///{tmp_path}/absent.db", f"sqlite:///{tmp_path}", "sqlite:///:memory:", "sqlite://"):
        with pytest.raises(Refused, match="There is no database file"):
            ask(url, "SELECT 1", context)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused(tmp_path: Path, context: Context) -> None:
    (tmp_path / "x.db").write_text("something else" * 1000)
    with pytest.raises(Refused, match="file is not a database"):
        ask(f"sqlite:///{tmp_path}/x.db", "SELECT count(*) FROM a", context)


def test_a_file_whose_name_has_odd_letters_is_found(tmp_path: Path, context: Context) -> None:
    file = tmp_path / "a b?%#ü.db"
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("CREATE TABLE a AS SELECT 5 AS x")
    assert ask(f"sqlite:///{tmp_path}/a b%3F%25#ü.db", "SELECT x FROM a", context) == 5


NEVER_ENDS = {
    "sqlite": "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT count(*) FROM a",
    "postgresql": "SELECT 1 FROM (SELECT pg_sleep(60)) AS a",
}


def test_a_query_that_does_not_end_is_ended(shop: str, context: Context) -> None:
    query = NEVER_ENDS[shop.partition(":")[0]]
    began = time.monotonic()
    with pytest.raises(TryAgain, match=r"took longer than 0.3 s.*`timeout:`"):
        ask(shop, query, context, timeout=0.3)
    assert time.monotonic() - began < 5


def test_a_database_that_another_program_holds_is_asked_again(
    tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "_BUSY_S", 0.01)
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE a AS SELECT 5 AS x")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TryAgain, match=r"database is locked\. Another program holds it"):
            ask(f"sqlite:///{file}", "SELECT x FROM a", context)
        freed = replace(context, sleep=lambda _seconds: other.execute("COMMIT"))
        assert ask(f"sqlite:///{file}", "SELECT x FROM a", freed) == 5


LARGE = {
    "sqlite": "SELECT zeroblob(900000000)",
    "postgresql": "SELECT repeat('x', 50000000)",
}


def test_a_value_of_any_size_never_comes_into_memory(shop: str, context: Context) -> None:
    tracemalloc.start()
    with pytest.raises(Refused):
        ask(shop, LARGE[shop.partition(":")[0]], context)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * LONGEST_VALUE


def test_a_million_rows_never_come_into_memory(shop: str, context: Context) -> None:
    query = {
        "sqlite": "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a WHERE x < 1000000) SELECT x FROM a",
        "postgresql": "SELECT x FROM generate_series(1, 1000000) AS a(x)",
    }[shop.partition(":")[0]]
    tracemalloc.start()
    with pytest.raises(Refused, match="gives more than one row"):
        ask(shop, query, context)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < LONGEST_VALUE


@pytest.mark.parametrize("query", ["SELECT 'NaN'::float8", "SELECT 'Infinity'::numeric", "SELECT 1e308 * 10::float8"])
def test_what_postgresql_calls_a_number_and_is_none_is_refused(postgres_url: str, context: Context, query: str) -> None:
    with pytest.raises(Refused):
        ask(postgres_url, query, context)


def test_a_boolean_is_no_number(shop: str, context: Context) -> None:
    if shop.startswith("postgresql"):
        with pytest.raises(Refused, match=r"gives bool, expected a number.*::numeric"):
            ask(shop, "SELECT paid FROM orders LIMIT 1", context)
    else:
        assert ask(shop, "SELECT paid FROM orders LIMIT 1", context) == 1  # SQLite knows numbers only


# --- the database is away, or refuses; and its password ---------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:pass-secret@127.0.0.1:1/shop",
        "postgresql://me:pass-secret%40%2F@127.0.0.1:1/shop",
        "postgresql://me:pass-secret@127.0.0.1:1/shop?application_name=x&sslpassword=other-secret",
        "postgresql+psycopg://me:pass-secret@127.0.0.1:1/shop",
        "postgres://me:pass-secret@127.0.0.1:1/shop",
    ],
)
def test_a_database_that_is_away_is_tried_again_and_its_password_never_told(url: str, context: Context) -> None:
    with pytest.raises(TryAgain, match=r"127\.0\.0\.1:1/shop") as caught:
        ask(url, "SELECT 1", context)
    one = SqlValue.model_validate({"sql": url, "query": "SELECT 1"})
    told = f"{caught.value} {caught.value!r} {caught.value.__cause__!r} {place(one)} {one!r}"
    assert "secret" not in told
    assert place(one) == "a query to 127.0.0.1:1/shop"


@pytest.mark.parametrize("url", ["postgresql://me:pass-secret@host:port/x", "postgresql://me:pass-secret@[bad/x"])
def test_a_url_that_cannot_be_read_is_refused_without_it(url: str, context: Context) -> None:
    with pytest.raises(SourceError) as caught:
        ask(url, "SELECT 1", context)
    assert "secret" not in f"{caught.value} {caught.value.__cause__!r}"


def test_an_option_that_the_driver_does_not_know_is_refused_without_the_password(context: Context) -> None:
    with pytest.raises(SourceError) as caught:
        ask("postgresql://me:pass-secret@127.0.0.1:1/shop?colour=red", "SELECT 1", context)
    assert "colour" in str(caught.value)
    assert "secret" not in str(caught.value)
