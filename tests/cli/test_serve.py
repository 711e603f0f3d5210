"""`northing serve`."""

import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

import store
from simulator import serve
from simulator.company import sites, write_config
from tests.cli.conftest import Northing
from tests.cli.test_sync import start


def runs(folder: Path) -> list[str]:
    """Outcomes of the runs that have ended, the first one first."""
    file = folder / "northing.db"
    if not file.exists():
        return []
    engine = store.connect(f"sqlite:///{file}")
    try:
        with store.reading(engine) as conn:
            return list(
                conn.execute(sa.text("SELECT outcome FROM run WHERE finished_at IS NOT NULL ORDER BY id")).scalars()
            )
    except OperationalError:  # the tables are not there yet
        return []
    finally:
        engine.dispose()


def swept(folder: Path) -> list[str]:
    """When each scope was compared with its tool's list."""
    engine = store.connect(f"sqlite:///{folder / 'northing.db'}")
    try:
        with store.reading(engine) as conn:
            return list(conn.execute(sa.text("SELECT swept_at FROM scope")).scalars())
    finally:
        engine.dispose()


def wait_for_runs(process: subprocess.Popen[str], folder: Path, number: int) -> None:
    while len(runs(folder)) < number:
        assert process.poll() is None
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue


def test_it_syncs_again_and_again_keeps_a_good_configuration_and_ends_on_sigterm(tmp_path: Path) -> None:
    jira, github = sites(datetime.now(UTC).date(), now=lambda: datetime.now(UTC))
    with serve(jira, github) as running:
        write_config(tmp_path, running.url_of(jira), running.url_of(github), datetime.now(UTC).date())
        northing = Northing(tmp_path)
        northing.append("northing.yaml", "\nschedule: {sync: every 1 second}\n")
        process = start(tmp_path, "serve", "--quiet")
        wait_for_runs(process, tmp_path, 2)
        northing.append("northing.yaml", "\nnonsense: true\n")
        wait_for_runs(process, tmp_path, 4)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 0, out + err
    assert "nonsense: unknown key" in err
    assert set(runs(tmp_path)) <= {"ok", "interrupted"}
    assert all(swept(tmp_path)), "a scope was not compared"
    assert "Traceback" not in err
