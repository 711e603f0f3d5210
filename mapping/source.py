"""Where selectors look for items: the whole store, or copies of a few items' rows."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Names of the tables: those of the whole store, or copies of a few items' rows (an ancestor-closed set)."""

    item: str = "work_item"
    tag: str = "work_tag"
    container: str = "work_container"
    present: Mapping[str, frozenset[int]] | None = None
    """Ids (of items, tags, containers, scopes, teams, connections) that the copies hold; None: the whole store."""


WHOLE_STORE = Source()
