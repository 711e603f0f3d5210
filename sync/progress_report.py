"""What a sync tells about itself while it goes on, for whoever shows it."""

from typing import Protocol


class Progress(Protocol):
    """Told what a sync does. Called by the thread that syncs; `waiting` alone may come from any thread."""

    def scope_started(self, connection: str, scope: str, expected: int | None) -> None:
        """The reading of a scope began. `expected`: about how many items it will bring, None where unknown."""
        ...

    def page(self, connection: str, scope: str, read: int, changed: int) -> None:
        """A page was stored: so many items were read, so many of them were new or differed."""
        ...

    def waiting(self, connection: str, reason: str, seconds: float) -> None:
        """The connection waits: a limit was met, or a fault is given time to pass."""
        ...

    def scope_finished(self, connection: str, scope: str, outcome: str) -> None:
        """The reading of a scope ended: ok, failed or interrupted."""
        ...


class Silent:
    """Shows nothing."""

    def scope_started(self, connection: str, scope: str, expected: int | None) -> None:
        """Nothing is shown."""

    def page(self, connection: str, scope: str, read: int, changed: int) -> None:
        """Nothing is shown."""

    def waiting(self, connection: str, reason: str, seconds: float) -> None:
        """Nothing is shown."""

    def scope_finished(self, connection: str, scope: str, outcome: str) -> None:
        """Nothing is shown."""
