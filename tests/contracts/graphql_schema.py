"""GitHub's GraphQL schema: whether a query fits it, and whether an answer has the shape that the query asks for."""

import lzma
from functools import cached_property
from pathlib import Path
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from graphql.error import GraphQLSyntaxError

from tests.contracts.wire import Exchange


class Schema:
    """The schema in a packed file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @cached_property
    def _schema(self) -> GraphQLSchema:
        with lzma.open(self._file, "rt", encoding="utf-8") as packed:
            return build_schema(packed.read(), assume_valid=True, no_location=True)

    def problems(self, one: Exchange) -> list[str]:
        """All that is not as the schema says. An answer of errors only is not looked into."""
        asked = one.asked
        try:
            query = parse(asked.get("query", ""))
        except GraphQLSyntaxError as error:
            return [f"GraphQL query: {error.message}"]
        if errors := validate(self._schema, query):
            return [f"GraphQL query: {error.message}" for error in errors]
        data = one.told.get("data") if one.status == 200 else None
        if data is None:
            return []
        # The answer is put in place of the server: what does not fit, or was not asked for, shows as a difference.
        done = execute_sync(
            self._schema,
            query,
            root_value=data,
            variable_values=asked.get("variables"),
            field_resolver=_said,
            type_resolver=_type_of,
        )
        found = [f"GraphQL answer: {error.message} at {error.path}" for error in done.errors or []]
        return found or ([] if done.data == data else ["GraphQL answer: holds more or less than was asked for"])


def _said(source: Any, info: GraphQLResolveInfo, **_arguments: Any) -> Any:
    return source.get(info.path.key)


def _type_of(value: Any, info: GraphQLResolveInfo, abstract: GraphQLAbstractType) -> str:
    """The type that an answer names, or else the one whose fragment asks for what the answer holds."""
    if "__typename" in value:
        return value["__typename"]
    for node in info.field_nodes:
        for part in node.selection_set.selections if node.selection_set else ():
            fragment = info.fragments[part.name.value] if isinstance(part, FragmentSpreadNode) else part
            if not isinstance(fragment, FragmentDefinitionNode | InlineFragmentNode) or not fragment.type_condition:
                continue
            fields = [one for one in fragment.selection_set.selections if isinstance(one, FieldNode)]
            asked = {(one.alias or one.name).value for one in fields}
            if asked and asked <= set(value):
                return fragment.type_condition.name.value
    return info.schema.get_possible_types(abstract)[0].name
