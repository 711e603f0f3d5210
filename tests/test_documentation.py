"""The documents say what the program does: views, configuration keys, examples."""

import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import config
import store
from config.loader import load
from store.view_columns import VIEWS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def documented_views() -> dict[str, tuple[str, dict[str, str]]]:
    """What the reference says of each view, and of each of its columns in their order."""
    found = {}
    for section in (DOCS / "reference" / "views.md").read_text().split("\n## ")[1:]:
        name, comment = section.split("\n\n")[:2]
        rows = re.findall(r"^\| ([a-z0-9_]+) \| (.*) \|$", section, flags=re.MULTILINE)
        found[name] = comment, {column: meaning for column, meaning in rows if column != "column"}
    return found


@pytest.fixture
def migrated(migrated_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(migrated_url)
    yield engine
    engine.dispose()


def test_the_reference_says_of_the_views_what_their_comments_say() -> None:
    assert documented_views() == VIEWS


def test_the_views_have_the_columns_that_the_reference_lists(migrated: sa.Engine) -> None:
    inspector = sa.inspect(migrated)
    found = {name: {column["name"] for column in inspector.get_columns(name)} for name in inspector.get_view_names()}
    assert found == {name: set(columns) for name, (_, columns) in documented_views().items()}


def queries() -> list[str]:
    return re.findall(r"```sql\n(.*?)```", (DOCS / "how-to" / "query-with-sql.md").read_text(), flags=re.DOTALL)


def test_every_query_of_the_how_to_runs(migrated: sa.Engine) -> None:
    with migrated.connect() as connection:
        rows = [connection.execute(sa.text(query)).all() for query in queries()]
    assert rows == [[]] * len(queries())
    assert len(rows) > 3


def keys_of(schema: dict[str, Any]) -> set[str]:
    """The names of all keys that a JSON Schema of pydantic's allows."""
    models = [schema, *schema.get("$defs", {}).values()]
    return {name for model in models for name in model.get("properties", {})}


def kinds() -> dict[str, Any]:
    return {entry.name: entry.load().options_model for entry in entry_points(group="northing.connectors")}


def test_the_reference_names_every_key_of_the_configuration() -> None:
    known = set[str]().union(*(keys_of(model.model_json_schema()) for model in (config.Config, *kinds().values())))
    reference = (DOCS / "reference" / "configuration.md").read_text()
    written = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`]+`|```yaml.*?```", reference, flags=re.DOTALL))))
    assert sorted(known - written) == []


@pytest.mark.parametrize("document", ["README.md", "docs/tutorial.md"])
def test_the_examples_of_a_configuration_are_valid(document: str, tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", (ROOT / document).read_text(), flags=re.DOTALL)
    file = tmp_path / "northing.yaml"
    file.write_text(example)
    loaded = load(file, env={"JIRA_TOKEN": "secret", "GITHUB_TOKEN": "secret"}, kinds=kinds())
    assert loaded.warnings == []
    assert [one.key for one in loaded.config.objectives] == ["GROW"]
