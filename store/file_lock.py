"""Locks of the operating system on files: whoever holds one and dies, even by SIGKILL, lets go of it."""

import sys
from io import FileIO

_SHARERS = 256
"""How many may share a lock where the system has none to share: each then holds a byte of the file for itself."""


def take(file: FileIO, *, shared: bool = False) -> bool:
    """Locks a file until it is closed. False where another one, in this process or elsewhere, has it.

    `shared`: others may share it, and none has it alone.
    """
    if sys.platform == "win32":
        if shared:
            return any(_take_bytes(file, place, 1) for place in range(_SHARERS))
        return _take_bytes(file, 0, _SHARERS)
    import fcntl

    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _take_bytes(file: FileIO, start: int, count: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            file.seek(start)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, count)
        except OSError:
            return False
    return True
