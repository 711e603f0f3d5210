"""Where in the configuration a finding's subject is written, so that a review can show it there."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.problems import seen_from_here

if TYPE_CHECKING:
    from config import Loaded

_KINDS = {"key_result": "key result"}
"""The kinds of subjects that the configuration calls otherwise."""


@dataclass(frozen=True)
class Spot:
    """A line of a file of the configuration. `file` is relative to the working directory where it lies below it."""

    file: Path
    line: int


def spot(row: dict[str, Any], places: "Loaded") -> Spot | None:
    """Where a finding belongs: its subject's entry, else that of the key result, connection or team that it names.

    None for what the configuration does not name, such as an item of nobody.
    """
    subject, evidence = row["subject"], row["evidence"]
    kind = _KINDS.get(row["subject_kind"], row["subject_kind"])
    candidates = (
        (kind, subject),
        ("key result", subject.partition("#")[0]),
        ("key result", evidence.get("key_result")),
        ("connection", evidence.get("connection")),
        ("team", row["team"]),
    )
    for name, key in candidates:
        if isinstance(key, str) and (found := places.where(name, key)):
            return Spot(seen_from_here(found[0]), found[1])
    return None
