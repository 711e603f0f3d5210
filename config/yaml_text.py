"""Writing YAML that this program's own loader reads back to the same values."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][\w./@+$-]*(?: [\w./@+$&()%'-]+)*(?:#\d+)?|\d{4}-[QH]\d", re.ASCII)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def scalar(value: Any) -> str:
    """One value, quoted where it has to be. Letters that YAML does not know are left out, line breaks become blanks."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.15g}"
    if isinstance(value, date):
        return value.isoformat()
    text = one_line(value).replace("${", "$${")
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def one_line(text: str) -> str:
    """A text as it can stand on one line of a file."""
    return " ".join(_UNREADABLE.sub("", re.sub(r"[\x85\u2028\u2029]", " ", text)).split())


def flow(value: Any) -> str:
    """A value on one line: mappings and lists in braces and brackets."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return scalar(value)
