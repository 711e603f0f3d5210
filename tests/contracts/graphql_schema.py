"""GitHub's GraphQL schema: whether a query fits it, and whether an answer has the shape that the query asks for."""

import lzma
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    build_schema,
    execute_sync,
    is_abstract_type,
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
    """The type that an answer names, or else the first of which exactly this was asked for."""
    if "__typename" in value:
        return value["__typename"]
    possible = info.schema.get_possible_types(abstract)
    sets = [node.selection_set for node in info.field_nodes if node.selection_set]
    fitting = (
        kind.name for kind in possible if {name for one in sets for name in _asked(one, kind, info)} == set(value)
    )
    return next(fitting, possible[0].name)


def _asked(selections: SelectionSetNode, kind: GraphQLObjectType, info: GraphQLResolveInfo) -> Iterator[str]:
    """The keys that a query asks of an object of this type, those in fragments for it included."""
    for part in selections.selections:
        if isinstance(part, FieldNode):
            yield (part.alias or part.name).value
            continue
        fragment = info.fragments[part.name.value] if isinstance(part, FragmentSpreadNode) else part
        if isinstance(fragment, FragmentDefinitionNode | InlineFragmentNode):
            told = fragment.type_condition
            meant = info.schema.type_map[told.name.value] if told else kind
            if meant is kind or (is_abstract_type(meant) and info.schema.is_sub_type(meant, kind)):
                yield from _asked(fragment.selection_set, kind, info)
