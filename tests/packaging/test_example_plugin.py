"""The example plugin, built and installed as anybody's would be, and used by the whole program."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "examples" / "connector-csv"

CONFIG = """\
version: 1
connections:
  exports:
    kind: csv
    files: [shop.csv]
cycles: [{key: 2026-Q4, start: 2026-10-01, end: 2026-12-31}]
objectives:
  - key: CHECKOUT
    title: Buying takes a minute
    cycle: 2026-Q4
    key_results:
      - {key: CHECKOUT.1, title: The new checkout is live}
mappings:
  - {key_result: CHECKOUT.1, work: {project: shop, epic: SHOP-1}}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to put on the path: the plugin's wheel, unpacked, which is all that installing it does."""
    folder = tmp_path_factory.mktemp("plugin")
    call = "import sys; from hatchling import build; build.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", call, folder], cwd=PLUGIN, check=True, capture_output=True, env=dict(os.environ)
    )
    [wheel] = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a configuration and an export."""
    (tmp_path / "northing.yaml").write_text(CONFIG)
    shutil.copy(PLUGIN / "shop.csv", tmp_path)
    return tmp_path


def northing(place: Path, path: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Calls the program in a folder, with `path` before its own packages."""
    return subprocess.run(
        [sys.executable, "-c", "from cli.main import run; run()", *args],
        cwd=place,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def rows(place: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(place / "northing.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_sync_reads_the_files_of_the_plugin_and_links_their_work(installed: Path, place: Path) -> None:
    path = os.pathsep.join([str(installed), str(ROOT)])
    done = northing(place, path, "sync")
    assert done.returncode == 0, done.stderr
    items = "SELECT key, title, state, level, parent_key, estimate, key_results FROM northing_work ORDER BY key"
    assert rows(place, items) == [
        ("SHOP-1", "One-page checkout", "in_progress", "epic", None, None, '["CHECKOUT.1"]'),
        ("SHOP-2", "Guest checkout", "done", "issue", "SHOP-1", 5.0, '["CHECKOUT.1"]'),
        ("SHOP-3", "Wallet buttons", "todo", "issue", "SHOP-1", 3.0, '["CHECKOUT.1"]'),
    ]
    file = place / "shop.csv"
    file.write_text(file.read_text().replace("todo,Ready", "done,Released").replace("2026-11-12T11", "2036-11-12T11"))
    assert northing(place, path, "sync").returncode == 0
    assert rows(place, "SELECT state FROM northing_work WHERE key = 'SHOP-3'") == [("done",)]


def test_the_schema_of_the_configuration_knows_the_plugin(installed: Path, place: Path) -> None:
    def files(path: str) -> object:
        schema = northing(place, path, "config", "schema").stdout
        return [
            model["properties"]["files"]["description"]
            for name, model in json.loads(schema)["$defs"].items()
            if name == "CsvOptions"
        ]

    assert files(os.pathsep.join([str(installed), str(ROOT)])) == [
        "The files to read. A relative path is relative to the main configuration file."
    ]
    assert files(str(ROOT)) == []


def test_without_the_plugin_its_kind_is_unknown(place: Path) -> None:
    refused = northing(place, str(ROOT), "sync")
    assert refused.returncode == 2
    assert "csv" in refused.stderr
