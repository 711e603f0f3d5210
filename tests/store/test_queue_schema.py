"""The queue's tables beside ours: made with them, upgraded with the library, and apart from those of others."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import store
from store import queue_schema
from tests.store.samples import execute, rows

PARTS = """
    SELECT 'function', proname, pg_get_function_arguments(p.oid) FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'procrastinate%'
    UNION ALL SELECT 'index', indexname, '' FROM pg_indexes WHERE tablename LIKE 'procrastinate%'
    UNION ALL SELECT 'trigger', tgname, '' FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_name LIKE 'procrastinate%'
    UNION ALL SELECT 'note', obj_description('procrastinate_jobs'::regclass), ''
    ORDER BY 1, 2, 3
"""


@pytest.fixture
def empty(postgres_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(postgres_url)
    yield engine
    engine.dispose()


def parts(engine: sa.Engine) -> list[tuple[object, ...]]:
    """What the queue consists of; positions of columns apart, which an upgrade cannot choose."""
    return rows(engine, PARTS)


def test_an_older_queue_is_brought_to_what_the_library_has_now_with_its_jobs(empty: sa.Engine) -> None:
    store.migrate(empty)
    fresh = parts(empty)
    execute(empty, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    with empty.begin() as conn:
        for file in queue_schema._migrations():
            if file.name < "03.02":
                queue_schema._run(conn, file.read_text())
        queue_schema._run(
            conn, f"COMMENT ON TABLE procrastinate_jobs IS '{queue_schema._NOTE}03.01.00_50_post_add_heartbeat.sql'"
        )
        queue_schema._run(conn, "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('', 'count')")
    store.migrate(empty)
    assert parts(empty) == fresh
    assert rows(empty, "SELECT task_name, status::text FROM procrastinate_jobs") == [("count", "todo")]


def test_a_queue_that_a_newer_library_has_upgraded_stays_as_it_is(empty: sa.Engine) -> None:
    store.migrate(empty)
    execute(empty, f"COMMENT ON TABLE procrastinate_jobs IS '{queue_schema._NOTE}99.00.00_01_new.sql'")
    before = parts(empty)
    store.migrate(empty)
    assert parts(empty) == before


def test_the_queue_of_another_program_is_not_touched(empty: sa.Engine) -> None:
    execute(empty, "CREATE TABLE procrastinate_jobs (id int)")
    with pytest.raises(store.StoreError, match="of another program where Northing's queue is to be") as caught:
        store.migrate(empty)
    assert "Give Northing a database of its own, or a schema" in caught.value.advice
    assert rows(empty, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'") == [
        ("procrastinate_jobs",)
    ]


def test_two_installations_in_schemas_of_their_own_have_a_queue_each(empty: sa.Engine) -> None:
    execute(empty, "CREATE SCHEMA one", "CREATE SCHEMA two", "CREATE TABLE procrastinate_jobs (id int)")
    for name in ("one", "two"):
        engine = store.connect(f"{empty.url.render_as_string()}&options=-csearch_path%3D{name}")
        store.migrate(engine)
        execute(engine, f"INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('', '{name}')")
        assert rows(engine, "SELECT task_name FROM procrastinate_jobs") == [(name,)]
        engine.dispose()
