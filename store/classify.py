"""Reading a tool's words as our states and levels, by `counting`."""

from collections.abc import Iterable

from config import Counting
from store.database import fold


class Reader:
    """`counting`, ready to read many items. Words compare whole and without case."""

    def __init__(self, counting: Counting) -> None:
        self.cancelled = _folded(counting.cancelled)
        self.in_progress_labels = _folded(counting.in_progress_labels)
        self.epic_labels = _folded(counting.epic_labels)
        self.epic_types = _folded(counting.epic_types)
        self.assigned_is_in_progress = counting.assigned_is_in_progress
        self._known: dict[tuple[str | None, str | None], str] = {}

    def state(
        self,
        category: str,
        resolution: str | None,
        status: str | None,
        folded_labels: Iterable[str],
        *,
        assigned: bool,
        self_reported: bool,
    ) -> str:
        """`todo`, `in_progress`, `done` or `cancelled`."""
        if category == "done":
            return self._ended(resolution, status)
        if category == "todo" and self_reported:
            if assigned and self.assigned_is_in_progress:
                return "in_progress"
            if not self.in_progress_labels.isdisjoint(folded_labels):
                return "in_progress"
        return category

    def _ended(self, resolution: str | None, status: str | None) -> str:
        found = self._known.get((resolution, status))
        if found is None:
            words = (resolution, status)
            cancelled = any(word and fold(word) in self.cancelled for word in words)
            found = self._known[resolution, status] = "cancelled" if cancelled else "done"
        return found

    def level(self, folded_type: str | None, tool_level: str | None, folded_labels: Iterable[str]) -> str:
        """`initiative`, `epic`, `issue` or `subtask`."""
        if tool_level and tool_level != "issue":
            return tool_level
        if folded_type in self.epic_types:
            return "initiative" if folded_type == "initiative" else "epic"
        return "issue" if self.epic_labels.isdisjoint(folded_labels) else "epic"


def classify(
    category: str,
    resolution: str | None,
    status: str | None,
    labels: Iterable[str],
    assignees: Iterable[str],
    self_reported: bool,
    type: str | None,  # noqa: A002 - the record's own word
    tool_level: str | None,
    counting: Counting,
) -> tuple[str, str]:
    """State and level of one item, from the tool's own words."""
    reader = Reader(counting)
    folded = _folded(labels)
    state = reader.state(
        category, resolution, status, folded, assigned=any(True for _ in assignees), self_reported=self_reported
    )
    return state, reader.level(fold(type) if type else None, tool_level, folded)


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(word) for word in words)
