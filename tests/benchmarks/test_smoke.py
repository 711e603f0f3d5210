"""The benchmarks run, at sizes that take seconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


LONG = pytest.mark.skipif("NORTHING_LONG" not in os.environ, reason="takes most of a minute: NORTHING_LONG=1 runs it")


@pytest.mark.parametrize(
    "name", [pytest.param("github", marks=LONG), "second-cloud", "second-datacenter", "align-sqlite"]
)
def test_a_benchmark_prints_its_row(name: str) -> None:
    command = [sys.executable, "-m", "benchmarks", "--small", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert "target" in done.stdout
    assert {"github": "full sync", "align-sqlite": "link, measure, find"}.get(name, "second sync") in done.stdout


def test_a_second_sync_asks_once_and_changes_nothing() -> None:
    command = [sys.executable, "-m", "benchmarks", "--small", "second-github"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    met = [row.split("│")[-2].strip() for row in done.stdout.splitlines() if "second sync" in row]
    assert met == ["yes", "yes", "yes"]


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    command = [sys.executable, "-m", "benchmarks", "speed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "there is no speed; there is: github, cloud" in done.stderr
