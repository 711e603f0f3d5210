"""A digest as Markdown, to be read as it is or rendered."""

from collections.abc import Iterator, Sequence

from alerts.digest.document import Block, Bullets, Document, Item, Notice, Paragraph, Table
from alerts.digest.marks import MARKDOWN as M


def markdown(document: Document) -> str:
    """The whole document; ends with a line break."""
    parts = [f"# {M.text(document.title)}", M.text(document.subtitle)]
    parts += [_block(one) for one in document.opening]
    for section in document.sections:
        parts.append(f"## {M.text(section.title)}")
        parts += [_block(one) for one in section.blocks]
    parts.append(f"---\n\n{M.line(document.closing)}")
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return M.line(block.line)
    if isinstance(block, Notice):
        return "\n>\n".join(f"> ⚠ {M.line(line)}" for line in block.lines)
    if isinstance(block, Bullets):
        more = block.more()
        return "\n".join(_items(block.items, 0)) + (f"\n\n{M.line(more)}" if more else "")
    return "\n".join(_table(block))


def _items(items: Sequence[Item], depth: int) -> Iterator[str]:
    for item in items:
        yield f"{'  ' * depth}- {M.line(item.line)}"
        yield from _items(item.below, depth + 1)


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(M.text(name) for name in table.columns)} |"
    yield f"|{'|'.join(' ---: ' if number in table.right else ' --- ' for number in range(len(table.columns)))}|"
    for row in table.rows:
        yield f"| {' | '.join(M.line(cell) for cell in row)} |"
