"""Pages by key: each asks for what lies behind the last key read, so that nothing moves between pages.

A page starts with the last issue of the page before it. Where it does not, that issue was deleted, or moved to another
project, with whose keys Jira would then compare: an earlier key is tried.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from connectors.errors import Refused, TryAgain

TRIED = 3
ORDER = "ORDER BY key ASC"

Handle = tuple[str | None, str | None]
"""An issue's id and key; None where its row does not tell."""


class NoKeyset(Exception):
    """The server does not compare keys."""


@dataclass(frozen=True)
class Leaf:
    """One answer by key: its rows, and their ids and keys. `most`: how many rows the server gives at once.

    `total` is how many there are from this answer's first row on, `left` how many of them are behind it.
    `keys`: where to go on, the last one last.
    """

    rows: list[msgspec.Raw]
    handles: list[Handle]
    total: int
    most: int | None
    clock: datetime | None
    left: int = 0
    last: bool = False
    keys: tuple[str, ...] = ()


Ask = Callable[[str, int], Leaf]
"""The first so many issues of a query."""


def leaf_behind(ask: Ask, where: str, keys: tuple[str, ...], size: int) -> Leaf:
    """The issues that fit `where` behind the last of `keys`, which were read before; from the first where none were.

    Raises NoKeyset where the server refuses each of `keys`.
    """
    tried = list(reversed(keys[-TRIED:]))
    refused = 0
    for key in tried:
        try:
            found = ask(f'{where} AND issuekey >= "{key}" {ORDER}', size)
        except Refused as error:
            if error.status != 400:
                raise
            refused += 1
            continue
        if found.handles and found.handles[0][1] == key:
            return _behind(found, keys, size)
    if tried and refused == len(tried):
        raise NoKeyset
    return _behind(ask(f"{where} {ORDER}", size), keys, size)


def _behind(found: Leaf, keys: tuple[str, ...], size: int) -> Leaf:
    """The rows of an answer that were not read before."""
    done = number(keys[-1]) if keys else -1
    at = next((index for index, (_, key) in enumerate(found.handles) if key is None or number(key) > done), None)
    at = len(found.rows) if at is None else at
    # The server's word on how many there are is believed only where the page is not full.
    most = found.most if found.most and found.most > 0 else size
    last = len(found.rows) >= found.total and len(found.rows) < min(most, size)
    told = tuple(key for _, key in found.handles if key is not None)
    if not last and keys and told[-1:] in ((), keys[-1:]):
        raise TryAgain(f"The search gives nothing behind {keys[-1]}, and says that there is more")
    return replace(
        found,
        rows=found.rows[at:],
        handles=found.handles[at:],
        left=found.total - len(found.rows),
        last=last,
        keys=told or keys,
    )


def number(key: str) -> int:
    """The number in a key: 12 of SHOP-12; 0 where there is none."""
    digits = key.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


@dataclass(frozen=True)
class Part:
    """Issues to fetch at once, by id, and the keys that a reading behind them goes on with (None: it ends there)."""

    ids: list[str]
    keys: tuple[str, ...] | None


def parts_of(leaves: Iterator[Leaf], size: int) -> Iterator[Part]:
    """The issues of the leaves in parts of at most `size`. The last part ends the reading, and may be empty."""
    for leaf in leaves:
        chunks = [leaf.handles[at : at + size] for at in range(0, len(leaf.handles), size)] or [[]]
        for index, chunk in enumerate(chunks):
            ends = leaf.last and index == len(chunks) - 1
            told = tuple(key for _, key in chunk if key is not None)
            yield Part([one for one, _ in chunk if one is not None], None if ends else told or leaf.keys)
