"""A digest in plain letters: what stands beside the HTML of an e-mail, and what a chat is sent."""

import textwrap
from collections.abc import Iterator, Sequence

from alerts.digest.document import Block, Bullets, Document, Item, Notice, Paragraph, Table, plain
from alerts.digest.marks import PLAIN, Marks, one_line

WIDTH = 78
LONGEST = 3_500
"""Letters of a chat's message at most: Slack cuts a block of text off after 3,000 to 4,000."""
OF_OPENING = 6


def text(document: Document) -> str:
    """The whole document as plain text, wrapped, as an e-mail's alternative to HTML; ends with a line break."""
    title = one_line(document.title)
    parts = [f"{title}\n{'=' * len(title)}", *_wrapped(document.subtitle)]
    parts += [_plain(one) for one in document.opening]
    for section in document.sections:
        parts.append(f"{section.title}\n{'-' * len(section.title)}")
        parts += [_plain(one) for one in section.blocks]
    parts += ["-- ", *_wrapped(PLAIN.line(document.closing))]
    return "\n\n".join(parts) + "\n"


def _wrapped(words: str, first: str = "", later: str = "") -> list[str]:
    return [textwrap.fill(words, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False)]


def _plain(block: Block) -> str:
    if isinstance(block, Paragraph):
        return "\n".join(_wrapped(PLAIN.line(block.line)))
    if isinstance(block, Notice):
        return "\n".join(one for line in block.lines for one in _wrapped(PLAIN.line(line), "! ", "  "))
    if isinstance(block, Bullets):
        return "\n".join(_plain_items(block.items, 0))
    return "\n".join(_plain_table(block))


def _plain_items(items: Sequence[Item], depth: int) -> Iterator[str]:
    for item in items:
        indent = "  " * depth
        yield from _wrapped(PLAIN.line(item.line), f"{indent}- ", f"{indent}  ")
        yield from _plain_items(item.below, depth + 1)


def _plain_table(table: Table) -> Iterator[str]:
    """One line a row, as a table of any width would not fit: `Commerce: 52 % serves key results, …`."""
    for row in table.rows:
        first, *rest = (one_line(plain(cell)) for cell in row)
        told = ", ".join(f"{name.lower()} {cell}" for name, cell in zip(table.columns[1:], rest, strict=True))
        yield from _wrapped(f"{first}: {told}", "- ", "  ")


def chat(document: Document, marks: Marks) -> str:
    """The document as a chat shows it below its title: what must be known, a few entries of each list, no table.

    What does not fit is left out from the end, a section at a time; `northing report` has all of it.
    """
    parts = [marks.text(one_line(document.subtitle))]
    parts += [one for block in document.opening if (one := _short(block, marks, OF_OPENING))]
    for section in document.sections:
        bodies = [one for block in section.blocks if (one := _short(block, marks, section.chat))]
        if section.chat and bodies:
            parts.append("\n".join([marks.strong(section.title), *bodies]))
    while len(parts) > 2 and sum(map(len, parts)) > LONGEST:
        parts.pop()
    return "\n\n".join(parts)


def _short(block: Block, marks: Marks, most: int) -> str:
    if isinstance(block, Table):
        return ""
    if isinstance(block, Paragraph):
        return marks.line(block.line)
    if isinstance(block, Notice):
        return "\n".join(f"⚠ {marks.line(line)}" for line in block.lines)
    lines = [f"• {marks.line(item.line)}" for item in block.items[:most]]
    if len(block.items) > most:
        lines.append(f"  … and {len(block.items) - most} more in the report")
    return "\n".join(lines)
