"""History: what was known of each key result on each day, the past worked out anew, and what changed in between."""

from sync.history.rewind import as_of
from sync.history.snapshot import snapshot

__all__ = ["as_of", "snapshot"]
