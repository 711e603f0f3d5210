"""From YAML nodes to plain values: texts, lists, dictionaries and None, with references filled."""

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from config.places import Places
from config.problems import Problem
from config.secrets import References, Unresolved
from config.yaml_reader import has_known_tag, is_null

Plain = str | None | list["Plain"] | dict[str, "Plain"]


class Plainer:
    """Makes plain values. What is wrong with a node goes to `problems`; the rest of the tree is made all the same.

    A text whose reference leads nowhere stays as written, and its node is damaged.
    """

    def __init__(self, places: Places, references: References) -> None:
        self.places = places
        self.references = references
        self.problems: list[Problem] = []

    def value(self, node: Node) -> Plain:
        """The plain value of a node."""
        if node.tag and not has_known_tag(node):
            self._report(node, f"tag `{node.tag[:60]}` is not allowed, expected a plain value")
        if isinstance(node, ScalarNode):
            return self._text(node)
        if isinstance(node, SequenceNode):
            return [self.value(one) for one in node.value]
        assert isinstance(node, MappingNode)
        made: dict[str, Plain] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._report(key, "found a list or mapping as a key, expected a text")
            elif key.value in made:
                first = next(one for one, _ in node.value if isinstance(one, ScalarNode) and one.value == key.value)
                self._report(key, f"`{key.value[:60]}` is given twice; first at {self.places.where(first)}")
            else:
                made[key.value] = self.value(value)
        return made

    def _text(self, node: ScalarNode) -> str | None:
        text = node.value
        if not node.style and is_null(node):
            return None
        if "\0" in text:
            self._report(node, "found the letter U+0000, which no database keeps")
            self.places.damaged.add(id(node))
        if "${" in text:
            try:
                return self.references.fill(text)
            except Unresolved as error:
                self._report(node, str(error))
                self.places.damaged.add(id(node))
        return text

    def _report(self, node: Node, message: str) -> None:
        self.problems.append(self.places.problem_at(node, message))
