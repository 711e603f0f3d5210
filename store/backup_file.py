"""The file of a backup: every table as lines of JSON, the same whichever database they come from.

A zip archive with a member `tables/NAME.jsonl` for each table, a row of it in each line as an array, and at last
`backup.json` with what is in it. Values are written as SQLite keeps them: instants as `2026-11-24 12:00:00.000000` in
UTC, days as `2026-11-24`, booleans as 0 and 1, JSON as a text.
"""

import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, Protocol

import msgspec

from store.database import StoreError

FORMAT = 1
_CONTENT = "backup.json"
_LARGEST_CONTENT = 1 << 20
_CHUNK = 1 << 20
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    msgspec.MsgspecError,
    EOFError,
    LookupError,
    OverflowError,
    RuntimeError,
    ValueError,
    OSError,
)
"""What reading an archive raises where any of its bytes is not as it was, by what then seems to stand there."""
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(list[str | int | float | None])

Row = Sequence[str | int | float | None]


class Table(msgspec.Struct, frozen=True):
    """A table of a backup: its columns in order, how many rows it has, and the checksum of its member."""

    name: str
    columns: list[str]
    rows: int
    checksum: str


class Content(msgspec.Struct, frozen=True):
    """What is in a backup. `schema`: the migration of its tables. `made_at`: ISO 8601, in UTC."""

    format: int
    schema: str
    made_at: str
    tables: list[Table]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


class Add(Protocol):
    """Writes a table to the backup, its rows in portions."""

    def __call__(self, name: str, columns: list[str], portions: Iterable[Sequence[Row]]) -> None: ...


@contextmanager
def written(file: Path, schema: str, made_at: str) -> Generator[tuple[Add, list[Table]]]:
    """Writes a backup: gives what adds a table, and the list of those added. At the end the file is there as a whole.

    It is written beside its place under another name, read back, and put in place of what was there before; only its
    owner may read it. Whatever ends the writing leaves the former file as it was. Raises OSError, and StoreError where
    what was read back is not what was written.
    """
    tables: list[Table] = []
    file = file.absolute()
    # A temporary file is its owner's alone from the beginning.
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-", suffix=".part", delete=False) as part:
        place = Path(part.name)
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:

                def add(name: str, columns: list[str], portions: Iterable[Sequence[Row]]) -> None:
                    tables.append(_write(archive, name, columns, portions))

                yield add, tables
                archive.writestr(_CONTENT, msgspec.json.encode(Content(FORMAT, schema, made_at, tables)))
            part.flush()
            os.fsync(part.fileno())
            with opened(place) as backup:
                backup.check()
            place.replace(file)
        except BaseException:
            place.unlink(missing_ok=True)
            raise
    _sync_folder(file.parent)


def _write(archive: zipfile.ZipFile, name: str, columns: list[str], portions: Iterable[Sequence[Row]]) -> Table:
    count, digest = 0, blake2b(digest_size=32)
    with archive.open(_member(name), "w", force_zip64=True) as member:
        for rows in portions:
            lines = _ENCODER.encode_lines(rows)
            digest.update(lines)
            member.write(lines)
            count += len(rows)
    return Table(name, columns, count, digest.hexdigest())


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        # The new name, too, is to outlive a power cut.
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


class Backup:
    """A backup that is open."""

    def __init__(self, file: Path, archive: zipfile.ZipFile) -> None:
        self._file = file
        self._archive = archive
        self.content = self._read_content()

    def check(self) -> None:
        """Reads all of it. Raises StoreError where a byte is not as it was written."""
        for table in self.content.tables:
            digest, lines = blake2b(digest_size=32), 0
            for chunk in self._chunks(table):
                digest.update(chunk)
                lines += chunk.count(b"\n")
            if (digest.hexdigest(), lines) != (table.checksum, table.rows):
                raise _damaged(self._file, f"its table {table.name} is not as it was written")

    def rows(self, table: Table) -> Iterator[list[list[str | int | float | None]]]:
        """The rows of a table, in portions."""
        rest = b""
        for chunk in self._chunks(table):
            whole, end, rest = (rest + chunk).rpartition(b"\n")
            if end:
                try:
                    rows = _DECODER.decode_lines(whole)
                except msgspec.MsgspecError as error:
                    raise _damaged(self._file, f"its table {table.name} holds something else than rows") from error
                if any(len(row) != len(table.columns) for row in rows):
                    raise _damaged(self._file, f"its table {table.name} holds rows of another length")
                yield rows

    def _chunks(self, table: Table) -> Iterator[bytes]:
        try:
            with self._archive.open(_member(table.name)) as member:
                while chunk := member.read(_CHUNK):
                    yield chunk
        except _UNREADABLE as error:
            raise _damaged(self._file, f"its table {table.name} cannot be read") from error

    def _read_content(self) -> Content:
        try:
            with self._archive.open(_CONTENT) as member:
                content = msgspec.json.decode(member.read(_LARGEST_CONTENT), type=Content)
        except _UNREADABLE as error:
            raise _damaged(self._file, "its list of contents cannot be read") from error
        if content.format != FORMAT:
            raise StoreError(
                f"{self._file} is a backup of format {content.format}, and this program reads {FORMAT}.",
                "Restore it with the version of Northing that made it.",
            )
        return content


@contextmanager
def opened(file: Path) -> Generator[Backup]:
    """A backup, to be read. Raises OSError, and StoreError where the file is none."""
    stream: IO[Any]
    with file.open("rb") as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except _UNREADABLE as error:
            raise StoreError(
                f"{file} is no backup of Northing, or only a part of one.",
                "Give a file that `northing db backup` wrote.",
            ) from error
        with archive:
            yield Backup(file, archive)


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"


def _damaged(file: Path, what: str) -> StoreError:
    return StoreError(f"The backup {file} is damaged: {what}.", "Take another copy of it, or an earlier backup.")
