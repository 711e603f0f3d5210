"""`{jira: CONNECTION, jql: …, measure: count|FIELD}`: a count or a sum of what a connection's query matches."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from config import QueryValue
from connectors.base import Connector, Usage
from connectors.errors import Refused, TryAgain
from connectors.values.numbers import one_number


@runtime_checkable
class AddsUp(Protocol):
    """A connector whose tool has numeric fields to add up."""

    def total(self, query: str, field: str, usage: Usage) -> float:
        """The sum of a field (name or id) over all items that the query matches; items without it add nothing."""
        ...


def number(source: QueryValue, connectors: Mapping[str, Connector]) -> float:
    """How many items the query matches, or the sum of a field over them. Raises SourceError.

    `connectors` are those that can be read at all: one that cannot is not asked, which would only cost its patience.
    """
    connector = connectors.get(source.connection)
    if connector is None:
        raise TryAgain(
            f"The connection {source.connection} cannot be read now.", advice="Its own error says why, and what to do."
        )
    if source.measure == "count":
        return float(len(connector.matching(source.jql, Usage())))
    if not isinstance(connector, AddsUp):
        raise Refused(
            f"{source.connection} is of kind {connector.kind}, which adds up no fields.", advice="Use `measure: count`."
        )
    where = f"The sum of {source.measure} in {source.connection}"
    return one_number(connector.total(source.jql, source.measure, Usage()), where)
