"""How each form of writing marks words: the parts of a line, and nothing that comes from outside taken for a mark."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from alerts.digest.document import Code, Inline, Line, Link, Strong, is_web, words
from alerts.plain import BREAK, for_slack, for_teams, for_text

_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


def one_line(text: str) -> str:
    """A text without line breaks, control signs, marks of direction and lone surrogates, its blanks made one."""
    found = re.sub(r"\s+", " ", _HIDDEN.sub("", text))
    return found.encode("utf-8", "ignore").decode()


@dataclass(frozen=True)
class Marks:
    """Writes bare words, words that stand out, things to type, and links (words and address), each made harmless."""

    text: Callable[[str], str]
    strong: Callable[[str], str]
    code: Callable[[str], str]
    link: Callable[[str, str], str]

    def line(self, line: Line) -> str:
        """A line of its parts."""
        return "".join(self._part(one) for one in line)

    def _part(self, one: Inline) -> str:
        shown = one_line(words(one))
        if isinstance(one, Strong):
            # What is marked must not begin or end with a blank, or it is no mark.
            before, after = shown[: len(shown) - len(shown.lstrip())], shown[len(shown.rstrip()) :]
            return f"{before}{self.strong(shown.strip())}{after}" if shown.strip() else shown
        if isinstance(one, Code):
            return self.code(shown.strip()) if shown.strip() else ""
        if isinstance(one, Link) and one.url is not None and is_web(one.url):
            return self.link(shown.strip(), one.url)
        return self.text(shown)


def _markdown(text: str) -> str:
    escaped = re.sub(r"([\\`*\[\]<>~|]|^#)", r"\\\1", text)
    escaped = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", escaped)
    return re.sub(r"&(?=#?\w+;)", r"\\&", escaped)


def _fenced(text: str) -> str:
    """As code of Markdown: the fence is longer than any row of backticks within."""
    longest = max((len(row) for row in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def _address(url: str) -> str:
    return re.sub(r"[()\\|]", lambda found: f"%{ord(found[0]):02X}", url)


MARKDOWN = Marks(
    text=_markdown,
    strong=lambda text: f"**{_markdown(text)}**",
    code=_fenced,
    link=lambda text, url: f"[{_markdown(text)}]({_address(url)})",
)
TEXT = Marks(text=for_text, strong=for_text, code=for_text, link=lambda text, _url: for_text(text))
SLACK = Marks(
    text=for_slack,
    strong=lambda text: f"*{for_slack(text)}*",
    code=lambda text: f"`{html.escape(text.replace('`', chr(39)).replace('@', f'@{BREAK}'), quote=False)}`",
    link=lambda text, url: f"<{html.escape(_address(url), quote=False)}|{for_slack(text)}>",
)
TEAMS = Marks(
    text=for_teams,
    strong=lambda text: f"**{for_teams(text)}**",
    code=for_teams,
    link=lambda text, url: f"[{for_teams(text)}]({_address(url)})",
)
