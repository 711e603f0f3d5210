"""What can go wrong while reading a tool, sorted by what follows.

SourceError
├── TryAgain    the same request may succeed later: time-out, reset, 5xx, HTML for JSON, a truncated body, a limit
├── BadRecord   one record cannot be read: it is set aside with its reason, the page goes on
└── Refused     asking again changes nothing: 401, 403, 404 on the scope, 410, 400. A person must act
"""


class SourceError(Exception):
    """A tool did not give what was asked. `message` says what happened and where; `advice` what to do next."""

    def __init__(self, message: str, *, advice: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.status = status

    def __str__(self) -> str:
        if not self.advice:
            return self.message
        end = "" if self.message.endswith((".", "!", "?", ":")) else "."
        return f"{self.message}{end} {self.advice}"


class TryAgain(SourceError):
    """The same request may succeed later. `wait` is what the tool asked for, in seconds; None where it said nothing."""

    def __init__(self, message: str, *, advice: str = "", status: int | None = None, wait: float | None = None) -> None:
        super().__init__(message, advice=advice, status=status)
        self.wait = wait


class BadRecord(SourceError):
    """One record cannot be read. The rest of its page can."""


class Refused(SourceError):
    """Asking again changes nothing until a person acts."""


class Cancelled(Exception):
    """The reading was asked to stop (Ctrl-C, SIGTERM) while it waited or between two pages."""
