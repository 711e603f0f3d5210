"""What the service logs: one line for each event, as JSON or for people, with times in UTC and without secrets.

Events of our own come through structlog, those of libraries through `logging`; both go the same way.
"""

import logging
import sys
import threading
import uuid
from collections.abc import Callable, Generator, Mapping, MutableMapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

if TYPE_CHECKING:
    from sync.jobs.job import Job


class Style(StrEnum):
    """How log lines look."""

    json = "json"
    console = "console"


LogOption = Annotated[
    Style | None,
    typer.Option("--log", help="How log lines look. [console on a terminal, else json]", show_default=False),
]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Log every step.")]

_OWN = ("cli", "dashboard", "alerts", "sync", "mapping", "store", "connectors", "config")
_TALKATIVE = ("alembic", "apscheduler", "httpx", "uvicorn")
"""Libraries that tell at every turn what we log ourselves."""
_DEPTH = 6


def configure(
    style: Style | None, hide: Callable[[str], str], *, verbose: bool = False, stream: TextIO | None = None
) -> None:
    """Has everything that this process logs written to `stream` (default: standard error).

    `style` None: for people on a terminal, else JSON. `hide` takes secrets out of a text; it is asked for every text of
    every line. Warnings of Python, and errors that end a thread, become log lines, too.
    """
    import structlog

    out = stream or sys.stderr
    as_json = style is Style.json or (style is None and not out.isatty())
    hidden = _Hidden(hide)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(allow=()),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _in_order,
        hidden,
    ]
    last: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=32
        )
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    # On their lowest level libraries log whole requests and answers: other people's words, and tokens.
    root.setLevel(logging.INFO)
    for name in _OWN:
        logging.getLogger(name).setLevel(logging.DEBUG if verbose else logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_failed


@contextmanager
def about(job: "Job") -> Generator[None]:
    """All that is logged within names the job and an id of this run of it."""
    import structlog

    # A queue has numbered the job already.
    number = structlog.contextvars.get_contextvars().get("job_id") or uuid.uuid4().hex[:12]
    with structlog.contextvars.bound_contextvars(job_id=number, **job.told):
        yield


def _in_order(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """When, how grave and what come first. Our own modules need no name: their events say it."""
    if str(event.get("logger", "")).partition(".")[0] in _OWN:
        del event["logger"]
    return {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event} | dict(event)


class _Hidden:
    """The last step before a line is put together: values become plain ones, and every text loses its secrets."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        self._hide = hide

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for name, value in event.items():
            if not name.startswith("_"):  # what the formatter keeps for itself
                event[name] = self._plain(value, _DEPTH)
        return event

    def _plain(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth and isinstance(value, Mapping):
            return {self._hide(str(name)): self._plain(one, depth - 1) for name, one in value.items()}
        if depth and isinstance(value, list | tuple | set | frozenset):
            return [self._plain(one, depth - 1) for one in value]
        return self._hide(value if isinstance(value, str) else str(value))


def _thread_failed(told: threading.ExceptHookArgs) -> None:
    import structlog

    if told.exc_value is None or isinstance(told.exc_value, SystemExit):
        return
    name = told.thread.name if told.thread else "?"
    structlog.get_logger(__name__).error("a thread ended by an error", thread=name, exc_info=told.exc_value)
