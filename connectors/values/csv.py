"""`{csv: FILE, column: name}`: the last number of a column, of a file of any length."""

import csv
import time
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TextIO

from config import CsvValue
from connectors.errors import Refused, SourceError, TryAgain
from connectors.values.numbers import one_number

LONGEST_LINE = 1_000_000
"""Letters of a line: no more than one is in memory."""

_DELIMITERS = (",", ";", "\t")
_ROWS = 10_000
"""Rows between two looks at the clock."""


def number(source: CsvValue) -> float:
    """The number in the last row in which the column is filled. What stands there and is no number is refused."""
    path = source.csv
    if not path.is_file():
        what = "is no file" if path.exists() else "is not there"
        raise Refused(f"{path} {what}.", advice="Check the path: a relative one begins at the main configuration file.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line, text = _last(source, file)
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is not UTF-8 text.", advice="Save it as CSV UTF-8.") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    return one_number(text, f"Line {line} of {path}, column {source.column},")


def _last(source: CsvValue, file: TextIO) -> tuple[int, str]:
    path, deadline = source.csv, time.monotonic() + source.timeout
    lines = _lines(file, path)
    heading = next(lines, "")
    delimiter, place = _column(source, heading)
    rows, found = csv.reader(lines, delimiter=delimiter), None
    try:
        for count, row in enumerate(rows):
            if len(row) > place and row[place].strip():
                found = rows.line_num + 1, row[place]
            if count % _ROWS == 0 and time.monotonic() > deadline:
                raise TryAgain(
                    f"{path} could not be read within {source.timeout:g} s.",
                    advice="Shorten it, or give the source a `timeout:`.",
                )
    except csv.Error as error:
        raise Refused(f"{path} is no CSV at line {rows.line_num + 1}: {error}.", advice="Check its quotes.") from error
    if found is None:
        raise Refused(f"Column {source.column} of {path} is empty.", advice="Fill it, or name another one.")
    return found


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise Refused(f"{path} has a line of more than {LONGEST_LINE:,} letters.", advice="Is that a CSV file?")
        yield line


def _column(source: CsvValue, heading: str) -> tuple[str, int]:
    """The delimiter by which the heading has the column, and where in it. Raises Refused."""
    wanted = source.column.strip()
    names: list[str] = []
    for delimiter in _DELIMITERS:
        try:
            row = [one.strip() for one in next(csv.reader([heading], delimiter=delimiter), [])]
        except csv.Error:
            continue
        names = max(names, row, key=len)
        places = [at for at, name in enumerate(row) if name == wanted] or [
            at for at, name in enumerate(row) if name.casefold() == wanted.casefold()
        ]
        if len(places) > 1:
            raise Refused(
                f"{source.csv} has {len(places)} columns {wanted!r}.", advice="Give the one that is meant its own name."
            )
        if places:
            return delimiter, places[0]
    near = get_close_matches(wanted, names, n=1)
    there = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(names[:12])[:300] or 'none'}."
    raise Refused(f"{source.csv} has no column {wanted!r} in its first line.", advice=there)


def _unreadable(path: Path, error: OSError) -> SourceError:
    words = f"{path} cannot be read: {error.strerror or error}."
    if isinstance(error, PermissionError):
        return Refused(words, advice="Let the user who runs Northing read it.")
    return TryAgain(words)
