"""Text of other people made harmless: cleaned, cut, and escaped for where it is shown."""

import html
import re
import unicodedata
from urllib.parse import quote

KEPT = "\u200c\u200d"
"""Joiners that scripts and emoji need."""
BREAK = "\u200b"
"""A space without width: put behind a sign of markup, it takes its meaning and leaves its look."""


class Ready(str):
    """A text that is written for its format already, and is not escaped again."""

    __slots__ = ()


def clean(text: str, limit: int) -> str:
    """`text` on one line, without control signs and marks of direction, and cut to `limit` letters."""
    text = text[: limit * 4]
    kept = text if text.isprintable() else "".join(map(_shown, text))
    line = re.sub(r" +", " ", kept).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _shown(letter: str) -> str:
    if letter.isspace():
        return " "
    return letter if letter in KEPT or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co"} else ""


def for_text(text: str) -> str:
    """For services that show plain text: nobody is called by it (`@everyone`)."""
    return text.replace("@", f"@{BREAK}")


def for_slack(text: str) -> str:
    """For Slack's mrkdwn: no mention, no link, no style. A `_` within a word means nothing to Slack, and stays."""
    text = html.escape(for_text(text), quote=False)
    text = re.sub(r"([*~`])", rf"\1{BREAK}", text)
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", f"_{BREAK}", text)


def for_teams(text: str) -> str:
    """For the Markdown of Adaptive Cards: no mention, no link, no style, no date function."""
    text = re.sub(r"([\\`*_\[\]()<>#~|!])", r"\\\1", for_text(text))
    return text.replace("&", "&amp;").replace("{{", f"{{{BREAK}{{").replace("}}", f"}}{BREAK}}}")


def address(base: str, *steps: str) -> Ready:
    """A web address below `base`, of signs only that mean nothing in any format."""
    return Ready("/".join([base.rstrip("/"), *(quote(step, safe="") for step in steps)]))
