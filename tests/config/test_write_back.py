"""What the files may say of writing back, and what is wrong with the rest."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from config import ConfigError
from config.loader import load
from connectors.registry import option_models

GITHUB = {"kind": "github", "auth": {"token": "${TOKEN}"}, "repositories": ["acme/shop", "acme/platform-*"]}


def problems(folder: Path, **sections: Any) -> list[str]:
    file = folder / "northing.yaml"
    file.write_text(yaml.safe_dump(sections, sort_keys=False))
    try:
        load(file, env={"TOKEN": "secret"}, kinds=option_models())
    except ConfigError as error:
        return [f"{one.line}: {one.path}: {one.message}" for one in error.problems]
    return []


def test_forms_by_kind_and_scopes_by_connection_are_all_it_takes(tmp_path: Path) -> None:
    connections = {"github": {**GITHUB, "write_back": ["ACME/shop", "acme/platform-a*"]}}
    assert problems(tmp_path, connections=connections, write_back={"github": "label", "jira": "property"}) == []


@pytest.mark.parametrize(
    "forms, expected",
    [
        (
            {"gitlab": "comment"},
            "nothing can be written to connections of kind `gitlab`, expected one of github",
        ),
        ({"github": "property"}, "found `property`, expected one of comment, label."),
        ({"jira": "coment"}, "found `coment`, expected one of property, comment. Did you mean `comment`?"),
    ],
)
def test_a_kind_or_form_that_cannot_be_written_is_named(tmp_path: Path, forms: dict[str, str], expected: str) -> None:
    [problem] = problems(tmp_path, write_back=forms)
    assert problem.startswith(f"2: write_back.{next(iter(forms))}: {expected}")


def test_a_scope_that_is_not_read_is_not_written_to(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, connections={"github": {**GITHUB, "write_back": ["acme/shop", "acme/shops"]}})
    assert "connections.github.write_back[1]: `acme/shops` is not among what `github` reads" in problem
    assert problem.endswith("Did you mean `acme/shop`?")


def test_no_convention_begins_as_our_own_labels_do(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, conventions={"label": "Northing:{key}"})
    assert problem.startswith("2: conventions.label: labels that begin with `northing:` are written by Northing itself")
