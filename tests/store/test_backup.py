"""Backup and restore: the same on both databases, from one to the other, and all or nothing."""

import itertools
import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import store
from store import backup_file, configuration
from store.backup import backup
from store.backup_file import written
from store.restore import check, restore, stored
from store.sync_lock import sync_lock
from store.tables import SQLModel
from tests.postgres import Postgres
from tests.store.samples import NOW, Shop, execute, item, rows

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
VALUES: dict[str, Any] = {
    "INTEGER": 1,
    "BIGINT": -(2**62),
    "FLOAT": 0.1 + 0.2,
    "BOOLEAN": True,
    "DATE": date(2026, 10, 1),
    "DATETIME": AT,
    "JSON": {"a": [1, 2.5, None, "ß\\\n\t\"'"], "at": "2026-01-01"},
    "VARCHAR": "Zeile 1\nZeile 2\t\\N \u2028 'ß' \"x\" 🎯",
}


def fill(engine: sa.Engine) -> None:
    """A row in every table with a value of every kind, and one with as little as the table takes."""
    with engine.begin() as conn:
        for table in SQLModel.metadata.sorted_tables:
            for number in (1, 2):
                row: dict[str, Any] = {}
                for column in table.columns:
                    value = VALUES[kind(column)]
                    if column.foreign_keys or column.name == "id":
                        value = number
                    elif number == 2:
                        value = {int: 2, str: "two", date: date(2026, 10, 2)}.get(type(value), value)
                    if not column.nullable or number == 1 or column.primary_key:
                        row[column.name] = value
                half = {"barrier": "key_result_id", "decision": "barrier_id", "acknowledgement": "barrier_id"}
                if table.name in half:
                    row |= {half[table.name]: None, "finding_id": number}
                conn.execute(sa.insert(table).values(row))


def kind(column: sa.Column[Any]) -> str:
    text = str(column.type).partition("(")[0]
    return {"VARCHAR": "VARCHAR", "TIMESTAMP": "DATETIME", "AUTOSTRING": "VARCHAR", "TEXT": "VARCHAR"}.get(
        text.upper(), text.upper()
    )


def content(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, as the program reads them."""
    with engine.connect() as conn:
        found = {
            table.name: sorted((tuple(row) for row in conn.execute(sa.select(table))), key=repr)
            for table in SQLModel.metadata.sorted_tables
        }
    found["meta"] = [row for row in found["meta"] if row[0] != "views"]
    return found


@pytest.fixture
def other(engine: sa.Engine, postgres: Postgres, tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty database of the other kind to restore to, not migrated."""
    if engine.dialect.name == "postgresql":
        found = store.connect(f"sqlite:///{tmp_path / 'other.db'}")
        yield found
        found.dispose()
        return
    with postgres.database() as url:
        found = store.connect(url)
        yield found
        found.dispose()


def test_all_rows_of_all_tables_come_back_on_the_other_database(
    engine: sa.Engine, other: sa.Engine, tmp_path: Path
) -> None:
    fill(engine)
    file = tmp_path / "northing.backup"
    made = backup(engine, file, NOW)
    assert {table.name for table in made.tables} == set(SQLModel.metadata.tables)
    assert check(file) == made
    assert stored(other).counts == {}
    assert restore(other, file) == made
    assert content(other) == content(engine)
    assert all(len(found) == 2 for name, found in content(engine).items() if name != "meta")
    assert str(stored(other)) == "2 connections, 2 items, 2 key results, 2 check-ins"
    assert indexes(other) == indexes(engine)


def indexes(engine: sa.Engine) -> dict[str, list[str]]:
    inspector = sa.inspect(engine)
    return {
        table: sorted(str(one["name"]) for one in inspector.get_indexes(table) if "duplicates_constraint" not in one)
        for table in SQLModel.metadata.tables
    }


def test_a_backup_replaces_all_that_is_stored_and_work_goes_on_from_there(shop: Shop, tmp_path: Path) -> None:
    shop.save(item(1), item(2))
    backup(shop.engine, tmp_path / "b", NOW)
    before, made = content(shop.engine), indexes(shop.engine)
    shop.save(item(1, title="Later"), item(2), item(3), item(4))
    execute(shop.engine, "INSERT INTO meta (key, value) VALUES ('later', 'yes')")
    restore(shop.engine, tmp_path / "b")
    assert (content(shop.engine), indexes(shop.engine)) == (before, made)
    shop.save(item(2, title="Anew"), item(5))
    found = rows(shop.engine, "SELECT key, title FROM northing_work ORDER BY key")
    assert found == [("acme/shop#1", "Issue 1"), ("acme/shop#2", "Anew"), ("acme/shop#5", "Issue 5")]
    if shop.engine.dialect.name == "sqlite":
        assert rows(shop.engine, "PRAGMA integrity_check") == [("ok",)]


def test_the_configuration_of_the_backups_day_is_not_in_force(shop: Shop, tmp_path: Path) -> None:
    with shop.engine.begin() as conn:
        configuration.note_applied(conn, configuration.Applied("f1", "host:1", NOW))
        configuration.note_refused(conn, "northing.yaml", ["wrong"], NOW)
    backup(shop.engine, tmp_path / "b", NOW)
    restore(shop.engine, tmp_path / "b")
    with shop.engine.begin() as conn:
        assert configuration.applied(conn) is None
        assert configuration.refused(conn) is not None


def test_a_backup_is_of_one_moment_and_holds_no_writer_up(shop: Shop, tmp_path: Path) -> None:
    """Items come in pairs, and so they are in every backup."""
    shop.save(item(1), item(2))
    real = backup_file._write
    seen: list[str] = []

    def write(*given: Any) -> Any:
        seen.append(given[1])
        number = 2 * len(seen)
        shop.save(item(number + 1), item(number + 2))
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backup_file, "_write", write)
        made = backup(shop.engine, tmp_path / "b", NOW)
    assert {table.name: table.rows for table in made.tables}["work_item"] == 2
    assert shop.rows("SELECT count(*) FROM work_item") == [(2 + 2 * len(seen),)]


def test_only_its_owner_may_read_a_backup_and_no_part_of_one_is_left(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    backup(shop.engine, folder / "b", NOW)
    assert stat.S_IMODE((folder / "b").stat().st_mode) == 0o600
    before = (folder / "b").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            backup(shop.engine, folder / "b", NOW)
    assert [one.name for one in folder.iterdir()] == ["b"]
    assert (folder / "b").read_bytes() == before


def rewritten(source: Path, target: Path, **changed: bytes) -> Path:
    """A copy of a backup with other members, by the last part of their names."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, changed.get(Path(name).stem, old.read(name)))
    return target


def test_what_is_no_whole_backup_is_refused_in_words(shop: Shop, tmp_path: Path) -> None:
    shop.save(item(1))
    good = tmp_path / "good"
    backup(shop.engine, good, NOW)
    data = good.read_bytes()
    told = json.loads(zipfile.ZipFile(good).read("backup.json"))
    newer = json.dumps(told | {"schema": "9999"}).encode()
    later = json.dumps(told | {"format": 2}).encode()
    flipped = bytearray(data)
    flipped[data.index(b"work_item.jsonl") + 40] ^= 0xFF
    cases = {
        "is no backup of Northing": (tmp_path / "a", b"hello"),
        "or only a part of one": (tmp_path / "b", data[: len(data) // 2]),
        "its table work_item cannot be read": (tmp_path / "c", bytes(flipped)),
    }
    for words, (file, text) in cases.items():
        file.write_bytes(text)
        with pytest.raises(store.StoreError, match=words):
            check(file)
    for words, changed in {
        "its table work_item is not as it was written": {"work_item": b"[1]\n"},
        "its list of contents cannot be read": {"backup": b"{}"},
        "has schema 9999, and this program knows": {"backup": newer},
        "is a backup of format 2": {"backup": later},
    }.items():
        with pytest.raises(store.StoreError, match=words):
            check(rewritten(good, tmp_path / "d", **changed))


def test_no_byte_of_a_backup_can_be_wrong_without_being_told_in_words(tmp_path: Path) -> None:
    file, wrong = tmp_path / "good", tmp_path / "wrong"
    with written(file, "0001", "") as (add, _):
        add("theme", ["id", "key"], [[[1, "growth"]]])
    whole, there, refused = file.read_bytes(), check(file).tables, 0
    for at, flip in itertools.product(range(len(whole)), (0x01, 0x80)):
        wrong.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
        try:
            assert check(wrong).tables == there
        except store.StoreError:
            refused += 1
    assert refused > len(whole) / 2
    for at in range(len(whole)):
        wrong.write_bytes(whole[:at])
        with pytest.raises(store.StoreError):
            check(wrong)


@pytest.mark.parametrize(
    "lines, words",
    [(b"{}\n", "holds something else than rows"), (b"[1]\n", "holds rows of another length")],
)
def test_a_backup_that_somebody_wrote_by_hand_is_refused_in_words(
    shop: Shop, tmp_path: Path, lines: bytes, words: str
) -> None:
    shop.save(item(1))
    backup(shop.engine, tmp_path / "b", NOW)
    told = json.loads(zipfile.ZipFile(tmp_path / "b").read("backup.json"))
    for table in told["tables"]:
        if table["name"] == "theme":
            table |= {"rows": 1, "checksum": blake2b(lines, digest_size=32).hexdigest()}
    wrong = rewritten(tmp_path / "b", tmp_path / "c", backup=json.dumps(told).encode(), theme=lines)
    check(wrong)
    before = content(shop.engine)
    with pytest.raises(store.StoreError, match=words):
        restore(shop.engine, wrong)
    assert content(shop.engine) == before


def test_a_backup_that_does_not_fit_leaves_what_was_stored(shop: Shop, tmp_path: Path) -> None:
    shop.save(item(1))
    backup(shop.engine, tmp_path / "b", NOW)
    told = json.loads(zipfile.ZipFile(tmp_path / "b").read("backup.json"))
    for table in told["tables"]:
        if table["name"] == "work_tag":
            table["columns"] = ["item_id", "another"]
    wrong = rewritten(tmp_path / "b", tmp_path / "c", backup=json.dumps(told).encode())
    before = content(shop.engine)
    with pytest.raises(store.StoreError, match="The table work_tag of the backup does not fit schema 0001"):
        restore(shop.engine, wrong)
    assert content(shop.engine) == before
    assert rows(shop.engine, "SELECT key FROM northing_work") == [("acme/shop#1",)]


def test_nothing_is_restored_while_a_sync_works_on_the_database(shop: Shop, tmp_path: Path) -> None:
    backup(shop.engine, tmp_path / "b", NOW)
    other = store.connect(shop.engine.url.render_as_string(hide_password=False))
    with sync_lock(other), pytest.raises(store.StoreError, match="Another sync is running"):
        restore(shop.engine, tmp_path / "b")
    other.dispose()


def test_a_credential_that_was_renewed_since_the_backup_is_kept(shop: Shop, tmp_path: Path) -> None:
    table = SQLModel.metadata.tables["credential"]
    old, new = NOW, NOW + timedelta(hours=1)
    with shop.engine.begin() as conn:
        conn.execute(sa.insert(table), [{"connection": one, "sealed": "old", "updated_at": old} for one in ("a", "b")])
    backup(shop.engine, tmp_path / "b", NOW)
    with shop.engine.begin() as conn:
        conn.execute(sa.update(table).where(table.c.connection == "a").values(sealed="new", updated_at=new))
        conn.execute(sa.delete(table).where(table.c.connection == "b"))
        conn.execute(sa.insert(table).values(connection="c", sealed="new", updated_at=new))
    restore(shop.engine, tmp_path / "b")
    assert content(shop.engine)["credential"] == [("a", "new", new), ("b", "old", old), ("c", "new", new)]


def test_a_database_of_another_schema_is_not_backed_up(engine: sa.Engine, tmp_path: Path) -> None:
    execute(engine, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(store.StoreError, match="has schema 0000, and this program works with") as caught:
        backup(engine, tmp_path / "b", NOW)
    assert caught.value.advice == "`northing db upgrade` brings it to this version."
    assert not (tmp_path / "b").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
import store
from store import restore
real = restore._load
def load(conn, backup, table):
    if table.name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
    real(conn, backup, table)
restore._load = load
restore.restore(store.connect(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_restore_that_is_killed_leaves_what_was_stored(shop: Shop, tmp_path: Path) -> None:
    shop.save(item(1))
    backup(shop.engine, tmp_path / "b", NOW)
    shop.save(item(2))
    before = content(shop.engine)
    url = shop.engine.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, url, str(tmp_path / "b"), "work_tag"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == -9
    assert content(shop.engine) == before
    restore(shop.engine, tmp_path / "b")
    assert rows(shop.engine, "SELECT key FROM northing_work") == [("acme/shop#1",)]
