"""The projects (v2) of a connection: read once in a run, for all of its repositories."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from connectors.base import Check, Usage
from connectors.errors import Refused, SourceError
from connectors.github import board_graphql, board_rest
from connectors.github.boards import Board, Card
from connectors.records import Container, Item, Scope, SetAside
from connectors.transport import Transport

KEPT = timedelta(days=2)
"""For how long back the issues themselves are kept beside their cards: most readings start not longer ago."""
FRESH = timedelta(minutes=15)
"""How long a reading of the projects serves, where issues are looked up outside of a run."""


@dataclass(frozen=True)
class Boards:
    """The projects as one run read them, the first named first."""

    boards: tuple[Board, ...] = ()
    today: date = date.min

    @property
    def clock(self) -> datetime | None:
        """The tool's time before the first of them was read."""
        return min((one.clock for one in self.boards if one.clock is not None), default=None)

    def on(self, item: Item) -> Item:
        """The item with what the projects say of it; where several speak, the first named one."""
        plain = item
        for board in self.boards:
            item = board.on(
                item,
                status=item.status == plain.status and item.self_reported == plain.self_reported,
                estimate=item.estimate is None,
                due=item.due_on is None,
            )
        return item

    def sprints(self) -> list[Container]:
        """The iterations of all projects."""
        return [one for board in self.boards for one in board.sprints(self.today)]

    def notes(self) -> list[SetAside]:
        """What could not be read of them."""
        return [note for board in self.boards for note in board.set_aside]

    def changed(self, scope: Scope, since: datetime) -> list[Card]:
        """The cards of a repository's issues that were changed since, each issue once."""
        start = f"{scope.key.casefold()}#"
        found: dict[str, Card] = {}
        for board in self.boards:
            for key, card in board.cards.items():
                if key.startswith(start) and (card.updated_at is None or card.updated_at >= since):
                    found.setdefault(key, card)
        return list(found.values())


class Projects:
    """Reads the projects when first asked for them, and again after `forget` or a while. Safe from several threads."""

    def __init__(self, transport: Transport, names: tuple[str, ...], measure: str, now: Callable[[], datetime]) -> None:
        self._transport = transport
        self._names = names
        self._measure = measure
        self._now = now
        self._lock = threading.Lock()
        self._read: Boards | SourceError | None = None
        self._read_at = now()

    def forget(self) -> None:
        """A new run begins: what was read of the projects is out of date."""
        with self._lock:
            self._read = None

    def read(self, usage: Usage) -> Boards:
        """The projects. Raises the same error for all that ask in a run: without them no issue's state is known."""
        if not self._names:
            return Boards()
        with self._lock:
            if self._read is None or self._now() - self._read_at > FRESH:
                self._read_at = self._now()
                try:
                    self._read = Boards(tuple(self._board(name, usage) for name in self._names), self._now().date())
                except SourceError as error:
                    self._read = error
            if isinstance(self._read, SourceError):
                raise self._read
            return self._read

    def doctor(self) -> list[Check]:
        """What each project has, by what its fields are for, or what is missing."""
        checks = []
        for name in self._names:
            try:
                board = self._board(name, Usage())
            except SourceError as error:
                checks.append(Check(f"project {name}", ok=False, detail=error.message, advice=error.advice))
            else:
                checks.append(_check(board))
        return checks

    def _board(self, name: str, usage: Usage) -> Board:
        try:
            found = board_rest.read(self._transport, name, self._measure, _keep_from, usage)
            return found or board_graphql.read(self._transport, name, self._measure, self._now, usage)
        except Refused as error:
            if error.status not in {403, 404}:
                raise
            raise Refused(
                f"project {name}: there is none, or the token may not see it ({error.message})",
                advice="Check owner/number in `projects`, and give the token the permission “Projects: read” of the "
                "organisation (a classic token: the scope `read:project`).",
                status=error.status,
            ) from error


def _keep_from(clock: datetime | None) -> datetime | None:
    return clock - KEPT if clock is not None else None


def _check(board: Board) -> Check:
    roles = board.roles.present()
    words = [f"{role}: {one.name}" for role, one in roles.items()]
    detail = f"{len(board.cards)} issues, {', '.join(words) or 'no field that counts'} ({board.way})"
    advice = (
        "" if roles else "Name a single select field Status, a number Estimate, a date Due date, or add iterations."
    )
    return Check(f"project {board.name}", ok=True, detail=detail, advice=advice)
