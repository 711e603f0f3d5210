"""Locks of the operating system on files: whoever holds one and dies, even by SIGKILL, lets go of it."""

import sys
from io import FileIO


def take(file: FileIO) -> bool:
    """Locks a file until it is closed. False where another one, in this process or elsewhere, has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
