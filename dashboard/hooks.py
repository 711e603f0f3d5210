"""Deliveries of the tools (webhooks): who sent one is proven, what it says is kept, and only then it is answered."""

import asyncio
from collections.abc import Iterable

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from connectors.hooks import Delivery, Forged, Hint, Hooks, NotTaken, hooks_of, read_body
from dashboard.inside import Inside
from dashboard.problem import Problem
from dashboard.threads import in_thread
from store import hints
from sync.jobs.job import Job

BODY_WITHIN_S = 20.0
"""How long a body may take to come."""
WRITE_WITHIN_S = 5.0
"""How long the database may take to keep a hint; one that is locked says so much sooner."""
BODIES_AT_ONCE = 16
"""Bodies that are in memory at one time. More wait."""
AGAIN_S = 60
"""When a sender whose delivery could not be kept is to send it again."""

log = structlog.get_logger()


class Receiver:
    """Takes deliveries. What is answered with 2xx is in the database."""

    def __init__(self, inside: Inside, engine: sa.Engine) -> None:
        self._inside = inside
        self._engine = engine
        self._bodies = asyncio.Semaphore(BODIES_AT_ONCE)

    async def __call__(self, request: Request, kind: str) -> Response:
        """202 where it is kept, 200 where it says nothing new, else a problem that says what its sender may do."""
        hearing = self._hearing(kind)
        if not hearing:
            return Problem(404, f"No connection of the kind {kind[:40]!r} takes deliveries.")
        try:
            async with self._bodies:
                length = request.headers.get("content-length")
                body = await read_body(request.stream(), length=length, within_s=BODY_WITHIN_S)
                delivery = Delivery.of(request.headers.items(), body)
                kept = await in_thread(lambda: self._keep(hearing, delivery), WRITE_WITHIN_S)
        except NotTaken as error:
            log.warning("delivery not taken", kind=kind, status=error.status, why=error.message)
            # What is left of a body that was not read to its end is not waited for.
            return Problem(error.status, error.message, headers={"Connection": "close"})
        except (SQLAlchemyError, TimeoutError) as error:
            log.warning("delivery cannot be kept now", kind=kind, error=str(getattr(error, "orig", None) or error))
            return Problem(503, "It cannot be kept at the moment.", headers={"Retry-After": str(AGAIN_S)})
        except ClientDisconnect:
            return Response(status_code=400)
        if not kept:
            return JSONResponse({"kept": False})
        return JSONResponse({"kept": True}, 202, background=BackgroundTask(self._submit))

    def _hearing(self, kind: str) -> list[tuple[str, Hooks]]:
        found = []
        for name, options in self._inside.config().connections.items():
            hooks = hooks_of(options) if options.kind == kind else None
            if hooks is not None:
                found.append((name, hooks))
        return found

    def _keep(self, hearing: Iterable[tuple[str, Hooks]], delivery: Delivery) -> bool:
        """Keeps what a delivery says for each connection whose secret signed it. Whether that was anything new.

        Raises NotTaken where it was none, and errors of the database.
        """
        now = self._inside.now()
        forged: Forged | None = None
        said: list[tuple[str, Hint | None]] = []
        for name, hooks in hearing:
            try:
                said.append((name, hooks.hook(delivery, now)))
            except Forged as error:
                forged = error
        if not said:
            assert forged is not None
            raise forged
        found = [(name, hint) for name, hint in said if hint is not None]
        if not found:
            return False
        with self._engine.begin() as conn:
            new = [name for name, hint in found if hints.put(conn, name, hint, now)]
        return bool(new)

    async def _submit(self) -> None:
        """Has hints worked off soon. They are each minute anyway: what fails here is only told."""
        try:
            await in_thread(lambda: self._inside.submit(Job("hints")), WRITE_WITHIN_S)
        except Exception as error:  # noqa: BLE001 - whatever a runner raises
            log.warning("hints wait for their minute", error=str(error))
