"""Why a database failed, in words, with what to do next, and whether the same may work later."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFree

from store.database import BUSY_TIMEOUT_S, StoreError

_KEPT = "What was stored is kept, and the next run goes on there."

_SQLITE = {
    5: (
        f"is held by another program, and was not free for {BUSY_TIMEOUT_S} s",
        True,
        f"Close what holds it (a database browser, a copy that is being made) and try again. {_KEPT}",
    ),
    6: ("is held by another program", True, f"Close what holds it and try again. {_KEPT}"),
    8: ("may not be written", False, "Give this user the right to write the file and the folder that it lies in."),
    10: ("cannot be read or written", True, f"Look at its disk and the room there, and try again. {_KEPT}"),
    11: ("is damaged", False, "Put a backup in its place: `northing db restore`."),
    13: ("has no room left", True, f"Make room on its disk and try again. {_KEPT}"),
    14: ("cannot be opened", False, "Check `database:`, that its folder is there, and that this user may write in it."),
    26: ("is no database", False, "Check `database:`."),
}
"""By SQLite's primary result code: what is the matter, whether it may pass, and the advice."""

_POSTGRES = {
    "08": ("does not answer", True, f"Check that it runs, and try again. {_KEPT}"),
    "57P": ("was stopped or restarted", True, f"Check that it runs, and try again. {_KEPT}"),
    "57014": ("ended a statement that took too long", True, "Look for what holds it up, and try again."),
    "53100": ("has no room left on its disk", True, f"Make room there and try again. {_KEPT}"),
    "53300": ("takes no more connections", True, "Raise its max_connections, or run fewer workers."),
    "53": ("is short of something that it needs", True, f"Look at its log, and try again. {_KEPT}"),
    "58": ("cannot read or write its files", True, f"Look at its log and its disk, and try again. {_KEPT}"),
    "55P03": ("is held by another program for too long", True, f"End what holds it and try again. {_KEPT}"),
    "40": ("ended this in favour of another program", True, f"Try again. {_KEPT}"),
    "25006": ("only lets itself be read", True, "Give the address of the server that takes writes in `database:`."),
    "28": ("refuses this user", False, "Check user and password in `database:`, and that the server lets it in."),
    "3D000": ("is not there", False, "Create it, or check its name in `database:`."),
    "3F000": ("has no schema to work in", False, "Create it, or set the user's search_path."),
    "42501": ("does not let this user do that", False, "Give it the right; it owns the tables it makes."),
    "42P01": ("lacks a table", False, "`northing db upgrade` brings it to this version."),
    "42703": ("lacks a column", False, "`northing db upgrade` brings it to this version."),
    "2BP01": (
        "holds views or other objects of yours that stand on ours",
        False,
        "Drop them, as tables and views change under them, and make them again afterwards.",
    ),
    "XX": ("met an error of its own", True, f"Look at its log. {_KEPT}"),
}
"""By SQLSTATE or its beginning, the longest of which holds: what is the matter, whether it may pass, and the advice."""

_UNREACHED = {"OperationalError", "InterfaceError"}
_TOO_MANY = ("is used by too many of this process at once", True, f"Try again. {_KEPT}")


class Unavailable(StoreError):
    """The database cannot be used now. The same may work later, and nothing that was stored is lost."""


def failure(error: BaseException, where: str = "") -> StoreError | None:
    """What an error of the database means; None where the statement was at fault, and so this program.

    `where`: which database, without its password. An `Unavailable` may pass by itself; any other is to be put right.
    """
    if isinstance(error, StoreError):
        return error
    found = _read(error)
    if found is None:
        return None
    what, passing, advice = found
    words = " ".join(str(getattr(error, "orig", None) or error).split()).removesuffix(".")
    kind = Unavailable if passing else StoreError
    return kind(f"The database {f'{where} ' if where else ''}{what}: {words}.", advice)


@contextmanager
def telling(engine: sa.Engine) -> Generator[None]:
    """Errors within that say that the database cannot be used are raised as StoreError."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        told = failure(error, engine.url.render_as_string(hide_password=True))
        if told is None:
            raise
        raise told from error


def _read(error: BaseException) -> tuple[str, bool, str] | None:
    if isinstance(error, NoneFree):
        return _TOO_MANY
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF)
    if isinstance(error, PendingRollbackError) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return _POSTGRES["08"]
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        fitting = [one for one in _POSTGRES if state.startswith(one)]
        return _POSTGRES[max(fitting, key=len)] if fitting else None
    # Without a state the client tells it: no answer, or the connection went away.
    return _POSTGRES["08"] if {type(error).__name__, type(cause).__name__} & _UNREACHED else None
