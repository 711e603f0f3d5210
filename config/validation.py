"""From plain values to models, with all errors at once.

A model with one wrong field does not check the rest of its rules, and gives nothing to check others against. So what is
wrong is reported, taken out of the tree, and the rest is read again, until what is left is a configuration.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from yaml import MappingNode, SequenceNode

from config.messages import message
from config.models import Config
from config.places import Found, Places
from config.plain import Plain, Plainer
from config.problems import Problem, did_you_mean, nearest, shown
from config.schema import json_schema, keys_at
from config.secrets import References
from config.settings import ConnectionOptions

Errors = list[dict[str, Any]]


class Validation:
    """Reads a tree as a `Config`. `damaged` are the ids of nodes about which enough was said."""

    def __init__(
        self, places: Places, plainer: Plainer, base: Path, kinds: Mapping[str, type[ConnectionOptions]]
    ) -> None:
        self.places = places
        self.plainer = plainer
        self.context = {"base": base}
        self.kinds = kinds
        self.problems: list[Problem] = []
        self.damaged = plainer.unresolved
        self._schema: dict[str, Any] | None = None

    @property
    def references(self) -> References:
        """What must not be shown."""
        return self.plainer.references

    def config(self, data: Plain) -> Config:
        """The configuration that is left of the tree once everything wrong was taken out."""
        while True:
            config, errors = self._attempt(data)
            if config is not None:
                return config
            found = [(error, self.places.find(error["loc"])) for error in errors]
            for error, at in found:
                self._report(error, at, errors)
            for error, at in found:
                self._prune(error, at)
            quiet = Plainer(self.places, self.references)
            data = quiet.value(self.places.joined.root)

    def _attempt(self, data: Any) -> tuple[Config | None, Errors]:
        errors: Errors = []
        data = {key: value for key, value in data.items() if value is not None or key not in Config.model_fields}
        connections = data.get("connections")
        if isinstance(connections, dict):
            made = {}
            for name, options in connections.items():
                try:
                    made[name] = self._connection(options)
                except ValidationError as error:
                    errors += [{**one, "loc": ("connections", name, *one["loc"])} for one in _errors(error)]
                except _UnknownKind as error:
                    errors.append({"type": "northing_kind", "loc": ("connections", name, *error.args), "ctx": {}})
            data["connections"] = made
        try:
            config = Config.model_validate(data, context=self.context, by_alias=True, by_name=False)
        except ValidationError as error:
            return None, errors + _errors(error)
        return (None, errors) if errors else (config, [])

    def _connection(self, options: Any) -> ConnectionOptions:
        if not isinstance(options, dict):
            return ConnectionOptions.model_validate(options)
        if not isinstance(options.get("kind"), str):
            raise _UnknownKind
        if options["kind"] not in self.kinds:
            raise _UnknownKind("kind")
        return self.kinds[options["kind"]].model_validate(options, context=self.context, by_alias=True, by_name=False)

    def _report(self, error: dict[str, Any], at: Found, errors: Errors) -> None:
        if any(id(node) in self.damaged for _, _, node in at.steps[-1:]):
            return
        place = error["loc"]
        if error["type"] == "northing_kind":
            kinds = ", ".join(self.kinds)
            if len(place) == 2:
                self._add(place, f"`kind` is missing, expected one of {kinds}")
            else:
                found = getattr(at.node, "value", "")
                self._add(
                    place, f"found {shown(str(found))}, expected one of {kinds}.{did_you_mean(str(found), self.kinds)}"
                )
        elif error["type"] == "extra_forbidden":
            known = keys_at(self.schema, self._steps(at)[:-1])
            self._add(place, f"unknown key.{did_you_mean(str(place[-1]), known)}", at_key=True)
        elif error["type"] == "missing" and isinstance(place[-1], str) and self._misspelt(place, errors):
            return
        else:
            self._add(place, self.references.hide(message(error, at)), at_key=place[-1:] == ("[key]",))

    @property
    def schema(self) -> dict[str, Any]:
        """Made when first asked for: a configuration without errors needs none."""
        if self._schema is None:
            self._schema = json_schema(self.kinds)
        return self._schema

    def _steps(self, at: Found) -> list[int | str]:
        return [
            key.value if key is not None else next(i for i, one in enumerate(parent.value) if one is node)
            for parent, key, node in at.steps[1:]
            if parent is not None
        ]

    def _misspelt(self, place: tuple[Any, ...], errors: Errors) -> bool:
        """Whether an unknown key beside it is what the missing one was meant to be."""
        return any(
            other["type"] == "extra_forbidden"
            and other["loc"][:-1] == place[:-1]
            and nearest(str(other["loc"][-1]), [place[-1]])
            for other in errors
        )

    def _add(self, place: tuple[Any, ...], text: str, *, at_key: bool = False) -> None:
        self.problems.append(self.places.problem(place, text, at_key=at_key))

    def _prune(self, error: dict[str, Any], at: Found) -> None:
        """Takes the smallest part out without which the error cannot come again."""
        parent, _, node = at.steps[-1]
        if parent is None:
            raise AssertionError(f"cannot leave out the whole configuration: {error['type']} at {error['loc']}")
        if isinstance(parent, SequenceNode):
            parent.value = [one for one in parent.value if one is not node]
            self.damaged.add(id(parent))
        elif isinstance(parent, MappingNode):
            parent.value = [(key, value) for key, value in parent.value if value is not node]
            if error["type"] != "extra_forbidden" or not parent.value:
                self.damaged.add(id(parent))


class _UnknownKind(Exception):
    """A connection without a `kind`, or with one that nobody knows."""


def _errors(error: ValidationError) -> Errors:
    return [dict(one) for one in error.errors(include_url=False, include_input=False)]
