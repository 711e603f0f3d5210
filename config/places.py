"""From a place in the joined configuration to the file, line, column and path where it is written."""

import re
from pathlib import Path

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from config.files import Joined
from config.problems import Problem
from config.secrets import SECRET_PLACE
from config.values import TAG

Place = tuple[int | str, ...]
"""The steps from the top of the joined configuration: keys of mappings, numbers in lists."""


class Found:
    """What a place leads to.

    `steps` holds (parent, key node or None, node) for every step that exists, `rest` the steps that lead nowhere.
    """

    def __init__(self, root: Node, place: Place) -> None:
        self.steps: list[tuple[Node | None, Node | None, Node]] = [(None, None, root)]
        self.rest: list[int | str] = []
        for number, step in enumerate(place):
            if isinstance(step, str) and step.startswith(TAG):
                continue
            if step == 0 and not isinstance(self.node, SequenceNode):
                continue  # one value that stands for a list of one
            pair = _child(self.node, step)
            if pair is None:
                self.rest = list(place[number:])
                break
            self.steps.append((self.node, *pair))

    @property
    def node(self) -> Node:
        """The last node on the way that exists."""
        return self.steps[-1][2]

    @property
    def key(self) -> Node | None:
        """The key of that node, where its parent is a mapping."""
        return self.steps[-1][1]


def _child(node: Node, step: int | str) -> tuple[Node | None, Node] | None:
    if isinstance(node, MappingNode):
        return next(
            ((key, value) for key, value in node.value if isinstance(key, ScalarNode) and key.value == step), None
        )
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None


class Places:
    """Finds where things stand. The way to every node is noted on the first question, before the tree is pruned."""

    def __init__(self, joined: Joined) -> None:
        self.joined = joined
        self.files = {str(file): file for file, _ in joined.documents}
        self.damaged: set[int] = set()
        """Ids of nodes about which enough was said: what follows from that is not reported."""
        self._ways: dict[int, tuple[int | None, int | str]] | None = None

    def find(self, place: Place) -> Found:
        """What `place` leads to in the joined tree."""
        return Found(self.joined.root, place)

    def problem(self, place: Place, message: str, *, at_key: bool = False, warning: bool = False) -> Problem:
        """A problem with what stands at `place`, or at its key; with the nearest thing around it where nothing does."""
        found = self.find(place)
        node = found.key if at_key and found.key is not None else found.node
        return self.problem_at(node, message, rest=tuple(one for one in found.rest if one != "[key]"), warning=warning)

    def problem_at(self, node: Node, message: str, *, rest: Place = (), warning: bool = False) -> Problem:
        """A problem with a node. `rest` is the way from it to what is missing."""
        mark = node.start_mark
        path = written([*self._way(node), *rest])
        severity = "warning" if warning else "error"
        return Problem(self.files[mark.name], mark.line + 1, mark.column + 1, path, message, severity)

    def is_damaged(self, place: Place) -> bool:
        """Whether enough was said about what stands at `place`."""
        return id(self.find(place).node) in self.damaged

    def where(self, node: Node) -> str:
        """`file:line:column` of a node."""
        mark = node.start_mark
        return f"{mark.name}:{mark.line + 1}:{mark.column + 1}"

    def line(self, place: Place) -> tuple[Path, int]:
        """File and line of what stands at `place`, or of its name where it has one."""
        found = self.find(place)
        mark = (found.key or found.node).start_mark
        return self.files[mark.name], mark.line + 1

    def note(self) -> None:
        """Notes the way to every node of every file."""
        if self._ways is not None:
            return
        self._ways = {}
        for document in [*(one for _, one in self.joined.documents), self.joined.root]:
            self._ways[id(document)] = (None, "")
            todo: list[Node] = [document]
            while todo:
                node = todo.pop()
                for step, key, child in _children(node):
                    if key is not None:
                        self._ways.setdefault(id(key), (id(node), step))
                    if id(child) not in self._ways:
                        self._ways[id(child)] = (id(node), step)
                        todo.append(child)

    def _way(self, node: Node) -> list[int | str]:
        self.note()
        assert self._ways is not None
        steps: list[int | str] = []
        at: int | None = id(node)
        while at is not None and at in self._ways:
            at, step = self._ways[at]
            if at is not None:
                steps.append(step)
        return steps[::-1]


def _children(node: Node) -> list[tuple[int | str, Node | None, Node]]:
    if isinstance(node, MappingNode):
        return [(key.value if isinstance(key, ScalarNode) else "?", key, value) for key, value in node.value]
    if isinstance(node, SequenceNode):
        return [(number, None, child) for number, child in enumerate(node.value)]
    return []


def written(steps: list[int | str]) -> str:
    """Steps as people write them: `objectives[0].key_results[1].wieght`.

    Below `auth` and the like a long or odd key may be a secret (`{token:abc}` without a blank is one key): it is cut.
    """
    text = ""
    hidden = False
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        if hidden and not re.fullmatch(r"[\w-]{1,20}", step):
            word = re.match(r"[A-Za-z_]{1,20}(?=[:=\s])", step)
            text += f".{word[0] if word else ''}…"
        elif re.fullmatch(r"[\w-]+", step):
            text += f".{step}" if text else step
        else:
            text += f'["{step[:60]}"]'
        hidden = hidden or SECRET_PLACE.search(step) is not None
    return text
