"""Whether this process lives, and whether it is ready: for those who restart it, and those who send it requests."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from dashboard.inside import Inside
from dashboard.problem import Problem
from dashboard.threads import in_thread
from store import StoreError, reading
from store.migrate import SCHEMA

LIVES = timedelta(minutes=1)
"""How long after its last tick a scheduler counts as living."""
WAITS_S = 3.0
"""How long the database may take to answer."""


@dataclass(frozen=True)
class Finding:
    """What one check found, in words."""

    check: str
    ok: bool
    words: str


def alive(inside: Inside) -> Response:
    """200 while the scheduler's thread is at work, else 503."""
    found = _scheduler(inside)
    if found.ok:
        return JSONResponse({"status": "alive", "detail": found.words})
    return Problem(503, found.words)


class Readiness:
    """Answers whether the service is ready. One question at a time goes to the database, however many ask."""

    def __init__(self, inside: Inside, engine: sa.Engine) -> None:
        self._inside = inside
        self._engine = engine
        self._asking: asyncio.Task[Finding] | None = None

    async def __call__(self) -> Response:
        """200, or 503 with what is wrong."""
        found = [await self._database(), self._configuration(), _scheduler(self._inside)]
        checks = [{"check": one.check, "ok": one.ok, "detail": self._inside.hide(one.words)} for one in found]
        wrong = [f"{one['check']}: {one['detail']}" for one in checks if not one["ok"]]
        if wrong:
            return Problem(503, " ".join(wrong), checks=checks)
        return JSONResponse({"status": "ready", "checks": checks})

    async def _database(self) -> Finding:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(in_thread(self._ask, 60.0))
        try:
            return await asyncio.wait_for(asyncio.shield(self._asking), WAITS_S)
        except TimeoutError:
            return Finding("database", ok=False, words=f"It has not answered for {WAITS_S:.0f} s.")

    def _ask(self) -> Finding:
        try:
            with reading(self._engine) as conn:
                known = sa.inspect(conn).has_table("alembic_version")
                schema = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if known else None
        except (SQLAlchemyError, StoreError, OSError) as error:
            words = " ".join(str(getattr(error, "orig", None) or error).split())
            return Finding("database", ok=False, words=f"It cannot be used: {words}.")
        if schema == SCHEMA:
            return Finding("database", ok=True, words=f"It answers, with schema {schema}.")
        return Finding("database", ok=False, words=f"Its schema is {schema or 'missing'}, this program needs {SCHEMA}.")

    def _configuration(self) -> Finding:
        problems = list(self._inside.problems())
        if problems:
            return Finding("configuration", ok=False, words=" ".join(f"{one.rstrip('.')}." for one in problems))
        return Finding("configuration", ok=True, words="That of the files is in force.")


def _scheduler(inside: Inside) -> Finding:
    if inside.standing_by():
        return Finding("scheduler", ok=True, words="Another process does the work; this one takes over when it ends.")
    last = inside.ticked()
    if last is None:
        return Finding("scheduler", ok=False, words="It has not begun.")
    since = inside.now() - last
    if since <= LIVES:
        return Finding("scheduler", ok=True, words="It is at work.")
    return Finding("scheduler", ok=False, words=f"It has stood still for {since.total_seconds():.0f} s.")
