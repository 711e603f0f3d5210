"""One way in for SQLite and PostgreSQL."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

import store
from store.tables import Connection


def test_text_is_folded_as_unicode_says_and_trimmed() -> None:
    assert [store.fold(text) for text in ("  Straße ", "ÁRBOL", "[С++]", "50%_x")] == [
        "strasse",
        "árbol",
        "[с++]",
        "50%_x",
    ]


@pytest.mark.parametrize("url", ["mysql://u:secret@host/db", "no url at all", "postgres//u:secret@host"])
def test_another_kind_of_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(store.StoreError, match="Write sqlite:///FILE or postgresql://") as caught:
        store.connect(url)
    assert "secret" not in str(caught.value)


def test_a_plain_postgresql_url_gets_the_driver_that_is_installed() -> None:
    engine = store.connect("postgresql://user:secret@host/name")
    assert engine.url.drivername == "postgresql+psycopg"


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    engine = store.connect("postgresql://user:secret@127.0.0.1:1/name")
    with pytest.raises(store.StoreError, match=r"postgresql\+psycopg://user:\*\*\*@127.0.0.1:1/name") as caught:
        store.migrate(engine)
    assert "secret" not in str(caught.value)


def test_instants_come_back_in_utc(engine: sa.Engine) -> None:
    at = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with Session(engine) as session:
        session.add(Connection(name="code", kind="sample", last_ok_at=at))
        session.commit()
    with Session(engine) as session:
        found = session.exec(select(Connection)).one().last_ok_at
    assert found is not None
    assert (found, found.tzinfo) == (datetime(2026, 3, 28, 22, 0, 0, 123456, tzinfo=UTC), UTC)


def test_one_who_reads_sees_one_moment_and_keeps_nobody_waiting(engine: sa.Engine) -> None:
    count = sa.text("SELECT count(*) FROM meta WHERE key = 'x'")
    with store.reading(engine) as reader:
        before = reader.execute(count).scalar_one()
        with engine.begin() as writer:
            writer.execute(sa.text("INSERT INTO meta (key, value) VALUES ('x', '1')"))
        meanwhile = reader.execute(count).scalar_one()
    with store.reading(engine) as reader:
        after = reader.execute(count).scalar_one()
    assert (before, meanwhile, after) == (0, 0, 1)


def test_two_writers_that_read_first_wait_for_each_other(engine: sa.Engine) -> None:
    with engine.begin() as conn:
        conn.execute(sa.text("INSERT INTO meta (key, value) VALUES ('n', '0')"))
    failures: list[Exception] = []

    def add_ten() -> None:
        try:
            for _ in range(10):
                with engine.begin() as conn:
                    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
                    value = conn.execute(sa.text(f"SELECT value FROM meta WHERE key = 'n'{lock}")).scalar_one()
                    conn.execute(sa.text("UPDATE meta SET value = :v WHERE key = 'n'"), {"v": str(int(value) + 1)})
        except Exception as error:  # noqa: BLE001 - a thread's error would be lost
            failures.append(error)

    threads = [threading.Thread(target=add_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as conn:
        assert (failures, conn.execute(sa.text("SELECT value FROM meta WHERE key = 'n'")).scalar_one()) == ([], "40")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "northing.db"
    file.write_text("not a database, and longer than the hundred bytes that the header of one takes up " * 3)
    with pytest.raises(store.StoreError, match=r"northing\.db is no database: file is not a database"):
        store.migrate(store.connect(f"sqlite:///{file}"))
