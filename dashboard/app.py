"""The HTTP application of the service: health, metrics, and where the tools deliver. Nothing else is served."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.engine import make_url
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import health
from dashboard.hooks import Receiver
from dashboard.inside import Inside
from dashboard.metrics import Metrics
from dashboard.problem import Problem
from store import connect

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer says to browsers."""
BUSY_MS = 50
"""How long an answer waits for another writer of SQLite."""


def application(inside: Inside) -> ASGIApp:
    """What `northing serve` serves: `/healthz`, `/readyz`, `/metrics`, `/hooks/{kind}`. The database is migrated."""
    engine = _engine(inside.config().database)
    ready, metrics, receiver = health.Readiness(inside, engine), Metrics(inside, engine), Receiver(inside, engine)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        yield
        engine.dispose()

    app = FastAPI(
        title="Northing", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan
    )

    async def healthz() -> Response:
        return health.alive(inside)

    async def readyz() -> Response:
        return await ready()

    async def scraped(request: Request) -> Response:
        return await metrics(request.headers.get("accept", ""))

    async def hooks(request: Request, kind: str) -> Response:
        return await receiver(request, kind)

    for path, answer in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", scraped)):
        app.add_api_route(path, answer, methods=["GET", "HEAD"])
    app.add_api_route("/hooks/{kind}", hooks, methods=["POST"])
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)
    return _Headers(app)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = "There is nothing here." if error.status_code == 404 else str(error.detail)
    return Problem(error.status_code, words, headers=error.headers)


async def _failed(_request: Request, _error: Exception) -> Response:
    # The server that runs this logs the error itself.
    return Problem(500, "An error of this program. Its log says more.")


class _Headers:
    """Adds `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        await self._app(scope, receive, sending)


def _engine(url: str) -> sa.Engine:
    """An engine of its own: answers neither wait for the jobs' connections nor hold them up, and give up early."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = connect(url)
        event.listen(engine, "connect", _busy_for_little)
        return engine
    limits = {"connect_timeout": "3", "options": "-c statement_timeout=5s -c lock_timeout=2s"}
    missing = {name: value for name, value in limits.items() if name not in parsed.query}
    return connect(parsed.update_query_dict(missing).render_as_string(hide_password=False))


def _busy_for_little(connection: Any, _record: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
