"""`northing demo`."""

from pathlib import Path

import pytest

from cli import picture
from tests.cli.conftest import Northing
from tests.program import call

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_ends_in_a_picture_and_in_what_to_try(tmp_path: Path) -> None:
    result = call("demo", "--data", str(tmp_path), "--no-serve")
    northing = Northing(tmp_path)

    assert result.code == 0
    assert "COMPANY.1" in result.out
    assert f"Configuration and database: {tmp_path}" in result.out
    assert f"  export NORTHING_CONFIG={northing.config}" in result.out.splitlines()
    tries = [line.partition("#")[0].split() for line in result.out.splitlines() if line.startswith("  northing ")]
    assert ["northing", "explain", "CHECKOUT.1"] in tries
    codes = {" ".join(words[1:3]): northing(*words[1:]).code for words in tries}
    assert set(codes.values()) <= {0, 1}, codes


def test_what_to_try_is_called_by_its_path_where_the_program_lies_in_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "northing").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(tmp_path / "bin" / "northing"), "demo"])
    result = call("demo", "--data", "merlo", "--no-serve")
    assert "  bin/northing check" in [line.partition("#")[0].rstrip() for line in result.out.splitlines()]


def test_a_piped_demo_ends_by_itself_and_can_be_repeated(tmp_path: Path) -> None:
    first = call("demo", "--data", str(tmp_path))
    again = call("demo", "--data", str(tmp_path), "--json")
    assert (first.code, again.code) == (0, 0)
    assert [row["objective"] for row in again.data] == ["COMPANY", "CHECKOUT", "RELY", "REACH", "BASE"]


def test_the_demo_writes_over_nobody_elses_configuration(tmp_path: Path) -> None:
    (tmp_path / "northing.yaml").write_text("version: 1\n")
    result = call("demo", "--data", str(tmp_path))
    assert (result.code, (tmp_path / "northing.yaml").read_text()) == (2, "version: 1\n")
    assert "--data" in result.err


def test_a_taken_port_is_said(tmp_path: Path, synced: Northing) -> None:
    text = synced.config.read_text()
    port = text.partition("127.0.0.1:")[2].split()[0]
    result = call("demo", "--data", str(tmp_path), "--port", port)
    assert result.code == 3
    assert f"Port {port}, " in result.err


def test_the_picture_of_the_readme_is_what_the_program_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    picture.main(tmp_path / "status.svg")
    assert (tmp_path / "status.svg").read_text() == (ROOT / "docs" / "images" / "status.svg").read_text()
