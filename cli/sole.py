"""One service a database: the others stand by until it ends."""

from contextlib import ExitStack, suppress

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from store.locks import Held, holding

_SERVICE, _BEAT = "northing serve", "northing serve beat"


class Sole:
    """The right to be the service of a database, which one process has at a time. Whoever dies lets go of it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._stack = ExitStack()
        self._held: Held | None = None
        self._taken = False

    def is_ours(self) -> bool:
        """Whether this process has it; takes it where it is free.

        Raises errors of the database, which has let go of it then, and StoreError where it cannot be locked.
        """
        try:
            if self._held is None:
                self._held = self._stack.enter_context(holding(self._engine))
            if self._taken:
                # A server that was restarted knows nothing of what was locked before: the connection is gone.
                if self._held.take(_BEAT):
                    self._held.drop(_BEAT)
            else:
                self._taken = self._held.take(_SERVICE)
        except SQLAlchemyError:
            self.close()
            raise
        return self._taken

    def close(self) -> None:
        """Lets go of it."""
        self._held, self._taken = None, False
        stack, self._stack = self._stack, ExitStack()
        with suppress(SQLAlchemyError):  # a connection that is gone cannot be closed
            stack.close()
