"""The rows of a run: what became of each scope, in the database and for whoever asked."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from connectors.base import Usage
from connectors.errors import Cancelled, SourceError
from store import runs

Outcome = Literal["ok", "failed", "interrupted"]
RunOutcome = Literal["ok", "partial", "failed", "interrupted"]


@dataclass(frozen=True)
class ScopeResult:
    """What became of one scope, or of what a connection was asked beside its scopes (`scope` None).

    `read` and `changed` count items, `set_aside` records of any kind. `gone`: items that a comparison with the tool's
    list found to be deleted or out of sight; None where the scope was not compared. `held_back`: how many the list
    lacked, where that was too many to believe. `seconds` is the time elapsed, `waited_s` the part of it that the tool
    made us wait. `error` says what happened and what to do next.
    """

    connection: str
    scope: str | None
    outcome: Outcome
    read: int = 0
    changed: int = 0
    set_aside: int = 0
    requests: int = 0
    not_modified: int = 0
    waited_s: float = 0.0
    seconds: float = 0.0
    error: str | None = None
    gone: int | None = None
    held_back: int | None = None


@dataclass
class Row:
    """A row that is not finished yet, with what was counted so far."""

    id: int
    connection: str
    scope: str | None
    started: datetime
    read: int = 0
    changed: int = 0
    set_aside: int = 0
    gone: int | None = None
    held_back: int | None = None
    containers: int = 0
    """Containers that changed: what people compare with the tool are items alone."""
    seconds: float = 0.0
    """Time that was spent before `started`."""


@dataclass
class RunRows:
    """Starts and finishes the rows of one run; `results` are those that finished.

    `bugs` are the errors among them that no tool caused: their rows failed, and `begun` raises them at its end.
    """

    run_id: int
    now: Callable[[], datetime]
    results: list[ScopeResult] = field(default_factory=list)
    bugs: list[Exception] = field(default_factory=list)
    _places: dict[int, int] = field(default_factory=dict)
    """Where the result of each finished row stands in `results`."""

    def start(
        self,
        conn: sa.Connection,
        connection: str,
        connection_id: int,
        scope: str | None = None,
        scope_id: int | None = None,
    ) -> Row:
        """A row for a scope (key and id), or for the connection itself."""
        at = self.now()
        return Row(runs.start_scope(conn, self.run_id, connection_id, scope_id, at), connection, scope, at)

    def resume(self, row: Row) -> None:
        """Go on with a row that has finished: it is finished once more, with what is added to its counts and usage."""
        row.seconds, row.started = self.results[self._places[row.id]].seconds, self.now()

    def finish(self, conn: sa.Connection, row: Row, error: Exception | None, usage: Usage) -> ScopeResult:
        """Notes how a row ended: well, by an error of its tool, by a stop, or by a bug."""
        at, outcome = self.now(), _outcome(error)
        result = ScopeResult(
            connection=row.connection,
            scope=row.scope,
            outcome=outcome,
            read=row.read,
            changed=row.changed,
            set_aside=row.set_aside,
            requests=usage.requests,
            not_modified=usage.not_modified,
            waited_s=usage.waited_s,
            seconds=row.seconds + (at - row.started).total_seconds(),
            error=_words(error) if error is not None and outcome == "failed" else None,
            gone=row.gone,
            held_back=row.held_back,
        )
        runs.finish_scope(conn, row.id, outcome, result, result.error, at)
        if row.id in self._places:
            self.results[self._places[row.id]] = result
        else:
            self._places[row.id] = len(self.results)
            self.results.append(result)
        if error is not None and not isinstance(error, SourceError | Cancelled):
            self.bugs.append(error)
        return result

    def end(self, conn: sa.Connection, outcome: RunOutcome) -> None:
        """Notes how the run ended."""
        runs.finish_run(conn, self.run_id, outcome, self.now())


@contextmanager
def begun(engine: sa.Engine, now: Callable[[], datetime], lock: str | None = None) -> Generator[RunRows]:
    """A run of a whole sync, or of the job that holds `lock`, which ends it.

    What ends it in its place, an error or a signal, is noted and raised again, and so is the first of its `bugs`.
    """
    with engine.begin() as conn:
        rows = RunRows(runs.start_run(conn, now(), lock), now)
    try:
        yield rows
    except BaseException as error:
        # What ended the run matters more than a note on top of it that cannot be written.
        with suppress(SQLAlchemyError), engine.begin() as conn:
            rows.end(conn, "failed" if isinstance(error, Exception) else "interrupted")
        raise
    if rows.bugs:
        raise rows.bugs[0]


def outcome_of(outcomes: Iterable[Outcome]) -> RunOutcome:
    """How a run ended, by how its parts did: partial where something went well and something else did not."""
    found = set(outcomes)
    if found == {"interrupted"}:
        return "interrupted"
    if not found - {"ok"}:
        return "ok"
    return "partial" if "ok" in found else "failed"


def _outcome(error: Exception | None) -> Outcome:
    if error is None:
        return "ok"
    return "interrupted" if isinstance(error, Cancelled) else "failed"


def _words(error: Exception) -> str:
    return (
        str(error) if isinstance(error, SourceError) else f"An error of this program: {type(error).__name__}: {error}"
    )
