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

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def documented_views() -> dict[str, list[str]]:
    """Columns of each view in the order in which the reference lists them."""
    sections = (DOCS / "reference" / "views.md").read_text().split("\n## ")[1:]
    return {
        section.split("\n", 1)[0]: re.findall(r"^\| ([a-z0-9_]+) \|", section, flags=re.MULTILINE)[1:]
        for section in sections
    }


@pytest.fixture
def migrated(migrated_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(migrated_url)
    yield engine
    engine.dispose()


def test_the_reference_lists_the_views_with_all_their_columns(migrated: sa.Engine) -> None:
    inspector = sa.inspect(migrated)
    found = {
        name: sorted(column["name"] for column in inspector.get_columns(name))
        for name in inspector.get_view_names()
        if name != "northing_schema_version"
    }
    assert found == {name: sorted(columns) for name, columns in documented_views().items()}


def queries() -> list[str]:
    return re.findall(r"```sql\n(.*?)```", (DOCS / "how-to" / "query-with-sql.md").read_text(), flags=re.DOTALL)


def test_every_query_of_the_how_to_runs(migrated: sa.Engine) -> None:
    with migrated.connect() as connection:
        rows = [connection.execute(sa.text(query)).all() for query in queries()]
    assert rows == [[]] * 6


def keys_of(schema: dict[str, Any]) -> set[str]:
    """The names of all keys that a JSON Schema of pydantic's allows."""
    models = [schema, *schema.get("$defs", {}).values()]
    return {name for model in models for name in model.get("properties", {})}


def test_the_reference_names_every_key_of_the_configuration() -> None:
    options = [entry.load().options_model for entry in entry_points(group="northing.connectors")]
    known = set[str]().union(*(keys_of(model.model_json_schema()) for model in (config.Config, *options)))
    reference = (DOCS / "reference" / "configuration.md").read_text()
    written = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`]+`|```yaml.*?```", reference, flags=re.DOTALL))))
    assert sorted(known - written) == []
