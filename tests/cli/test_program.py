"""The program as a whole: how it starts, what it prints about itself, how it ends."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from cli import main
from cli.session import Failure
from tests.cli.conftest import Northing
from tests.program import call

COMMANDS = [
    *("demo", "init", "doctor", "sync", "status", "explain", "check", "checkin"),
    *("config check", "config show", "config schema", "map test", "map diff", "db upgrade"),
]
ROOT = Path(__file__).resolve().parents[2]


def program(*args: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, as the console script starts it."""
    return subprocess.run(
        [sys.executable, "-c", "from cli.main import run; run()", *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_version_is_the_distributions() -> None:
    assert call("--version").out == f"northing {version('northing')}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example(command: str) -> None:
    result = call(*command.split(), "--help")
    assert result.code == 0
    assert f"Examples:\n    northing {command}" in result.out


@pytest.mark.parametrize("arguments", ["nope", "status --nope", "explain", "check --fail-on nope", "demo --port x"])
def test_a_wrong_call_is_wrong_input(arguments: str) -> None:
    result = call(*arguments.split())
    assert (result.code, result.out) == (2, "")
    assert "Error" in result.err


def test_a_word_that_is_no_choice_is_told_with_the_choices() -> None:
    said = call("check", "--fail-on", "nope").err.splitlines()[-1]
    assert said == "Error: Invalid value for '--fail-on': 'nope' is not one of 'critical', 'warning', 'info'."


@pytest.mark.parametrize("command", ["status", "status --as-of 2026-10-20", "forecast --backtest", "history RELY.1"])
def test_looking_at_a_database_that_is_not_there_does_not_make_it(fresh: Northing, command: str) -> None:
    result = fresh(*command.split())
    file = fresh.folder / "northing.db"
    assert (result.code, result.err.splitlines()[0]) == (2, f"error: There is no data yet: {file} does not exist.")
    assert not file.exists()


def test_status_loads_neither_the_configuration_nor_sqlalchemy(synced: Northing) -> None:
    code = (
        "import sys\nfrom cli.main import app\n"
        f"app(['--config', {str(synced.config)!r}, 'status'], standalone_mode=False)\n"
        "heavy = {'sqlalchemy', 'sqlmodel', 'config', 'connectors', 'httpx', 'jira', 'github', 'simulator'}\n"
        "sys.exit(','.join(sorted(heavy & sys.modules.keys())) or None)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "COMPANY.1" in done.stdout


def test_a_terminal_that_knows_no_such_letters_is_no_error(synced: Northing) -> None:
    done = program("--config", str(synced.config), "status", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "COMPANY.1" in done.stdout


def test_all_own_packages_are_ours() -> None:
    assert main.foreign_packages() == []


def test_a_package_of_the_same_name_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "__init__.py").write_text("")
    done = program("status", cwd=tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.returncode == 2
    assert f"`config` is imported from {tmp_path / 'config'}" in done.stderr
    assert "environment of its own" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_of_the_program_is_said_without_a_traceback(synced: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("cli.standing.standing", broken)
    result = synced("status")
    assert (result.code, result.out) == (3, "")
    assert "ZeroDivisionError: by zero" in result.err
    assert "NORTHING_DEBUG" in result.err
    assert "Traceback" not in result.err


def test_an_interruption_ends_with_its_own_code(synced: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.standing.standing", interrupted)
    assert synced("status").code == 130


def test_a_failure_says_the_next_step(synced: Northing, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise Failure("It broke.", "Mend it.", code=3)

    monkeypatch.setattr("cli.standing.standing", failing)
    result = synced("status")
    assert (result.code, result.err) == (3, "error: It broke.\n  → Mend it.\n")
