"""A digest as a chat shows it: short, in the marks of the service."""

from alerts.digest.document import Block, Document, Notice, Paragraph, Table
from alerts.digest.marks import Marks, one_line

LONGEST = 3_500
"""Letters of a chat's message at most: Slack cuts a block of text off after 3,000 to 4,000."""
OF_OPENING = 6


def chat(document: Document, marks: Marks) -> str:
    """The document as a chat shows it below its title: what must be known, a few entries of each list, no table.

    What does not fit is left out from the end, a section at a time; `northing report` has all of it.
    """
    parts = [marks.text(one_line(document.subtitle))]
    parts += [one for block in document.opening if (one := _short(block, marks, OF_OPENING))]
    for section in document.sections:
        bodies = [one for block in section.blocks if (one := _short(block, marks, section.chat, deep=section.deep))]
        if section.chat and bodies:
            parts.append("\n".join([marks.strong(section.title), *bodies]))
    while len(parts) > 2 and sum(map(len, parts)) > LONGEST:
        parts.pop()
    return "\n\n".join(parts)


def _short(block: Block, marks: Marks, most: int, *, deep: bool = False) -> str:
    if isinstance(block, Table):
        return ""
    if isinstance(block, Paragraph):
        return marks.line(block.line)
    if isinstance(block, Notice):
        return "\n".join(f"⚠ {marks.line(line)}" for line in block.lines)
    lines = []
    for item in block.items[:most]:
        lines.append(f"• {marks.line(item.line)}")
        if deep and item.below:
            lines.append(f"   {marks.line(item.below[-1].line)}")
    if more := block.more(len(block.items[most:])):
        lines.append(marks.line(more))
    return "\n".join(lines)
