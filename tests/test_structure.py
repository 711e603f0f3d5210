"""The repository keeps the promises that no single room can keep: folders, registration, imports, documentation."""

import importlib
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
OWN_FOLDERS = {"benchmarks", "deploy", "docs", "examples", "tests"}
SOURCES = ["config", "connectors", "store", "mapping", "sync", "alerts", "dashboard", "cli", "simulator"]


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def packages() -> list[str]:
    return project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def tool_folders() -> set[str]:
    # `values` asks for single numbers, of places that are no connections.
    return {path.parent.name for path in (ROOT / "connectors").glob("*/__init__.py")} - {"values"}


def commands() -> dict[str, set[str]]:
    """Every command as it is typed, groups included (`sync`, `config check`), with its own long options."""
    typer_main = importlib.import_module("typer.main")
    program = typer_main.get_command(importlib.import_module("cli.main").app)

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, set[str]]]:
        if getattr(command, "hidden", False):
            return
        inner = getattr(command, "commands", {})
        if not inner:
            yield " ".join(words), {name for option in command.params for name in option.opts if name.startswith("--")}
        for name, below in inner.items():
            yield from walk(below, (*words, name))

    everywhere = {"--config", "--json", "--quiet", "--help"}
    return {name: options - everywhere for name, options in walk(program, ())}


def test_every_folder_is_a_package_or_a_known_place() -> None:
    listed = os.scandir(ROOT)
    folders = {entry.name for entry in listed if entry.is_dir() and not entry.name.startswith((".", "__"))} - {"dist"}
    assert folders == set(packages()) | OWN_FOLDERS
    assert packages() == SOURCES


@pytest.mark.parametrize("name", SOURCES)
def test_every_package_that_is_imported_is_ours(name: str) -> None:
    # PyPI has packages of the same names, which would overwrite ours without a word.
    assert importlib.import_module(name).__file__ == str(ROOT / name / "__init__.py")


def test_tests_are_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_every_tool_folder_is_a_registered_connector_and_the_other_way_round() -> None:
    registered = {entry.name: entry.module for entry in entry_points(group="northing.connectors")}
    assert registered == {name: f"connectors.{name}" for name in tool_folders()}


@pytest.mark.parametrize("entry", entry_points(group="northing.connectors"), ids=lambda entry: entry.name)
def test_a_registered_connector_says_its_own_name(entry: Any) -> None:
    assert entry.load().kind == entry.name


def test_no_tool_knows_another_is_checked_for_every_tool() -> None:
    [contract] = [c for c in project()["tool"]["importlinter"]["contracts"] if c["type"] == "independence"]
    assert set(contract["modules"]) == {f"connectors.{name}" for name in tool_folders()}


def test_no_file_holds_a_path_of_one_machine() -> None:
    # Put together here, so that this file does not hold them itself.
    homes = re.compile("|".join(f"/{folder}/" for folder in ("root", "work", "home")))
    kinds = {".py", ".md", ".toml", ".yaml", ".json", ".mako", ""}
    places = [ROOT, *(ROOT / name for name in (*SOURCES, *OWN_FOLDERS))]
    files = {
        path
        for place in places
        for path in (place.rglob("*") if place != ROOT else place.glob("*"))
        if path.is_file() and path.suffix in kinds and path.name != ".coverage"
    }
    assert [path for path in sorted(files) if homes.search(path.read_text(encoding="utf-8", errors="replace"))] == []


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [command for command in commands() if f"northing {command}" not in readme] == []


def test_the_readme_names_no_command_that_does_not_exist() -> None:
    table = (ROOT / "README.md").read_text().split("## Commands", 1)[1].split("\n## ", 1)[0]
    named = re.findall(r"`northing ([a-z-]+(?: [a-z-]+)?)", table)
    assert [command for command in named if command not in commands()] == []


def test_the_reference_has_a_section_for_every_command_with_all_its_options() -> None:
    sections = (ROOT / "docs" / "reference" / "commands.md").read_text().split("\n## `northing ")[1:]
    documented = {section.split("`")[0]: set(re.findall(r"--[a-z][a-z-]*", section)) for section in sections}
    known = commands()
    # The other half of a pair (--serve / --no-serve) may be named instead.
    documented = {name: {option.replace("--no-", "--") for option in options} for name, options in documented.items()}
    assert documented == known


def links() -> list[tuple[Path, str]]:
    """Every link of every document to a file of the repository."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [
        (document, target.split("#")[0])
        for document in documents
        for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text())
        if not target.startswith(("http", "#", "mailto:"))
    ]


def test_every_link_in_the_documents_leads_to_a_file() -> None:
    assert [
        f"{document.relative_to(ROOT)}: {target}"
        for document, target in links()
        if not (document.parent / target).exists()
    ] == []


def test_every_dependency_is_explained() -> None:
    text = (ROOT / "docs" / "decisions" / "0011-dependencies.md").read_text().lower()
    groups = [project()["project"]["dependencies"], project()["dependency-groups"]["dev"]]
    names = [re.split(r"[\[><=;]", line)[0].lower() for group in groups for line in group]
    assert [name for name in names if f"| {name} |" not in text] == []
