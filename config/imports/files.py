"""Files with OKRs: which kind each is, and how it becomes rows or text. Nothing in them is followed or run."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config.imports.markdown import read_markdown
from config.imports.model import Document, ImportRefused
from config.imports.table import MOST_ROWS, is_header, read_rows

LARGEST = 10_000_000
"""Bytes of a file; of a workbook, which is packed, once more for what is in it, ten times as many."""
KINDS = (".csv", ".xlsx", ".json", ".md", ".markdown", ".tsv")
HEADER_WITHIN = 15
"""Rows of a sheet in which its header may stand."""


def read_file(path: Path) -> Document:
    """All that is understood of a file. Raises ImportRefused where it is of no known kind, too large, or broken."""
    kind = path.suffix.casefold()
    if kind not in KINDS:
        raise ImportRefused(f"{path} is of no kind that is read.", f"Known kinds: {', '.join(KINDS)}.")
    try:
        data = path.read_bytes() if path.stat().st_size <= LARGEST else None
    except OSError as error:
        raise ImportRefused(f"{path} cannot be read: {error.strerror}.", "Check its name and permissions.") from None
    if data is None:
        raise ImportRefused(f"{path} is larger than {LARGEST // 1_000_000} MB.", "Split it.")
    return read(data, kind, path.name)


def read(data: bytes, kind: str, name: str) -> Document:
    """As `read_file`, for content that is at hand. `kind`: a file's ending, `name`: how messages call it."""
    if kind == ".xlsx":
        return _workbook(data, name)
    text = _text(data)
    if kind in (".md", ".markdown"):
        return read_markdown(text, name)
    document = Document(name=name)
    if kind == ".json":
        _json(text, document)
    else:
        _csv(text, document, "\t" if kind == ".tsv" else None)
    return document


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _csv(text: str, document: Document, delimiter: str | None) -> None:
    head = text[:10_000].split("\n", 1)[0]
    # The one that the header has most of: a sniffer would look at the texts, too.
    delimiter = delimiter or max(",;\t|", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[Any]]] = []
    usual = csv.field_size_limit(LARGEST)  # of the whole process: whoever reads other files has it back
    try:
        for cells in reader:
            rows.append((reader.line_num, cells))
            if len(rows) > MOST_ROWS + HEADER_WITHIN:
                break
    except csv.Error as error:
        raise ImportRefused(f"{document.name}:{reader.line_num}: {error}.", "Export it anew as CSV.") from None
    finally:
        csv.field_size_limit(usual)
    _sheet(rows, document)


def _sheet(rows: list[tuple[int, list[Any]]], document: Document) -> None:
    at = next((at for at, (_, cells) in enumerate(rows[:HEADER_WITHIN]) if is_header(cells)), None)
    if at is None:
        read_rows(rows[0][1] if rows else [], rows[1:], document)
        return
    for number, cells in rows[:at]:
        if said := " | ".join(str(cell) for cell in cells if str(cell or "").strip()):
            document.skip(number, said, "above the table")
    read_rows(rows[at][1], rows[at + 1 :], document)


def _workbook(data: bytes, name: str) -> Document:
    import warnings

    from openpyxl import load_workbook

    document = Document(name=name)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(one.file_size for one in packed.infolist()) > 10 * LARGEST:
                raise ImportRefused(f"{name} holds more than {10 * LARGEST // 1_000_000} MB.", "Split it.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that are of no use here
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            sheets = [(sheet.title, _cells(sheet)) for sheet in book.worksheets]
            book.close()
    except ImportRefused:
        raise
    except Exception as error:  # noqa: BLE001 - a broken workbook may fail anywhere in the library
        raise ImportRefused(
            f"{name} cannot be read as a workbook: {error}.", "Save it anew as .xlsx, or as CSV."
        ) from None
    known = [title for title, rows in sheets if any(is_header(cells) for _, cells in rows[:HEADER_WITHIN])]
    for title, rows in sheets:
        if title in known or (not known and rows):
            _sheet(rows, document)
            known = known or [title]
        elif rows:
            document.skip(1, title, "a sheet without a column for key results")
    if not known:
        raise ImportRefused(f"{name} has no rows.", "Check that it is the right file.")
    return document


def _cells(sheet: Any) -> list[tuple[int, list[Any]]]:
    rows = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if len(rows) > MOST_ROWS + HEADER_WITHIN:
            break
        if any(cell is not None for cell in cells):
            rows.append((number, list(cells)))
    return rows


def _json(text: str, document: Document) -> None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportRefused(f"{document.name} is no JSON: {error}.", "Check the export.") from None
    records = list(_records(data, {}))
    header = list(dict.fromkeys(name for record in records for name in record))
    rows = [(at, [record.get(name) for name in header]) for at, record in enumerate(records, 1)]
    read_rows(header, rows, document)


_NESTED = ("key results", "krs", "results", "metrics")
_LISTS = ("objectives", "okrs", "goals", "items", "data", "value", "results")


def _records(data: Any, above: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Flat records of a nested document: those of key results name their objective."""
    if isinstance(data, list):
        for one in data:
            yield from _records(one, above)
        return
    if not isinstance(data, dict):
        return
    plain = {_spaced(name): _cell(value) for name, value in data.items() if not _is_nested(value)}
    nested = {_spaced(name): value for name, value in data.items() if _is_nested(value)}
    inner = next((nested.pop(name) for name in _NESTED if name in nested and plain), None)
    if inner is not None:
        title = next((plain.pop(name) for name in ("objective", "title", "name", "goal") if plain.get(name)), None)
        shared = {name: plain[name] for name in ("cycle", "period", "quarter", "team", "parent") if name in plain}
        yield {**plain, "objective": title}
        for one in inner if isinstance(inner, list) else [inner]:
            own = one if isinstance(one, dict) else {"title": one}
            flat = {_spaced(name): _cell(value) for name, value in own.items() if not _is_nested(value)}
            name = next((flat.pop(word) for word in ("key result", "title", "name") if flat.get(word)), None)
            metric = next((value for word, value in own.items() if word == "metric" and isinstance(value, dict)), {})
            yield {**shared, **metric, **flat, "objective": title, "key result": name}
        for name in ("objectives", "children"):
            for one in nested.get(name) or []:
                yield from _records({"parent": title, **one} if isinstance(one, dict) else one, above)
        return
    lists = [value for name, value in nested.items() if name in _LISTS and isinstance(value, list)]
    if lists and not ("title" in plain and "type" in plain):
        for one in lists:
            yield from _records(one, above)
        return
    yield plain


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict | list) for one in value))


def _cell(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _spaced(name: str) -> str:
    """A name as a header has it: "key results" for keyResults and key_results."""
    spaced = "".join(
        f" {letter}" if letter.isupper() and at and not name[at - 1].isupper() else letter
        for at, letter in enumerate(name)
    )
    return " ".join(spaced.replace("_", " ").replace("-", " ").casefold().split())
