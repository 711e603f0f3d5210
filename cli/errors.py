"""Errors of all rooms as people read them: what happened, where, and the next step. And the exit code that follows."""

import os
import sys

from cli.session import FAILED, INTERRUPTED, WRONG, Failure, Session


def report(session: Session, error: BaseException) -> int:
    """Prints an error to standard error; the exit code."""
    code, lines = _read(error)
    for line in lines:
        session.err.print(session.hide(line), markup=False, highlight=False, soft_wrap=True)
    if "NORTHING_DEBUG" in os.environ and code != INTERRUPTED:
        session.err.print_exception()
    return code


def _read(error: BaseException) -> tuple[int, list[str]]:
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, ["Interrupted."]
    if (room := sys.modules.get("connectors.errors")) and isinstance(error, room.Cancelled):
        return INTERRUPTED, ["Interrupted."]
    if isinstance(error, Failure):
        return error.code, _lines(error.message, error.advice)
    # Only what is loaded already can have raised its errors: `northing status` need not import the rest.
    if (room := sys.modules.get("config.problems")) and isinstance(error, room.ConfigError):
        from cli.problems import lines

        return WRONG, lines(error.problems)
    if (room := sys.modules.get("sync.only")) and isinstance(error, room.UnknownScope):
        return WRONG, _lines(error.message, error.advice)
    if (room := sys.modules.get("store.database")) and isinstance(error, room.StoreError):
        return FAILED, _lines(error.message, error.advice)
    if (room := sys.modules.get("connectors.errors")) and isinstance(error, room.SourceError):
        return FAILED, _lines(error.message, error.advice)
    if (room := sys.modules.get("sqlalchemy.exc")) and isinstance(error, room.SQLAlchemyError):
        from store.failures import failure

        if told := failure(error):
            return FAILED, _lines(told.message, told.advice)
        words = str(getattr(error, "orig", None) or error).strip()
        return FAILED, _lines(f"The database failed: {words}.", "Check that it runs and has room, and try again.")
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return FAILED, _lines(f"{where}{error.strerror or error}", "")
    words = f"{type(error).__name__}: {error}"
    return FAILED, _lines(f"An error of this program: {words}", "Set NORTHING_DEBUG=1 for all of it, and report it.")


def _lines(message: str, advice: str) -> list[str]:
    return [f"error: {message}", *([f"  → {advice}"] if advice else [])]
