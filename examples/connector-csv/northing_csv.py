"""Work items from CSV files: a whole connector in one module, as an example of how one is written.

Each file is a scope of its own, called by its name without `.csv`. Its first line names the columns: `id`, `title` and
`category` (todo, in_progress or done) must be there; `key`, `url`, `status`, `type`, `parent` (a key), `labels` and
`assignees` (separated by `;`), `estimate`, `created_at`, `started_at`, `closed_at`, `updated_at` and `due_on` may be.
"""

import csv
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from os import fstat
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypeVar, cast, get_args

from pydantic import Field, model_validator

from config import ConnectionOptions, Conventions
from config.base import File, wrong
from connectors import text
from connectors.base import Check, Context, Listing, Reading, Usage
from connectors.errors import Cancelled, Refused, SourceError, TryAgain
from connectors.records import Category, Containers, Item, Looked, Page, Ref, Scope, SetAside

ROWS_A_PAGE = 100
T = TypeVar("T")
NEEDED = ("id", "title", "category")


class CsvOptions(ConnectionOptions):
    """What a user writes for a connection of kind `csv`."""

    kind: Literal["csv"]
    """Which tool."""
    files: Annotated[tuple[File, ...], Field(min_length=1)]
    """The files to read. A relative path is relative to the main configuration file."""

    def scope_patterns(self) -> list[str]:
        return [path.stem for path in self.files]

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if len(set(self.scope_patterns())) < len(self.files):
            raise wrong("files of different names: a scope is called by the name of its file")
        return self


@dataclass(frozen=True)
class Opened:
    """An open file. `tag` changes when it is written; `written_at` is the only clock that a file has."""

    rows: Iterator[dict[str, str]]
    tag: str
    written_at: datetime


class Csv:
    """Reads CSV files. See `connectors.base.Connector` for the methods."""

    kind: ClassVar[str] = "csv"
    conditional: ClassVar[bool] = True
    options_model: ClassVar[type[ConnectionOptions]] = CsvOptions
    # Whoever writes a file takes a while: rows that changed meanwhile bear an earlier time than the file.
    overlap: ClassVar[timedelta] = timedelta(minutes=10)

    def __init__(
        self, name: str, options: CsvOptions, conventions: Conventions, measure: str, context: Context
    ) -> None:
        self._files = {path.stem: path for path in options.files}
        self._context = context

    def doctor(self) -> list[Check]:
        listed = self._listing()
        readable = [Check(one.name, ok=True, detail=f"{one.url} can be read") for one in listed.scopes]
        return readable + [Check(name, False, error.message, error.advice) for name, error in listed.refused]

    def scopes(self) -> Listing:
        return self._listing().unless_empty()

    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        """There are none."""
        return Containers(containers=[])

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        """Rows in the order of the file. A resume point holds while the file stays as it is; else all is read again."""
        with self._reading(scope.key, usage) as file:
            window = f"{scope.key} since {reading.since}"
            if reading.resume is None and reading.validators.get(window) == file.tag:
                usage.not_modified += 1
                return
            line, _, tag = (reading.resume or "").partition(" ")
            start = int(line) if tag == file.tag else 0
            page = Page(items=[], validators=((window, file.tag),), clock=file.written_at)
            for number, row in enumerate(file.rows):
                if number < start:
                    continue
                if number > start and (number - start) % ROWS_A_PAGE == 0:
                    page.resume = f"{number} {file.tag}"
                    yield page
                    page = Page(items=[], validators=page.validators)
                    if self._context.stop.is_set():
                        raise Cancelled
                for item in _items(row, scope.external_id, page.set_aside):
                    if reading.since is None or item.updated_at is None or item.updated_at >= reading.since:
                        page.items.append(item)
            yield page

    def ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]] | None:
        """None: a file is read as a whole anyway."""
        return None

    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        """A row that is in none of the files may be anywhere, so that nothing is ever told to be deleted."""
        wanted, found = {ref.external_id for ref in refs}, Looked()
        self._look_into(scope.key, wanted, found, usage)
        for name in self._files.keys() - {scope.key}:
            # Nothing is known where the scope itself cannot be read. Another file only tells where a row went.
            with suppress(SourceError):
                self._look_into(name, wanted, found, usage)
        found.gone = dict.fromkeys(wanted, "not_visible")
        return found

    def matching(self, query: str, usage: Usage) -> set[str]:
        raise Refused("A CSV file has no JQL.", advice="Choose its work by `project`, `label`, `title` or `epic`.")

    def close(self) -> None:
        """Nothing stays open."""

    def _listing(self) -> Listing:
        found = Listing([])
        for name, path in self._files.items():
            try:
                with _opened(path):
                    url = path.resolve().as_uri()
                found.scopes.append(Scope(external_id=name, key=name, name=name, kind="project", url=url))
            except SourceError as error:
                found.refused.append((name, error))
        return found

    def _look_into(self, name: str, wanted: set[str], found: Looked, usage: Usage) -> None:
        with self._reading(name, usage) as file:
            for row in file.rows:
                if row["id"] in wanted:
                    wanted.discard(row["id"])
                    found.items += _items(row, name, found.set_aside)

    @contextmanager
    def _reading(self, name: str, usage: Usage) -> Generator[Opened]:
        if self._context.stop.is_set():
            raise Cancelled
        usage.requests += 1
        with _opened(self._files[name]) as file:
            yield file


@contextmanager
def _opened(path: Path) -> Generator[Opened]:
    """The rows of a file, with clean texts. What goes wrong in the `with` block is named, too."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            state = fstat(lines.fileno())
            rows = csv.DictReader(lines, restval="", strict=True)
            if missing := [name for name in NEEDED if name not in (rows.fieldnames or ())]:
                raise Refused(
                    f"{path} has no column {', '.join(missing)}.", advice="Name the columns in its first line."
                )
            clean = ({name: text.clean(str(cell)).strip() for name, cell in row.items()} for row in rows)
            written_at = datetime.fromtimestamp(state.st_mtime, UTC)
            yield Opened(clean, f"{state.st_mtime_ns}-{state.st_size}-{state.st_ino}", written_at)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise Refused(
            f"{path} cannot be read ({error.strerror}).", advice="Check `files`, and who may read it."
        ) from error
    except (csv.Error, UnicodeDecodeError) as error:
        # A quote without its end at the end of the file: it is being written.
        kind = TryAgain if "unexpected end of data" in str(error) else Refused
        raise kind(f"{path} is no CSV in UTF-8 ({error}).", advice="Save it as CSV UTF-8.") from error
    except OSError as error:
        raise TryAgain(f"{path} could not be read ({error}).") from error


def _items(row: dict[str, str], scope: str, notes: list[SetAside]) -> list[Item]:
    """The item of a row; none where it cannot be read. `notes` tells what was left out."""
    empty = [name for name in NEEDED if not row[name]]
    if empty or row["category"] not in get_args(Category):
        notes.append(_note(row, f"{empty[0]} is empty" if empty else f"category is {row['category']!r}", whole=True))
        return []

    def read(name: str, kind: Callable[[str], T | None]) -> T | None:
        cell = row.get(name, "")
        try:
            value = kind(cell) if cell else None
        except ValueError:
            value = None
        if cell and value is None:
            notes.append(_note(row, f"{name} is {cell!r}", whole=False))
        return value

    item = Item(
        external_id=row["id"],
        key=row.get("key") or row["id"],
        scope=scope,
        url=row.get("url", ""),
        title=row["title"],
        category=cast("Category", row["category"]),
        status=row.get("status") or None,
        type=row.get("type") or None,
        parent_key=row.get("parent") or None,
        labels=_words(row.get("labels", "")),
        assignees=_words(row.get("assignees", "")),
        estimate=read("estimate", float),
        created_at=read("created_at", text.instant),
        started_at=read("started_at", text.instant),
        closed_at=read("closed_at", text.instant),
        updated_at=read("updated_at", text.instant),
        due_on=read("due_on", text.day),
    )
    return [item]


def _note(row: dict[str, str], reason: str, *, whole: bool) -> SetAside:
    return SetAside(external_id=row["id"] or None, reason=reason, excerpt=text.excerpt(str(row)), whole=whole)


def _words(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in cell.split(";") if word.strip()))
