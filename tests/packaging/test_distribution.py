"""What is built: the lock file, the wheel and the source archive."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_the_lock_file_names_only_the_public_index() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    sources = [package["source"] for package in lock["package"]]
    elsewhere = [
        source for source in sources if source not in ({"registry": "https://pypi.org/simple"}, {"editable": "."})
    ]
    files = [
        file["url"]
        for package in lock["package"]
        for file in [*package.get("wheels", []), package.get("sdist")]
        if file
    ]
    assert elsewhere == []
    assert [url for url in files if not url.startswith("https://files.pythonhosted.org/packages/")] == []


def test_the_lock_file_fits_the_declared_dependencies() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    [northing] = [package for package in lock["package"] if package["name"] == "northing"]
    locked = {item["name"] + item.get("specifier", "") for item in northing["metadata"]["requires-dist"]}
    declared = {re.sub(r"\[.*\]|;.*", "", text).lower().replace(" ", "") for text in PROJECT["project"]["dependencies"]}
    assert {re.sub(r",", "", name) for name in locked} == {re.sub(r",", "", name) for name in declared}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a wheel and a source archive, built by the declared back-end from the working tree."""
    folder = tmp_path_factory.mktemp("dist")
    call = "import sys; from hatchling import build; build.build_sdist(sys.argv[1]); build.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", call, folder], cwd=ROOT, check=True, capture_output=True, env=dict(os.environ)
    )
    return folder


def sources() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_every_file_of_every_package(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith("northing-")}
    assert names == sources()


def test_the_source_archive_holds_what_the_wheel_is_built_from(built: Path) -> None:
    [archive] = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.split("/", 1)[1] for name in tar.getnames()}
    assert names >= sources() | {"pyproject.toml", "README.md", "LICENSE"}
    assert [name for name in names if name.startswith(("tests/", "docs/", ".venv/"))] == []
