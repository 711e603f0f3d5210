"""YAML 1.2 as people write it, read into nodes that know their line and column.

PyYAML speaks YAML 1.1, where `no` is false and 12:30 is 750. Here a plain scalar stays the text that was written, and
the models make numbers and days of it. Files are hostile until read: their size, depth and aliases are bounded.
"""

from io import BytesIO
from pathlib import Path

from yaml import MappingNode, MarkedYAMLError, Node, ScalarNode, SequenceNode, YAMLError
from yaml.cyaml import CParser
from yaml.reader import ReaderError

from config.problems import ConfigError, Problem

MAX_BYTES = 32 * 1024 * 1024
MAX_NODES = 1_500_000
MAX_DEPTH = 64
MAX_EXPANSION = 1_000_000
"""How many values aliases may add to a file."""

_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")} | {
    ""
}
_NULLS = {"", "~", "null", "Null", "NULL"}


class _TooMuch(YAMLError):
    def __init__(self, message: str, node: Node | None) -> None:
        super().__init__(message)
        self.message = message
        self.node = node


class _Parser(CParser):
    """libyaml's composer. It calls its resolver for every node; this one only counts and bounds them."""

    def __init__(self, stream: BytesIO) -> None:
        super().__init__(stream)
        self.nodes = 0
        self.depth = 0
        self.parent: Node | None = None

    def resolve(self, kind: type[Node], value: str | None, implicit: object) -> str:
        return ""

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        self.depth += 1
        self.nodes += 1
        self.parent = parent
        if self.depth > MAX_DEPTH:
            raise _TooMuch(f"nested deeper than {MAX_DEPTH} levels", parent)
        if self.nodes > MAX_NODES:
            raise _TooMuch(f"more than {MAX_NODES:,} values", parent)

    def ascend_resolver(self) -> None:
        self.depth -= 1


class _NamedBytes(BytesIO):
    """Bytes whose name libyaml copies into every mark, so that a node knows its file."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def read(file: Path) -> MappingNode:
    """The top mapping of a file. Marks carry `str(file)` as their name.

    Raises `ConfigError` with one problem where there is no file, no UTF-8, no YAML, no mapping, or too much of it.
    """
    content = _content(file)
    try:
        root = _Parser(_NamedBytes(content, str(file))).get_single_node()
    except _TooMuch as error:
        raise _at(file, error.node, f"{error.message}: refused") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = f"not valid YAML: {error.problem}" + (f" {error.context}" if error.context else "")
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise ConfigError([Problem(file, line, column, "", words)]) from None
    except ReaderError as error:
        line, column = _line_and_column(content, error.position)
        raise ConfigError([Problem(file, line, column, "", f"not valid YAML: {error.reason}")]) from None
    if root is None or is_null(root):
        raise ConfigError([Problem(file, 1, 1, "", "the file is empty, expected a mapping like `version: 1`")])
    if not isinstance(root, MappingNode):
        raise _at(file, root, f"found {describe(root)} at the top, expected a mapping like `version: 1`")
    if b"*" in content:
        _bound_aliases(file, root)
    return root


def is_null(node: Node) -> bool:
    """Whether nothing is written there: null, ~, or no text at all."""
    return isinstance(node, ScalarNode) and not node.style and node.value in _NULLS


def has_known_tag(node: Node) -> bool:
    """Whether the node has no tag, or one of YAML's own. Others would ask a reader to build objects."""
    return node.tag in _TAGS


def describe(node: Node) -> str:
    """What kind of value a node is, in a word."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return "nothing" if is_null(node) else "a text"


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise _whole(file, "is a folder, expected a YAML file") from None
    except FileNotFoundError:
        raise _whole(file, "no such file") from None
    except (OSError, ValueError) as error:
        raise _whole(file, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > MAX_BYTES:
        raise _whole(file, f"larger than {MAX_BYTES // 1024 // 1024} MB: refused. Split it, with `include:`")
    if not content.strip(b" \t\r\n\xef\xbb\xbf"):
        raise ConfigError([Problem(file, 1, 1, "", "the file is empty, expected a mapping like `version: 1`")])
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _line_and_column(content, error.start)
        found = f"byte 0x{content[error.start]:02x} is not UTF-8. Save the file in UTF-8 (it may be Latin-1 or UTF-16)"
        raise ConfigError([Problem(file, line, column, "", found)]) from None
    return content


def _line_and_column(content: bytes, position: int) -> tuple[int, int]:
    before = content[:position].decode("utf-8", "replace")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _whole(file: Path, message: str) -> ConfigError:
    return ConfigError([Problem(file, 0, 0, "", message)])


def _at(file: Path, node: Node | None, message: str) -> ConfigError:
    mark = node.start_mark if node else None
    return ConfigError([Problem(file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, "", message)])


def _bound_aliases(file: Path, root: Node) -> None:
    """Counts what aliases stand for, without expanding them."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    total = 0

    def size(node: Node) -> int:
        nonlocal total
        if isinstance(node, ScalarNode):
            return 1
        known = sizes.get(id(node))
        if known is not None:
            total += known
        elif id(node) in open_nodes:
            raise _at(file, node, "an alias stands inside the value that it names: refused")
        else:
            open_nodes.add(id(node))
            children = node.value if isinstance(node, SequenceNode) else [one for pair in node.value for one in pair]
            known = sizes[id(node)] = 1 + sum(map(size, children))
            open_nodes.discard(id(node))
        if total > MAX_EXPANSION or known > MAX_NODES + MAX_EXPANSION:
            raise _at(file, node, f"aliases stand for more than {MAX_EXPANSION:,} values: refused")
        return known

    size(root)
