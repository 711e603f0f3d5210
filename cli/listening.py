"""The HTTP side of `serve`: health, metrics, and what the tools deliver."""

import errno
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from dashboard.inside import Inside

log = structlog.get_logger()


class Listening:
    """Listens at `service.listen`, as soon as no other program does: one that stands by may share its machine."""

    def __init__(self, inside: "Inside") -> None:
        from dashboard.app import application

        self._app = application(inside)
        self._where = inside.config().service
        self._stack = ExitStack()
        self._listens = False
        self._told = False

    def open(self) -> None:
        """Listens, where that is not done yet. Raises Failure where it will never be possible."""
        from cli.session import FAILED, Failure
        from dashboard.server import CannotListen, serving

        if self._listens:
            return
        try:
            address = self._stack.enter_context(serving(self._app, self._where.host, self._where.port))
        except CannotListen as error:
            if getattr(error.__cause__, "errno", None) != errno.EADDRINUSE:
                raise Failure(error.message, error.advice, code=FAILED) from error
            if not self._told:
                log.warning("not listening, tried again each few seconds", reason=error.message, advice=error.advice)
            self._told = True
            return
        self._listens = True
        log.info("listening", address=address)

    def close(self) -> None:
        """Answers nothing more."""
        self._stack.close()
