"""From plain values to models, with all errors at once.

A model with one wrong field does not check the rest of its rules, and gives nothing to check others against. So what is
wrong is reported, mended or taken out of the tree, and the rest is read again, until what is left is a configuration.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from yaml import MappingNode, ScalarNode, SequenceNode

from config.messages import message
from config.models import Config
from config.places import Found, Place, Places
from config.plain import Plain, Plainer
from config.problems import Problem, did_you_mean, nearest, shown
from config.schema import keys_at, schema_of
from config.secrets import References
from config.settings import ConnectionOptions

Errors = list[dict[str, Any]]


class Validation:
    """Reads a tree as a `Config`."""

    def __init__(
        self, places: Places, references: References, base: Path, kinds: Mapping[str, type[ConnectionOptions]]
    ) -> None:
        self.places = places
        self.references = references
        self.context = {"base": base}
        self.kinds = kinds
        self.problems: list[Problem] = []
        self._keys: dict[tuple[Place, str | None], list[str]] = {}

    def config(self, data: Plain) -> Config:
        """The configuration that is left of the tree once everything wrong was taken out."""
        while True:
            config, errors = self._attempt(data)
            if config is not None:
                return config
            around = {error["loc"][:length] for error in errors for length in range(len(error["loc"]))}
            found = [(error, self.places.find(error["loc"])) for error in errors if error["loc"] not in around]
            unknown = [(error["loc"], at) for error, at in found if error["type"] == "extra_forbidden"]
            misspelt = {(*place[:-1], meant) for place, at in unknown if (meant := self._meant(at))}
            told = [(error, at) for error, at in found if error["type"] != "missing" or error["loc"] not in misspelt]
            for error, at in told:
                self._report(error, at)
            for error, at in told:
                if error["type"] != "extra_forbidden" or not self._renamed(at):
                    self._prune(error, at)
            data = Plainer(self.places, self.references).value(self.places.joined.root)

    def _attempt(self, data: Any) -> tuple[Config | None, Errors]:
        """The configuration, or the errors. A section without a value counts as absent."""
        errors: Errors = []
        data = {key: value for key, value in data.items() if value is not None or key not in Config.model_fields}
        if isinstance(data.get("connections"), dict):
            made: dict[str, ConnectionOptions] = {}
            for name, options in data["connections"].items():
                try:
                    made[name] = self._connection(options)
                except ValidationError as error:
                    errors += [{**one, "loc": ("connections", name, *one["loc"])} for one in _errors(error)]
            data["connections"] = made
        try:
            config = Config.model_validate(data, context=self.context, by_alias=True, by_name=False)
        except ValidationError as error:
            return None, errors + _errors(error)
        return (None, errors) if errors else (config, [])

    def _connection(self, options: Any) -> ConnectionOptions:
        kind = options.get("kind") if isinstance(options, dict) else None
        model = self.kinds.get(kind) if isinstance(kind, str) else None
        if model is None and isinstance(options, dict):
            options = {"kind": None}  # one error, about the kind: the other keys cannot be judged without it
        return (model or ConnectionOptions).model_validate(options, context=self.context, by_alias=True, by_name=False)

    def _report(self, error: dict[str, Any], at: Found) -> None:
        if id(at.node) in self.places.damaged:
            return
        place = error["loc"]
        if len(place) == 3 and place[0] == "connections" and place[2] == "kind":
            known = ", ".join(self.kinds)
            if at.rest or not isinstance(at.node, ScalarNode):
                self._add(place, f"missing, expected one of {known}")
            else:
                word = at.node.value
                self._add(place, f"found {shown(word)}, expected one of {known}.{did_you_mean(word, self.kinds)}")
        elif error["type"] == "extra_forbidden":
            self._add(place, f"unknown key.{did_you_mean(str(place[-1]), self._known(at))}", at_key=True)
        else:
            self._add(place, message(error, at), at_key=place[-1:] == ("[key]",))

    def _add(self, place: tuple[Any, ...], text: str, *, at_key: bool = False) -> None:
        self.problems.append(self.places.problem(place, text, at_key=at_key))

    def _known(self, at: Found) -> list[str]:
        """The keys that may stand beside what `at` leads to."""
        steps = tuple(str(key.value) if key is not None else 0 for _, key, _ in at.steps[1:])
        question = (steps[:-1], self._kind(steps))
        if question not in self._keys:
            self._keys[question] = keys_at(schema_of(tuple(self.kinds.items())), *question)
        return self._keys[question]

    def _meant(self, at: Found) -> str | None:
        """The key that an unknown one was probably meant to be."""
        return nearest(str(at.key.value), self._known(at)) if at.key is not None else None

    def _kind(self, steps: Place) -> str | None:
        """The kind of the connection that `steps` lead into."""
        kind = self.places.find((*steps[:2], "kind")) if steps[:1] == ("connections",) else None
        return str(kind.node.value) if kind and not kind.rest else None

    def _renamed(self, at: Found) -> bool:
        """Gives an unknown key the name that was probably meant, so that what stands there is checked as well."""
        parent, key, _ = at.steps[-1]
        if not isinstance(parent, MappingNode) or not isinstance(key, ScalarNode):
            return False
        meant = self._meant(at)
        if meant is None or any(one.value == meant for one, _ in parent.value):
            return False
        right = ScalarNode(key.tag, meant, key.start_mark, key.end_mark, style=key.style)
        parent.value = [(right if one is key else one, value) for one, value in parent.value]
        return True

    def _prune(self, error: dict[str, Any], at: Found) -> None:
        """Takes the smallest part out without which the error cannot come again."""
        parent, _, node = at.steps[-1]
        assert parent is not None, f"{error['type']} at {error['loc']}: nothing of the configuration would be left"
        if isinstance(parent, SequenceNode):
            parent.value = [one for one in parent.value if one is not node]
            self.places.damaged.add(id(parent))
        else:
            parent.value = [(key, value) for key, value in parent.value if value is not node]
            if error["type"] != "extra_forbidden" or not parent.value:
                self.places.damaged.add(id(parent))


def _errors(error: ValidationError) -> Errors:
    return [dict(one) for one in error.errors(include_url=False, include_input=False)]
