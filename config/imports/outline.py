"""Markdown as an outline: headings with what stands below them, list items with what is nested in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_CHECKBOX = re.compile(r"\[(?P<mark>[ xX✓✔-]?)\]\s+|(?P<yes>[✅☑✔]️?)\s*|(?P<no>[🚫❌☐⬜]️?)\s*")


@dataclass
class Line:
    """A line of text without its markup. `bold`: all of it is set in bold."""

    text: str
    number: int
    bold: bool = False


@dataclass(eq=False)
class Item:
    """An item of a list. `lines`: its own text, as broken by its writer; `notes`: further paragraphs in it;
    `checked`: None where it has no box.
    """

    number: int
    lines: list[Line] = field(default_factory=list)
    notes: list[Line] = field(default_factory=list)
    items: list["Item"] = field(default_factory=list)
    checked: bool | None = None

    @property
    def text(self) -> str:
        """All of its own text on one line."""
        return " ".join(line.text for line in self.lines)


@dataclass
class Table:
    """A table: the number of each row's line with its cells, the header first."""

    rows: list[tuple[int, list[str]]]


@dataclass(eq=False)
class Section:
    """A heading and all up to the next one of its level. The whole document is one of level 0 without a text."""

    level: int
    text: str
    number: int
    bold: bool = False
    paragraphs: list[Line] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    sections: list["Section"] = field(default_factory=list)


def outline(text: str) -> Section:
    """The outline of a Markdown text. Nothing is refused: all text is Markdown."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    body, skipped = _without_front_matter(text.replace("\0", ""))
    root = Section(0, "", 1)
    open_ = [root]
    for node in SyntaxTreeNode(parser.parse(body)).children:
        number = (node.map[0] if node.map else 0) + 1 + skipped
        if node.type == "heading":
            lines = list(_lines(node, number))
            section = Section(int(node.tag[1]), " ".join(line.text for line in lines).rstrip(" :"), number)
            while open_[-1].level >= section.level:
                open_.pop()
            open_[-1].sections.append(section)
            open_.append(section)
        else:
            _into(open_[-1], node, skipped)
    return root


def _into(section: Section, node: SyntaxTreeNode, skipped: int) -> None:
    number = (node.map[0] if node.map else 0) + 1 + skipped
    if node.type in ("bullet_list", "ordered_list"):
        section.items += [_item(child, skipped) for child in node.children]
    elif node.type == "table":
        section.tables.append(_table(node, skipped))
    elif node.type == "blockquote":
        for child in node.children:
            _into(section, child, skipped)
    elif node.type in ("fence", "code_block"):
        section.paragraphs += [
            Line(text, number + at) for at, text in enumerate(node.content.splitlines()) if text.strip()
        ]
    elif node.type == "paragraph":
        section.paragraphs += _lines(node, number)


def _item(node: SyntaxTreeNode, skipped: int) -> Item:
    item = Item((node.map[0] if node.map else 0) + 1 + skipped)
    for child in node.children:
        number = (child.map[0] if child.map else 0) + 1 + skipped
        if child.type in ("bullet_list", "ordered_list"):
            item.items += [_item(one, skipped) for one in child.children]
        elif child.type in ("paragraph", "heading"):
            lines = list(_lines(child, number))
            if not item.lines:
                item.lines = lines
            else:
                item.notes += lines
        else:
            about = Section(0, "", number)
            _into(about, child, skipped)
            if child.type == "blockquote" and not item.lines:
                # "- > 70 % of deals": more than 70 %, and no quotation.
                item.lines = [Line(f"> {line.text}", line.number) for line in about.paragraphs[:1]]
                about.paragraphs = about.paragraphs[1:]
            item.notes += about.paragraphs
            item.items += about.items
            item.notes += [Line(" | ".join(cells), at) for table in about.tables for at, cells in table.rows]
    if item.lines and (box := _CHECKBOX.match(item.lines[0].text)):
        first = item.lines[0]
        item.checked = bool(box["yes"]) or (box["mark"] or "").lower() in ("x", "✓", "✔")
        item.lines[0] = Line(first.text[box.end() :], first.number, first.bold)
    item.lines = [line for line in item.lines if line.text]
    return item


def _table(node: SyntaxTreeNode, skipped: int) -> Table:
    rows = []
    for part in node.children:
        for row in part.children:
            number = (row.map[0] if row.map else 0) + 1 + skipped
            rows.append((number, [" ".join(line.text for line in _lines(cell, number)) for cell in row.children]))
    return Table(rows)


def _lines(node: SyntaxTreeNode, number: int) -> Iterator[Line]:
    """The lines of a paragraph, heading or cell, without markup."""
    pieces: list[tuple[str, bool]] = []
    for inline in node.children:
        if [child.type for child in inline.children] == ["link"] and _is_anchor(inline.children[0]):
            continue
        pieces += _pieces(inline, bold=False)
    line: list[tuple[str, bool]] = []
    for text, bold in [*pieces, ("\n", False)]:
        if text == "\n":
            joined = " ".join("".join(piece for piece, _ in line).split())
            if joined:
                yield Line(joined, number, all(strong for piece, strong in line if piece.strip()))
            line, number = [], number + 1
        else:
            line.append((text, bold))


def _is_anchor(link: SyntaxTreeNode) -> bool:
    """Whether a link leads to a place of the same document, as those of a table of contents do."""
    return str(link.attrs.get("href", "")).startswith("#")


def _pieces(node: SyntaxTreeNode, *, bold: bool) -> Iterator[tuple[str, bool]]:
    if node.type in ("text", "code_inline"):
        # Without HTML in the parser, tags stand in the text.
        yield re.sub(r"</?[a-zA-Z][^<>]{0,200}>|<!--.*?-->", "", node.content), bold
    elif node.type in ("softbreak", "hardbreak"):
        yield "\n", bold
    elif node.type == "image":
        yield node.content, bold
    else:
        for child in node.children:
            yield from _pieces(child, bold=bold or node.type == "strong")


def _without_front_matter(text: str) -> tuple[str, int]:
    """The text behind a block of YAML between two lines of dashes at its start, and how many lines that has."""
    match = re.match(r"---\r?\n(?:[^\n]*\n){0,100}?---\r?\n", text)
    return (text[match.end() :], match[0].count("\n")) if match else (text, 0)
