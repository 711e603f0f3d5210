"""Importing OKRs from the files in which people keep them (Markdown, CSV, XLSX, JSON) as YAML to review."""

from config.imports.files import KINDS, read, read_file
from config.imports.model import Document, ImportRefused, KeyResultDraft, ObjectiveDraft, Unread
from config.imports.write import Imported, Note, write

__all__ = [
    "KINDS",
    "Document",
    "ImportRefused",
    "Imported",
    "KeyResultDraft",
    "Note",
    "ObjectiveDraft",
    "Unread",
    "read",
    "read_file",
    "write",
]
