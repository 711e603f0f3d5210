"""One configuration out of many files: `include:`, and how sections of the same name are joined."""

import glob
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from config.problems import ConfigError, Problem
from config.secrets import References, Unresolved
from config.yaml_reader import is_null, read

SHARED = {
    **dict.fromkeys(("teams", "themes", "cycles", "objectives", "mappings", "intentional", "checkins"), 1),
    **dict.fromkeys(("connections", "counting", "conventions", "schedule", "thresholds"), 1),
    **dict.fromkeys(("alerts", "findings"), 2),
}
"""Sections that several files may hold, and how many levels down lists are joined and mappings merged.

Where two files give the same value, both stay, and the second is reported as a repeated key.
"""

MAX_DEPTH = 50
"""How many files may include each other in a row."""


@dataclass
class Joined:
    """What was read: `root` is one mapping of all sections, `documents` the files' own mappings in order.

    `complete` is false where some file could not be read, so that a name may be missing without being wrong.
    """

    root: MappingNode
    documents: list[tuple[Path, MappingNode]] = field(default_factory=list)
    complete: bool = True


class Files:
    """Reads a file and all that it includes. What is wrong goes to `problems`."""

    def __init__(self, references: References) -> None:
        self.references = references
        self.problems: list[Problem] = []
        self.documents: list[tuple[Path, MappingNode]] = []
        self.complete = True
        self.trail: list[Path] = []
        self.seen: set[Path] = set()

    def join(self, main: Path, more: Iterable[Path] = ()) -> Joined:
        """All files as one, those of `more` that are not among them already behind the rest.

        Raises `ConfigError` only where the main file itself cannot be read.
        """
        self._add(main, self._read(main))
        for file in more:
            self._add_once(file)
        root = self.documents[0][1]
        for _, document in self.documents[1:]:
            root = _merged(root, document, top=True)
        return Joined(root, self.documents, self.complete)

    def _read(self, file: Path) -> MappingNode:
        self.references.sources.file(file)
        return read(file)

    def _add(self, file: Path, document: MappingNode) -> None:
        self.documents.append((file, document))
        self.trail.append(file.resolve())
        self.seen.add(self.trail[-1])
        for included, written in sorted(self._included(file, document), key=lambda one: str(one[0])):
            real = included.resolve()
            if real in self.trail:
                names = " → ".join(str(one) for one in [*self.trail[self.trail.index(real) :], real])
                self._report(file, written, "include", f"files include each other in a circle: {names}")
            elif len(self.trail) > MAX_DEPTH:
                self._report(file, written, "include", f"includes go deeper than {MAX_DEPTH} files: refused")
                self.complete = False
            else:
                self._add_once(included)
        self.trail.pop()

    def _add_once(self, file: Path) -> None:
        if file.resolve() in self.seen:
            return
        try:
            self._add(file, self._read(file))
        except ConfigError as error:
            self.problems += error.problems
            self.complete = False

    def _included(self, file: Path, document: MappingNode) -> list[tuple[Path, Node]]:
        """Files that a document includes, each once, with the node that asks for it."""
        found: dict[Path, Node] = {}
        for key, value in document.value:
            if not isinstance(key, ScalarNode) or key.value != "include" or is_null(value):
                continue
            if isinstance(value, MappingNode) and self.documents[1:]:
                self._report(file, value, "include", "found a mapping, expected a list of files")
                continue
            patterns = value.value if isinstance(value, SequenceNode) else [value]
            for pattern in patterns:
                if isinstance(pattern, ScalarNode) and pattern.value and not is_null(pattern):
                    for path in self._matches(file, pattern):
                        found.setdefault(path, pattern)
        return list(found.items())

    def _matches(self, file: Path, pattern: ScalarNode) -> list[Path]:
        try:
            text = self.references.fill(pattern.value)
        except Unresolved:
            self.complete = False  # reported with all other references, once the files are joined
            return []
        if not glob.has_magic(text):
            path = file.parent / text
            if "\0" not in text and path.is_file():
                return [path]
            self.complete = False
            self.references.sources.file(path)
            what = "is a folder" if "\0" not in text and path.is_dir() else "no such file"
            self._report(file, pattern, "include", f"`{text}` {what}, expected a file, relative to {file.name}")
            return []
        own = file.resolve()
        if "\0" not in text:
            self.references.sources.pattern(file.parent, text)
        names = glob.glob(text, root_dir=file.parent, recursive=True) if "\0" not in text else []  # noqa: PTH207 - absolute ones too
        paths = [path for name in names if (path := file.parent / name).is_file() and path.resolve() != own]
        if not paths:
            self._report(file, pattern, "include", f"`{text}` matches no file", warning=True)
        return paths

    def _report(self, file: Path, node: Node, path: str, message: str, *, warning: bool = False) -> None:
        mark = node.start_mark
        severity = "warning" if warning else "error"
        self.problems.append(Problem(file, mark.line + 1, mark.column + 1, path, message, severity))


def _merged(first: MappingNode, second: MappingNode, depth: int = 0, *, top: bool = False) -> MappingNode:
    pairs = list(first.value)
    places = {key.value: at for at, (key, _) in reversed(list(enumerate(pairs))) if isinstance(key, ScalarNode)}
    for key, value in second.value:
        name = key.value if isinstance(key, ScalarNode) else None
        if top and name == "include":
            continue  # of use to its own file only
        if name not in places:
            pairs.append((key, value))
            continue
        first_key, first_value = pairs[places[name]]
        joined = _joined(first_value, value, SHARED.get(name, 0) if top else depth)
        if joined is None:
            pairs.append((key, value))
        else:
            pairs[places[name]] = (first_key, joined)
    return MappingNode(first.tag, pairs, first.start_mark, first.end_mark)


def _joined(first: Node, second: Node, depth: int) -> Node | None:
    """Both values as one, or None where they may not be joined."""
    if is_null(first) or is_null(second):
        return second if is_null(first) else first
    if depth and isinstance(first, SequenceNode) and isinstance(second, SequenceNode):
        return SequenceNode(first.tag, [*first.value, *second.value], first.start_mark, first.end_mark)
    if depth and isinstance(first, MappingNode) and isinstance(second, MappingNode):
        return _merged(first, second, depth - 1)
    if isinstance(first, ScalarNode) and isinstance(second, ScalarNode) and first.value == second.value == "1":
        return first  # `version: 1` in every file
    return None
