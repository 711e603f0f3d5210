"""The Dockerfile, read beside the repository that it copies from. (It is built by hand: see CONTRIBUTING.md.)"""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Step(NamedTuple):
    """One instruction: `COPY`, and what stands behind it."""

    word: str
    rest: str


@pytest.fixture(scope="module")
def stages() -> list[list[Step]]:
    """The instructions, stage by stage, continued lines joined and comments left out."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    steps = [Step(*line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]
    starts = [number for number, step in enumerate(steps) if step.word == "FROM"]
    return [steps[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


@pytest.fixture(scope="module")
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def rests(stage: list[Step], word: str) -> list[str]:
    return [step.rest for step in stage if step.word == word]


def packages() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return set(settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def copied(stages: list[list[Step]]) -> set[str]:
    """The files and folders that the build stage takes from the repository."""
    return {source for rest in rests(stages[0], "COPY") for source in shlex.split(rest)[:-1]}


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_image_is_built_from_every_package_and_the_files_that_the_build_reads(stages: list[list[Step]]) -> None:
    assert copied(stages) == packages() | {"pyproject.toml", "uv.lock", "README.md", "LICENSE"}


def test_all_that_is_copied_exists_and_is_let_through_by_dockerignore(stages: list[list[Step]]) -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert "*" in ignore
    assert copied(stages) == let_through
    assert [name for name in copied(stages) if not (ROOT / name).exists()] == []


def test_both_stages_have_the_same_python_because_the_environment_links_to_it(stages: list[list[Step]]) -> None:
    images = {rest.split()[0] for stage in stages for rest in rests(stage, "FROM")}
    assert images == {"python:3.13-slim"}


def test_the_final_stage_takes_only_the_finished_environment(stages: list[list[Step]]) -> None:
    assert rests(stages[-1], "COPY") == ["--from=build /opt/northing /opt/northing"]
    assert [rest for rest in rests(stages[-1], "RUN") if re.search(r"\b(apt-get|pip|uv|gcc)\b", rest)] == []


def test_it_runs_as_a_numbered_user_who_is_not_root(stages: list[list[Step]]) -> None:
    assert rests(stages[-1], "USER") == ["10001:10001"]
    last = [step.word for step in stages[-1]]
    assert last.index("RUN") < last.index("USER") < last.index("ENTRYPOINT")


def test_the_entry_point_and_the_health_check_call_the_console_script(
    stages: list[list[Step]], project: dict[str, dict[str, dict[str, str]]]
) -> None:
    [entry], [health] = rests(stages[-1], "ENTRYPOINT"), rests(stages[-1], "HEALTHCHECK")
    called = json.loads(health.split("CMD ", 1)[1])
    assert json.loads(entry) == list(project["project"]["scripts"])
    assert called == ["northing", "config", "check", "--quiet"]


def test_uv_is_the_same_version_as_in_the_makefile() -> None:
    found = {
        name: re.findall(r"uv==([\d.]+)|UV_VERSION = ([\d.]+)", (ROOT / name).read_text())
        for name in ("Dockerfile", "Makefile")
    }
    versions = {name: {a or b for a, b in pairs} - {""} for name, pairs in found.items()}
    assert versions["Dockerfile"] == versions["Makefile"]
    assert len(versions["Makefile"]) == 1
