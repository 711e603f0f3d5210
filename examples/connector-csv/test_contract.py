"""The connector keeps the contract of all connectors. This harness is what the contract needs of a tool."""

import csv
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from northing_csv import Csv, CsvOptions

from config import Conventions
from connectors.base import Connector, Context
from connectors.records import Absence
from tests.connectors.contract.rules import RULES, Rule, check, name
from tests.connectors.contract.source import NOW

COLUMNS = ("id", "key", "title", "category", "labels", "created_at", "updated_at")


class CsvSource:
    """Two files that are written anew at each change, as a program would that exports its work."""

    home, away = "shop", "platform"
    # A file can be missing, can be closed to us, and can be half written.
    faults: ClassVar[frozenset[str]] = frozenset({"404", "cut"})
    hides = False
    after_delete: ClassVar[Absence] = "not_visible"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def connector(self, context: Context, *scopes: str) -> Connector:
        files = [str(self._path(scope)) for scope in scopes or (self.home, self.away)]
        return Csv("csv", CsvOptions(kind="csv", files=files), Conventions(), "count", context)

    def reset(self) -> None:
        self._time, self._count = NOW, 0
        self._fault = ""
        self._rows: dict[str, dict[str, dict[str, str]]] = {self.home: {}, self.away: {}}
        self._write()

    def now(self) -> datetime:
        return self._time

    def advance(self, by: timedelta) -> None:
        self._time += by
        for scope in self._rows:
            self._dated(self._path(scope))

    def create(self, title: str, *, labels: Iterable[str] = (), scope: str | None = None) -> str:
        self._count += 1
        item, now = str(self._count), self._time.isoformat()
        row = {"id": item, "key": f"SHOP-{item}", "category": "todo", "created_at": now}
        self._rows[scope or self.home][item] = row
        self._change(scope or self.home, item, title, labels)
        return item

    def edit(self, item: str, *, title: str | None = None, labels: Iterable[str] | None = None) -> None:
        self._change(self.home, item, title, labels)

    def finish(self, item: str) -> None:
        self._rows[self.home][item]["category"] = "done"
        self._change(self.home, item)

    def delete(self, item: str) -> None:
        del self._rows[self.home][item]
        self._write()

    def hide(self, item: str) -> None:
        raise NotImplementedError

    def move(self, item: str) -> str:
        self._rows[self.away][item] = self._rows[self.home].pop(item)
        self._write(self.home)
        self._change(self.away, item)
        return item

    def spoil(self, item: str) -> None:
        self._rows[self.home][item]["category"] = "someday"
        self._write()

    def contain(self, title: str) -> bool:
        return False

    def close_scope(self) -> None:
        self._path(self.home).unlink()

    def fail(self, fault: str, times: int | None = None) -> None:
        # Nobody hears that a file is opened: a fault lasts until it is mended.
        self._fault = "" if times == 0 else fault
        self._write()

    def key(self, item: str) -> str:
        return f"SHOP-{item}"

    def truth(self, scope: str | None = None) -> dict[str, tuple[str, frozenset[str]]]:
        rows = self._rows[scope or self.home]
        return {one: (row["title"], frozenset(row["labels"].split(";")) - {""}) for one, row in rows.items()}

    def query(self) -> tuple[str, set[str]] | None:
        return None

    def asked(self) -> int | None:
        return None

    def _path(self, scope: str) -> Path:
        return self._folder / f"{scope}.csv"

    def _change(self, scope: str, item: str, title: str | None = None, labels: Iterable[str] | None = None) -> None:
        row = self._rows[scope][item]
        row["updated_at"] = self._time.isoformat()
        if title is not None:
            row["title"] = title.replace("\ud800", "")  # no file in UTF-8 can hold half a pair of surrogates
        if labels is not None:
            row["labels"] = ";".join(labels)
        self._write(scope)

    def _write(self, *scopes: str) -> None:
        """Write the files of these scopes, or all of them."""
        for scope in scopes or self._rows:
            fresh = self._folder / "fresh"
            with fresh.open("w", encoding="utf-8", newline="") as lines:
                writer = csv.DictWriter(lines, COLUMNS)
                writer.writeheader()
                writer.writerows(self._rows[scope].values())
                if self._fault == "cut":
                    lines.write('"99","half of a')
            self._dated(fresh)
            fresh.replace(self._path(scope))
            if self._fault == "404":
                self._path(scope).unlink()

    def _dated(self, path: Path) -> None:
        os.utime(path, (self._time.timestamp(), self._time.timestamp()))


@pytest.fixture
def source(tmp_path: Path) -> CsvSource:
    return CsvSource(tmp_path)


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_the_connector_keeps_the_contract(source: CsvSource, rule: Rule) -> None:
    check(rule, source)
