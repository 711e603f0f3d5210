"""A digest before it is drawn: headings, lines, lists and tables, of words that no form of writing has touched yet.

Whatever comes from outside (titles, names, reasons) stands in here as it is. Each renderer writes it so that it says
what it says and does nothing: that is theirs alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Strong:
    """Words that stand out."""

    text: str


@dataclass(frozen=True)
class Code:
    """Something to type or to paste, or a key."""

    text: str


@dataclass(frozen=True)
class Link:
    """Words that lead to a page. Where the address is no web address, only the words are shown."""

    text: str
    url: str | None


@dataclass(frozen=True)
class Health:
    """A word of health as the views have it (`on_track`), shown as people say it, in its colour where there is one."""

    word: str


Inline = str | Strong | Code | Link | Health
Line = tuple[Inline, ...]


@dataclass(frozen=True)
class Item:
    """An entry of a list, with entries below it."""

    line: Line
    below: Sequence["Item"] = ()


@dataclass(frozen=True)
class Paragraph:
    """One line of running text."""

    line: Line


@dataclass(frozen=True)
class Notice:
    """What must be read first: why the numbers below may not be trusted."""

    lines: Sequence[Line]


@dataclass(frozen=True)
class Bullets:
    """A list. `left`: how many entries were left out, which `command` shows."""

    items: Sequence[Item]
    left: int = 0
    command: str = ""

    def more(self, unseen: int = 0) -> Line:
        """That not all is shown, and what shows it; nothing where all is. `unseen`: entries that are left out, too."""
        left = self.left + unseen
        if not left:
            return ()
        return (f"and {left} more: ", Code(self.command)) if self.command else (f"and {left} more",)


@dataclass(frozen=True)
class Table:
    """Rows under named columns. `right`: positions of columns that hold numbers. Left out in a chat."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Line]]
    right: frozenset[int] = frozenset()


Block = Paragraph | Notice | Bullets | Table


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it. `chat`: how many entries of its lists a chat shows; 0 leaves it out.

    `deep`: a chat shows the last line below each of them as well.
    """

    title: str
    blocks: Sequence[Block]
    chat: int = 3
    deep: bool = False


@dataclass(frozen=True)
class Document:
    """A digest: its title, a line below it, warnings, and what it says before the sections begin."""

    title: str
    subtitle: str
    opening: Sequence[Block] = ()
    sections: Sequence[Section] = ()
    closing: Line = field(default=())


HEALTH_WORDS = {
    "on_track": "on track",
    "behind": "behind",
    "at_risk": "at risk",
    "stale": "stale",
    "unknown": "unknown",
    "closed": "closed",
}
"""How people say a health word. From the view's."""


def words(one: Inline) -> str:
    """A part of a line as bare words."""
    if isinstance(one, str):
        return one
    if isinstance(one, Health):
        return HEALTH_WORDS.get(one.word, one.word)
    return one.text


def is_web(url: str | None) -> bool:
    """Whether an address leads to a web page, and to nothing that a browser would run."""
    return url is not None and url.startswith(("https://", "http://")) and not any(mark in url for mark in ' \n\r\t"<>')
