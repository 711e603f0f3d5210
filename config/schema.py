"""The JSON Schema of the configuration, for editors and for the nearest right word."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from config.models import Config
from config.settings import ConnectionOptions

Schema = dict[str, Any]


def json_schema(kinds: Mapping[str, type[ConnectionOptions]]) -> Schema:
    """The schema of one configuration file. `kinds`: the options of every kind of connection."""
    names, schema = models_json_schema([(model, "validation") for model in (Config, *kinds.values())], by_alias=True)
    definitions = schema["$defs"]
    own = definitions.pop(names[Config, "validation"]["$ref"].rpartition("/")[2])
    options = []
    for kind, model in kinds.items():
        reference = names[model, "validation"]
        keys = definitions[reference["$ref"].rpartition("/")[2]]["properties"]
        keys["kind"] = {"const": kind, "type": "string", "description": "Which tool."}
        options.append(reference)
    own["properties"]["connections"]["additionalProperties"] = {"oneOf": options} if options else False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Northing configuration",
        **{key: value for key, value in own.items() if key != "title"},
        "$defs": definitions,
    }


@cache
def schema_of(kinds: tuple[tuple[str, type[ConnectionOptions]], ...]) -> Schema:
    """`json_schema`, made once for the same kinds. Not to be changed."""
    return json_schema(dict(kinds))


def keys_at(schema: Schema, steps: Sequence[int | str], kind: str | None = None) -> list[str]:
    """The keys that may stand in the mapping to which `steps` (keys and list numbers) lead.

    `kind`: where the way leads into a connection, its kind. Only the keys of that kind are given.
    """
    candidates = [schema]
    for step in steps:
        candidates = [
            below for one in candidates for whole in _variants(schema, one, kind) for below in _below(whole, step)
        ]
    keys = [key for one in candidates for whole in _variants(schema, one, kind) for key in whole.get("properties", {})]
    return list(dict.fromkeys(keys))


def _variants(schema: Schema, part: Any, kind: str | None) -> list[Schema]:
    """A part of the schema as the plain parts that it may stand for."""
    if not isinstance(part, dict):
        return []
    if "$ref" in part:
        return _variants(schema, schema["$defs"][part["$ref"].rpartition("/")[2]], kind)
    if kind is not None and part.get("properties", {}).get("kind", {}).get("const", kind) != kind:
        return []
    either = [*part.get("anyOf", []), *part.get("oneOf", [])]
    return [part, *(one for below in either for one in _variants(schema, below, kind))]


def _below(part: Schema, step: int | str) -> list[Any]:
    if isinstance(step, int):
        return [*part.get("prefixItems", [])[step : step + 1], *([part["items"]] if "items" in part else [])]
    if step in part.get("properties", {}):
        return [part["properties"][step]]
    return [part["additionalProperties"]] if "additionalProperties" in part else []
