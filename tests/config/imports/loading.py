"""Imports a text and loads what comes out as a configuration."""

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from config import Config, load
from config.imports import Document, Imported, read, write

TODAY = date(2026, 11, 24)


@dataclass(frozen=True)
class Loaded:
    """What was imported, and the configuration that its YAML is."""

    imported: Imported
    config: Config

    @property
    def notes(self) -> list[tuple[int, str, str]]:
        return [(note.line, note.text, note.why) for note in self.imported.notes]

    @property
    def tree(self) -> dict[str, list[str]]:
        """Titles of key results by that of their objective."""
        return {one.title: [key_result.title for key_result in one.key_results] for one in self.config.objectives}


def loaded(document: Document, **options: object) -> Loaded:
    """Writes a document as YAML and reads that with the loader. Raises ConfigError where it is wrong."""
    imported = write([document], today=TODAY, **options)  # ty: ignore[invalid-argument-type]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "northing.yaml"
        file.write_text(imported.yaml, encoding="utf-8")
        return Loaded(imported, load(file, env={}, kinds={}).config)


def markdown(text: str, name: str = "2026-Q4.md", **options: object) -> Loaded:
    """Imports a Markdown text."""
    return loaded(read(text.encode(), ".md", name), **options)
