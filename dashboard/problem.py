"""Answers that say what is wrong: `application/problem+json`, RFC 9457."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse


class Problem(JSONResponse):
    """An answer of a status above 399. `more` are members of its own."""

    media_type = "application/problem+json"

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        title = HTTPStatus(status).phrase
        super().__init__({"title": title, "status": status, "detail": detail, **more}, status, dict(headers or {}))
