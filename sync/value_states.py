"""How the sources of key results' values did at their last attempt."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from store.tables import ValueSource


@dataclass(frozen=True)
class ValueState:
    """One key result's source. Fails while `error` is not None; `last_ok_at` is None before the first success."""

    error: str | None
    failed_at: datetime | None
    last_ok_at: datetime | None

    def why_failing(self, now: datetime, too_old: timedelta) -> Literal["value_refused", "value_old"] | None:
        """`value_refused` where the last attempt failed, `value_old` where none succeeded for `too_old`, else None."""
        if self.error is not None:
            return "value_refused"
        if self.last_ok_at is not None and now - self.last_ok_at > too_old:
            return "value_old"
        return None

    def problem(self, now: datetime, too_old: timedelta) -> str | None:
        """Why the value is not to be trusted, in words; None where it is."""
        last = f"{self.last_ok_at:%Y-%m-%d %H:%M}Z" if self.last_ok_at else "never"
        match self.why_failing(now, too_old):
            case "value_refused":
                return f"its value cannot be fetched (last: {last}): {self.error}"
            case "value_old":
                return f"its value was last fetched at {last}"
        return None


def value_states(conn: sa.Connection) -> dict[int, ValueState]:
    """The state of every source that was ever asked, by the key result's id."""
    table = ValueSource.__table__
    return {
        row.key_result_id: ValueState(row.error, row.failed_at, row.last_ok_at)
        for row in conn.execute(sa.select(table))
    }
