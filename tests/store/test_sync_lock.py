"""One sync at a time: between engines, between processes, and after a process was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

import store
from store import runs
from store.sync_lock import sync_lock
from tests.store.samples import NOW

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, store
from store.sync_lock import sync_lock
with sync_lock(store.connect(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def free(engine: sa.Engine) -> bool:
    try:
        with sync_lock(engine):
            return True
    except store.StoreError:
        return False


def test_a_second_sync_is_refused_while_the_first_one_runs(migrated_url: str) -> None:
    first, second = store.connect(migrated_url), store.connect(migrated_url)
    with sync_lock(first):
        with first.begin() as conn:
            runs.start_run(conn, NOW)
        with (
            pytest.raises(
                store.StoreError, match=f"Another sync is running.*since {NOW:%Y-%m-%d %H:%M:%S} UTC"
            ) as caught,
            sync_lock(second),
        ):
            pass
        assert "Wait until it has ended" in caught.value.advice
    assert free(second)
    first.dispose()
    second.dispose()


def test_an_error_lets_go_of_the_lock(migrated_url: str) -> None:
    engine = store.connect(migrated_url)
    with pytest.raises(ZeroDivisionError), sync_lock(engine):
        raise ZeroDivisionError
    assert free(engine)
    engine.dispose()


def test_a_killed_process_lets_go_of_the_lock(migrated_url: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, migrated_url],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    engine = store.connect(migrated_url)
    assert not free(engine)
    holder.kill()
    holder.communicate()
    # A server may take a moment to notice that its client is gone.
    assert any(free(engine) for _ in range(1000))
    engine.dispose()


def test_the_lock_holds_no_writer_up(migrated_url: str) -> None:
    engine = store.connect(migrated_url)
    with sync_lock(engine), engine.begin() as conn:
        assert runs.start_run(conn, NOW) == 1
    engine.dispose()


def test_a_database_in_memory_has_no_other_users() -> None:
    assert free(store.connect("sqlite://"))


def test_a_folder_that_takes_no_file_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'northing.db'}"
    engine = store.connect(url)
    store.migrate(engine)
    (tmp_path / "northing.db.sync-lock").mkdir()
    with pytest.raises(store.StoreError, match=r"northing\.db\.sync-lock cannot be opened"), sync_lock(engine):
        pass
    engine.dispose()
