"""The one number that a query gives, of what Prometheus and its kin answer."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from config import PrometheusValue
from connectors.base import Context
from connectors.errors import Refused, TryAgain
from connectors.values import fetch, place
from tests.connectors.values.small_server import SmallServer

QUERY = 'sum(rate(orders_total{country="CH"}[1h])) > 0 and 1 + 1 == 2'
AT = 1764000000.123


def ask(server: SmallServer, context: Context, **more: Any) -> float:
    one = PrometheusValue.model_validate({"prometheus": server.url, "query": QUERY, "allow_private": True, **more})
    return fetch(one, context=context, connectors={})


def success(kind: str, result: Any, **more: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}, **more}


def series(*values: str) -> list[dict[str, Any]]:
    return [{"metric": {"n": str(number)}, "value": [AT, value]} for number, value in enumerate(values)]


@pytest.mark.parametrize(
    "answer, value",
    [
        (success("vector", series("2.5")), 2.5),
        (success("vector", series("-1e-3")), -0.001),
        (success("scalar", [AT, "7"]), 7),
        (success("vector", series("1"), infos=["metric might not be a counter"]), 1),
        (success("vector", series("1"), warnings=[]), 1),
        (success("vector", series("1"), warnings=["PromQL info: metric might not be a counter"]), 1),
    ],
)
def test_the_number_is_taken(server: SmallServer, context: Context, answer: Any, value: float) -> None:
    server.says("/api/v1/query", answer)
    assert ask(server, context) == value
    [(path, _)] = server.asked
    assert parse_qs(path.partition("?")[2]) == {"query": [QUERY]}


@pytest.mark.parametrize(
    "answer, words",
    [
        (success("vector", []), "gives no series: it matches nothing now"),
        (success("vector", series("1", "2")), "gives 2 series, expected one"),
        (success("vector", series("NaN")), "gives NaN"),
        (success("vector", series("+Inf")), "gives a number beyond all bounds"),
        (success("vector", series("-Inf")), "gives a number beyond all bounds"),
        (success("scalar", [AT, "NaN"]), "gives NaN"),
        (success("matrix", []), "gives a matrix, expected one number"),
        (success("string", [AT, "x"]), "gives a string, expected one number"),
        (success("vector", [{"metric": {}, "histogram": [AT, {}]}]), "gives no plain value"),
        (success("vector", ["odd"]), "gives no plain value"),
        (success("vector", series("1"), warnings=["store 3 did not answer"]), "came with a warning: store 3 did not"),
        ({"status": "success"}, "gives a result of no type"),
        ({"value": 1}, "does not answer like Prometheus"),
        ([], "does not answer like Prometheus"),
    ],
)
def test_anything_but_one_number_is_refused(server: SmallServer, context: Context, answer: Any, words: str) -> None:
    server.says("/api/v1/query", answer)
    with pytest.raises(Refused, match=words):
        ask(server, context)


@pytest.mark.parametrize("status", [400, 422])
def test_a_query_that_is_wrong_is_refused_in_the_servers_words(
    server: SmallServer, context: Context, status: int
) -> None:
    said = {"status": "error", "errorType": "bad_data", "error": "1:4: parse error: unclosed left parenthesis"}
    server.says("/api/v1/query", said, status)
    with pytest.raises(Refused, match=r"failed: bad_data; 1:4: parse error.*Correct the source's `query`"):
        ask(server, context)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [200, 503])
def test_an_error_that_passes_is_tried_again(server: SmallServer, context: Context, status: int) -> None:
    server.says("/api/v1/query", {"status": "error", "errorType": "timeout", "error": "query timed out"}, status)
    with pytest.raises(TryAgain, match="failed: timeout; query timed out"):
        ask(server, context)
    assert len(server.asked) == 3


@pytest.mark.parametrize("below", ["/mimir/prometheus", "/mimir/prometheus/", "/mimir/prometheus/api/v1/query"])
def test_a_server_may_lie_below_a_path_and_want_headers(server: SmallServer, context: Context, below: str) -> None:
    server.says("/mimir/prometheus/api/v1/query", success("scalar", [AT, "7"]))
    url = f"{server.url}{below}?tenant=a"
    assert ask(server, context, prometheus=url, headers={"X-Scope-OrgID": "acme"}) == 7
    [(path, headers)] = server.asked
    assert parse_qs(path.partition("?")[2]) == {"query": [QUERY], "tenant": ["a"]}
    assert headers["X-Scope-OrgID"] == "acme"


def test_a_refused_token_is_told_without_it(server: SmallServer, context: Context) -> None:
    server.says("/api/v1/query", {"message": "no bearer-secret here"}, 401)
    with pytest.raises(Refused, match=r"answered 401: no \*\*\* here.*check the source's `headers`"):
        ask(server, context, headers={"Authorization": "Bearer bearer-secret"})


def test_a_place_names_query_and_server() -> None:
    assert place(PrometheusValue(prometheus="https://u:p@prom.example/x", query="up")) == "up at https://prom.example/x"
