"""Reading the tables of work, and deciding how far each piece is on a given day."""

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

State = Literal["todo", "doing", "done", "cancelled"]
KINDS = {"-": "Story", "!": "Bug", "+": "Task"}
POINTS = (1, 2, 3, 5, 8)


@dataclass(frozen=True)
class Title:
    """A line of a table: `kind` is the type of the item."""

    kind: str
    text: str


@dataclass(frozen=True)
class Block:
    """An epic, initiative or milestone with its children. `options` are the words of its line, "" for those alone."""

    name: str
    place: str
    type: str
    title: str
    options: dict[str, str]
    children: tuple[Title, ...]

    def option(self, name: str) -> str:
        """An option's text, `_` read as a blank."""
        return self.options.get(name, "").replace("_", " ")


@dataclass(frozen=True)
class Stage:
    """How far an item is: its state, and how many days ago it was created and last touched."""

    state: State
    created: int
    moved: int
    due: int | None = None


@dataclass(frozen=True)
class Calendar:
    """The quarter of a day."""

    today: date

    @property
    def start(self) -> date:
        return date(self.today.year, 3 * ((self.today.month - 1) // 3) + 1, 1)

    @property
    def end(self) -> date:
        month = self.start.month + 2
        return date(self.today.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)

    @property
    def name(self) -> str:
        return f"{self.today.year}-Q{(self.today.month + 2) // 3}"

    @property
    def last(self) -> "Calendar":
        """The quarter before this one, on its last day."""
        return Calendar(self.start - timedelta(days=1))

    @property
    def next(self) -> "Calendar":
        """The quarter after this one, on its first day."""
        return Calendar(self.end + timedelta(days=1))

    def elapsed(self, day: date | None = None) -> float:
        """The share of the quarter that has passed at the end of a day (today), 0..1."""
        days = ((day or self.today) - self.start).days + 1
        return min(max(days / ((self.end - self.start).days + 1), 0.0), 1.0)

    def at(self, days_ago: int, minute: int = 0) -> datetime:
        """A moment of the morning some days ago, UTC."""
        return datetime.combine(self.today - timedelta(days=days_ago), time(6), UTC) + timedelta(minutes=minute % 120)

    def in_days(self, days: int) -> date:
        return self.today + timedelta(days=days)


def titles(text: str) -> tuple[Title, ...]:
    """Lines of `- Story`, `! Bug`, `+ Task`. `* 12 Story #` is twelve stories with their numbers."""
    found = []
    for line in text.strip().splitlines():
        if line[0] == "*":
            _, number, title = line.split(" ", 2)
            found += [Title("Story", title.replace("#", str(at))) for at in range(1, int(number) + 1)]
        else:
            found.append(Title(KINDS[line[0]], line[2:]))
    return tuple(found)


def blocks(text: str) -> list[Block]:
    """A whole table."""
    found = []
    for part in text.strip().split("\n\n"):
        head, _, body = part.replace("\n|", " |").partition("\n")
        name, place, kind, title, *rest = (piece.strip() for piece in head.removeprefix("= ").split(" | "))
        options = dict(word.partition("=")[::2] for word in " ".join(rest).split())
        found.append(Block(name, place, kind, title, options, titles(body) if body else ()))
    return found


def number_of(text: str) -> int:
    """A number that belongs to a text, the same in every run."""
    return zlib.crc32(text.encode())


def stages(block: Block, calendar: Calendar) -> list[Stage]:
    """How far the children of a block are.

    Options: `pace` (share of what the elapsed quarter would ask for), `doing` (how many are in progress), `stuck` (how
    many of those have not moved for weeks), `overdue` (how many open ones are past their due date), `grew` (how many,
    the last ones, came in the course of the quarter), or `all`: `done` (with `when=past`: before this quarter), `stale`
    (nothing moves), `waiting` (nothing begun lately), `planned` (for the next quarter), `cancelled`.
    """
    count, begun = len(block.children), (calendar.today - calendar.start).days
    match block.options.get("all"):
        case "done":
            if block.option("when") == "past":
                return [Stage("done", begun + 80, begun + 1 + 60 * index // count) for index in range(count)]
            return [Stage("done", 65, 40 - 3 * index) for index in range(count)]
        case "cancelled":
            return [Stage("cancelled", 60, 6 + index % 3) for index in range(count)]
        case "stale":
            done = count // 3
            states: list[State] = ["done"] * done + ["doing"] * 2 + ["todo"] * (count - done - 2)
            return [Stage(state, 70, 24 + count - index) for index, state in enumerate(states)]
        case "waiting":
            return [
                Stage("done", 60, 25 + index) if index < 2 else Stage("todo", max(begun, 30), 1 + index)
                for index in range(count)
            ]
        case "planned":
            return [Stage("todo", 20 + index, 6 + index % 10) for index in range(count)]
    # The last one stays open even at the end: a block that is done on purpose says so.
    done = min(round(count * calendar.elapsed() * float(block.options.get("pace", 1))), max(count - 1, 0))
    doing = min(int(block.options.get("doing") or 0), count - done)
    stuck, overdue = int(block.options.get("stuck") or 0), int(block.options.get("overdue") or 0)
    grew, span = int(block.options.get("grew") or 0), min(max(begun, 21), 75)
    found = []
    for index in range(count):
        late = -4 - index % 3 if done <= index < done + overdue else None
        planned = begun + 1 + number_of(block.children[index].text) % 20
        if index >= count - grew:
            planned = begun * 2 // 3
        if index < done:
            moved = 1 + span * (done - 1 - index) // done
            found.append(Stage("done", max(planned, moved + 3), moved))
        elif index < done + doing:
            moved = 24 if index >= done + doing - stuck else 1 + index % 6
            found.append(Stage("doing", max(planned, moved + 3), moved, late))
        elif index % 9 == 6:
            found.append(Stage("todo", 5, 4, late))
        else:
            moved = 9 + index % 20
            found.append(Stage("todo", max(planned, moved), moved, late))
    return found


def loose(index: int, *, busy: bool = True) -> Stage:
    """How far an item is that belongs to no block: most are done, one in nine is dropped, some are begun if `busy`."""
    if index % 9 == 8:
        return Stage("cancelled", 60, 5 + index % 40)
    if index % 5 == 4 or (index % 5 == 3 and not busy):
        return Stage("todo", 30 + index, 12 + index % 15)
    if index % 5 == 3:
        return Stage("doing", 12 + index, 1 + index % 6)
    return Stage("done", 40 + 2 * index, 2 + 3 * index % 70)


def points(title: str, sparse: bool) -> int | None:
    """Story points of a title; where estimating is `sparse`, every second one has none."""
    number = number_of(title)
    return None if sparse and number % 2 else POINTS[number // 2 % len(POINTS)]
