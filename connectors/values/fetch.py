"""Asking any source for its number, with what must not be told taken out of what went wrong.

What speaks HTTP or PostgreSQL is imported by the first source that needs it: most configurations have none.
"""

from collections.abc import Mapping

from config import CsvValue, FromDelivery, HttpValue, Manual, PrometheusValue, QueryValue, SqlValue
from connectors.base import Connector, Context
from connectors.errors import Refused, SourceError, TryAgain
from connectors.values import csv, query, sql
from connectors.values.secrecy import hide, secrets_of, shown

Source = HttpValue | PrometheusValue | SqlValue | CsvValue | QueryValue
"""The kinds of `value:` that are fetched."""


def fetch(source: Source, *, context: Context, connectors: Mapping[str, Connector]) -> float:
    """The number that a source gives now. It ends within about `source.timeout` seconds, tries again included.

    `connectors` by connection name, for the sources that ask one. Raises TryAgain where the source may answer later,
    Refused where a person must act, Cancelled on a stop; the words of these hold no secret of the source.
    """
    try:
        match source:
            case HttpValue():
                from connectors.values import http

                return http.number(source, context)
            case PrometheusValue():
                from connectors.values import prometheus

                return prometheus.number(source, context)
            case SqlValue():
                return sql.number(source, context)
            case CsvValue():
                return csv.number(source)
            case QueryValue():
                return query.number(source, connectors)
    except SourceError as error:
        raise _without_secrets(error, secrets_of(source)) from None


def place(source: Source | Manual | FromDelivery) -> str:
    """Where a value comes from, in a few words: an address without what may be secret in it, a file, a query."""
    match source:
        case HttpValue():
            return f"{source.path} in {shown(source.http)}"
        case PrometheusValue():
            return f"{source.query} at {shown(source.prometheus)}"
        case SqlValue():
            return f"a query to {sql.database(source)}"
        case CsvValue():
            return f"column {source.column} of {source.csv}"
        case QueryValue():
            what = "the number of items" if source.measure == "count" else f"the sum of {source.measure}"
            return f"{what} that match {source.jql!r} in {source.connection}"
        case FromDelivery():
            return "its delivery"
        case Manual():
            return "check-ins"


def _without_secrets(error: SourceError, secrets: frozenset[str]) -> SourceError:
    message, advice = hide(error.message, secrets), hide(error.advice, secrets)
    if isinstance(error, TryAgain):
        return TryAgain(message, advice=advice, status=error.status, wait=error.wait)
    return Refused(message, advice=advice, status=error.status)
