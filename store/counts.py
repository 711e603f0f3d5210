"""What keeping an answer came to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Saved:
    """Counts of records: read in all, of these new or changed, and set aside (wholly or in part)."""

    read: int
    changed: int
    set_aside: int
