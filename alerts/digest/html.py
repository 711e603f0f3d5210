"""A digest as HTML that mail programs show as it is meant: tables, inline styles, no script, nothing from outside."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from alerts.digest.document import (
    HEALTH_WORDS,
    Block,
    Bullets,
    Code,
    Document,
    Health,
    Inline,
    Item,
    Line,
    Link,
    Notice,
    Paragraph,
    Strong,
    Table,
    is_web,
    words,
)
from alerts.digest.marks import one_line

# Mail programs know few fonts, and no stylesheet for sure: each element carries its own. The stylesheet only turns
# colours where the reader's screen is dark and the program knows of that.
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_INK, _SOFT, _RULE = "#1f2933", "#5b6773", "#dde2e7"
_COLOURS = {
    "on_track": "#1a7f37",
    "behind": "#9a6700",
    "at_risk": "#c4262e",
    "stale": "#7a3fb3",
    "unknown": _SOFT,
    "closed": "#0b62c4",
}
_DARK = {
    "on_track": "#57c974",
    "behind": "#e0b040",
    "at_risk": "#ff8078",
    "stale": "#c79bf2",
    "unknown": "#a8b1ba",
    "closed": "#7ab7ff",
}
_STYLE = (
    ":root{color-scheme:light dark;supported-color-schemes:light dark}"
    "@media (prefers-color-scheme:dark){"
    "body,.page{background:#16191d!important}"
    ".ink{color:#e6e9ec!important}.soft{color:#a8b1ba!important}.link{color:#7ab7ff!important}"
    ".rule{border-color:#343a41!important}.code{background:#262b31!important;color:#e6e9ec!important}"
    ".warn{background:#3a2a12!important;color:#ffd9a0!important;border-color:#e0b040!important}"
    + "".join(f".{name}{{color:{colour}!important}}" for name, colour in _DARK.items())
    + "}"
)


def html(document: Document) -> str:
    """The whole document, a page of its own."""
    title = _text(document.title)
    body = [
        f'<h1 class="ink" style="margin:0 0 4px;font-size:22px;line-height:1.3;color:{_INK}">{title}</h1>',
        f'<p class="soft" style="margin:0 0 20px;color:{_SOFT}">{_text(document.subtitle)}</p>',
        *(_block(one) for one in document.opening),
    ]
    for section in document.sections:
        body.append(
            f'<h2 class="ink rule" style="margin:28px 0 10px;padding-top:16px;border-top:1px solid {_RULE};'
            f'font-size:17px;line-height:1.3;color:{_INK}">{_text(section.title)}</h2>'
        )
        body += [_block(one) for one in section.blocks]
    body.append(
        f'<p class="soft rule" style="margin:28px 0 0;padding-top:14px;border-top:1px solid {_RULE};font-size:13px;'
        f'color:{_SOFT}">{_line(document.closing)}</p>'
    )
    inner = "\n".join(body)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="supported-color-schemes" content="light dark">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        '<body style="margin:0;padding:0;background:#ffffff">\n'
        '<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0"'
        ' style="background:#ffffff;table-layout:fixed"><tr><td align="center" style="padding:24px 16px">\n'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"'
        ' style="max-width:680px;table-layout:fixed;text-align:left"><tr><td class="ink"'
        f' style="{_FONT};font-size:15px;line-height:1.5;overflow-wrap:break-word;color:{_INK}">\n'
        f"{inner}\n</td></tr></table>\n</td></tr></table>\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f'<p class="soft" style="margin:8px 0;color:{_SOFT}">{_line(block.line)}</p>'
    if isinstance(block, Notice):
        lines = "<br>".join(_line(line) for line in block.lines)
        return (
            '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"'
            ' style="margin:0 0 18px"><tr><td class="warn" style="padding:10px 14px;background:#fff4e0;color:#5c3b00;'
            f'border-left:4px solid #b87700">{lines}</td></tr></table>'
        )
    if isinstance(block, Bullets):
        more = block.more()
        return _list(block.items, 0) + (_block(Paragraph(more)) if more else "")
    return "\n".join(_table(block))


def _list(items: Sequence[Item], depth: int) -> str:
    soft = f' class="soft" style="margin:2px 0;color:{_SOFT};font-size:14px"'
    style = soft if depth else ' style="margin:6px 0"'
    inner = "".join(
        f"<li{style}>{_line(item.line)}{_list(item.below, depth + 1) if item.below else ''}</li>\n" for item in items
    )
    return f'<ul style="margin:{"2px 0 4px" if depth else "0 0 8px"};padding-left:20px">\n{inner}</ul>'


def _table(table: Table) -> Iterator[str]:
    yield '<table width="100%" cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse">'
    yield f"<tr>{''.join(_cell('th', _text(name), n in table.right) for n, name in enumerate(table.columns))}</tr>"
    for row in table.rows:
        yield f"<tr>{''.join(_cell('td', _line(cell), n in table.right) for n, cell in enumerate(row))}</tr>"
    yield "</table>"


def _cell(tag: str, inner: str, right: bool) -> str:
    head = tag == "th"
    look = f"font-weight:600;font-size:13px;color:{_SOFT}" if head else f"font-size:14px;color:{_INK}"
    align = "right" if right else "left"
    ink = "soft" if head else "ink"
    wrap = ";white-space:nowrap" if right and not head else ""
    scope = ' scope="col"' if head else ""
    return (
        f'<{tag}{scope} class="{ink} rule" align="{align}" valign="bottom" style="padding:6px 8px 6px 0;'
        f'border-bottom:1px solid {_RULE};text-align:{align};{look}{wrap}">{inner}</{tag}>'
    )


def _line(line: Line) -> str:
    return "".join(_part(one) for one in line)


def _part(one: Inline) -> str:
    shown = _text(words(one))
    if isinstance(one, Strong):
        return f"<strong>{shown}</strong>"
    if isinstance(one, Code):
        return (
            '<code class="code" style="padding:1px 4px;background:#eef1f4;font-family:Menlo,Consolas,monospace;'
            f'font-size:13px;word-break:break-word">{shown}</code>'
        )
    if isinstance(one, Health) and one.word in HEALTH_WORDS:
        return f'<strong class="{one.word}" style="color:{_COLOURS[one.word]};white-space:nowrap">{shown}</strong>'
    if isinstance(one, Link) and one.url is not None and is_web(one.url):
        return f'<a class="link" href="{escape(one.url)}" style="color:#0b62c4">{shown}</a>'
    return shown


def _text(text: str) -> str:
    """Escaped; a number stays on one line with its percent sign."""
    return re.sub(r"(\d) %", r"\1&nbsp;%", escape(one_line(text)))
