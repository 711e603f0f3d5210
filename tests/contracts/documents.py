"""The official OpenAPI documents, and what in an exchange is not as they say."""

import json
import lzma
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.contracts.wire import Exchange

GITHUB = "github-openapi.json.xz"
JIRA = "jira-openapi.json.xz"
AGILE = "jira-software-openapi.json.xz"

_ROW = re.compile(r"\[\d+\]")


def modern(schema: Any) -> Any:
    """A schema of OpenAPI 3.0 as JSON Schema 2020-12: `nullable` and boolean bounds are told in another way there."""
    if isinstance(schema, list):
        return [modern(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: modern(part) for name, part in schema.items() if name not in ("nullable", "example", "examples")}
    for bound in ("exclusiveMinimum", "exclusiveMaximum"):
        if isinstance(made.get(bound), bool):
            del made[bound]
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


class Document:
    """One OpenAPI document."""

    def __init__(self, file: Path) -> None:
        with lzma.open(file) as packed:
            self._document = modern(json.load(packed))
        resource = Resource(contents=self._document, specification=DRAFT202012)
        self._registry = Registry().with_resource("urn:contract", resource)
        self._validators: dict[str, Validator] = {}

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        """Patterns of all paths; those with fewer placeholders come first, as servers match them."""
        paths = sorted(self._document["paths"], key=lambda path: (path.count("{"), path))
        return [(re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), path) for path in paths]

    def template(self, path: str) -> str | None:
        """The document's own name of a path; None where it knows none."""
        return next((name for pattern, name in self._templates if pattern.fullmatch(path)), None)

    def problems(self, one: Exchange, *, answered: bool = True) -> list[str]:
        """All that is not as the document says, each as `GET /its/path: what`; if not `answered`, of the request."""
        template = self.template(one.path)
        if template is None:
            return [f"{one.method} {one.path}: no such path"]
        operation = self._document["paths"][template].get(one.method.lower())
        if operation is None:
            return [f"{one.method} {template}: no such verb"]
        verb = one.method.lower()
        found = [*self._parameters(template, operation, one), *self._request(template, verb, operation, one)]
        found += self._response(template, verb, operation, one) if answered else []
        return [f"{one.method} {template}: {what}" for what in found]

    def answer_problems(self, template: str, verb: str, status: int, body: object) -> list[str]:
        """What in the JSON of an answer is not as the document says. Raises KeyError where it gives no schema."""
        response, at = self._resolved(self._document["paths"][template][verb]["responses"][str(status)])
        assert "schema" in response["content"]["application/json"], f"{verb} {template} has no schema"
        return self._errors(f"{at or _place(template, verb, status)}/content/application~1json/schema", body)

    def _resolved(self, part: Any) -> tuple[Any, str | None]:
        """What a reference leads to, with its pointer; the part itself where it is none."""
        pointer = None
        while isinstance(part, dict) and "$ref" in part:
            pointer = part["$ref"].removeprefix("#")
            part = self._document
            for name in pointer.strip("/").split("/"):
                part = part[name.replace("~1", "/").replace("~0", "~")]
        return part, pointer

    def _parameters(self, template: str, operation: Any, one: Exchange) -> Iterator[str]:
        shared = self._document["paths"][template].get("parameters", [])
        known = {}
        for part in [*shared, *operation.get("parameters", [])]:
            parameter, _ = self._resolved(part)
            if parameter["in"] == "query":
                known[parameter["name"]] = parameter
        given = parse_qs(one.query, keep_blank_values=True)
        for name, parameter in known.items():
            if parameter.get("required") and name not in given:
                yield f"parameter {name} is missing"
        for name, values in given.items():
            plain = name.removesuffix("[]")
            parameter = known.get(name) or known.get(plain)
            if parameter is None:
                yield f"parameter {name} is unknown"
            elif not self._fits(parameter["schema"], values):
                yield f"parameter {name} has the value {','.join(values)!r}"

    def _fits(self, schema: Any, values: list[str]) -> bool:
        """Whether any reading of the texts is what the schema asks for: a query knows no types."""
        readings: list[Any] = [[part for value in values for part in value.split(",")]]
        readings.append([_number(part) for part in readings[0]])
        if len(values) == 1:
            readings += [values[0], _number(values[0]), {"true": True, "false": False}.get(values[0])]
        return any(not self._wrong(schema, reading) for reading in readings if reading is not None)

    def _wrong(self, schema: Any, value: object) -> bool:
        return any(Draft202012Validator(_rooted(schema), registry=self._registry).iter_errors(value))

    def _request(self, template: str, verb: str, operation: Any, one: Exchange) -> Iterator[str]:
        body, at = self._resolved(operation.get("requestBody"))
        if body is None:
            if one.body:
                yield "a body is not expected"
        elif not one.body:
            if body.get("required"):
                yield "the body is missing"
        else:
            place = f"{at or f'{_operation(template, verb)}/requestBody'}/content/application~1json/schema"
            yield from (f"body {wrong}" for wrong in self._errors(place, one.asked))

    def _response(self, template: str, verb: str, operation: Any, one: Exchange) -> Iterator[str]:
        status = str(one.status)
        if status not in operation["responses"]:
            yield f"status {status} is not listed"
            return
        response, _ = self._resolved(operation["responses"][status])
        content = response.get("content", {}).get("application/json", {})
        if "schema" not in content:
            return
        if one.media != "application/json":
            yield f"the answer {status} is {one.media or 'untyped'}"
            return
        for wrong in self.answer_problems(template, verb, one.status, one.told):
            yield f"answer {status} {wrong}"

    def _errors(self, pointer: str, value: object) -> list[str]:
        if pointer not in self._validators:
            reference = {"$ref": f"urn:contract#{_quoted(pointer)}"}
            self._validators[pointer] = Draft202012Validator(reference, registry=self._registry)
        errors = self._validators[pointer].iter_errors(value)
        # Places in lists are left out, so that the same mistake in each row is told once.
        return list(dict.fromkeys(f"{_ROW.sub('[]', error.json_path)}: {error.message[:200]}" for error in errors))


class Documents:
    """The documents of a folder, each read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, Document] = {}

    def __getitem__(self, name: str) -> Document:
        if name not in self._read:
            self._read[name] = Document(self._folder / name)
        return self._read[name]


def _rooted(schema: Any) -> Any:
    """The schema with references into its document."""
    if isinstance(schema, list):
        return [_rooted(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: f"urn:contract{part}" if name == "$ref" and part.startswith("#") else _rooted(part)
        for name, part in schema.items()
    }


def _number(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text


def _operation(template: str, verb: str) -> str:
    return f"/paths/{template.replace('~', '~0').replace('/', '~1')}/{verb}"


def _place(template: str, verb: str, status: int) -> str:
    return f"{_operation(template, verb)}/responses/{status}"


def _quoted(pointer: str) -> str:
    return pointer.replace("{", "%7B").replace("}", "%7D")
