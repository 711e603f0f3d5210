"""What can be wrong with a configuration, and where."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong. `line` and `column` count from 1; both are 0 where it concerns the file as a whole."""

    file: Path
    line: int
    column: int
    path: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)
        mark = "warning" if self.severity == "warning" else ""
        return ": ".join(part for part in (place, mark, self.path, self.message) if part)


class ConfigError(Exception):
    """The configuration cannot be used. `problems` are all errors of all files, sorted by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    known = list(known)
    for one in known:
        if one.lower() == word.lower() and one != word:
            return one
    near = difflib.get_close_matches(word[:200], known, n=1, cutoff=0.6)
    return near[0] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence with the nearest right word, else with those that are known, to follow what was wrong."""
    known = list(dict.fromkeys(known))
    near = nearest(word, known)
    if near:
        return f" Did you mean `{near}`?"
    if not known:
        return ""
    return f" Known: {', '.join(known)}." if len(known) <= 12 else f" {len(known)} others are known."


def shown(text: str) -> str:
    """A text of the file as an error shows it: in backquotes, on one line, not too long."""
    text = re.sub(r"\s+", " ", text)
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"
