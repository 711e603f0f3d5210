"""`{prometheus: URL, query: PROMQL}`: the one number that a query gives now."""

import json
from typing import Any

from config import PrometheusValue
from connectors.answers import Answer
from connectors.base import Context
from connectors.errors import Refused, SourceError, TryAgain
from connectors.values import web
from connectors.values.http import decoded
from connectors.values.numbers import one_number

QUERY = "/api/v1/query"

_REMARK = "PromQL info"
"""Begins what older servers put among the warnings, and newer ones into a list of its own."""


def number(source: PrometheusValue, context: Context) -> float:
    """The value of the query's only series, or of its scalar. Raises SourceError."""
    answer = web.read(
        web.Page(
            _address(source.prometheus),
            source.timeout,
            source.allow_private,
            params={"query": source.query},
            headers={name: value.get_secret_value() for name, value in source.headers.items()},
        ),
        context,
        lambda answer: _error_of(answer, source.query),
    )
    where = f"{source.query} at {answer.place}"
    said = decoded(answer)
    if not isinstance(said, dict) or said.get("status") != "success":
        raise Refused(f"{answer.place} does not answer like Prometheus.", advice="Give the address of its API's root.")
    warned = said.get("warnings") or []
    listed = warned if isinstance(warned, list) else [warned]
    if warnings := [one for one in listed if not str(one).startswith(_REMARK)]:
        # A partial answer of a federation comes so: a sum over half of the series looks like a number, too.
        raise Refused(f"{where} came with a warning: {_words(warnings)}", advice="Mend it, or ask without that part.")
    return one_number(_value(said.get("data"), where), where)


def _error_of(answer: Answer, query: str) -> SourceError | None:
    """What Prometheus says of a failed query, in its own words: 400 and 422 are the query's fault."""
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("status") != "error":
        return None
    message = f"{query} at {answer.place} failed: {_words(said.get('errorType'), said.get('error'))}"
    if answer.status in (400, 404, 422):
        return Refused(message, advice="Correct the source's `query`.", status=answer.status)
    return TryAgain(message, status=answer.status) if answer.status < 400 or answer.status >= 500 else None


def _value(data: Any, where: str) -> Any:
    kind, result = (data.get("resultType"), data.get("result")) if isinstance(data, dict) else (None, None)
    if kind == "scalar":
        return _second(result, where)
    if kind != "vector" or not isinstance(result, list):
        raise Refused(
            f"{where} gives a {kind or 'result of no type'}, expected one number.",
            advice="A range (`x[5m]`) needs a function around it, like rate() or avg_over_time().",
        )
    if not result:
        raise Refused(
            f"{where} gives no series: it matches nothing now.", advice="Or 0 is meant: append `or vector(0)`."
        )
    if len(result) > 1:
        raise Refused(
            f"{where} gives {len(result)} series, expected one.", advice="Put sum(), avg() or max() around it."
        )
    return _second(result[0].get("value") if isinstance(result[0], dict) else None, where)


def _second(pair: Any, where: str) -> Any:
    """Of (time, value); the value is a text."""
    if isinstance(pair, list) and len(pair) == 2:
        return pair[1]
    raise Refused(
        f"{where} gives no plain value (a histogram?).", advice="Ask for one number, as by histogram_quantile()."
    )


def _address(url: str) -> str:
    base, mark, rest = url.partition("?")
    base = base.rstrip("/")
    return (base if base.endswith(QUERY) else base + QUERY) + mark + rest


def _words(*parts: Any) -> str:
    return "; ".join(str(one) for part in parts for one in (part if isinstance(part, list) else [part]) if one)[:300]
