"""Bad weather on a site: faults of networks, proxies, limits and search indexes, the same for the same seed.

Whether a request is struck follows from the seed, from what is asked, and from how often it was asked before: not from
the order in which threads come.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

import msgspec
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.limits import secondary
from simulator.site import Answer, Call, Raw, Refusal, encode

Fault = Literal[
    "429",
    "429 seconds",
    "429 date",
    "403 secondary",
    "500 page",
    "502 page",
    "reset",
    "cut",
    "slow",
    "truncated",
    "duplicated",
    "short",
    "repeated token",
    "expired page token",
    "expired token",
]
BEFORE: tuple[Fault, ...] = (
    "reset",
    "slow",
    "429",
    "429 seconds",
    "429 date",
    "403 secondary",
    "500 page",
    "502 page",
    "expired token",
    "expired page token",
    "short",
)
AFTER: tuple[Fault, ...] = ("cut", "truncated", "duplicated", "repeated token")
WAIT_S = 20
PAGE = b"<html><head><title>Bad gateway</title></head><body><h1>Whoa there</h1></body></html>"


class Weather:
    """`rates`: how often each fault strikes a request (0..1). At most one strikes it before it is answered, and one
    after. `slow_s`: how long a slow answer takes, in real seconds. `calm_after`: how often in a row the same request is
    struck at most, so that each is answered in the end.
    """

    def __init__(self, seed: int, rates: Mapping[Fault, float], *, slow_s: float = 0.5, calm_after: int = 3) -> None:
        self.struck: Counter[str] = Counter()
        self.slow_s = slow_s
        self._seed = seed
        self._rates = dict(rates)
        self._calm_after = calm_after
        self._asked: Counter[str] = Counter()
        self._row: Counter[str] = Counter()

    def before(self, call: Call, now: datetime) -> tuple[Fault | None, Call]:
        """What strikes a request, and the request as it arrives. Raises `Refusal` for an answer of its own."""
        asked = _named(call)
        self._asked[asked] += 1
        fault = self._chosen(asked, BEFORE, call)
        if fault is None:
            return None, call
        self._strike(asked, fault)
        if fault == "short":
            return fault, _smaller(call)
        if fault not in ("reset", "slow"):
            raise _refusal(fault, now)
        return fault, call

    def after(self, call: Call, answer: Answer, before: Fault | None) -> tuple[Fault | None, Answer]:
        """What strikes an answer on its way back, and the answer as it arrives."""
        asked = _named(call)
        fault = self._chosen(asked, AFTER, call) if answer.status == 200 and before is None else None
        if fault in ("duplicated", "repeated token"):
            changed = _doubled(answer) if fault == "duplicated" else _looped(call, answer)
            fault, answer = (None, answer) if changed is None else (fault, changed)
        elif fault == "truncated":
            answer = replace(answer, body=answer.body[: len(answer.body) * 2 // 3])
        if fault is not None:
            self._strike(asked, fault)
        elif before is None:
            self._row[asked] = 0
        return fault, answer

    async def carry(self, struck: Fault, response: Response) -> Response:
        """The answer as its connection carries it."""
        if struck == "slow":
            await asyncio.sleep(self.slow_s)
        if struck in ("reset", "cut"):
            return Broken(response, 0.0 if struck == "reset" else 0.5)
        return response

    def _strike(self, asked: str, fault: Fault) -> None:
        self._row[asked] += 1
        self.struck[fault] += 1

    def _chosen(self, asked: str, faults: tuple[Fault, ...], call: Call) -> Fault | None:
        if self._row[asked] >= self._calm_after:
            self._row[asked] = 0
            return None
        point = self._chance(asked, faults[0])
        for fault in faults:
            rate = self._rates.get(fault, 0.0)
            if not rate or not _can_strike(fault, call):
                continue
            if point < rate:
                return fault
            point -= rate
        return None

    def _chance(self, asked: str, what: str) -> float:
        text = f"{self._seed} {what} {self._asked[asked]} {asked}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


class Broken(Response):
    """An answer whose connection ends: before its first byte (`at` 0) or behind a part of its body."""

    def __init__(self, answer: Response, at: float) -> None:
        super().__init__(answer.body, answer.status_code, dict(answer.headers))
        self._at = at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = scope["simulator.connection"]
        if self._at == 0:
            connection.abort()
        else:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            part = bytes(self.body)[: max(1, int(len(self.body) * self._at))]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            connection.close()
        for _ in range(5):  # until the server has seen that the connection is gone
            await asyncio.sleep(0)


def _named(call: Call) -> str:
    # A page's token differs from run to run where threads come in another order.
    body = b"" if b"nextPageToken" in call.body else call.body
    return f"{call.method} {call.path}?{call.query} {body.decode(errors='replace')}"


def _can_strike(fault: Fault, call: Call) -> bool:
    if fault == "403 secondary":
        return "x-github-api-version" in call.headers
    if fault in ("short", "duplicated"):
        return fault == "duplicated" or b"maxResults" in call.body or "maxResults" in call.query
    if fault in ("expired page token", "repeated token"):
        return b"nextPageToken" in call.body
    return True


def _refusal(fault: Fault, now: datetime) -> Refusal:
    if fault == "403 secondary":
        return secondary(None)
    if fault == "expired token":
        return Refusal(401, {"message": "Bad credentials"})
    if fault == "expired page token":
        message = "The value of 'nextPageToken' is invalid or has expired."
        return Refusal(400, {"errorMessages": [message], "errors": {}})
    if fault in ("500 page", "502 page"):
        refusal = Refusal(int(fault[:3]), None)
        refusal.answer = Answer(PAGE, int(fault[:3]), media="text/html; charset=utf-8")
        return refusal
    headers = {}
    if fault == "429 seconds":
        headers["Retry-After"] = str(WAIT_S)
    elif fault == "429 date":
        at = (now + timedelta(seconds=WAIT_S)).astimezone(UTC)
        headers["Retry-After"] = format_datetime(at, usegmt=True)
    return Refusal(429, {"message": "Too many requests"}, headers)


def _smaller(call: Call) -> Call:
    """The same question for a third of the rows."""
    if call.method == "POST":
        asked = call.json()
        return replace(call, body=encode(asked | {"maxResults": max(1, int(asked["maxResults"]) // 3)}))
    fewer = {"maxResults": str(max(1, call.number("maxResults", 50) // 3))}
    return replace(call, query=QueryParams({**dict(call.query), **fewer}))


def _doubled(answer: Answer) -> Answer | None:
    """The answer with the first rows of its list once more at its end; None where it is no list of several."""
    found: Any = msgspec.json.decode(answer.body)
    rows = found.get("issues") if isinstance(found, dict) else found
    if not isinstance(rows, list) or len(rows) < 2:
        return None
    rows += rows[:2]
    return replace(answer, body=encode(found))


def _looped(call: Call, answer: Answer) -> Answer | None:
    """The answer with the token of the page that was asked for; None where it names no page."""
    found: Raw = msgspec.json.decode(answer.body)
    if not found.get("nextPageToken"):
        return None
    return replace(answer, body=encode(found | {"nextPageToken": call.json()["nextPageToken"]}))
