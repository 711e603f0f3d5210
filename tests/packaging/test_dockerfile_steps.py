"""The Dockerfile's steps, run as far as a machine without a container engine can: built, and started as its user."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.test_dockerfile import Step, rests, stages

__all__ = ["stages"]

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".uv" / "bin"
USER = 10001


def becomes_user() -> bool:
    """Whether we may become another user, and that one reaches the interpreter that we run by."""
    python = Path(sys.executable).resolve()
    return os.geteuid() == 0 and all(parent.stat().st_mode & 0o001 for parent in python.parents)


class Image:
    """A folder that stands for the image's root: its absolute paths are below it."""

    def __init__(self, root: Path, steps: list[Step]) -> None:
        self.root = root
        self.env = {"HOME": os.environ["HOME"], "PATH": f"{self.path('/opt/northing/bin')}:{UV}:{os.environ['PATH']}"}
        self.directory = root
        for step in steps:
            if step.word == "ENV":
                pairs = (pair.partition("=") for pair in shlex.split(step.rest) if not pair.startswith("PATH="))
                self.env |= {name: self.path(value) if value.startswith("/") else value for name, _, value in pairs}

    def path(self, inside: str) -> str:
        return str(self.root / inside.lstrip("/"))

    def build(self, step: Step) -> None:
        """COPY, RUN and WORKDIR of the build stage."""
        if step.word == "WORKDIR":
            self.directory = Path(self.path(step.rest))
            self.directory.mkdir(parents=True)
        elif step.word == "COPY":
            *sources, target = shlex.split(step.rest)
            for source in sources:
                found, into = ROOT / source, self.directory / target
                if found.is_dir():
                    shutil.copytree(found, into, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(found, into)
        elif step.word == "RUN" and not step.rest.startswith("pip install"):
            # Nothing is fetched: what this test runs in was installed from the same lock file.
            more = {"UV_OFFLINE": "1", "UV_COMPILE_BYTECODE": "0", "UV_PYTHON": sys.executable}
            certificates = {key: value for key, value in os.environ.items() if key.startswith(("SSL_", "UV_", "XDG_"))}
            done = subprocess.run(
                ["/bin/sh", "-c", step.rest],
                cwd=self.directory,
                env=certificates | self.env | more,
                capture_output=True,
                text=True,
                check=False,
            )
            if "offline" in done.stderr.lower() and done.returncode:
                pytest.skip(f"packages are not at hand without the network: {done.stderr[-300:]}")
            assert done.returncode == 0, done.stderr

    def run(self, command: list[str], data: Path) -> subprocess.CompletedProcess[str]:
        """What the container would do; as its user, with nothing but /data to write to, where that one may be had."""
        who: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if becomes_user() else {}
        # What the image has compiled, the first start compiles here.
        env = {key: value for key, value in self.env.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env |= {"HOME": str(data), "NORTHING_CONFIG": str(data / "northing.yaml"), "TMPDIR": str(data)}
        env["PYTHONPYCACHEPREFIX"] = str(data / "compiled")
        return subprocess.run(
            command, cwd=data, env=env, capture_output=True, text=True, check=False, timeout=120, **who
        )


@pytest.fixture
def image(tmp_path_factory: pytest.TempPathFactory, stages: list[list[Step]]) -> Image:
    if not (UV / "uv").exists():
        pytest.skip("uv is not here: `make test` brings it")
    root = Path(os.path.realpath("/tmp")) / tmp_path_factory.mktemp("image").name / str(os.getpid())
    root.mkdir(parents=True)
    image = Image(root, [*stages[0], *stages[-1]])
    for step in stages[0]:
        image.build(step)
    return image


def test_what_is_built_starts_checks_a_configuration_and_syncs_the_sample_company(
    image: Image, stages: list[list[Step]]
) -> None:
    data = Path(image.path("/data"))
    data.mkdir()
    data.joinpath("northing.yaml").write_text("version: 1\n")
    for path in (data, *data.iterdir()):
        if becomes_user():
            shutil.chown(path, USER, USER)
    [entry], [command], [health] = (rests(stages[-1], word) for word in ("ENTRYPOINT", "CMD", "HEALTHCHECK"))
    told = image.run([*json.loads(entry), *json.loads(command)], data)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("Usage: northing")
    checked = image.run(json.loads(health.split("CMD ", 1)[1]), data)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    shown = image.run([*json.loads(entry), "demo", "--no-serve", "--data", str(data / "demo")], data)
    assert shown.returncode == 0, shown.stderr
    assert "COV101" in shown.stdout
    shutil.rmtree(image.root.parent)
