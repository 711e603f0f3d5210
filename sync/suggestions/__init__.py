"""Suggestions: which key result unaligned work could serve, and which work a key result without any could get."""

from sync.suggestions.bare import bare_key_results
from sync.suggestions.step import suggest_unaligned
from sync.suggestions.targets import targets
from sync.suggestions.work import Group, open_groups, unaligned_groups, unaligned_items

__all__ = [
    "Group",
    "bare_key_results",
    "open_groups",
    "suggest_unaligned",
    "targets",
    "unaligned_groups",
    "unaligned_items",
]
