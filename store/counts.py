"""What keeping an answer came to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Saved:
    """Counts of records: read in all, of these new or changed, and set aside (wholly or in part).

    `gone`: items that were found to be deleted or out of sight; they are among the changed ones.
    """

    read: int
    changed: int
    set_aside: int
    gone: int = 0
