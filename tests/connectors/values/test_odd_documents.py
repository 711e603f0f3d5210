"""Whatever JSON a server sends, a source gives a finite number or says what is wrong: no other error comes of it."""

import json
import math
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config import HttpValue, PrometheusValue
from connectors.answers import Answer
from connectors.base import Context
from connectors.errors import SourceError
from connectors.values import Source, fetch, web

KEYS = st.sampled_from(["status", "data", "resultType", "result", "value", "warnings", "errorType", "error", "a", "0"])
WORDS = st.sampled_from(["success", "error", "vector", "scalar", "matrix", "NaN", "1", "1e999", "٣", "1_0", " 7 ", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
ANSWERS = st.fixed_dictionaries(
    {"status": WORDS, "data": st.fixed_dictionaries({"resultType": WORDS, "result": DOCUMENTS})},
    optional={"warnings": DOCUMENTS, "error": DOCUMENTS},
)
SOURCES = st.sampled_from(
    [
        HttpValue(http="https://h/x", path="@"),
        HttpValue(http="https://h/x", path="data.result"),
        HttpValue(http="https://h/x", path="a.0.value"),
        HttpValue(http="https://h/x", path="sum(data.result)"),
        PrometheusValue(prometheus="https://h", query="up"),
    ]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SOURCES, DOCUMENTS | ANSWERS)
@example(PrometheusValue(prometheus="https://h", query="up"), {"status": "success", "warnings": 3})
@example(PrometheusValue(prometheus="https://h", query="up"), {"status": "success", "data": {"result": [[]]}})
def test_any_document_gives_a_number_or_a_reason(context: Context, source: Source, document: Any) -> None:
    body = json.dumps(document).encode()
    answer = Answer(200, body, {}, "https://h/x", not_modified=False, clock=None, next_url=None)
    with patch.object(web, "read", lambda _page, _context, classify=lambda _: None: _judged(answer, classify)):
        try:
            found = fetch(source, context=context, connectors={})
        except SourceError:
            return
    assert isinstance(found, float)
    assert math.isfinite(found)


def _judged(answer: Answer, classify: Any) -> Answer:
    if error := classify(answer):
        raise error
    return answer
