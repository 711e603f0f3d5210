"""Days as people type them."""

from datetime import date

from cli.session import Failure


def day_of(text: str) -> date:
    """The day of `2026-11-02`. Raises Failure on anything else."""
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-11-02") else None
    except ValueError:
        day = None
    if day is None:
        raise Failure(f"{text!r} is no day.", "Write it as 2026-11-02.")
    return day
