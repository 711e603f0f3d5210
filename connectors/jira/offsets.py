"""Pages by offset, side by side, with a seam that shows when rows have moved.

An offset names another row once a row before it was deleted. So each page starts with the last row of the page before
it. Where it does not, rows have moved: the reading goes back to where it recognises rows, and on from there in
sequence. Rows read twice change nothing, as items are kept by id.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from connectors.errors import TryAgain

DEFAULT_STEP = 100
PATIENCE = 3

Row = TypeVar("Row")


@dataclass(frozen=True)
class Rows(Generic[Row]):
    """One answer: `rows` from offset `at` of `total`, and their ids (None where a row tells none)."""

    at: int
    total: int
    rows: list[Row]
    ids: list[str | None]
    clock: datetime | None

    @property
    def count(self) -> int:
        """How many rows, those that came twice counted once."""
        return len({one for one in self.ids if one is not None}) + self.ids.count(None)

    @property
    def last(self) -> bool:
        return self.at + self.count >= self.total


@dataclass(frozen=True)
class Step(Generic[Row]):
    """The rows of one answer that were not read before, and where to go on: offset and ids of the last rows read."""

    rows: list[Row]
    ids: list[str | None]
    clock: datetime | None
    at: int
    tail: list[str]
    last: bool


class Shifted(Exception):
    """Rows have moved between two answers."""


def walk(
    read: Callable[[int], Rows[Row]], width: int, at: int = 0, tail: Sequence[str] = (), *, strict: bool = False
) -> Iterator[Step[Row]]:
    """All rows from offset `at` on, of which the rows `tail` were read before; up to `width` answers under way.

    Raises Shifted where it is `strict` and rows have moved, and TryAgain where the tool gives no new rows although it
    says that there are some.
    """
    under_way: dict[int, Future[Rows[Row]]] = {}
    size, stalled, side_by_side = 0, 0, width > 1
    before: list[str | None] | None = None
    pool = ThreadPoolExecutor(width, thread_name_prefix="ahead")
    try:
        while True:
            ahead = under_way.pop(at, None)
            if ahead is None:
                _drop(under_way)
            here = ahead.result() if ahead else read(at)
            size = size or len(here.rows)
            new = _first_new(here.ids, tail)
            if new is None and at > 0 and strict:
                raise Shifted
            if new is None and at > 0:
                _drop(under_way)
                side_by_side = False
                at = max(0, min(at, here.total) - (size or DEFAULT_STEP) + 1)
                continue
            new = new or 0
            nothing = new == len(here.rows) or not any(here.ids) or here.ids == before
            before = here.ids
            stalled = stalled + 1 if nothing and not here.last else 0
            if stalled > PATIENCE:
                raise TryAgain(f"The search gives no rows behind row {at} of {here.total}")
            at += max(here.count - 1, 0)
            tail = [one for one in here.ids if one is not None] or tail
            yield Step(here.rows[new:], here.ids[new:], here.clock, at, list(tail), here.last)
            if here.last:
                return
            if side_by_side and size > 1:
                for offset in range(at, min(here.total - 1, at + (size - 1) * width), size - 1):
                    if offset not in under_way:
                        under_way[offset] = pool.submit(read, offset)
    finally:
        pool.shutdown(cancel_futures=True)


def _first_new(ids: list[str | None], tail: Sequence[str]) -> int | None:
    """Index of the first row behind all rows of `tail`; None where no row of it is here, so that some may lack."""
    if not tail:
        return 0
    known, found = set(tail), None
    for index, one in enumerate(ids):
        if one in known:
            known.remove(one)  # a row that comes again at the end of its page is no seam
            found = index + 1
    return found


def _drop(under_way: dict[int, Future[Rows[Row]]]) -> None:
    for future in under_way.values():
        future.cancel()
    under_way.clear()
